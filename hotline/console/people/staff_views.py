"""The staff list: who uses the app, how to change their data, and secrets that are shown once."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hotline.console.office.form import typed_line
from hotline.console.people.area import area
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.phone_field import dialable, plain_number
from hotline.console.shell.refused import refused
from hotline.console.shell.typed_fields import drawn_with, form_was_sent, typed, typed_all
from hotline.console.shell.words import N_, _, language_name
from hotline.console.sign_in.passwords import BusyError
from hotline.console.sign_in.views import say_busy
from models.callbacks.liaison import DOES_NOW
from models.calls.staff_secret import fresh_code, fresh_pin, issue_code, issue_pin
from models.overview.staff_record import (
    Record,
    change_record,
    let_go,
    open_work,
    person_numbered,
    record_of,
    stamp_of,
    take_back,
)
from models.staff.schedule import absences_of, week_of
from models.staff.staff import Staff, StaffError, add_person, everyone, new_password
from models.staff.staff_access import reset
from models.staff.staff_name import read_staff_names
from models.store.database import keyring_of
from models.store.form_stamp import FormRefusal

READ, KEEP = ("supervisor", "administrator"), ("administrator",)
#: Each role, as a page says it.
ROLE_NAMES = {
    "liaison": N_("Liaison"),
    "supervisor": N_("Supervisor"),
    "administrator": N_("Administrator"),
}
#: The actions that a separate page asks about first, and the words for each.
DEEDS = {
    "password": (
        N_("Reset password"),
        N_(
            "They get a one-time password. Their sessions, passkeys, recovery codes and second factor stop"
            " working now."
        ),
        N_("Reset password"),
    ),
    "pin": (
        N_("A PIN for the staff line"),
        N_("It replaces the current PIN and lifts a lock. Tell them in person or by phone."),
        N_("Issue a PIN"),
    ),
    "code": (
        N_("A code for a personal phone"),
        N_("They enter it to accept a call there. It replaces the current code and lifts a lock."),
        N_("Issue a code"),
    ),
    "leave": (
        N_("Deactivate account"),
        N_(
            "The line stops calling them, and their password, passkeys, PIN and code stop working. Their"
            " record stays."
        ),
        N_("Deactivate account"),
    ),
    "back": (
        N_("Reactivate account"),
        N_("They return to the staff list, off shift, with a one-time password."),
        N_("Reactivate account"),
    ),
}  # fmt: skip


def _languages() -> list[tuple[str, str]]:
    return [(code, language_name(code)) for code in console.office.languages]


@area.get("/staff")
@guard_staff(*READ)
def staff() -> str:
    with console.database.reading() as session:
        names = read_staff_names(session).by_id
        people = [(person, record_of(session, person)) for person in everyone(session)]
        ringing = set(session.scalars(select(Staff.id).where(DOES_NOW == "rings")))
        session.expunge_all()
    here = [one for one in people if one[0].left_at is None]
    gone = [one for one in people if one[0].left_at is not None]
    return render_template(
        "console/people/staff.html", here=here, gone=gone, names=names, roles=ROLE_NAMES, ringing=ringing,
        now=console.clock(),
    )  # fmt: skip


@area.get("/staff/new")
@guard_staff(*KEEP, fresh=True)
def new_staff() -> str:
    return render_template(
        "console/people/new.html", roles=ROLE_NAMES, spoken=_languages(), errors={}, ticked=_ticked(())
    )


@area.post("/staff/new")
@guard_staff(*KEEP, fresh=True, act=N_("Add staff member"))
def add_new_staff() -> str | tuple[str, int]:
    email = typed_line("email", 254).lower()
    record, errors = _typed_record()
    if not _is_email(email):
        errors["email"] = _("Enter an e-mail address.")
    password = staff_id = None
    if not errors:
        try:
            # Hashed with no transaction open, because callers must not wait for it.
            password = new_password()
            hashed = console.passwords.hash(password)
            with console.database.transaction() as session:
                staff_id = add_person(
                    session, password_hash=hashed, email=email, name=record.name, role=record.role,
                    phone=record.phone, languages=record.languages, on_shift=False,
                    office_phone=record.office_phone, actor=me().email, now=console.clock(),
                )  # fmt: skip
        except StaffError as error:
            errors["email"] = refused(error)
    if errors or staff_id is None:
        return render_template(
            "console/people/new.html",
            roles=ROLE_NAMES,
            spoken=_languages(),
            errors=errors,
            ticked=_ticked(()),
        ), 422
    then = [_("They sign in with it once, then choose their own password and a second factor.")]
    if not record.office_phone:
        then.append(_("Their phone is personal: they cannot accept calls there until you issue a code."))
    return render_template(
        "console/people/secret.html", staff_id=staff_id, name=record.name,
        secrets=[(_("Password"), password)], then=then,
    )  # fmt: skip


def _page(staff_id: int, errors: dict[str, str] | None = None, *, is_overtaken: bool = False) -> str:
    """A person's page. ``is_overtaken``: it shows another's changes, and the next save is based on it."""
    today = console.today
    with console.database.reading() as session:
        person = find_person(session, staff_id)
        record = record_of(session, person)
        seen = stamp_of(session, record)
        week, absences = week_of(session, staff_id), absences_of(session, staff_id, today)
        number = person.number_sealed
        number = None if number is None else keyring_of(session).unseal("staff.number", number)
        session.expunge_all()
    return render_template(
        "console/people/person.html", one=person, record=record, roles=ROLE_NAMES, spoken=_languages(),
        errors=errors or {}, week=week, absences=absences, staff_number=number,
        seen=seen if is_overtaken else typed("seen", seen), ticked=_ticked(record.languages),
    )  # fmt: skip


@area.get("/staff/<int:staff_id>")
@guard_staff(*READ)
def staff_person(staff_id: int) -> str:
    return _page(staff_id)


@area.post("/staff/<int:staff_id>")
@guard_staff(*KEEP, fresh=True, act=N_("Save staff member"))
def save_staff(staff_id: int) -> Response | tuple[str, int]:
    record, errors = _typed_record()
    changed: list[str] = []
    if not errors:
        try:
            with console.database.transaction() as session:
                find_person(session, staff_id)
                changed = change_record(
                    session, staff_id, record, by_id=me().staff_id, actor=me().email, now=console.clock(),
                    seen=request.form.get("seen", ""),
                )  # fmt: skip
        except StaffError as error:
            if error.code is FormRefusal.CHANGED:
                return _page(staff_id, {"": refused(error)}, is_overtaken=True), 409
            errors["role"] = refused(error)
    if errors:
        return _page(staff_id, errors), 422
    flash(_("Saved.") if changed else _("Nothing was changed."), "success" if changed else "info")
    return redirect(url_for("console.people.staff_person", staff_id=staff_id), code=303)


@area.get("/staff/<int:staff_id>/<deed>")
@guard_staff(*KEEP, fresh=True)
def ask_staff_deed(staff_id: int, deed: str) -> str:
    return _asked(staff_id, deed)


@area.post("/staff/<int:staff_id>/<deed>")
@guard_staff(*KEEP, fresh=True)
def do_staff_deed(staff_id: int, deed: str) -> Response | str | tuple[str, int]:
    if deed not in DEEDS:
        raise NotFound("There is no such page.")
    try:
        secrets = _done(staff_id, deed)
    except StaffError as error:
        return _asked(staff_id, deed, refused(error)), 422
    except BusyError:
        return _asked(staff_id, deed, say_busy()), 503
    if not secrets:
        flash(_("Account deactivated."), "success")
        return redirect(url_for("console.people.staff"), code=303)
    with console.database.reading() as session:
        name = record_of(session, find_person(session, staff_id)).name
    return render_template(
        "console/people/secret.html", staff_id=staff_id, name=name, secrets=secrets, then=[]
    )


def _done(staff_id: int, deed: str) -> list[tuple[str, str]]:
    """Do it; return what is shown once. Raises StaffError. Hashes are made with no transaction open."""
    actor, now, by_id = me().email, console.clock(), me().staff_id
    with console.database.reading() as session:
        email = find_person(session, staff_id).email
    if deed == "leave":
        with console.database.transaction() as session:
            let_go(session, staff_id, by_id=by_id, actor=actor, now=now)
        return []
    if deed in {"password", "back"}:
        secret = new_password()
        hashed = console.passwords.hash(secret)
        with console.database.transaction() as session:
            if deed == "back":
                take_back(session, staff_id, hashed, actor=actor, now=now)
            else:
                reset(session, email, hashed, actor=actor, now=now)
        return [(_("Password"), secret)]
    secret = fresh_pin() if deed == "pin" else fresh_code()
    hashed = console.hasher.hash(secret)
    with console.database.transaction() as session:
        if deed == "code":
            issue_code(session, email, hashed, actor, now)
            return [(_("Code"), secret)]
        number = issue_pin(session, email, hashed, actor, now)
    return [(_("Staff number"), number), (_("PIN"), secret)]


def _asked(staff_id: int, deed: str, wrong: str | None = None) -> str:
    if deed not in DEEDS:
        raise NotFound("There is no such page.")
    with console.database.reading() as session:
        name = record_of(session, find_person(session, staff_id)).name
        work = open_work(session, staff_id) if deed == "leave" else None
    heading, sentence, button = DEEDS[deed]
    return render_template(
        "console/people/deed.html", staff_id=staff_id, deed=deed, name=name, wrong=wrong,
        heading=_(heading), sentence=_(sentence), button=_(button), work=work,
    )  # fmt: skip


def find_person(session: Any, staff_id: int) -> Staff:
    """The person with this id. Raises NotFound if there is none."""
    try:
        return person_numbered(session, staff_id)
    except StaffError:
        raise NotFound("There is no such person.") from None


def _ticked(now: Sequence[str]) -> Sequence[str]:
    """The languages to tick: as the author left them, or the current ones if the author changed none."""
    drawn = drawn_with("languages")
    if not form_was_sent() or (drawn is not None and set(typed_all("languages")) == set(drawn.split())):
        return now
    return typed_all("languages")


def _typed_record() -> tuple[Record, dict[str, str]]:
    office, errors = console.office, dict[str, str]()
    name, role = typed_line("name"), request.form.get("role", "")
    number = plain_number(request.form.get("phone", ""), office)
    spoken = [code for code in request.form.getlist("languages") if code in office.languages]
    if not name:
        errors["name"] = _("Enter a name.")
    if number is None or not dialable(number, office):
        errors["phone"] = _("Enter an ordinary phone number, such as 202 555 0180.")
    if role not in ROLE_NAMES:
        errors["role"] = _("There is no such role.")
    if not spoken:
        errors["languages"] = _("Choose at least one language.")
    is_office_phone = request.form.get("office_phone", "1") == "1"
    record = Record(
        name=name, role=role, phone=number or "", office_phone=is_office_phone, languages=tuple(spoken)
    )
    return record, errors


def _is_email(text: str) -> bool:
    name, at, host = text.partition("@")
    return bool(name and at and "." in host and " " not in text)

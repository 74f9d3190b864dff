"""Pages of a case's notices: register, change, pause, renew and stop, and news that staff have told (R28)."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import flash, request
from werkzeug.wrappers import Response

from hotline.console.cases import notice_words
from hotline.console.cases.area import area
from hotline.console.cases.opened_case import OpenedCase, back_to, case_form, changing_case
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.refused import moment, refused
from hotline.console.shell.words import _
from models.cases.safe_phone import safe_phones
from models.notices.agreed.read_back import (
    begins_at,
    hours_by_phone,
    messages_by_phone,
    registration_of,
)
from models.notices.notice import OPEN_STATES
from models.notices.notice_moves import confirm, locked
from models.notices.refusals import NoticeRefusal, RegistrationRefusal
from models.notices.registering import (
    MOST_CALLS_A_DAY,
    Choices,
    RegistrationError,
    change,
    new_code_key,
    pause,
    phone_numbers,
    register_for_notices,
    renew,
    resume,
    stop_registration,
)
from models.overview.case_opening import BINDING_GROUNDS
from models.staff.staff import ROLES
from models.store.job import Job
from models.store.refusal import RefusedError

View = Response | str | tuple[str, int]
_CODE = re.compile(r"[0-9]{4}")
#: Holds the place of a code that is chosen on the next page.
_CHOSEN_LATER = "chosen later"


@area.get("/cases/<int:case_id>/notices")
@guard_staff(*ROLES)
def case_notices(case_id: int) -> View:
    return _questions(case_id, {})


@area.post("/cases/<int:case_id>/notices")
@guard_staff(*ROLES)
def case_notices_read(case_id: int) -> View:
    if "again" in request.form:
        # Back from the page that is read aloud: every answer is still there, so a no to nights stays a no.
        return _questions(case_id, {})
    errors: dict[str, str] = {}
    chosen = _chosen(errors)
    if errors:
        return _questions(case_id, errors)
    try:
        with changing_case(case_id) as opened:
            read = _read(opened, chosen)
    except RegistrationError as error:
        return _questions(case_id, {error.field: refused(error)})
    return _agree_page(case_id, read, {})


@area.post("/cases/<int:case_id>/notices/agree")
@guard_staff(*ROLES)
def case_notices_agree(case_id: int) -> View:
    errors: dict[str, str] = {}
    chosen = _chosen(errors)
    if errors:
        return _questions(case_id, errors)
    read: list[str] = []
    waits: tuple[datetime | None, datetime | None] = (None, None)
    try:
        with changing_case(case_id) as opened:
            _with_the_person(opened)
            read, waits = _read(opened, chosen), _waits(opened, chosen)
            _as_it_was_read(read)
            stands = registration_of(opened.session, case_id)
            chosen = replace(chosen, code_key=_code_key(opened, chosen))
            (register_for_notices if stands is None else change)(
                opened.session, case_id, chosen, words=" ".join(read), made_by=f"staff:{me().staff_id}",
                call_id=None, now=opened.now, policies=console.policies,
            )  # fmt: skip
    except RegistrationError as error:
        if error.field == "read" or (error.field == "code" and chosen.code_key is not None):
            return _agree_page(case_id, read, {error.field: refused(error)})
        # The code itself is asked on the next page; here it is a key alone that is refused.
        field = "opens" if error.field == "code" else error.field
        return _questions(case_id, {field: refused(error)})
    first = max((one for one in waits if one is not None), default=None)
    flash(
        _("Saved. We will call this person when something changes.")
        if first is None
        else _("Saved. We call about no change before %(time)s.", time=moment(first)),
        "success",
    )
    return back_to(case_id, "notices")


@area.post("/cases/<int:case_id>/notices/pause")
@guard_staff(*ROLES)
def case_notices_pause(case_id: int) -> View:
    def to_the_day(opened: OpenedCase) -> list[Job]:
        until = _day_there(request.form.get("until", ""), opened.case.registrant.time_zone)
        if until is None:
            raise RegistrationError(RegistrationRefusal.PAUSE)
        made_by = f"staff:{me().staff_id}"
        return pause(opened.session, case_id, until, made_by=made_by, call_id=None, now=opened.now)

    return _change(case_id, to_the_day, _("The calls are paused."))


@area.post("/cases/<int:case_id>/notices/resume")
@guard_staff(*ROLES)
def case_notices_resume(case_id: int) -> View:
    def resumed(opened: OpenedCase) -> list[Job]:
        resume(opened.session, case_id, made_by=f"staff:{me().staff_id}", call_id=None, now=opened.now)
        return []

    return _change(case_id, resumed, _("The pause is over."))


@area.post("/cases/<int:case_id>/notices/renew")
@guard_staff(*ROLES)
def case_notices_renew(case_id: int) -> View:
    def renewed(opened: OpenedCase) -> list[Job]:
        renew(
            opened.session, case_id, made_by=f"staff:{me().staff_id}", call_id=None, now=opened.now,
            policies=console.policies,
        )  # fmt: skip
        return []

    return _change(case_id, renewed, _("Renewed. We go on calling this person when something changes."))


@area.post("/cases/<int:case_id>/notices/stop")
@guard_staff(*ROLES)
def case_notices_stop(case_id: int) -> View:
    def stopped(opened: OpenedCase) -> list[Job]:
        made_by = f"staff:{me().staff_id}"
        return stop_registration(opened.session, case_id, made_by=made_by, call_id=None, now=opened.now)

    return _change(case_id, stopped, _("Stopped. We do not call this person about changes."))


@area.post("/cases/<int:case_id>/notices/<int:notice_id>/confirm")
@guard_staff(*ROLES)
def case_notice_confirm(case_id: int, notice_id: int) -> View:
    def told(opened: OpenedCase) -> list[Job]:
        notice = locked(opened.session, notice_id)
        if notice is None or notice.case_id != case_id:
            raise RefusedError(NoticeRefusal.UNKNOWN)
        if notice.state not in OPEN_STATES:
            raise RefusedError(NoticeRefusal.OVER)
        return confirm(opened.session, notice_id, "staff", opened.now, f"staff:{me().staff_id}")

    return _change(case_id, told, _("Confirmed. Nobody is called about it any more."), with_person=False)


def _change(
    case_id: int, carry_out: Callable[[OpenedCase], list[Job]], said: str, *, with_person: bool = True
) -> View:
    jobs: list[Job] = []
    try:
        with changing_case(case_id) as opened:
            if with_person:
                _with_the_person(opened)
            jobs = carry_out(opened)
    except RefusedError as error:
        flash(refused(error), "error")
    else:
        flash(said, "success")
    for name, row_id in jobs:
        console.jobs.enqueue(name, row_id)
    return back_to(case_id, "notices")


def _read(opened: OpenedCase, chosen: Choices) -> list[str]:
    """What is read aloud, of the phones that are called: one that said stop is kept, and not spoken of."""
    registrant = opened.case.registrant
    called = [one for one in safe_phones(opened.session, registrant.id) if one.id in chosen.phone_ids]
    if not called:
        raise RegistrationError(RegistrationRefusal.NOT_A_SAFE_PHONE, field="phones")
    hours = hours_by_phone(opened.session, opened.case.id, called)
    messages = messages_by_phone(opened.session, opened.case.id, called)
    zone, (paused_until, begins) = ZoneInfo(registrant.time_zone), _waits(opened, chosen)
    return notice_words.consent_words(
        chosen, hours, messages, registrant.language,
        paused_until=paused_until.astimezone(zone) if paused_until else None,
        begins_at=begins.astimezone(zone) if begins else None,
    )  # fmt: skip


def _waits(opened: OpenedCase, chosen: Choices) -> tuple[datetime | None, datetime | None]:
    """Until when the calls are paused, and until when no phone of these may hear of the case (R09)."""
    safe = safe_phones(opened.session, opened.case.registrant_id)
    found = registration_of(opened.session, opened.case.id)
    until = None if found is None else found.paused_until
    begins = begins_at([one for one in safe if one.id in chosen.phone_ids], opened.now)
    return (until if until is not None and until > opened.now else None), begins


def _as_it_was_read(read: list[str]) -> None:
    """The consent are the words that the person heard: somebody may have changed the hours since."""
    if request.form.get("read") != " ".join(read):
        raise RegistrationError(RegistrationRefusal.READ_ANEW, field="read")


def _with_the_person(opened: OpenedCase) -> None:
    """The line asks for the PIN; staff change it with a person of whom they are as sure (R28, R37)."""
    if opened.grounds.ground not in BINDING_GROUNDS:
        raise RegistrationError(RegistrationRefusal.NOT_WITH_THE_PERSON)


def _chosen(errors: dict[str, str]) -> Choices:
    """The choices of the form; the code comes with the second page."""
    phones = [int(one) for one in request.form.getlist("phones") if one.isascii() and one.isdecimal()]
    opens, nights, cap = (request.form.get(name, "") for name in ("opens", "nights", "cap"))
    if not phones:
        errors["phones"] = _("Phones: choose at least one.")
    if opens not in notice_words.OPENS:
        errors["opens"] = _("What opens a notice: choose one.")
    if nights not in notice_words.NIGHTS:
        errors["nights"] = _("Calls at night: choose one.")
    if not (cap.isascii() and cap.isdecimal() and len(cap) < 3 and 1 <= int(cap) <= MOST_CALLS_A_DAY):
        errors["cap"] = _("Calls a day: give a number from 1 to 48.")
    return Choices(
        tuple(dict.fromkeys(phones)),
        _CHOSEN_LATER if opens == "code" else None,
        1 if "cap" in errors else int(cap),
        by_text=request.form.get("by_text") == "1",
        wishes={"night_allowed": nights == "yes"},
    )


def _code_key(opened: OpenedCase, chosen: Choices) -> str | None:
    """The key of the code that was typed, or of the one that stands, if they keep it."""
    if chosen.code_key is None:
        return None
    code, stands = request.form.get("code", "").strip(), registration_of(opened.session, opened.case.id)
    if not code and stands is not None and stands.code_key is not None:
        return stands.code_key
    if not _CODE.fullmatch(code):
        raise RegistrationError(RegistrationRefusal.NO_CODE, field="code")
    phones = phone_numbers(opened.session, opened.case.id)
    return new_code_key(opened.session, opened.case.id, code, phones)


def _questions(case_id: int, errors: dict[str, str]) -> View:
    return case_form(
        case_id, "notices", errors, usual_cap=console.policies.notice_calls_a_day,
        opens_choices=[(code, _(name), _(hint)) for code, (name, hint) in notice_words.OPENS.items()],
        night_choices=[(code, _(name)) for code, name in notice_words.NIGHTS.items()],
    )  # fmt: skip


def _agree_page(case_id: int, read: list[str], errors: dict[str, str]) -> View:
    kept = [
        (name, value) for name in ("opens", "nights", "cap", "by_text") if (value := request.form.get(name))
    ]
    kept += [("phones", value) for value in request.form.getlist("phones")]
    return case_form(case_id, "notices_agree", errors, read=read, kept=kept)


def _day_there(typed: str, zone: str) -> datetime | None:
    """The end of a day in the person's time zone; None for what is no day."""
    try:
        day = datetime.strptime(typed, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError:
        return None
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))

"""My account: the signed-in person's sessions, password, authenticator, passkeys and recovery codes."""

from flask import flash, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.kept_request import WANTED
from hotline.console.shell.words import _, ngettext
from hotline.console.sign_in import passkeys
from hotline.console.sign_in.area import area
from hotline.console.sign_in.browser_name import browser_name
from hotline.console.sign_in.entering import CODES
from hotline.console.sign_in.new_proof import password_faults, qr_code, spelled
from hotline.console.sign_in.passwords import BusyError
from hotline.console.sign_in.views import LONGEST_CODE, Answer, leave, say_busy
from models.audit import audit
from models.staff.passkey import passkeys_of, remove_passkey
from models.staff.recovery_code import issue_recovery_codes, recovery_codes_left
from models.staff.staff import ROLES
from models.staff.staff_access import access_of, set_password
from models.staff.staff_session import end_session, end_sessions_of, sessions_of
from models.staff.staff_totp import new_secret, set_totp, step_of

#: Key in the cookie: the secret of a new authenticator, sealed, until a code proves it.
PROVING = "new_authenticator"


_everyone = guard_staff(*ROLES)
_everyone_anew = guard_staff(*ROLES, fresh=True)


@area.get("/account")
@_everyone
def account() -> Answer:
    person = me()
    idle = console.policies.console_idle_minutes
    with console.database.reading() as reading:
        return render_template(
            "console/sign_in/account/account.html",
            access=access_of(reading, person.staff_id),
            sessions=sessions_of(reading, person.staff_id, idle_minutes=idle, now=console.clock()),
            passkeys=passkeys_of(reading, person.staff_id),
            codes_left=recovery_codes_left(reading, person.staff_id),
            passkeys_possible=passkeys.are_possible(),
        )


@area.post("/account/sessions/<int:session_id>/end")
@_everyone
def end_my_session(session_id: int) -> Answer:
    person = me()
    with console.database.transaction() as writing:
        if not end_session(writing, person.staff_id, session_id, console.clock()):
            raise NotFound("There is no such session of theirs.")
        _record(writing, "end_session", session=session_id)
    if session_id == person.session_id:
        leave()
    flash(_("The session has ended."), "success")
    return redirect(url_for("console.sign_in.account"), code=303)


@area.post("/account/sessions/end-others")
@_everyone
def end_other_sessions() -> Answer:
    person = me()
    with console.database.transaction() as writing:
        ended = end_sessions_of(writing, person.staff_id, console.clock(), but=person.session_id)
        _record(writing, "end_sessions", sessions=ended)
    said = ngettext("%(num)s other session has ended.", "%(num)s other sessions have ended.", ended)
    flash(said, "success")
    return redirect(url_for("console.sign_in.account"), code=303)


@area.get("/account/password")
@_everyone_anew
def my_password() -> Answer:
    return (
        render_template("console/sign_in/account/password.html")
        if _has_second_proof()
        else _second_proof_first()
    )


@area.post("/account/password")
@_everyone_anew
def change_password() -> Answer:
    person = me()
    if not _has_second_proof():
        return _second_proof_first()
    if errors := password_faults(request.form, person.email, person.name):
        return render_template("console/sign_in/account/password.html", errors=errors), 422
    try:
        hashed = console.passwords.hash(request.form["new_password"])
    except BusyError:
        return render_template("console/sign_in/account/password.html", errors={"": say_busy()}), 503
    with console.database.transaction() as writing:
        set_password(writing, person.staff_id, hashed)
        ended = end_sessions_of(writing, person.staff_id, console.clock(), but=person.session_id)
        _record(writing, "change_password", sessions_ended=ended)
    flash(_("Password changed. All other sessions have ended."), "success")
    return redirect(url_for("console.sign_in.account"), code=303)


@area.get("/account/authenticator")
@_everyone_anew
def my_authenticator() -> Answer:
    return _authenticator_page()


@area.post("/account/authenticator")
@_everyone_anew
def change_authenticator() -> Answer:
    person, secret = me(), session.get(PROVING, "")
    step = step_of(secret, request.form.get("code", "")[:LONGEST_CODE], console.clock()) if secret else None
    if step is None:
        wrong = _("That is not the app's current code. Wait for the next one.")
        return _authenticator_page({"code": wrong})
    session.pop(PROVING)
    with console.database.transaction() as writing:
        set_totp(writing, person.staff_id, secret, step)
        _record(writing, "change_authenticator")
    flash(_("The new authenticator works now. The old one no longer does."), "success")
    return redirect(url_for("console.sign_in.account"), code=303)


@area.get("/account/passkey")
@_everyone_anew
def my_passkey() -> Answer:
    return _passkey_page()


@area.post("/account/passkey")
@_everyone_anew
def add_my_passkey() -> Answer:
    name = request.form.get("name", "").strip()[:80] or browser_name(request.headers.get("User-Agent", ""))
    with console.database.transaction() as writing:
        is_added = passkeys.added(writing, me().staff_id, request.form.get("passkey", ""), name)
        if is_added:
            _record(writing, "add_passkey")
    if not is_added:
        return _passkey_page(_("The passkey was not created. Try again."))
    flash(_("Passkey added."), "success")
    return redirect(url_for("console.sign_in.account"), code=303)


@area.post("/account/passkey/<int:passkey_id>/remove")
@_everyone_anew
def remove_my_passkey(passkey_id: int) -> Answer:
    person = me()
    with console.database.transaction() as writing:
        access = access_of(writing, person.staff_id)
        there = [one.id for one in passkeys_of(writing, person.staff_id)]
        if passkey_id not in there:
            raise NotFound("There is no such passkey of theirs.")
        is_last = len(there) == 1 and access is not None and not access.has_totp
        if not is_last:
            remove_passkey(writing, person.staff_id, passkey_id)
            _record(writing, "remove_passkey", passkey=passkey_id)
    if is_last:
        flash(_("This is your only second factor. Add another before you remove it."), "error")
    else:
        flash(_("Passkey removed."), "success")
    return redirect(url_for("console.sign_in.account"), code=303)


@area.post("/account/codes")
@_everyone_anew
def new_recovery_codes() -> Answer:
    with console.database.transaction() as writing:
        session[CODES] = issue_recovery_codes(writing, me().staff_id, console.clock())
        _record(writing, "issue_recovery_codes")
    return redirect(url_for("console.sign_in.recovery_codes"), code=303)


@area.get("/account/codes")
@_everyone
def recovery_codes() -> Answer:
    if CODES not in session:
        return redirect(url_for("console.sign_in.account"), code=303)
    # At the first sign-in they were on the way to another page, and learn that this is the last step.
    return render_template(
        "console/sign_in/account/codes.html", codes=session[CODES], is_first=WANTED in session
    )


@area.post("/account/codes/kept")
@_everyone
def keep_recovery_codes() -> Answer:
    session.pop(CODES, None)
    return redirect(session.pop(WANTED, None) or url_for("console.shell.home"), code=303)


def _has_second_proof() -> bool:
    with console.database.reading() as reading:
        access = access_of(reading, me().staff_id)
    return access is not None and (access.has_totp or access.has_passkey)


def _second_proof_first() -> Answer:
    # For people who sign in through a provider: a password alone would let others choose the second proof.
    flash(_("Set up an authenticator app or a passkey first."), "info")
    return redirect(url_for("console.sign_in.account"), code=303)


def _record(writing: Session, action: str, **facts: object) -> None:
    person = me()
    target = f"staff:{person.staff_id}"
    now = console.clock()
    audit.record(writing, actor=person.email, action=action, target=target, facts=facts or None, now=now)


def _authenticator_page(errors: dict[str, str] | None = None) -> Answer:
    if PROVING not in session:
        session[PROVING] = new_secret()
    page = render_template(
        "console/sign_in/account/authenticator.html",
        errors=errors,
        qr=qr_code(session[PROVING], me().email),
        secret=spelled(session[PROVING]),
    )
    return page, 422 if errors else 200


def _passkey_page(wrong: str | None = None) -> Answer:
    with console.database.reading() as reading:
        options = passkeys.options_to_add(reading, me().staff_id, me().email)
    if options is None:
        raise NotFound("There are no passkeys at this address.")
    return render_template(
        "console/sign_in/account/passkey.html", wrong=wrong, options=options
    ), 422 if wrong else 200

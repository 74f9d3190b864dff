"""Setup at the first sign-in: an own password, a second proof, and recovery codes."""

from flask import flash, redirect, render_template, request, session, url_for

from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_open
from hotline.console.shell.words import _
from hotline.console.sign_in import passkeys
from hotline.console.sign_in.area import area
from hotline.console.sign_in.browser_name import browser_name
from hotline.console.sign_in.entering import CODES, SET_UP, begin, enter, who_is_half_in
from hotline.console.sign_in.new_proof import password_faults, qr_code, spelled
from hotline.console.sign_in.passwords import BusyError
from hotline.console.sign_in.views import LONGEST_CODE, Answer, say_busy
from models.audit import audit
from models.staff.recovery_code import issue_recovery_codes
from models.staff.staff import name_of
from models.staff.staff_access import Access, access_locked, set_password
from models.staff.staff_totp import new_secret, set_totp, step_of

#: Keys in the cookie, sealed, until setup is done: the new password's hash, the authenticator's secret.
HASH, SECRET = "hash", "secret"


@area.get("/set-up")
@guard_open
def set_up() -> Answer:
    access = who_is_half_in()
    return _begin_again() if access is None or access.is_set_up else _page(access)


@area.post("/set-up/password")
@guard_open
def choose_password() -> Answer:
    access = who_is_half_in()
    if access is None or not access.is_one_time:
        return _begin_again()
    with console.database.reading() as reading:
        name = name_of(reading, access.staff_id)
    if errors := password_faults(request.form, access.email, name):
        return _page(access, errors=errors)
    try:
        hashed = console.passwords.hash(request.form["new_password"])
    except BusyError:
        return _page(access, errors={"": say_busy()}, status=503)
    session[SET_UP] = {HASH: hashed}
    return redirect(url_for("console.sign_in.set_up"), code=303)


@area.post("/set-up/code")
@guard_open
def prove_authenticator() -> Answer:
    access, held = who_is_half_in(), session.get(SET_UP, {})
    if access is None or access.is_set_up or SECRET not in held:
        return _begin_again()
    step = step_of(held[SECRET], request.form.get("code", "")[:LONGEST_CODE], console.clock())
    if step is None:
        wrong = _("That is not the app's current code. Wait for the next one.")
        return _page(access, errors={"code": wrong})
    return _finish(access, totp=(held[SECRET], step))


@area.post("/set-up/passkey")
@guard_open
def prove_passkey() -> Answer:
    access = who_is_half_in()
    if access is None or access.is_set_up:
        return _begin_again()
    return _finish(access, passkey=request.form.get("passkey", ""))


def _begin_again() -> Answer:
    flash(_("That took too long. Start again."), "warning")
    return redirect(url_for("console.sign_in.sign_in"), code=303)


def _page(access: Access, errors: dict[str, str] | None = None, status: int | None = None) -> Answer:
    held = session.get(SET_UP, {})
    code = status or (422 if errors else 200)
    if access.is_one_time and HASH not in held:
        return render_template("console/sign_in/new_password.html", errors=errors, email=access.email), code
    if SECRET not in held:
        held = session[SET_UP] = {**held, SECRET: new_secret()}
    with console.database.reading() as reading:
        options = passkeys.options_to_add(reading, access.staff_id, access.email)
    page = render_template(
        "console/sign_in/new_factor.html",
        errors=errors,
        qr=qr_code(held[SECRET], access.email),
        secret=spelled(held[SECRET]),
        options=options,
        code_to="console.sign_in.prove_authenticator",
        passkey_to="console.sign_in.prove_passkey",
    )
    return page, code


def _finish(access: Access, *, totp: tuple[str, int] | None = None, passkey: str = "") -> Answer:
    """Put all choices into force at once, and sign them in."""
    hashed, now = session.get(SET_UP, {}).get(HASH), console.clock()
    codes: list[str] = []
    token = ""
    with console.database.transaction() as writing:
        # Locked: of two people who set up with one password at the same moment, one gets in.
        current = access_locked(writing, access.staff_id)
        if current is None or current.stamp != access.stamp or (access.is_one_time and hashed is None):
            return _begin_again()
        name = browser_name(request.headers.get("User-Agent", ""))
        is_proven = totp is not None or passkeys.added(writing, access.staff_id, passkey, name)
        if is_proven:
            if hashed is not None:
                set_password(writing, access.staff_id, hashed)
            if totp is not None:
                set_totp(writing, access.staff_id, *totp)
            codes = issue_recovery_codes(writing, access.staff_id, now)
            facts = {"second_proof": "passkey" if totp is None else "authenticator"}
            target = f"staff:{access.staff_id}"
            audit.record(writing, actor=access.email, action="set_up", target=target, facts=facts, now=now)
            token = begin(writing, access.staff_id, access.email, "set up")
    if not token:
        return _page(access, errors={"": _("The passkey was not created. Try again, or use an app.")})
    return enter(access.staff_id, token, **{CODES: codes})

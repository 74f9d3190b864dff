"""Proves a person's identity again, before actions that must not happen at someone else's unlocked screen."""

from flask import flash, redirect, render_template, request, url_for

from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.words import _
from hotline.console.sign_in import passkeys
from hotline.console.sign_in.area import area
from hotline.console.sign_in.continue_views import asked_by_tab, go_on, name_of, waiting_act
from hotline.console.sign_in.passwords import BusyError
from hotline.console.sign_in.views import Answer, leave, say_busy, say_refusal
from models.audit import audit
from models.staff.sign_in_counter import counter_key, forgive, reserve_try, take_back_try
from models.staff.staff import ROLES
from models.staff.staff_access import access_of
from models.staff.staff_session import end_session, prove_again


@area.get("/confirm")
@guard_staff(*ROLES)
def confirm() -> Answer:
    return _page()


@area.post("/confirm")
@guard_staff(*ROLES)
def confirm_password() -> Answer:
    person, now = me(), console.clock()
    with console.database.transaction() as writing:
        # Counted only for this session: tries made here keep nobody from signing in elsewhere.
        key = counter_key(writing, "session", str(person.session_id))
        refusal = reserve_try(writing, key, now, console.policies)
        access = access_of(writing, person.staff_id)
        if refusal is not None and refusal.until is None:
            end_session(writing, person.staff_id, person.session_id, now)
            target = f"staff:{person.staff_id}"
            audit.record(writing, actor=person.email, action="lose_session", target=target, now=now)
    if refusal is not None and refusal.until is None:
        leave()
        flash(_("Too many wrong tries. This session has ended."), "error")
        return redirect(url_for("console.sign_in.sign_in"), code=303)
    if refusal is not None:
        return _page(say_refusal(refusal, now), 422)
    stored = access.password_hash if access is not None and not access.is_one_time else None
    try:
        matched = console.passwords.matches(stored, request.form.get("password", ""), known=True)
    except BusyError:
        with console.database.transaction() as writing:
            take_back_try(writing, key, console.clock())
        return _page(say_busy(), 503)
    if not matched:
        return _page(_("Wrong password."), 422)
    with console.database.transaction() as writing:
        forgive(writing, [key])
        prove_again(writing, person.session_id, console.clock())
    return go_on(asked_by_tab())


@area.post("/confirm/passkey")
@guard_staff(*ROLES)
def confirm_passkey() -> Answer:
    person = me()
    with console.database.transaction() as writing:
        found = passkeys.proven(writing, request.form.get("passkey", ""))
        is_them = found is not None and found[0] == person.staff_id
        if is_them:
            prove_again(writing, person.session_id, console.clock())
    return go_on(asked_by_tab()) if is_them else _page(_("This passkey was not accepted."), 422)


def _page(wrong: str | None = None, status: int = 200) -> Answer:
    with console.database.reading() as reading:
        access = access_of(reading, me().staff_id)
        act = waiting_act(reading, asked_by_tab())
    page = render_template(
        "console/sign_in/confirm.html",
        wrong=wrong,
        act=None if act is None else name_of(act),
        of=asked_by_tab(),
        has_password=access is not None and not access.is_one_time,
        options=passkeys.options_to_sign_in() if access is not None and access.has_passkey else None,
        oidc_name=console.settings.oidc_name if console.settings.oidc_issuer else None,
    )
    return page, status

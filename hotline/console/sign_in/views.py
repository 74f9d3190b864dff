"""Signing in by password and a second proof, or by a passkey; and signing out."""

from datetime import datetime
from math import ceil

from flask import flash, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_open, guard_staff, me, someone
from hotline.console.shell.words import _, ngettext
from hotline.console.sign_in import passkeys
from hotline.console.sign_in.area import area
from hotline.console.sign_in.entering import LANGUAGE, begin, client_address, enter, go_half, who_is_half_in
from hotline.console.sign_in.known_browser import known_browser
from hotline.console.sign_in.passwords import BusyError
from hotline.demo_staff import has_demo_authenticator
from models.audit import audit
from models.staff.recovery_code import use_recovery_code
from models.staff.sign_in_counter import (
    Refusal,
    counter_key,
    forgive,
    forgive_one,
    note_lock,
    reserve_try,
    take_back_try,
)
from models.staff.staff import ROLES
from models.staff.staff_access import Access, access_of_email
from models.staff.staff_session import end_session
from models.staff.staff_totp import check_totp

LONGEST_EMAIL, LONGEST_CODE = 254, 64
Answer = Response | tuple[str, int] | str


@area.get("/sign-in")
@guard_open
def sign_in() -> Answer:
    if someone() is not None:
        return redirect(url_for("console.shell.home"), code=303)
    return _first_page()


@area.post("/sign-in")
@guard_open
def check_password() -> Answer:
    email = request.form.get("email", "").strip().lower()[:LONGEST_EMAIL]
    known, now = known_browser(console.database.keyring), console.clock()
    with console.database.transaction() as writing:
        access = access_of_email(writing, email)
        is_known = known is not None and access is not None and known.staff_id == access.staff_id
        if is_known and known is not None:
            key, client = counter_key(writing, "browser", known.key), None
        else:
            key = counter_key(writing, "account", email)
            client = counter_key(writing, "client", client_address())
        refusal = reserve_try(writing, key, now, console.policies, client)
    if refusal is not None:
        return _first_page(say_refusal(refusal, now), 422)
    stored = None if access is None else access.password_hash
    try:
        matched = console.passwords.matches(stored, request.form.get("password", ""), known=is_known)
    except BusyError:
        with console.database.transaction() as writing:
            take_back_try(writing, key, console.clock())
            if client is not None:
                forgive_one(writing, client)
        return _first_page(say_busy(), 503)
    if not matched or access is None:
        with console.database.transaction() as writing:
            note_lock(writing, key, None if access is None else access.staff_id, now)
        # The same sentence for an unknown e-mail and for a wrong password.
        return _first_page(_("The e-mail or the password is not right."), 422)
    with console.database.transaction() as writing:
        forgive(writing, [key])
        if client is not None:
            forgive_one(writing, client)
    go_half(access, console.clock())
    return redirect(
        url_for("console.sign_in.second_proof" if access.is_set_up else "console.sign_in.set_up"), code=303
    )


@area.get("/sign-in/code")
@guard_open
def second_proof() -> Answer:
    access = who_is_half_in()
    if access is None or not access.is_set_up:
        return redirect(url_for("console.sign_in.sign_in"), code=303)
    return _second_page(access)


@area.post("/sign-in/code")
@guard_open
def check_code() -> Answer:
    access = who_is_half_in()
    if access is None or not access.is_set_up:
        flash(_("That took too long. Start again."), "warning")
        return redirect(url_for("console.sign_in.sign_in"), code=303)
    now, code = console.clock(), request.form.get("code", "")[:LONGEST_CODE]
    token = None
    with console.database.transaction() as writing:
        key = counter_key(writing, "code", str(access.staff_id))
        refusal = reserve_try(writing, key, now, console.policies)
        if refusal is None and (method := _proof(writing, access, code)):
            token = begin(writing, access.staff_id, access.email, method)
        elif refusal is None:
            note_lock(writing, key, access.staff_id, now)
    if refusal is not None:
        return _second_page(access, say_refusal(refusal, now), 422)
    if token is None:
        wrong = _("That code is wrong or was used before. Wait for the next one.")
        return _second_page(access, wrong, 422)
    return enter(access.staff_id, token)


@area.post("/sign-in/passkey")
@guard_open
def check_passkey() -> Answer:
    token = staff_id = None
    with console.database.transaction() as writing:
        found = passkeys.proven(writing, request.form.get("passkey", ""))
        if found is not None:
            staff_id, email = found
            token = begin(writing, staff_id, email, "passkey")
    if token is None or staff_id is None:
        return _first_page(_("This passkey was not accepted."), 422)
    return enter(staff_id, token)


@area.post("/sign-out")
@guard_staff(*ROLES)
def sign_out() -> Answer:
    now, person = console.clock(), me()
    with console.database.transaction() as writing:
        end_session(writing, person.staff_id, person.session_id, now)
        target = f"staff:{person.staff_id}"
        audit.record(writing, actor=person.email, action="sign_out", target=target, now=now)
    leave()
    flash(_("You are signed out."), "success")
    return redirect(
        url_for("console.sign_in.sign_in", by=person.method if person.method == "oidc" else None), 303
    )


def leave() -> None:
    """Empty the cookie; only the language stays."""
    language = session.get(LANGUAGE)
    session.clear()
    if language:
        session[LANGUAGE] = language


def say_refusal(refusal: Refusal, now: datetime) -> str:
    """Why a try was not checked; the same whether or not anyone has the e-mail."""
    if refusal.until is None:
        return _("Too many wrong tries. Ask an administrator to lift the lock.")
    minutes = max(1, ceil((refusal.until - now).total_seconds() / 60))
    return ngettext(
        "Too many wrong tries. Wait %(num)s minute, then try again.",
        "Too many wrong tries. Wait %(num)s minutes, then try again.",
        minutes,
    )


def say_busy() -> str:
    """So many people sign in at once that this try was not checked."""
    return _("Sign-in is busy. Wait a few seconds, then try again.")


def _proof(writing: Session, access: Access, code: str) -> str | None:
    """How the code proves their identity, or None."""
    now = console.clock()
    if console.settings.production and has_demo_authenticator(writing, access.staff_id):
        # A demo's database was moved to production, and everyone knows these codes.
        return None
    if check_totp(writing, access.staff_id, code, now):
        return "code"
    return "recovery code" if use_recovery_code(writing, access.staff_id, code, now) else None


def _first_page(wrong: str | None = None, status: int = 200) -> Answer:
    page = render_template(
        "console/sign_in/sign_in.html",
        wrong=wrong,
        options=passkeys.options_to_sign_in(),
        oidc_name=console.settings.oidc_name if console.settings.oidc_issuer else None,
    )
    return page, status


def _second_page(access: Access, wrong: str | None = None, status: int = 200) -> Answer:
    options = passkeys.options_to_sign_in() if access.has_passkey else None
    page = render_template("console/sign_in/second_proof.html", access=access, wrong=wrong, options=options)
    return page, status

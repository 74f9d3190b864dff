"""The time between the first proof and the session: who is half signed in, and when they are in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import flash, redirect, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline.console.shell.console import console
from hotline.console.shell.guard import new_form_token
from hotline.console.shell.kept_request import TOKEN, WANTED
from hotline.console.shell.words import ngettext
from hotline.console.sign_in.browser_name import browser_name
from hotline.console.sign_in.known_browser import know_browser, remember_browser
from hotline.proxies import client_of, proxies_before_console
from models.audit import audit
from models.staff.kept_form import carry_kept_forms
from models.staff.recovery_code import recovery_codes_left
from models.staff.sign_in_counter import counter_key, forget_old_counters, forgive
from models.staff.staff_access import Access, access_of
from models.staff.staff_session import begin_session

#: How long the second proof may take after the first.
HALF_LIFE = timedelta(minutes=10)
HALF, SET_UP, CODES, LANGUAGE = "half", "set_up", "codes", "language"
#: From this number of codes on, people are told that few are left.
FEW_CODES = 3


def go_half(access: Access, now: datetime) -> None:
    """Remember that this person's password was right, bound to that password."""
    session[HALF] = {"staff": access.staff_id, "stamp": access.stamp, "at": int(now.timestamp())}
    session.pop(SET_UP, None)


def who_is_half_in() -> Access | None:
    """The person whose password was right a short while ago in this browser, and is unchanged; else None."""
    half = session.get(HALF)
    if not isinstance(half, dict):
        return None
    if console.clock() - datetime.fromtimestamp(half["at"], UTC) > HALF_LIFE:
        return None
    with console.database.reading() as reading:
        access = access_of(reading, half["staff"])
    return access if access is not None and access.stamp == half["stamp"] else None


def begin(writing: Session, staff_id: int, email: str, method: str) -> str:
    """Begin a session in the current transaction, carry over a kept form, and log it; return its token."""
    now = console.clock()
    token = begin_session(
        writing,
        staff_id,
        method=method,
        browser=browser_name(request.headers.get("User-Agent", "")),
        hours=console.policies.console_session_hours,
        now=now,
        known_browser=know_browser(staff_id, console.database.keyring).key,
    )
    old = session.get(TOKEN)
    if isinstance(old, str):
        carry_kept_forms(writing, old, token)
    forgive(writing, [counter_key(writing, "code", str(staff_id))])
    forget_old_counters(writing, now)
    if method == "recovery code":
        _say_how_many_are_left(writing, staff_id)
    audit.record(
        writing, actor=email, action="sign_in", target=f"staff:{staff_id}", facts={"by": method}, now=now
    )
    return token


def enter(staff_id: int, token: str, **held: Any) -> Response:
    """Start a new cookie with this session's token, and go to the page they wanted."""
    wanted, language = session.get(WANTED), session.get(LANGUAGE)
    flashes = session.get("_flashes")
    # The old content of the cookie, including the CSRF token, belongs to nobody who is signed in.
    session.clear()
    session.update({TOKEN: token, "csrf_token": new_form_token(staff_id), **held})
    if language:
        session[LANGUAGE] = language
    if flashes:
        session["_flashes"] = flashes
    where = wanted or url_for("console.shell.home")
    if CODES in held:
        # Codes that are shown only now come first.
        session[WANTED], where = where, url_for("console.sign_in.recovery_codes")
    response = redirect(where, code=303)
    keyring = console.database.keyring
    remember_browser(response, know_browser(staff_id, keyring), keyring)  # type: ignore[arg-type]
    return response


def client_address() -> str:
    """The client's address, by which sign-ins are counted."""
    told = request.headers.get("X-Forwarded-For", "")
    return client_of(told, request.remote_addr or "", proxies_before_console(console.settings))


def _say_how_many_are_left(writing: Session, staff_id: int) -> None:
    left = recovery_codes_left(writing, staff_id)
    flash(
        ngettext(
            "You have %(num)s recovery code left. Make new ones under “My account”.",
            "You have %(num)s recovery codes left.",
            left,
        ),
        "warning" if left <= FEW_CODES else "info",
    )

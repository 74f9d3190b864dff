"""Signing in and out."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from hotline.console.browser_name import browser_name
from hotline.console.console import Console
from hotline.console.guard import TOKEN, WANTED, guard_open, guard_staff, me, someone
from hotline.console.passwords import BusyError
from hotline.console.words import _
from models import audit
from models.staff import ROLES, stored_password
from models.staff_session import begin_session, end_session


def register_sign_in(blueprint: Blueprint, console: Console) -> None:
    """``/console/sign-in`` and ``/console/sign-out``."""

    @blueprint.get("/sign-in")
    @guard_open
    def sign_in() -> Response | str:
        if someone() is not None:
            return redirect(url_for("console.home"), code=303)
        return render_template("console/sign_in/sign_in.html")

    @blueprint.post("/sign-in")
    @guard_open
    def check_password() -> Response | tuple[str, int]:
        email = request.form.get("email", "").strip().lower()
        with console.database.reading() as reading:
            staff_id, stored = stored_password(reading, email)
        try:
            matched = console.passwords.matches(stored, request.form.get("password", ""))
        except BusyError:
            raise ServiceUnavailable(retry_after=3) from None
        if not matched or staff_id is None:
            wrong = _("The e-mail or the password is not right.")
            return render_template("console/sign_in/sign_in.html", wrong=wrong), 422
        now = console.clock()
        with console.database.transaction() as writing:
            token = begin_session(
                writing,
                staff_id,
                method="password",
                browser=browser_name(request.headers.get("User-Agent", "")),
                hours=console.office.policy("console_session_hours"),
                now=now,
            )
            audit.record(writing, actor=email, action="sign_in", target=f"staff:{staff_id}", now=now)
        return enter(token)

    @blueprint.post("/sign-out")
    @guard_staff(*ROLES)
    def sign_out() -> Response:
        now = console.clock()
        with console.database.transaction() as writing:
            end_session(writing, me().session_id, now)
            audit.record(
                writing, actor=me().email, action="sign_out", target=f"staff:{me().staff_id}", now=now
            )
        language = session.get("language")
        session.clear()
        if language:
            session["language"] = language
        flash(_("You are signed out."), "success")
        return redirect(url_for("console.sign_in"), code=303)


def enter(token: str) -> Response:
    """Begin anew with this session's token in the cookie, and go where they wanted to go."""
    wanted, language = session.get(WANTED), session.get("language")
    # Whatever the cookie held belongs to nobody who is signed in, the CSRF token included.
    session.clear()
    session[TOKEN] = token
    if language:
        session["language"] = language
    return redirect(wanted or url_for("console.home"), code=303)

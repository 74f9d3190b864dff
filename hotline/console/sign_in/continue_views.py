"""Carries out what a person pressed before they had to prove their identity again."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, redirect, render_template, session, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, is_fresh, me
from hotline.console.shell.kept_request import CONTINUES, WANTED
from hotline.console.shell.words import _
from hotline.console.sign_in.area import area
from models.staff.kept_form import KeptForm, forget_kept_form, read_kept_form
from models.staff.staff import ROLES


def go_on() -> Response:
    """Lead on after a proof: to the act that waited for it, else to the page that they wanted."""
    if CONTINUES in session:
        return redirect(url_for("console.sign_in.continue_act"), code=303)
    return _to_page()


def waiting_act(reading: Session) -> KeptForm | None:
    """The form that is sent again after the proof that was asked for last, or None.

    None also for one that was pressed longer ago than a proof lasts: at an unlocked screen somebody else may
    have pressed it. Its page shows it again.
    """
    oldest = console.clock() - timedelta(minutes=console.policies.console_fresh_minutes)
    is_recent = session.get(CONTINUES, 0) >= int(oldest.timestamp())
    kept = read_kept_form(reading, me().session_id) if is_recent else None
    return kept if kept is not None and kept.act is not None else None


def name_of(kept: KeptForm) -> str:
    """What the form does, as its button says; "" if its view does not say."""
    name = getattr(_view_of(kept), "act", "")
    return _(name) if name else ""


@area.get("/confirm/continue")
@guard_staff(*ROLES)
def continue_act() -> Response | str:
    """Show the form once, for the page's script or for one click: it is forgotten from then on."""
    with console.database.reading() as reading:
        kept = waiting_act(reading)
    if kept is None or not is_fresh(me()):
        return _to_page()
    session.pop(CONTINUES)
    session.pop(WANTED, None)
    with console.database.transaction() as writing:
        forget_kept_form(writing, me().session_id)
    is_file = getattr(_view_of(kept), "is_file", False)
    return render_template("console/sign_in/continue.html", kept=kept, name=name_of(kept), is_file=is_file)


def _to_page() -> Response:
    session.pop(CONTINUES, None)
    return redirect(session.pop(WANTED, None) or url_for("console.shell.home"), code=303)


def _view_of(kept: KeptForm) -> Any:
    try:
        endpoint, _values = current_app.url_map.bind("").match(urlsplit(kept.act or "").path, method="POST")
    except (HTTPException, RequestRedirect):
        return None
    return current_app.view_functions[endpoint]

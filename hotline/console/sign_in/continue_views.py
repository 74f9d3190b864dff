"""Carries out what a person pressed before they had to prove their identity again."""

from typing import Any
from urllib.parse import urlsplit

from flask import current_app, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, is_fresh, me, waits_for_proof
from hotline.console.shell.kept_request import WANTED
from hotline.console.shell.words import _
from hotline.console.sign_in.area import area
from models.staff.kept_form import KeptForm, find_kept_form, forget_kept_forms
from models.staff.staff import ROLES


def asked_by_tab() -> str:
    """The key of the kept form for which this tab asks for a proof, by its address or form; "" for none."""
    return request.values.get("of", "")


def go_on(key: str) -> Response:
    """Lead on after a proof: to the act that this tab asked it for, else to the page that they wanted."""
    if key:
        return redirect(url_for("console.sign_in.continue_act", of=key), code=303)
    return _to_page()


def waiting_act(reading: Session, key: str) -> KeptForm | None:
    """The form of this key that is sent again after the proof, or None; else its page shows it again."""
    kept = _act_of(reading, key)
    return kept if kept is not None and waits_for_proof(kept) else None


def name_of(kept: KeptForm) -> str:
    """What the form does, as its button says; "" if its view does not say."""
    name = getattr(_view_of(kept), "act", "")
    return _(name) if name else ""


@area.get("/confirm/continue")
@guard_staff(*ROLES)
def continue_act() -> Response | str:
    """Show the form once, for the page's script or for one click: it is forgotten from then on."""
    with console.database.reading() as reading:
        kept, asked = waiting_act(reading, asked_by_tab()), _act_of(reading, asked_by_tab())
    if kept is None or not is_fresh(me()):
        return _to_page() if asked is None else redirect(asked.page, code=303)
    if session.get(WANTED) == kept.page:
        session.pop(WANTED)
    with console.database.transaction() as writing:
        forget_kept_forms(writing, me().session_id, [kept])
    is_file = getattr(_view_of(kept), "is_file", False)
    return render_template("console/sign_in/continue.html", kept=kept, name=name_of(kept), is_file=is_file)


def _to_page() -> Response:
    return redirect(session.pop(WANTED, None) or url_for("console.shell.home"), code=303)


def _act_of(reading: Session, key: str) -> KeptForm | None:
    kept = find_kept_form(reading, me().session_id, key) if key else None
    return kept if kept is not None and kept.act is not None else None


def _view_of(kept: KeptForm) -> Any:
    try:
        endpoint, _values = current_app.url_map.bind("").match(urlsplit(kept.act or "").path, method="POST")
    except (HTTPException, RequestRedirect):
        return None
    return current_app.view_functions[endpoint]

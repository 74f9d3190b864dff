"""The notices above every page: urgent unclaimed work, being set to away, a wrap-up."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from flask import Response, flash, redirect, render_template
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Redirect

from hotline.console.callbacks.area import area
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me, someone
from hotline.console.shell.kept_request import page_of_form
from hotline.console.shell.live import live_part, tag_of
from hotline.console.shell.refused import refused
from hotline.console.shell.words import language
from models.overview.standing import Standing, standing_for
from models.staff.staff import ROLES
from models.staff.wrap_up import end_wrap_up, extend_wrap_up
from models.store.refusal import RefusedError


@area.get("/standing")
@guard_staff(*ROLES, live=True)
def standing() -> Response:
    with console.database.reading() as session:
        found = standing_for(session, me().staff_id, _soon())
    tag = tag_of(found, language())
    return live_part(tag, lambda: render_template("console/callbacks/standing.html", standing=found))


@area.post("/wrap-up/<word>")
@guard_staff(*ROLES)
def wrap_up(word: str) -> Redirect:
    if word not in {"extend", "end"}:
        raise NotFound
    try:
        with console.database.transaction() as session:
            if word == "extend":
                seconds = console.policies.wrap_up_seconds
                extend_wrap_up(session, me().staff_id, seconds, console.clock())
            else:
                end_wrap_up(session, me().staff_id, console.clock())
    except RefusedError as error:
        flash(refused(error), "error")
    return redirect(page_of_form(), code=303)


@area.app_context_processor
def _for_every_page() -> dict[str, Callable[[], Standing | None]]:
    return {"standing_now": standing_now}


def standing_now() -> Standing | None:
    """The same while a page is rendered; None if nobody is signed in or the database cannot say."""
    with suppress(SQLAlchemyError):
        if someone() is not None:
            with console.database.reading() as session:
                return standing_for(session, me().staff_id, _soon())
    return None


def _soon() -> datetime:
    """A promise due by this moment counts as urgent."""
    return console.clock() + timedelta(minutes=console.policies.due_soon_minutes)

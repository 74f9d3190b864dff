"""One callback at the desk: its page, the part of it that follows by itself, and what is shown on request."""

from flask import Response, render_template
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from hotline.console.callbacks.area import area
from hotline.console.callbacks.panes import answer_in_place
from hotline.console.callbacks.work_pane import Shown, callback_page, work_pane
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.live import live_part
from hotline.console.shell.refused import refused
from models.callbacks.appointment import reveal_number
from models.callbacks.case_words import look_at_words
from models.overview import listing
from models.staff.staff import ROLES, Staff
from models.store.database import keyring_of, tried_again
from models.store.refusal import RefusedError


@area.get("/callbacks/<int:callback_id>")
@guard_staff(*ROLES)
def callback(callback_id: int) -> str:
    with console.database.reading() as session:
        return callback_page(session, callback_id, Shown())


@area.get("/callbacks/<int:callback_id>/part")
@guard_staff(*ROLES, live=True)
def callback_part(callback_id: int) -> Response:
    with console.database.reading() as session:
        values = work_pane(session, _row(session, callback_id), Shown())
        return live_part(
            str(values["tag"]), lambda: render_template("console/callbacks/work_part.html", **values)
        )


@area.get("/callbacks/<int:callback_id>/words")
@guard_staff(*ROLES)
def callback_said(callback_id: int) -> AnyResponse:
    now, rules = console.clock(), console.rules.release
    shown, status = Shown(), 200

    def look() -> None:
        with console.database.transaction() as session:
            look_at_words(session, callback_id, me().staff_id, now, rules, console.policies)

    try:
        tried_again(look)
    except RefusedError as error:
        shown.errors[""], status = refused(error), 403
    # The pane shows the words of what was viewed.
    with console.database.reading() as session:
        return callback_answer(session, callback_id, shown, status)


@area.post("/callbacks/<int:callback_id>/number")
@guard_staff(*ROLES)
def callback_number(callback_id: int) -> AnyResponse:
    # Shown only in this answer: it is in no URL, no cookie and no browser history.
    shown, status = Shown(), 200
    with console.database.transaction() as session:
        staff = session.get_one(Staff, me().staff_id)
        try:
            row = reveal_number(session, callback_id, staff, console.clock())
        except RefusedError as error:
            shown.errors[""], status = refused(error), 403
        else:
            shown.number = keyring_of(session).unseal("callback.number", row.number_sealed)
        return callback_answer(session, callback_id, shown, status)


def callback_answer(session: Session, callback_id: int, shown: Shown, status: int) -> AnyResponse:
    """The page of one callback, in answer to what was asked at an address that is no page itself."""
    return answer_in_place(callback_page(session, callback_id, shown), status)


def _row(session: Session, callback_id: int) -> listing.Listed:
    row = listing.find_listed(session, callback_id)
    if row is None:
        raise NotFound
    return row

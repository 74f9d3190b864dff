"""The callback list at the desk, with the reader's current call beside it."""

from flask import Response, render_template, request
from sqlalchemy.orm import Session

from hotline.console.callbacks.area import area
from hotline.console.callbacks.list_pane import asked_of_list, list_pane
from hotline.console.callbacks.panes import panes_page
from hotline.console.callbacks.talk_views import talk_beside_list
from hotline.console.callbacks.work_pane import Shown, callback_page
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.live import live_part, tag_of
from models.frame.call_bar import OwnCall, own_calls
from models.staff.staff import ROLES


@area.get("/callbacks")
@guard_staff(*ROLES)
def callbacks() -> str:
    with console.database.reading() as session:
        current = _current(session)
        if current is not None and current.leads and current.callback_id is not None:
            return callback_page(session, current.callback_id, Shown(), asked=asked_of_list())
        if current is not None and current.leads and current.talk_id is not None:
            return talk_beside_list(session, current.talk_id)
        return panes_page(
            current=current,
            no_call_tag=tag_of(current),
            **list_pane(session, asked_of_list()),
        )


@area.get("/callbacks/part")
@guard_staff(*ROLES, live=True)
def callbacks_part() -> Response:
    opened = request.args.get("opened", type=int)
    asked = asked_of_list(opened)
    with console.database.reading() as session:
        pane = list_pane(session, asked)
    return live_part(pane["rows_tag"], lambda: render_template("console/callbacks/rows.html", **pane))


@area.get("/callbacks/current")
@guard_staff(*ROLES, live=True)
def current_call() -> Response:
    """What the middle pane of a list without an open callback polls: the call that the reader is in."""
    with console.database.reading() as session:
        return live_part(tag_of(_current(session)), callbacks)


def _current(session: Session) -> OwnCall | None:
    """The call for which this person's phone rings, or in which they talk; one that they lead comes first."""
    own = [one for one in own_calls(session, me().staff_id) if one.state != "claimed"]
    return min(own, key=lambda one: not one.leads, default=None)

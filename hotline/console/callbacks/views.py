"""The callback list at the desk, with the reader's current call beside it."""

from typing import NamedTuple

from flask import Response, render_template, request
from sqlalchemy.orm import Session

from hotline.console.callbacks.area import area
from hotline.console.callbacks.list_pane import asked_of_list, list_pane
from hotline.console.callbacks.panes import panes_page
from hotline.console.callbacks.talk_views import talk_beside_list
from hotline.console.callbacks.words import to_do_at_0
from hotline.console.callbacks.work_pane import Shown, callback_page
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.live import live_part, tag_of
from hotline.console.shell.words import N_
from models.frame.call_bar import OwnCall, own_calls
from models.staff.staff import ROLES
from models.talks.queue_ring import caller_of


class HowToTalk(NamedTuple):
    """What a liaison reads while their phone rings for a caller at 0."""

    wishes: list[str]
    first_words: str
    language: str


@area.get("/callbacks")
@guard_staff(*ROLES, own_call=True)
def callbacks() -> str:
    with console.database.reading() as session:
        current = _current(session)
        if current is not None and current.leads and current.callback_id is not None:
            return callback_page(session, current.callback_id, Shown(), asked=asked_of_list())
        if current is not None and current.leads and current.talk_id is not None:
            return talk_beside_list(session, current.talk_id)
        how_to_talk = _how_to_talk(session, current)
        return panes_page(
            current=current,
            how_to_talk=how_to_talk,
            no_call_tag=tag_of(current, how_to_talk),
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
        current = _current(session)
        return live_part(tag_of(current, _how_to_talk(session, current)), callbacks)


def _how_to_talk(session: Session, current: OwnCall | None) -> HowToTalk | None:
    """How to talk with the caller at 0 for whom the phone rings."""
    if current is None or current.leg_id is None or current.talk_id is not None:
        return None
    caller = caller_of(session, current.leg_id)
    if caller is None:
        return None
    is_silent, line = caller
    is_discreet = line in console.office.discreet_lines
    return HowToTalk(
        to_do_at_0(current.language, is_silent=is_silent, is_discreet=is_discreet),
        _first_words(current.language, is_silent=is_silent),
        current.language,
    )


def _first_words(language: str, *, is_silent: bool) -> str:
    """How a liaison greets a caller at 0, in the caller's language, by the name that every line says."""
    question = (
        N_("Hello, you have reached %(name)s. Can you hear me?")
        if is_silent
        else N_("Hello, you have reached %(name)s. How can I help you?")
    )
    said = console.words.catalog(language).gettext(question)
    return said % {"name": console.office.neutral_name.get(language, "")}


def _current(session: Session) -> OwnCall | None:
    """The call for which this person's phone rings, or in which they talk; one that they lead comes first."""
    own = [one for one in own_calls(session, me().staff_id) if one.state != "claimed"]
    return min(own, key=lambda one: not one.leads, default=None)

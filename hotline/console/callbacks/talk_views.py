"""A talk with a caller at 0, to whoever leads it: how it stands, and what may be said."""

from flask import Response, render_template
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from hotline.console.callbacks.area import area
from hotline.console.callbacks.words import LANGUAGES
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.live import EVERY, live_part, tag_of
from hotline.console.shell.refused import refused
from hotline.console.shell.status_page import words_of
from hotline.console.shell.words import language
from models.staff.staff import ROLES
from models.store.refusal import RefusedError
from models.talks.talk_at_0 import TalkAt0, look_at_talk_words, own_talk


def _find(session: Session, talk_id: int) -> TalkAt0:
    found = own_talk(session, talk_id, me().staff_id, console.clock(), console.policies)
    if found is None:
        raise NotFound("There is no such talk of theirs.")
    return found


def _page(talk: TalkAt0, words: list[str] | None = None, wrong: str = "") -> str:
    return render_template(
        "console/callbacks/talk.html",
        talk=talk,
        is_discreet=talk.line in console.office.discreet_lines,
        words=words,
        errors={"": wrong} if wrong else {},
        tag=_tag(talk),
        every=EVERY,
        spoken=LANGUAGES,
    )


@area.get("/talks/<int:talk_id>")
@guard_staff(*ROLES)
def talk_at_0(talk_id: int) -> str:
    with console.database.reading() as session:
        return _page(_find(session, talk_id))


@area.get("/talks/<int:talk_id>/part")
@guard_staff(*ROLES, live=True)
def talk_at_0_part(talk_id: int) -> Response:
    with console.database.reading() as session:
        talk = _find(session, talk_id)
    is_discreet = talk.line in console.office.discreet_lines
    return live_part(
        _tag(talk),
        lambda: render_template("console/callbacks/talk_state.html", talk=talk, is_discreet=is_discreet),
    )


@area.get("/talks/<int:talk_id>/words")
@guard_staff(*ROLES)
def talk_at_0_said(talk_id: int) -> tuple[str, int]:
    now, rules = console.clock(), console.rules.release
    with console.database.transaction() as session:
        talk = _find(session, talk_id)
        try:
            found = look_at_talk_words(session, talk_id, me().staff_id, now, rules, console.policies)
        except RefusedError as error:
            return _page(talk, wrong=refused(error)), 403
        zone = talk.time_zone or console.office.time_zone
        words = words_of(
            console.prompts, found, talk.language, zone, now, office_zone=console.office.time_zone
        )
        return _page(talk, words), 200


def _tag(talk: TalkAt0) -> str:
    return tag_of(talk.held_at, talk.closed_at, me().staff_id, language())

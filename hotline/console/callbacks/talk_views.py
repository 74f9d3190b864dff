"""A talk with a caller at 0: its state, what may be said, and its leader's actions."""

from flask import Response, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from hotline.console.callbacks import words as callback_words
from hotline.console.callbacks.area import area
from hotline.console.callbacks.finish import TalkClick, finish_words, page_of_next
from hotline.console.callbacks.talk_actions import TALK_ACTIONS
from hotline.console.callbacks.views import names_of_joiners
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.live import EVERY, live_part, tag_of
from hotline.console.shell.refused import refused
from hotline.console.shell.status_page import words_of
from hotline.console.shell.words import _, language
from models.outcomes.talk_note import may_note_talk, note_of_talk
from models.overview.history import history_of_talk
from models.staff.staff import ROLES
from models.store.database import tried_again
from models.store.job import Job
from models.store.refusal import RefusedError
from models.talks.shown_talk import TalkAt0, look_at_talk_words, shown_talk
from models.talks.talk import Talk
from models.talks.talk_controls import led_at_0

_WORDS: dict[str, object] = {
    "spoken": callback_words.LANGUAGES,
    "outcomes": callback_words.OUTCOME_SENTENCES,
    "happened": callback_words.happened,
    "who": callback_words.who,
}


def _find(session: Session, talk_id: int) -> TalkAt0:
    person = me()
    found = shown_talk(session, talk_id, person.staff_id, person.role, console.clock(), console.policies)
    if found is None:
        raise NotFound("There is no such talk of theirs.")
    return found


def _state(session: Session, talk: TalkAt0, errors: dict[str, str] | None = None) -> dict[str, object]:
    return {
        "talk": talk,
        "joiners": names_of_joiners(session, talk.joiners),
        "is_discreet": talk.line in console.office.discreet_lines,
        "has_interpreter": talk.language in console.office.interpreters,
        "history": history_of_talk(session, talk.id),
        "errors": errors or {},
        **_ending(session, talk),
        **_WORDS,
    }


def _ending(session: Session, shown: TalkAt0) -> dict[str, object]:
    talk = session.get_one(Talk, shown.id)
    note = note_of_talk(session, talk) if may_note_talk(session, talk, me().staff_id, me().role) else ""
    return finish_words(talk, note, shown.time_zone or console.office.time_zone, interpreter=False)


def _page(
    session: Session, talk: TalkAt0, words: list[str] | None = None, errors: dict[str, str] | None = None
) -> str:
    return render_template(
        "console/callbacks/talk.html",
        words=words,
        tag=_tag(talk),
        every=EVERY,
        **_state(session, talk, errors),
    )


@area.get("/talks/<int:talk_id>")
@guard_staff(*ROLES)
def talk_at_0(talk_id: int) -> str:
    with console.database.reading() as session:
        return _page(session, _find(session, talk_id))


@area.get("/talks/<int:talk_id>/part")
@guard_staff(*ROLES, live=True)
def talk_at_0_part(talk_id: int) -> Response:
    with console.database.reading() as session:
        talk = _find(session, talk_id)

        def render() -> str:
            state = _state(session, talk)
            part = render_template("console/callbacks/talk_state.html", **state)
            return part + render_template("console/callbacks/history.html", beside=True, **state)

        return live_part(_tag(talk), render)


@area.get("/talks/<int:talk_id>/words")
@guard_staff(*ROLES)
def talk_at_0_said(talk_id: int) -> tuple[str, int]:
    now, rules = console.clock(), console.rules.release
    with console.database.transaction() as session:
        talk = _find(session, talk_id)
        try:
            found = look_at_talk_words(session, talk, me().staff_id, now, rules)
        except RefusedError as error:
            return _page(session, talk, errors={"": refused(error)}), 403
        zone = talk.time_zone or console.office.time_zone
        words = words_of(
            console.prompts, found, talk.language, zone, now, office_zone=console.office.time_zone
        )
        return _page(session, talk, words), 200


@area.post("/talks/<int:talk_id>/<action>")
@guard_staff(*ROLES)
def talk_at_0_action(talk_id: int, action: str) -> AnyResponse | tuple[str, int]:
    if action not in TALK_ACTIONS:
        raise NotFound
    does, said, field = TALK_ACTIONS[action]

    def done() -> list[Job]:
        with console.database.transaction() as session:
            talk = led_at_0(session, talk_id, me().staff_id)
            return does(TalkClick(session, talk, me().staff_id, console.clock()))

    page = url_for("console.callbacks.talk_at_0", talk_id=talk_id)
    try:
        jobs = tried_again(done)
    except RefusedError as error:
        field = error.field or field
        if not field:
            flash(refused(error), "error")
            return redirect(page, code=303)
        with console.database.reading() as session:
            return _page(session, _find(session, talk_id), errors={field: refused(error)}), 422
    for name, row_id in jobs:
        console.jobs.enqueue(name, row_id)
    if action == "finish":
        return redirect(page_of_next(), code=303)
    flash(_(said), "success")
    return redirect(page, code=303)


def _tag(talk: TalkAt0) -> str:
    facts = talk.held_at, talk.closed_at, talk.outcome, talk.is_led, talk.is_recent, talk.joiners
    return tag_of(*facts, me().staff_id, language())

"""A talk with a caller at 0 at the desk: its state, what may be said, and its leader's actions."""

from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from hotline.console.callbacks import words as callback_words
from hotline.console.callbacks.area import area
from hotline.console.callbacks.case_acts import case_acts
from hotline.console.callbacks.finish import (
    TalkClick,
    finish,
    finish_words,
    page_of_next,
    save_note,
    wrap_up_words,
)
from hotline.console.callbacks.list_pane import asked_of_list, list_pane
from hotline.console.callbacks.panes import answer_in_place, panes_page
from hotline.console.callbacks.words_beside import words_shown_beside
from hotline.console.callbacks.work_pane import names_of_joiners
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.live import EVERY, live_part, tag_of
from hotline.console.shell.phone_words import MAY_ANSWER, VOICEMAIL
from hotline.console.shell.refused import refused
from hotline.console.shell.status_page import words_of
from hotline.console.shell.words import _, language, language_inside
from models.custody.custody_status import Heard
from models.notices.taking_back.corrections import wrong_news
from models.outcomes.talk_facts import case_needs_interpreter
from models.outcomes.talk_note import may_note_talk, note_of_talk
from models.overview.case_page import read_case_page
from models.overview.history import history_of_talk, without_private
from models.staff.staff import ROLES
from models.store.database import tried_again
from models.store.job import Job
from models.store.refusal import RefusedError
from models.talks.shown_talk import (
    TalkAt0,
    look_at_talk_words,
    shown_talk,
    view_in_talk,
)
from models.talks.talk import Talk, locked_talk
from models.talks.talk_controls import led_at_0
from models.talks.talk_legs import last_missed

_WORDS: dict[str, object] = {
    "states": callback_words.STATES,
    "may_answer_names": MAY_ANSWER,
    "voicemail_names": VOICEMAIL,
    "outcomes": callback_words.AT_0_SENTENCES,
    "happened": callback_words.happened,
    "who": callback_words.who,
}
#: Each action by the last word of its URL, and the form field that shows a refusal.
_ACTIONS: dict[str, tuple[Callable[[TalkClick], list[Job]], str]] = {
    "finish": (finish, "outcome"),
    "note": (save_note, "note"),
}


@area.get("/talks/<int:talk_id>")
@guard_staff(*ROLES)
def talk_at_0(talk_id: int) -> str:
    with console.database.reading() as session:
        return _page(session, _find(session, talk_id))


def talk_beside_list(session: Session, talk_id: int) -> str:
    """The callback list with one talk at 0. Raises NotFound if the reader may not see it."""
    return _page(session, _find(session, talk_id), alone=False)


@area.get("/talks/<int:talk_id>/part")
@guard_staff(*ROLES, live=True)
def talk_at_0_part(talk_id: int) -> Response:
    with console.database.reading() as session:
        values = _values(session, _find(session, talk_id))
        return live_part(
            str(values["tag"]), lambda: render_template("console/callbacks/talk_part.html", **values)
        )


@area.get("/talks/<int:talk_id>/words")
@guard_staff(*ROLES)
def talk_at_0_said(talk_id: int) -> AnyResponse:
    now, rules = console.clock(), console.rules.release
    errors, status = {}, 200

    def look() -> None:
        with console.database.transaction() as session:
            look_at_talk_words(session, _find(session, talk_id), me().staff_id, now, rules)

    try:
        tried_again(look)
    except RefusedError as error:
        errors, status = {"": refused(error)}, 403
    # The pane shows the words of what was viewed.
    with console.database.reading() as session:
        return answer_in_place(_page(session, _find(session, talk_id), errors=errors), status)


@area.post("/talks/<int:talk_id>/<action>")
@guard_staff(*ROLES)
def talk_at_0_action(talk_id: int, action: str) -> AnyResponse:
    if action not in _ACTIONS:
        raise NotFound
    does, field = _ACTIONS[action]

    def done() -> list[Job]:
        with console.database.transaction() as session:
            # Also those who left the talk to a colleague keep what they had begun to write.
            talk = (
                _to_note(session, talk_id) if action == "note" else led_at_0(session, talk_id, me().staff_id)
            )
            return does(TalkClick(session, talk, me().staff_id, console.clock()))

    try:
        jobs = tried_again(done)
    except RefusedError as error:
        with console.database.reading() as session:
            shown = _page(session, _find(session, talk_id), errors={error.field or field: refused(error)})
            return answer_in_place(shown, 422)
    for name, row_id in jobs:
        console.jobs.enqueue(name, row_id)
    if action == "finish":
        return redirect(page_of_next(talk_id=talk_id), code=303)
    flash(_("The note is saved."), "success")
    return redirect(url_for("console.callbacks.talk_at_0", talk_id=talk_id), code=303)


def _find(session: Session, talk_id: int) -> TalkAt0:
    person = me()
    found = shown_talk(session, talk_id, person.staff_id, person.role, console.clock(), console.policies)
    if found is None:
        raise NotFound("There is no such talk of theirs.")
    return found


def _to_note(session: Session, talk_id: int) -> Talk:
    """The talk, locked, for its note; who may write that is checked as it is saved. Raises NotFound."""
    talk = locked_talk(session, _find(session, talk_id).id)
    if talk is None:
        raise NotFound
    return talk


def _page(session: Session, talk: TalkAt0, *, alone: bool = True, **more: Any) -> str:
    """The desk with a talk; ``alone``: in one column it hides the list, which has an address of its own."""
    values = _values(session, talk, **more)
    return panes_page(**list_pane(session, asked_of_list()) | values, talk_alone=alone)


def _values(session: Session, shown: TalkAt0, errors: dict[str, str] | None = None) -> dict[str, object]:
    """The values of the panes for a talk at 0; ``tag`` changes with them."""
    talk = session.get_one(Talk, shown.id)
    may_note = may_note_talk(session, talk, me().staff_id, me().role)
    note = note_of_talk(session, talk) if may_note else ""
    beside = None
    if shown.case_id is not None:
        # Each click in a talk renders the pane anew; the words must not disappear then.
        beside = words_shown_beside(session, view_in_talk(shown, me().staff_id))
    words = None if beside is None else _said(session, beside.heard, shown)
    changed_at = None if beside is None else beside.changed_at
    # Viewing what may be said has opened the case, and was logged.
    page = None
    if beside is not None and shown.case_id:
        page = read_case_page(session, shown.case_id, console.clock(), console.rules.release)
    acts = case_acts(session, page, console.clock())
    # The case is the leader's to know of alone, and so is what its earlier talks say.
    is_known = shown.case_id is not None and case_needs_interpreter(session, shown.case_id)
    missed = [] if shown.closed_at is not None else last_missed(session, talk)
    history = history_of_talk(session, shown.id)
    if not may_note:
        history = without_private(history)
    facts = shown.held_at, shown.closed_at, shown.outcome, shown.is_led, shown.is_recent, shown.joiners
    wrap_up = wrap_up_words(session, is_theirs=shown.is_led and shown.closed_at is not None)
    return {
        "talk": shown,
        "title": _("Caller at 0: %(language)s", language=language_inside(shown.language)),
        "tag": tag_of(
            *facts,
            len(history),
            missed,
            acts,
            words,
            changed_at,
            *wrap_up.values(),
            me().staff_id,
            language(),
        ),
        "every": EVERY,
        "may_note": may_note,
        "words": words,
        "words_changed_at": changed_at,
        "case_page": page,
        **acts,
        "joiners": names_of_joiners(session, [*shown.joiners, *missed]),
        "is_discreet": shown.line in console.office.discreet_lines,
        "history": history,
        "no_phone": callback_words.no_phone(history, has_case=shown.case_id is not None),
        "errors": errors or {},
        **wrap_up,
        "needs_interpreter": is_known,
        **finish_words(
            session,
            talk,
            None,
            note,
            shown.time_zone or console.office.time_zone,
            interpreter=is_known,
            news_at=None if beside is None else beside.news_at,
        ),
        **_WORDS,
    }


def _said(session: Session, found: Heard, talk: TalkAt0) -> list[str]:
    zone, office_zone = talk.time_zone or console.office.time_zone, console.office.time_zone
    was_wrong = None if talk.case_id is None else wrong_news(session, talk.case_id, console.office.zone)
    return words_of(
        console.prompts, found, talk.language, zone, console.clock(),
        office_zone=office_zone, was_wrong=was_wrong,
    )  # fmt: skip

"""What the desk shows of one callback: what may be done about it, what may be said, and how it went."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from hotline.console.callbacks import words as callback_words
from hotline.console.callbacks.case_acts import case_acts
from hotline.console.callbacks.due_words import promised_words
from hotline.console.callbacks.finish import finish_words, wrap_up_words
from hotline.console.callbacks.list_pane import Asked, asked_of_list, list_pane
from hotline.console.callbacks.panes import panes_page
from hotline.console.callbacks.words import COLLEAGUE_STATES
from hotline.console.callbacks.words_beside import words_shown_beside
from hotline.console.shell.console import console
from hotline.console.shell.durations import as_promised
from hotline.console.shell.guard import me
from hotline.console.shell.live import EVERY, tag_of
from hotline.console.shell.phone_words import MAY_ANSWER, VOICEMAIL
from hotline.console.shell.refused import refused
from hotline.console.shell.status_page import words_of
from hotline.console.shell.words import N_, language, language_inside
from ivr_flows.prompts import with_joined_words
from models.callbacks.appointment import (
    CANCEL_REASONS,
    is_promise,
    may_reveal,
    next_moment_inside,
    promised_by,
    stamp_of,
)
from models.callbacks.callback import NOTICE_TASK, Callback
from models.callbacks.case_words import WordsBeside, may_open_case, view_in_callback
from models.callbacks.claim import OVERSEERS, may_be_called, may_take_up, name_of, owed_beside
from models.callbacks.follow_up import NOT_CALLED, before_it, began_with
from models.callbacks.liaison import DOES_NOW, are_among
from models.callbacks.note import may_note, note_of
from models.callbacks.recognition import RECOGNITIONS, awaits_recognition, may_be_anyone
from models.callbacks.shown_line import shown_line
from models.callbacks.to_new_phone import holds_content
from models.calls.call import Call
from models.cases.duress import who_know_of_use
from models.custody.custody_status import Heard
from models.notices.answering import REASON as HARD_NEWS
from models.notices.taking_back.corrections import wrong_news
from models.outcomes.talk_facts import needs_interpreter
from models.overview import listing
from models.overview.case_page import CasePage, read_case_page
from models.overview.duress_use import may_know
from models.overview.history import history_of, without_private
from models.staff.staff import Staff
from models.staff.staff_name import read_staff_names
from models.store.refusal import RefusedError
from models.talks.talk import Talk
from models.talks.talk_legs import Joiner, joiners_of, last_missed

#: Suggested times for a callback begin this far ahead.
_LATER = timedelta(hours=1)
#: The states of a callback in which somebody may still talk with the person.
_MAY_BE_CALLED = frozenset(
    {"requested", "claimed", "ringing_liaison", "ringing_caller", "talking", "left_for_staff"}
)


@dataclass
class Shown:
    """Values that a callback's page shows besides its row; ``errors`` are by the wrong field."""

    errors: dict[str, str] = field(default_factory=dict)
    number: str | None = field(default=None, repr=False)
    words: list[str] | None = None
    opened: str = ""


def callback_page(session: Session, callback_id: int, shown: Shown, asked: Asked | None = None) -> str:
    """The desk with one callback. Raises NotFound for an unknown id.

    ``asked`` is what the address asks of the list, if it does not name this callback.
    """
    row = listing.find_listed(session, callback_id)
    if row is None:
        raise NotFound
    panes = list_pane(session, asked or asked_of_list(callback_id))
    return panes_page(**panes | work_pane(session, row, shown))


def work_pane(session: Session, row: listing.Listed, shown: Shown) -> dict[str, object]:
    """The values of the panes for one callback; ``tag`` changes with them."""
    now = console.clock()
    callback = session.get_one(Callback, row.id)
    policy, talk = console.callback_policy, _talk_of(session, row)
    opens_case = may_open_case(callback, me().staff_id, now, console.policies) and not holds_content(
        session, callback, now
    )
    beside = None
    if opens_case and callback.case_id:
        # Each click in a talk renders the pane anew; the words must not disappear then.
        beside = words_shown_beside(session, view_in_callback(callback, me().staff_id))
    # Viewing what may be said has opened the case, and was logged.
    page = None
    if beside is not None and callback.case_id:
        shown.words = _said(session, callback.case_id, beside.heard, row.language, row.time_zone, now)
        page = read_case_page(session, callback.case_id, now, console.rules.release)
    acts = case_acts(session, page, now)
    soon = next_moment_inside(session, callback, now + _LATER, policy)
    local = None if soon is None else soon.astimezone(ZoneInfo(row.time_zone))
    state = _state(session, row, callback, talk, now, None if beside is None else beside.news_at)
    history = history_of(session, row.id)
    if not state["may_note"]:
        history = without_private(history)
    return {
        "row": row,
        "title": callback_words.title_of(row),
        "why": callback_words.why(
            row.reason, corrects=_corrects(session, callback), first=began_with(session, callback).reason
        ),
        "only_you": may_know(session, me(), row.id),
        "shown": shown,
        "every": EVERY,
        "words_changed_at": beside and beside.changed_at,
        "tag": _tag(row, state, len(history), opens_case, now, page, acts, (shown.words, beside)),
        "seen": stamp_of(callback),
        "is_promise": is_promise(callback),
        "may_reveal": may_reveal(callback, me().staff_id, me().role),
        "colleagues": colleagues_who_can_come(session, callback),
        "settled_day": "" if local is None else local.date().isoformat(),
        "settled_time": "" if local is None else local.strftime("%H:%M"),
        "history": history,
        "no_phone": callback_words.no_phone(history, has_case=bool(callback.case_id)),
        "opens_case": opens_case,
        "opens_by_number": _opens_by_number(session, callback),
        "is_to_recognize": callback.recognized_by is None and callback.staff_id == me().staff_id,
        "before": before_it(session, callback),
        "case_id": callback.case_id,
        "begun_by_staff": callback.begun_by_staff,
        "case_page": page,
        **acts,
        "is_discreet": _is_discreet(session, row),
        **state,
        **_WORDS,
    }


def _said(
    session: Session, case_id: int, found: Heard, language: str, time_zone: str, now: datetime
) -> list[str]:
    """What may be said about the person in the case, in the words of the line; first what was wrong."""
    return words_of(
        console.prompts, found, language, time_zone, now,
        office_zone=console.office.time_zone, was_wrong=wrong_news(session, case_id, console.office.zone),
    )  # fmt: skip


def _corrects(session: Session, callback: Callback) -> bool:
    """Whether the person of a task is to be told that earlier news was wrong (R16)."""
    is_task = callback.reason == NOTICE_TASK and callback.case_id is not None
    return is_task and wrong_news(session, callback.case_id or 0, console.office.zone) is not None


def _opens_by_number(session: Session, callback: Callback) -> bool:
    """Whether it is to tell news, and its case opens only by a verification of staff or the PIN (R37)."""
    if callback.case_id is not None or callback.registrant_id is None or callback.recognized_by is None:
        return False
    return began_with(session, callback).reason == HARD_NEWS


def _why_not_called(session: Session, row: listing.Listed, now: datetime) -> str:
    """Why staff cannot call this callback, left for them or reopened by them; empty if they can."""
    # No other callback needs more reads: each open page asks this at every change.
    if row.state != "left_for_staff" and not (row.state == "claimed" and row.outcome in NOT_CALLED):
        return ""
    callback = session.get_one(Callback, row.id)
    try:
        may_be_called(session, callback, now)
        may_take_up(session, callback, now)
    except RefusedError as error:
        return refused(error)
    return ""


def _opens_at(session: Session, row: listing.Listed, callback: Callback, now: datetime) -> datetime | None:
    """When this person may be called, if that is later than now and nobody is being called for it (R29)."""
    # What waits on the list may be called now.
    is_idle = row.state == "left_for_staff" or (row.state in ("requested", "claimed") and not row.on_list)
    if not is_idle:
        return None
    opens = next_moment_inside(session, callback, now, console.callback_policy.of_staff())
    return None if opens is None or opens <= now else opens


def _own_call_failed(session: Session, row: listing.Listed) -> bool:
    """Whether a call that its holder requested was not placed at all, and their phone did not ring."""
    if row.state != "claimed" or row.missed_by_id is None or row.missed_by_id != row.staff_id:
        return False
    theirs = select(Call.call_status).where(Call.callback_id == row.id, Call.staff_id == row.staff_id)
    return session.scalar(theirs.order_by(Call.id.desc()).limit(1)) == "failed"


def _asks_who(session: Session, row: listing.Listed) -> bool:
    """Whether staff still have to record how they recognized the person on the line (R37)."""
    return row.state == "talking" and awaits_recognition(session.get_one(Callback, row.id))


def _may_be_anyone(session: Session, row: listing.Listed) -> bool:
    """Whether the leader of the talk may say only the first words (R37)."""
    return row.state == "talking" and may_be_anyone(session.get_one(Callback, row.id))


def _joiners(session: Session, row: listing.Listed) -> list[tuple[str, str]]:
    """The others in a current talk or being called: a name, empty for an interpreter, and the state."""
    talk = (
        None
        if row.state != "talking"
        else session.scalars(select(Talk).filter_by(callback_id=row.id)).first()
    )
    if talk is None:
        return []
    return names_of_joiners(session, [*joiners_of(session, talk), *last_missed(session, talk)])


def names_of_joiners(session: Session, joiners: list[Joiner]) -> list[tuple[str, str]]:
    """The name of each (empty for an interpreter) and their state."""
    return [
        ("" if one.staff_id is None else name_of(session, session.get_one(Staff, one.staff_id)), one.stands)
        for one in joiners
    ]


def colleagues_who_can_come(session: Session, callback: Callback) -> list[tuple[int, str, str, str]]:
    """Those on shift and not on a break, the free ones first: id, name, languages, what they do now.

    After a use of the duress PIN only those among them who know of it (R10).
    """
    others = select(Staff, DOES_NOW).where(
        Staff.id != me().staff_id, Staff.left_at.is_(None), Staff.on_shift, Staff.resting_until.is_(None)
    )
    others = others.where(are_among(who_know_of_use(session, callback.case_id, callback.registrant_id)))
    people, names = session.execute(others.order_by(Staff.id)).all(), read_staff_names(session).by_id
    return [
        (one.id, names[one.id], _speaks(one), COLLEAGUE_STATES[does_now])
        for one, does_now in sorted(people, key=lambda each: each[1] != "free")
    ]


def _speaks(colleague: Staff) -> str:
    spoken = [word.strip() for word in colleague.languages.split(",")]
    return ", ".join(language_inside(one) for one in spoken)


def _state(
    session: Session,
    row: listing.Listed,
    callback: Callback,
    talk: Talk | None,
    now: datetime,
    news_at: datetime | None,
) -> dict[str, object]:
    """What may be done now, and by whom; ``news_at`` as in ``finish_words``."""
    shortly = now - timedelta(minutes=console.policies.outcome_minutes)
    is_mine = row.staff_id == me().staff_id
    over_lately = row.state == "reached" and row.closed_at is not None and row.closed_at > shortly
    may_read = may_note(session, callback, me().staff_id, me().role)
    is_known = needs_interpreter(session, callback)
    return {
        "now": now,
        "promised": as_promised(row.due_at, console.office.zone),
        "promised_by": promised_words(row.due_at, now, console.office.zone),
        "is_mine": is_mine,
        # After a missed ring the next one is seconds away: that is now.
        "calls_later": row.next_attempt_at > now + timedelta(minutes=1),
        # Of a time that was set and not missed since: with the person, perhaps because they are alone then.
        "is_settled": callback.rescheduled_by_id is not None
        and callback.due_at == promised_by(callback.next_attempt_at, console.policies),
        "why_not_called": _why_not_called(session, row, now),
        "is_stopped": row.outcome in NOT_CALLED,
        # Nobody cancels a task about news for another callback: that would stop the news.
        "told_in": owed_beside(session, callback) if row.reason == NOTICE_TASK else None,
        "opens_at": _opens_at(session, row, callback, now),
        "own_call_failed": _own_call_failed(session, row),
        "joiners": _joiners(session, row),
        "asks_who": _asks_who(session, row),
        "may_be_anyone": _may_be_anyone(session, row),
        "first_words": _first_words(row),
        "oversees": me().role in OVERSEERS,
        "may_note": may_read,
        "may_finish": is_mine and over_lately,
        "needs_interpreter": is_known,
        **wrap_up_words(session, is_theirs=is_mine and over_lately),
        "handed_minutes": console.policies.handed_minutes,
        "claim_minutes": console.policies.claim_minutes,
        "office_zone": console.office.time_zone,
        **finish_words(
            session,
            talk,
            callback,
            note_of(session, callback) if may_read else "",
            row.time_zone,
            interpreter=is_known,
            news_at=news_at,
        ),
    }


def _first_words(row: listing.Listed) -> str:
    """What a liaison says before they know who answered, in the language of the person called (R37).

    It follows the machine's "Is this a good time to talk?", and tells a stranger no more than that did.
    """
    asks_yes_or_no = row.silent or row.asked_elsewhere
    question = (
        N_("Hello, this is %(name)s. Can you hear me?")
        if asks_yes_or_no
        else N_("Hello, this is %(name)s. Who am I speaking with?")
    )
    said = console.words.catalog(row.language).gettext(question)
    return with_joined_words(row.language, said % {"name": console.office.neutral_name.get(row.language, "")})


def _talk_of(session: Session, row: listing.Listed) -> Talk | None:
    return session.scalars(select(Talk).filter_by(callback_id=row.id)).first()


def _is_discreet(session: Session, row: listing.Listed) -> bool:
    """Whether the person will see a discreet line: then nobody names the office (R17)."""
    if row.state not in _MAY_BE_CALLED:
        return False
    callback = session.get_one(Callback, row.id)
    return shown_line(session, callback, console.office.lines) in console.office.discreet_lines


def _tag(
    row: listing.Listed,
    state: dict[str, object],
    happened: int,
    opens_case: bool,
    now: datetime,
    page: CasePage | None,
    acts: dict[str, object],
    words: tuple[list[str] | None, WordsBeside | None],
) -> str:
    facts = (
        words[0],
        words[1] and words[1].changed_at,
        state["joiners"],
        state["asks_who"],
        state["why_not_called"],
        state["opens_at"],
        state["wrap_up_until"],
        state["ended"],
        happened,
        opens_case,
        acts,
        None if page is None else (len(page.entries), [one.phone.unsafe_since for one in page.phones]),
        row.state,
        row.staff_id,
        row.lease_until,
        row.held_at,
        row.outcome,
        row.next_attempt_at,
        row.news_at,
        row.due_at,
        state["promised_by"],
        # The facts behind its words about the clock.
        row.due_at < now,
        state["calls_later"],
    )
    return tag_of(*facts, me().staff_id, language())


_WORDS: dict[str, object] = {
    "states": callback_words.STATES,
    "may_answer_names": MAY_ANSWER,
    "voicemail_names": VOICEMAIL,
    "reasons": callback_words.REASONS,
    "outcomes": callback_words.OUTCOME_SENTENCES,
    "may_have_rung": callback_words.MAY_HAVE_RUNG,
    "to_do": callback_words.to_do,
    "if_somebody_else": callback_words.if_somebody_else,
    "tries": callback_words.tries,
    "there": callback_words.there,
    "happened": callback_words.happened,
    "who": callback_words.who,
    "cancel_choices": [(one, callback_words.CANCEL_NAMES[one]) for one in CANCEL_REASONS],
    "recognition_choices": [(one, callback_words.RECOGNITION_NAMES[one]) for one in RECOGNITIONS],
}

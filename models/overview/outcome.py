"""The outcome codes staff enter after a talk. The talk is over by then; a code refines its outcome (R37)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from models.audit.audit import AuditEntry
from models.callbacks.callback import IS_OWED, Callback, advance, cancel_callback, locked, was_put_off
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_request import is_counted_on
from models.callbacks.callback_state import TAKEN_UP_AGAIN
from models.callbacks.follow_up import (
    CANNOT_DIAL,
    LATER,
    MESSAGE_LEFT,
    NEXT_PHONE,
    NO_SAFE_PHONE,
    STOPPED,
    SUPERVISOR,
    WRONG_PERSON,
    follow_up,
    lacks_phone,
)
from models.callbacks.next_try import is_never_given_up
from models.callbacks.to_new_phone import is_for_code
from models.callbacks.wishes import allows_message
from models.calls.call import CALLS, Call
from models.calls.place import ASKED_OUTCOME
from models.outcomes.news_told import (
    NewestWords,
    confirm_told,
    note_perhaps_told,
    take_back_perhaps_told,
    take_back_told,
)
from models.outcomes.promise_due import NOBODY_THERE
from models.outcomes.talk_facts import TalkFacts, keep_facts
from models.overview.history import LACK_PHONE
from models.overview.phone_stop import on_next_phone, registrant_of, stop_phone, take_back_stop
from models.staff.wrap_up import end_wrap_up
from models.store.job import Job
from models.talks.follow_talk import follow_talk
from models.talks.talk import Talk, audit_talk
from models.talks.voicemail import WE_CALL_AGAIN

#: The codes by name; each is an outcome of a talk.
REACHED = "reached"
OUTCOME_CODES = (REACHED, MESSAGE_LEFT, NOBODY_THERE, WRONG_PERSON, LATER, SUPERVISOR)
#: The codes after which the person may have heard the news of the talk.
_PERHAPS_TOLD = frozenset({REACHED, LATER, SUPERVISOR})
#: The codes that not every talk can end with.
MAY_BE_UNFIT = frozenset({MESSAGE_LEFT, WRONG_PERSON})


@dataclass(frozen=True, slots=True)
class _Said:
    """How a talk ended, by the one who led it; ``call_at`` is agreed on for LATER, and None else.

    ``newest`` are words that changed in the talk, and that they say they told.
    """

    staff_id: int
    code: str
    facts: TalkFacts | None
    call_at: datetime | None
    newest: NewestWords | None

    @property
    def actor(self) -> str:
        """Who said it, for what follows from the code."""
        return f"liaison:{self.staff_id}"

    @property
    def corrector(self) -> str:
        """The same person, for what an old code left behind."""
        return f"staff:{self.staff_id}"


def fitting_outcomes(callback: Callback | None) -> tuple[str, ...]:
    """The codes that a talk can end with, in their order; ``callback`` is None for a caller at 0.

    A caller at 0 called us: we left them no message, and no phone that we called was somebody else's. A
    message that the person of a callback did not allow is no end of it (R31); a supervisor sees to that.
    """
    if callback is None:
        return tuple(code for code in OUTCOME_CODES if code not in MAY_BE_UNFIT)
    return tuple(code for code in OUTCOME_CODES if code != MESSAGE_LEFT or allows_message(callback))


def last_talk(session: Session, staff_id: int, now: datetime, outcome_minutes: float) -> Talk | None:
    """This person's last talk, while its outcome may still be refined."""
    since = now - timedelta(minutes=outcome_minutes)
    mine = select(Talk).where(Talk.staff_id == staff_id, Talk.closed_at > since)
    return session.scalars(mine.order_by(Talk.closed_at.desc(), Talk.id.desc()).limit(1)).first()


# Built once, for every open page.
_ENDED = (
    select(Talk)
    .where(Talk.staff_id == bindparam("staff_id"), Talk.closed_at > bindparam("since"))
    .order_by(Talk.closed_at.desc(), Talk.id.desc())
)


def unsaved_talks(session: Session, staff_id: int, now: datetime, outcome_minutes: float) -> list[Talk]:
    """This person's talks whose outcome nobody has saved, while it may be refined, the newest first.

    Each counts as "reached" already, whoever answered: nobody else would ask what is true.
    """
    asked = {"staff_id": staff_id, "since": now - timedelta(minutes=outcome_minutes)}
    talks = session.scalars(_ENDED, asked).all()
    saved = which_are_saved(session, talks) if talks else set()
    return [talk for talk in talks if talk.id not in saved]


def was_in_another_since(session: Session, talk: Talk, staff_id: int) -> bool:
    """Whether this person took part in a later talk that somebody else leads, or led to its end."""
    mine = Call.staff_id == staff_id, Call.accepted_at >= talk.closed_at
    legs = session.execute(select(Call.callback_id, Call.parent_call_id).where(*mine)).all()
    those = or_(
        Talk.callback_id.in_({leg.callback_id for leg in legs if leg.callback_id is not None}),
        and_(
            Talk.callback_id.is_(None),
            Talk.caller_call_id.in_({leg.parent_call_id for leg in legs if leg.parent_call_id is not None}),
        ),
    )
    later = select(Talk.id).where(those, or_(Talk.closed_at.is_(None), Talk.closed_at > talk.closed_at))
    return session.execute(later.limit(1)).first() is not None


def kind_of(session: Session, talk: Talk) -> Literal["urgent", "callback", "at_0"]:
    """What a talk was about, as far as a phone may say it: an urgent callback, another, or a caller at 0."""
    if talk.callback_id is None:
        return "at_0"
    urgency = session.scalar(select(Callback.urgency).where(Callback.id == talk.callback_id))
    return "urgent" if urgency == "urgent" else "callback"


def is_saved(session: Session, talk: Talk) -> bool:
    """Whether staff have saved an outcome of this talk; one that ended is "reached" before anybody has."""
    return talk.id in which_are_saved(session, [talk])


def which_are_saved(session: Session, talks: Sequence[Talk]) -> set[int]:
    """The ids of the talks of which staff have saved an outcome, in one statement."""
    by_target = {talk.audit_target: talk.id for talk in talks}
    noted = select(AuditEntry.target).where(
        AuditEntry.target.in_([*by_target]), AuditEntry.action == "note_outcome"
    )
    return {by_target[target] for target in session.scalars(noted.distinct())}


def note_outcome(
    session: Session,
    talk: Talk,
    code: str,
    staff_id: int,
    now: datetime,
    policy: CallbackPolicy,
    *,
    facts: TalkFacts | None = None,
    call_at: datetime | None = None,
    is_first: bool = False,
    newest: NewestWords | None = None,
) -> tuple[Literal["noted", "late", "no_phone", "unfit"], list[Job]]:
    """Refine the outcome of a talk and create what follows; returns ``late`` when its minutes are over.

    ``unfit``: nothing is saved, since the code is not in ``fitting_outcomes`` of this talk.

    To be called later, nobody there, or a message after which the person is still called
    (``_calls_after_message``): a new callback. For the supervisor: a new one that is left for staff
    at once. The wrong person: the phone that we called is stopped, and a new one is left for staff (R33).
    ``no_phone`` means that the outcome is saved, but no phone may be called for the new callback. ``facts``
    are saved with it; None leaves them as they are. ``call_at`` is the moment that staff and the person
    agreed on, for LATER alone; without it the line calls after ``call_later_minutes``, in the next open
    hours. ``is_first``: the answer to the question after the talk, which changes nothing once an outcome is
    saved (``noted``). Without it the code corrects what is saved, and the leader's leg that is still asked
    the question is told so (R37, Legs). Raises ValueError for a code that is not in OUTCOME_CODES, and
    RefusedError for a ``call_at`` outside their hours or beside another promise.
    """
    if code not in OUTCOME_CODES:
        raise ValueError("There is no outcome of this name.")
    since = now - timedelta(minutes=policy.numbers.outcome_minutes)
    # Locked in its current state: a key and a click may come at once.
    callback = None if talk.callback_id is None else locked(session, talk.callback_id)
    session.refresh(talk, with_for_update={"key_share": True})
    if talk.staff_id != staff_id or talk.closed_at is None or talk.closed_at <= since:
        return "late", []
    if is_first and is_saved(session, talk):
        return "noted", []
    if code not in fitting_outcomes(callback):
        return "unfit", []
    told = [] if is_first else _end_question(session, talk)
    said = _Said(staff_id, code, facts, call_at if code == LATER else None, newest)
    word, jobs = _save(session, talk, callback, said, now, policy)
    if word == "no_phone":
        audit_talk(session, talk, LACK_PHONE, said.actor, now)
    return word, [*told, *jobs]


def _save(
    session: Session,
    talk: Talk,
    callback: Callback | None,
    said: _Said,
    now: datetime,
    policy: CallbackPolicy,
) -> tuple[Literal["noted", "no_phone"], list[Job]]:
    """Save the code of a locked talk, and create or take back what follows from it."""
    before, talk.outcome = talk.outcome, said.code
    named = {} if said.facts is None else keep_facts(talk, said.facts)
    if callback is not None:
        callback.outcome = said.code
    session.flush()
    audit_talk(session, talk, "note_outcome", said.actor, now, {"code": said.code, **named})
    if _is_newest(session, talk):
        # The outcome of an earlier talk does not end the time to write about the last one.
        end_wrap_up(session, said.staff_id, now)
    if said.code == before and _is_agreed_already(session, talk, said.call_at):
        return "noted", []
    ended: list[Job] = []
    if said.code != before or said.call_at is not None:
        ended = _withdraw(session, talk, callback, before, said.corrector, now)
        if before in _PERHAPS_TOLD and said.code not in _PERHAPS_TOLD:
            ended += take_back_perhaps_told(session, talk, callback, said.corrector, now)
    elif said.code != REACHED:
        # A talk that ended is "reached" before anybody has said so: that follows even if the code stays.
        return "noted", []
    word, jobs = _follow(session, talk, callback, said, now, policy)
    return word, [*ended, *jobs]


def _is_newest(session: Session, talk: Talk) -> bool:
    """Whether its leader led no other talk that ended later."""
    led = select(Talk.id).where(Talk.staff_id == talk.staff_id, Talk.closed_at.is_not(None))
    return session.scalar(led.order_by(Talk.closed_at.desc(), Talk.id.desc()).limit(1)) == talk.id


def _is_agreed_already(session: Session, talk: Talk, call_at: datetime | None) -> bool:
    """Whether this talk has led to a call at this moment: a colleague may have claimed it since."""
    same = select(Callback.id).where(
        Callback.requested_in_call_id == talk.caller_call_id, Callback.reason == LATER,
        Callback.next_attempt_at == call_at, IS_OWED,
    )  # fmt: skip
    return call_at is not None and session.execute(same.limit(1)).first() is not None


def _withdraw(
    session: Session, talk: Talk, callback: Callback | None, before: str | None, actor: str, now: datetime
) -> list[Job]:
    """The code was corrected: take back what followed from the one before; the jobs end calls about it."""
    if before == REACHED:
        return take_back_told(session, talk, callback, actor, now)
    if before == LATER and not _is_kept_for_another(session, talk, LATER):
        made = Callback.requested_in_call_id == talk.caller_call_id, Callback.reason == LATER
        _take_back(session, talk, made, actor, now)
    elif before in (NOBODY_THERE, MESSAGE_LEFT) and callback is not None:
        same = Callback.phone_key == callback.phone_key, Callback.requested_at == callback.requested_at
        _take_back(session, talk, (*same, Callback.reason == callback.reason), actor, now)
        _is_kept_after_all(session, callback)
    elif before in (WRONG_PERSON, SUPERVISOR) and not _is_kept_for_another(session, talk, before):
        left = _take_back_left(session, talk, actor, now)
        if before == WRONG_PERSON and callback is not None and left is not None:
            return take_back_stop(session, callback, left.requested_at, actor, now)
    return []


def _follow(
    session: Session,
    talk: Talk,
    callback: Callback | None,
    said: _Said,
    now: datetime,
    policy: CallbackPolicy,
) -> tuple[Literal["noted", "no_phone"], list[Job]]:
    """Create what follows from a code that is new, or from another moment for LATER."""
    if said.code in (LATER, SUPERVISOR):
        note_perhaps_told(session, talk, callback, said.corrector, now, policy.zone)
        at = said.call_at or now + timedelta(minutes=policy.numbers.call_later_minutes)
        is_promised = follow_talk(
            session, talk, said.code, at, said.actor, now, policy, is_agreed=said.call_at is not None
        )
        return "noted" if is_promised else "no_phone", []
    if said.code == REACHED:
        told = confirm_told(session, talk, callback, said.corrector, now, policy.zone, newest=said.newest)
        return "noted", told
    if callback is None:
        return "noted", []
    is_message = said.code == MESSAGE_LEFT
    if said.code == NOBODY_THERE or (is_message and _calls_after_message(callback)):
        if is_for_code(session, callback):
            # A call to say its code to a new phone was nobody's promise, and ends.
            return "noted", []
        _try_again(session, callback, said.actor, now, policy, is_said=is_message)
        return "no_phone" if lacks_phone(session, callback) else "noted", []
    if said.code == WRONG_PERSON:
        return "noted", _stop_wrong_phone(session, callback, said.actor, now, policy)
    return "noted", []


def _end_question(session: Session, talk: Talk) -> list[Job]:
    """The leader's leg, if it is asked how the talk ended: it hears that this is saved, and is let go."""
    asked = select(CALLS.c.id).where(
        CALLS.c.id == talk.leader_call_id, CALLS.c.ended_at.is_(None), CALLS.c.place == ASKED_OUTCOME
    )
    return [("move_leg", call_id) for call_id in session.scalars(asked)]


def _stop_wrong_phone(
    session: Session, callback: Callback, actor: str, now: datetime, policy: CallbackPolicy
) -> list[Job]:
    """Stop the phone of a wrong person; a staff member handles the call within minutes (R33).

    They get the person's next safe phone. If there is none they look for one, and cannot call this phone
    again, even if it was given for one callback and no case has it. Anybody may have asked for this call from
    a faked number, so staff get a task for everybody else who is called there.
    """
    own = registrant_of(session, callback)
    jobs = stop_phone(session, callback.phone_key, now, policy, actor=actor, but=own, outcome=WRONG_PERSON)
    elsewhere = on_next_phone(session, callback, now, policy)
    changes = {"outcome": WRONG_PERSON} if elsewhere is None else elsewhere | {"outcome": NEXT_PHONE}
    due_at = now + timedelta(minutes=policy.numbers.stop_task_minutes)
    return jobs + follow_up(
        session, callback, reason=SUPERVISOR, at=now, due_at=due_at, actor=actor, now=now, left=True,
        changes=changes,
    )  # fmt: skip


def _take_back_left(session: Session, talk: Talk, actor: str, now: datetime) -> Callback | None:
    """Withdraw what the old code left for the supervisor, unless staff have taken it up; returns it."""
    made = select(Callback).where(
        Callback.requested_in_call_id == talk.caller_call_id, Callback.reason == SUPERVISOR
    )
    left = session.scalars(made.order_by(Callback.id.desc()).limit(1)).first()
    if left is not None:
        advance(session, left.id, "close_left", actor=actor, now=now, outcome="settled_otherwise")
    return left


def _calls_after_message(callback: Callback) -> bool:
    """Whether the person is called again after a liaison left them a message (R31, R36).

    A message is no talk: a promise that is never given up goes on, and so does any other if the message said
    so.
    """
    return is_never_given_up(callback) or callback.voicemail_text == WE_CALL_AGAIN


def _try_again(
    session: Session,
    callback: Callback,
    actor: str,
    now: datetime,
    policy: CallbackPolicy,
    *,
    is_said: bool = False,
) -> None:
    """Someone else or a machine pressed key 1: it counts as a try, and the promise to the person continues.

    After the last try one that is never given up is left for a person, as when nobody answers (R36); so is
    one that was put off by a key, and one about which a message said that we call again (``is_said``).
    """
    tries = callback.caller_tries + 1
    following = policy.next_round(callback, tries, now, policy.retry)
    is_kept = is_said or is_never_given_up(callback) or was_put_off(session, callback)
    if following is None and not is_kept:
        return
    tries, at = following or (tries, now)
    changes: dict[str, Any] = {
        # It is still the same request, and the carrier's answer about its caller ID still applies.
        "requested_at": callback.requested_at, "requested_in_call_id": callback.requested_in_call_id,
        "caller_tries": tries,
    }  # fmt: skip
    if following is None:
        changes["outcome"] = "no_answer"
    follow_up(
        session, callback, reason=callback.reason, at=at, due_at=callback.due_at, actor=actor, now=now,
        left=following is None, changes=changes,
    )  # fmt: skip


def _is_kept_after_all(session: Session, callback: Callback) -> None:
    """The request went on in another row, which is canceled: it is this row's again, and counts once."""
    session.execute(
        update(Callback)
        .where(
            Callback.phone_key == callback.phone_key, Callback.requested_at == callback.requested_at,
            Callback.follows_id == callback.id, Callback.state == "cancelled",
        )
        .values(replaced_by_id=callback.id)
    )  # fmt: skip
    callback.replaced_by_id = None
    session.flush()


def _is_kept_for_another(session: Session, talk: Talk, code: str) -> bool:
    """Whether another talk of the same call ended with this code as well: one callback keeps both."""
    other = select(Talk.id).where(
        Talk.caller_call_id == talk.caller_call_id, Talk.id != talk.id, Talk.outcome == code
    )
    return session.execute(other.limit(1)).first() is not None


def _take_back(
    session: Session, talk: Talk, made: Sequence[ColumnElement[bool]], actor: str, now: datetime
) -> None:
    """The code was corrected: withdraw the callback made for the old one, unless it was promised since.

    Its person may have called meanwhile: what they asked for, or were told again, is kept (R13).
    """
    if is_counted_on(session, made, talk.closed_at or now):
        return
    for callback_id in session.scalars(select(Callback.id).where(*made, IS_OWED)).all():
        cancel_callback(session, callback_id, now, actor)
    # One that nobody was to call was left for a person, who would read that somebody is to be called.
    nobody_calls = ("no_answer", STOPPED, CANNOT_DIAL, NO_SAFE_PHONE)
    left = select(Callback.id).where(
        *made, Callback.state == TAKEN_UP_AGAIN, Callback.outcome.in_(nobody_calls)
    )
    for callback_id in session.scalars(left).all():
        advance(session, callback_id, "close_left", actor=actor, now=now, outcome="settled_otherwise")

"""How staff answer an offer on a phone that we called: a key takes it, a key passes it on, or no key.

The role of the leg says what was offered: a callback, a caller who waits at 0, or a current talk.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy.orm import Session

from models.callbacks.callback_policy import CallbackPolicy
from models.callouts.callout import accept_call_out, leave_call_out
from models.calls.role import AT_0, CALLING_OUT, COLLEAGUE, INTERPRETER, LIAISON
from models.store.job import Job
from models.talks.joiner import accept_joining, decline_joining
from models.talks.leg import accept_by_liaison, decline_by_liaison
from models.talks.queue_ring import accept_at_0, miss_at_0, pass_at_0

if TYPE_CHECKING:
    from models.calls.call_state import CallState

Accepted = tuple[Literal["accepted", "gone"], list[Job]]


def accept(session: Session, leg: "CallState", now: datetime) -> Accepted:
    """The offer is accepted, once, however often the key arrives (Legs); on a personal phone, after the code.

    ``gone`` when somebody else has it by now, or nobody wants it. Returns the jobs to enqueue.
    """
    word, jobs = _ACCEPT[leg.role](session, leg, now)
    if word == "accepted":
        leg.accepted_at = leg.accepted_at or now
    return word, jobs


def pass_on(session: Session, leg: "CallState", now: datetime, policy: CallbackPolicy) -> None:
    """The pass key: the call is offered to somebody else at once."""
    _DECLINE[leg.role](session, leg, now, policy, False)


def miss(session: Session, leg: "CallState", now: datetime, policy: CallbackPolicy) -> None:
    """Answered without a key: a missed offer, and it goes to somebody else (R36)."""
    _DECLINE[leg.role](session, leg, now, policy, True)


def _accept_callback(session: Session, leg: "CallState", now: datetime) -> Accepted:
    word = accept_by_liaison(session, leg, now)
    callback_id = leg.callback_id
    return word, [("dial_caller", callback_id)] if word == "accepted" and callback_id is not None else []


def _decline_callback(
    session: Session, leg: "CallState", now: datetime, policy: CallbackPolicy, is_missed: bool
) -> None:
    decline_by_liaison(session, leg, now, policy, is_missed=is_missed)


def _decline_at_0(
    session: Session, leg: "CallState", now: datetime, policy: CallbackPolicy, is_missed: bool
) -> None:
    if is_missed:
        miss_at_0(session, leg, now, policy.numbers)
    else:
        pass_at_0(session, leg, now)


def _decline_talk(
    session: Session, leg: "CallState", now: datetime, _policy: CallbackPolicy, _is_missed: bool
) -> None:
    # A person who does not join a colleague's talk is not set away for that.
    decline_joining(session, leg, now)


def _decline_call_out(
    session: Session, leg: "CallState", now: datetime, _policy: CallbackPolicy, is_missed: bool
) -> None:
    # They asked for this call themselves, so it was no offer.
    leave_call_out(session, leg, now, is_missed=is_missed)


_ACCEPT: Mapping[str, Callable[[Session, "CallState", datetime], Accepted]] = {
    LIAISON: _accept_callback,
    AT_0: accept_at_0,
    COLLEAGUE: accept_joining,
    INTERPRETER: accept_joining,
    CALLING_OUT: accept_call_out,
}
_DECLINE: Mapping[str, Callable[[Session, "CallState", datetime, CallbackPolicy, bool], None]] = {
    LIAISON: _decline_callback,
    AT_0: _decline_at_0,
    COLLEAGUE: _decline_talk,
    INTERPRETER: _decline_talk,
    CALLING_OUT: _decline_call_out,
}

"""Callers at 0 whose call ends before the liaison who took them could help: they are called back (R36, Legs).

They need no PIN for that, up to the day's limit of their phone. ``abandoned_wait.py`` has the callers whom
nobody took.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.callbacks.asking_call import pause_after
from models.callbacks.callback import Callback
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_request import A_DAY
from models.callbacks.follow_up import CUT_OFF
from models.calls.call import Call
from models.calls.place import WAITING
from models.store.job import Job
from models.talks.abandoned_wait import call_back_if_agreed
from models.talks.call_queue import QueuedCall
from models.talks.follow_talk import opened_case, promise_to_caller
from models.talks.talk import Talk, is_cut_short


def talk_cut_off(
    session: Session, talk: Talk, now: datetime, over_at: datetime, policy: CallbackPolicy
) -> list[Job]:
    """A caller's call is over although nobody has helped them yet: promise them a callback (R36, Legs).

    This covers a call that ended before they met the liaison who took them, in the first seconds of the talk,
    on hold, and before they heard that a hold broke off. Without a PIN they are called at the phone that
    called, at most ``unverified_callbacks_a_day`` times in 24 hours. ``over_at`` is when their call ended,
    which may be earlier than its end was reported. Call this before this same end closes the talk. Returns
    the jobs to enqueue.
    """
    taken = select(QueuedCall).where(
        QueuedCall.call_id == talk.caller_call_id, QueuedCall.outcome == "talked"
    )
    wait = session.scalars(taken).first()
    if wait is None:
        return []
    place = session.scalar(select(Call.place).where(Call.id == talk.caller_call_id))
    if place == WAITING:
        wait.outcome, wait.ended_at = "abandoned", now
    elif talk.held_at is None and not (
        not talk.is_over and is_cut_short(talk, over_at, policy.numbers.cut_short_seconds)
    ):
        return []
    return call_back_if_agreed(session, wait, now, policy) or _call_back(session, talk, now, policy)


def _call_back(session: Session, talk: Talk, now: datetime, policy: CallbackPolicy) -> list[Job]:
    call = session.get_one(Call, talk.caller_call_id)
    if opened_case(session, call) is None:
        most = policy.numbers.unverified_callbacks_a_day
        if call.phone_key is None or _cut_off_lately(session, call, now) >= most:
            return []
    at = now + pause_after(session, call.id, policy.numbers)
    made = promise_to_caller(session, call, CUT_OFF, at, f"caller:{call.id}", now, policy)
    return [] if made is None else [("dial_liaison", made)]


def _cut_off_lately(session: Session, call: Call, now: datetime) -> int:
    """How many such callbacks a phone had in 24 hours; those requested by key do not count.

    Nor does a call whose caller ID the carrier judges differently: a faked number uses up nothing (R07).
    """
    judged = (
        Call.caller_id_doubted.is_(call.caller_id_doubted),
        Call.caller_id_attested.is_(call.caller_id_attested),
    )
    had = (
        # A callback that continues in a new row, because nobody was there, keeps its moment and counts once.
        select(func.count(Callback.requested_at.distinct()))
        .select_from(Callback)
        .join(Call, Call.id == Callback.requested_in_call_id)
        .where(
            Callback.phone_key == call.phone_key, Callback.requested_at > now - A_DAY, ~Callback.verified,
            Callback.reason == CUT_OFF, *judged,
        )
    )  # fmt: skip
    return session.scalar(had) or 0

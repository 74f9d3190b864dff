"""The callback list: which callbacks wait to be dialed, and in which order.

A callback joins the list when its time has come and its windows are open. The list has an index in its own
order, so its head is found at once, however long the list is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, text, union_all
from sqlalchemy.orm import Session

from models.callbacks.callback import UNASKED, Callback, advance, locked
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_state import TAKEN_UP_AGAIN
from models.calls.call import Call
from models.calls.offer import last_offers
from models.calls.two_lists import (
    ANY_PHONE,
    CONFIRMED_PHONE,
    DOUBTED,
    RANKS,
    interleave,
    rank_of,
)
from models.cases.case import Case
from models.cases.registrant import Phone
from models.cases.safe_phone import SAFE, standing_of
from models.staff.alert import PUT_OFF, PUT_OFF_TOLD

#: How many rows of the list one transaction processes, so that none is long.
_A_FEW = 200
#: The outcome of one whose phone may be called only while the office is closed.
_NO_WINDOW = "no_window"
#: How long a callback of a case whose calls are paused waits before the line checks again.
PAUSED_FOR = timedelta(minutes=5)
#: The exact words of the partial indexes: with bound parameters the databases would not use them.
ON_LIST = text("callbacks.state = 'requested' AND callbacks.rank IS NOT NULL")
NOT_YET = text("callbacks.state = 'requested' AND callbacks.rank IS NULL")
#: With a rank these are ``ON_LIST``. For "is not null" beside the rank itself PostgreSQL would expect far too
#: few rows, and read and sort the whole list to find the first.
_REQUESTED = text("callbacks.state = 'requested'")
#: Those on the list, and those that need attention, by their ranks in the two lists.
LISTED = text("callbacks.state IN ('requested','left_for_staff') AND callbacks.rank IS NOT NULL")

#: Promises that nobody can keep in time as things are, whether supervisors were told of it or not yet.
IS_LATE_ANYWAY = and_(Callback.warned.in_((PUT_OFF, PUT_OFF_TOLD)), Callback.state == "requested")

#: The order in a rank: the moment promised; of equal ones, when the person began to wait (R36).
IN_ORDER = (Callback.due_at, Callback.requested_at, Callback.id)


def due_callbacks(session: Session, now: datetime, limit: int, soon: timedelta) -> list[int]:
    """The first callbacks of both lists in the order of offers (R36); ``soon`` counts as urgent."""
    found = list(heads_of_list(session, now, limit, (), RANKS))
    turns = interleave(found, last_offers(session, now), now + soon)
    return [row.id for row in islice(turns, limit)]


def heads_of_list(
    session: Session,
    now: datetime,
    limit: int,
    only: tuple[ColumnElement[bool], ...],
    ranks: Sequence[int],
) -> Sequence[Any]:
    """The first ``limit`` of each rank in their order, each read in index order."""
    # Nearly all on the list may be offered now. PostgreSQL would guess that few are, and sort them; an
    # expression prevents the guess.
    may_be_now = func.coalesce(Callback.next_attempt_at, Callback.due_at) <= now
    columns = (
        Callback.id,
        Callback.rank,
        Callback.urgency,
        Callback.due_at,
        Callback.requested_at,
        Callback.liaison_tries,
        Callback.next_attempt_at,
        Callback.time_zone,
        Callback.window_starts,
        Callback.window_ends,
        Callback.asked_elsewhere,
    )
    heads = [
        select(*columns)
        .where(_REQUESTED, Callback.rank == rank, may_be_now, *only)
        .order_by(*IN_ORDER)
        .limit(limit)
        .subquery()
        for rank in ranks
    ]
    return session.execute(union_all(*(select(head) for head in heads))).all()


def rank_for(session: Session, callback: Callback) -> int:
    """The rank of a callback: its list, its class, and how far an unverified caller's phone is believed.

    A phone of a closed case counts as a case's phone too, or the wait for the call would reveal the closing
    (R13).
    """
    urgent = callback.urgency == "urgent"
    if callback.verified:
        return rank_of(verified=True, urgent=urgent)
    doubted = select(Call.caller_id_doubted).where(Call.id == callback.requested_in_call_id)
    if callback.requested_in_call_id is not None and session.scalar(doubted):
        return rank_of(verified=False, urgent=urgent, trust=DOUBTED)
    of_a_case = (
        select(Phone.id)
        .join(Case, Case.registrant_id == Phone.registrant_id)
        .where(Phone.phone_key == callback.phone_key, Case.duress_of.is_(None), *SAFE)
    )
    known = session.scalar(of_a_case.limit(1)) is not None
    return rank_of(verified=False, urgent=urgent, trust=CONFIRMED_PHONE if known else ANY_PHONE)


def put_on_list(session: Session, callback_id: int, now: datetime, policy: CallbackPolicy) -> bool:
    """Let one callback join the list if its time has come; put off or leave one whose windows are closed."""
    callback = locked(session, callback_id)
    if callback is None or callback.state != "requested" or callback.next_attempt_at > now:
        return False
    if callback.rank is None and settle_moment(session, callback, now, policy) == now:
        callback.rank = rank_for(session, callback)
        session.flush()
    return callback.rank is not None


def settle_moment(
    session: Session, callback: Callback, now: datetime, policy: CallbackPolicy
) -> datetime | None:
    """When the person may be called: now, or the moment to which the callback is then put off.

    None when there is no such moment, or the phone may not be called at all: a staff member decides.
    """
    phone = standing_of(session, callback.case_id, callback.phone_key, callback.registrant_id)
    opens = None if phone.is_barred else policy.moment_for(callback, now, phone)
    # One with no hours in which it may be called is left during a pause, too, and its liaison gets it there:
    # else the next call would tell the duress PIN from a denied case (R13).
    if phone.is_paused and (phone.is_barred or opens is not None):
        # One liaison decides whether to call; until then the line looks again and again (R10).
        callback.next_attempt_at, callback.rank = now + PAUSED_FOR, None
        session.flush()
        return callback.next_attempt_at
    if opens is None:
        outcome = "cannot_dial" if phone.is_barred else _NO_WINDOW
        advance(session, callback.id, "leave", actor="worker", now=now, outcome=outcome)
        if outcome == _NO_WINDOW:
            _take_place_of_left(session, callback, now)
    elif opens > now:
        callback.rank = None
        wait_until(callback, opens, now)
        session.flush()
    return opens


def _take_place_of_left(session: Session, callback: Callback, now: datetime) -> None:
    """Close what the same person asked for before, and was left alike: staff have one task of it (R35).

    This one has the newest wishes, and keeps the earlier moment. Supervisors are not told again.
    """
    before = select(Callback).where(
        Callback.case_id == callback.case_id, Callback.id != callback.id, Callback.state == TAKEN_UP_AGAIN,
        Callback.outcome == _NO_WINDOW, Callback.reason.not_in(UNASKED),
    )  # fmt: skip
    session.refresh(callback)
    if callback.case_id is None or callback.reason in UNASKED:
        return
    for former in session.scalars(before.order_by(Callback.id).with_for_update(key_share=True)).all():
        callback.requested_at = min(callback.requested_at, former.requested_at)
        callback.due_at = min(callback.due_at, former.due_at)
        callback.warned = max(callback.warned, former.warned)
        advance(session, former.id, "close_left", actor="sweeper", now=now, outcome="settled_otherwise")
    session.flush()


def wait_until(callback: Callback, opens: datetime, now: datetime) -> None:
    """Let a callback wait for this moment; supervisors are told if that is after the moment promised (R36).

    An urgent one and one that was tried have warnings and pages of their own.
    """
    callback.next_attempt_at = opens
    is_untried = callback.urgency != "urgent" and callback.caller_tries == 0
    if is_untried and opens > callback.due_at > now and callback.warned < PUT_OFF_TOLD:
        callback.warned = PUT_OFF


def tidy_list(session: Session, now: datetime, policy: CallbackPolicy) -> None:
    """Add callbacks whose time has come, urgent ones first, and remove those that cannot be served now."""
    for urgency in ("urgent", "other"):
        due = (
            select(Callback.id)
            .where(NOT_YET, Callback.urgency == urgency, Callback.next_attempt_at <= now)
            .order_by(Callback.next_attempt_at)
            .limit(_A_FEW)
        )
        for callback_id in session.scalars(due).all():
            put_on_list(session, callback_id, now, policy)
    is_open = policy.is_open(now)
    for row in heads_of_list(session, now, _A_FEW, (), RANKS):
        # While the office is open only a part of the day that has ended closes hours of one on the list. The
        # dispatcher would meet these one by one, with a liaison free and others behind them (R36).
        is_over = row.window_ends is not None and row.window_ends <= now
        is_closed = not is_open and row.urgency != "urgent"
        if not is_closed and not (is_over and policy.moment_inside(row, now) != now):
            continue
        callback = locked(session, row.id)
        if callback is not None and callback.state == "requested":
            settle_moment(session, callback, now, policy)

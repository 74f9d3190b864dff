"""The callback list: which callbacks stand in line to be dialled, in which order, and who could take them.

A callback joins the line when its time has come and its windows are open. The line has an index in its own
order, so that its head is found at once however many others are listed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, func, literal, or_, select, text, union_all
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback, advance, locked
from models.callbacks.callback_policy import CallbackPolicy
from models.calls import pacing
from models.calls.call import Call
from models.calls.liaison import Pool, count_free, unverified_may_take
from models.calls.offer import last_offers
from models.calls.two_lists import (
    ANY_PHONE,
    CONFIRMED_PHONE,
    DOUBTED,
    PLACES,
    UNVERIFIED,
    UNVERIFIED_OTHER,
    VERIFIED,
    Owed,
    is_verified,
    owed_to,
    place_of,
    take_turns,
)
from models.cases.case import Case
from models.cases.registrant import Phone
from models.cases.safe_phone import SAFE, standing_of
from models.talks.line_wait import kept_for_line

#: How many rows one look at the list takes in hand, so that no transaction is long.
_A_FEW = 200
#: The very words of the partial indexes: values sent apart from the statement would hide that they serve.
IN_LINE = text("callbacks.state = 'requested' AND callbacks.place IS NOT NULL")
NOT_YET = text("callbacks.state = 'requested' AND callbacks.place IS NULL")


def due_callbacks(
    session: Session, now: datetime, limit: int, soon: timedelta, *only: ColumnElement[bool]
) -> list[int]:
    """The first of both lists in the order in which they are offered (R36); ``soon`` counts as urgent."""
    found = list(_heads(session, now, limit, only, PLACES))
    turns = take_turns(found, last_offers(session, now), now + soon)
    return [row.id for row in islice(turns, limit)]


def first_in_line(
    session: Session, now: datetime, policy: CallbackPolicy, limit: int, *where: ColumnElement[bool]
) -> list[int]:
    """The first of those that somebody is free for now, at most ``limit`` and no more than are free.

    ``where`` leaves out some of them.
    """
    is_open = policy.is_open(now)
    free = count_free(session, is_open=is_open)
    if not any(free.values()):
        return []
    urgent, passed_over = Callback.urgency == "urgent", Callback.liaison_tries >= policy.liaison_tries
    whose = {
        Pool.LIAISONS: ~urgent,
        Pool.URGENT: and_(urgent, ~passed_over),
        Pool.EVERYONE: and_(urgent, passed_over),
    }
    # Who is free goes as a value: one wording whoever it is, which a worker's forked job finds ready.
    only = or_(*(and_(literal(free[pool] > 0, Boolean), whose[pool]) for pool in Pool))
    at_most = min(limit, max(free.values()))
    places = PLACES if unverified_may_take(session, now) else VERIFIED
    found = _heads(session, now, at_most, (only, *where), places)
    last = last_offers(session, now)
    kept = _KeptForLine(session, now, owed_to(last))
    left = [row for row in found if free[_pool_of(row, policy)] > kept.from_row(row)]
    turns = take_turns(left, last, now + policy.due_soon)
    return [row.id for row in islice(turns, at_most)]


def owed_callback(session: Session, now: datetime) -> int | None:
    """A callback without a PIN that the next offer is owed to, so that callers at 0 leave it a liaison (R36).

    None while the carrier refuses our calls: then only those on the line can be joined to anybody.
    """
    if owed_to(last_offers(session, now)) is not Owed.UNVERIFIED or pacing.is_refused(session):
        return None
    return next((row.id for row in _heads(session, now, 1, (), UNVERIFIED)), None)


class _KeptForLine:
    """How many free liaisons a callback leaves to those who wait on the line at 0; asked once a kind."""

    def __init__(self, session: Session, now: datetime, owed: Owed | None) -> None:
        self._session, self._now, self._owed = session, now, owed
        self._known: dict[tuple[bool, bool], int] = {}

    def from_row(self, row: Any) -> int:
        kind = is_verified(row), row.due_at <= self._now
        if kind not in self._known:
            self._known[kind] = kept_for_line(
                self._session, self._now, verified=kind[0], due_at=row.due_at, owed=self._owed
            )
        return self._known[kind]


def _pool_of(row: Any, policy: CallbackPolicy) -> Pool:
    if row.urgency != "urgent":
        return Pool.LIAISONS
    return Pool.EVERYONE if policy.is_untaken(row) else Pool.URGENT


def _heads(
    session: Session,
    now: datetime,
    limit: int,
    only: tuple[ColumnElement[bool], ...],
    places: Sequence[int],
) -> Sequence[Any]:
    """The first ``limit`` of each place by the moment promised, each read in the order of the index."""
    # Nearly all in line may be offered now. PostgreSQL would guess that few are, and sort them; an expression
    # keeps it from guessing.
    may_be_now = func.coalesce(Callback.next_attempt_at, Callback.due_at) <= now
    columns = (Callback.id, Callback.place, Callback.urgency, Callback.due_at, Callback.liaison_tries)
    heads = [
        select(*columns)
        .where(IN_LINE, Callback.place == place, may_be_now, *only)
        .order_by(Callback.due_at, Callback.id)
        .limit(limit)
        .subquery()
        for place in places
    ]
    return session.execute(union_all(*(select(head) for head in heads))).all()


def place_for(session: Session, callback: Callback) -> int:
    """Where a callback stands: its list, its class, and how far an unverified caller's phone is believed.

    The phone of a closed case is one of a case too, or the wait for the call would tell of it (R13).
    """
    urgent = callback.urgency == "urgent"
    if callback.verified:
        return place_of(verified=True, urgent=urgent)
    doubted = select(Call.caller_id_doubted).where(Call.id == callback.requested_in_call_id)
    if callback.requested_in_call_id is not None and session.scalar(doubted):
        return place_of(verified=False, urgent=urgent, trust=DOUBTED)
    of_a_case = (
        select(Phone.id)
        .join(Case, Case.registrant_id == Phone.registrant_id)
        .where(Phone.number_key == callback.number_key, *SAFE)
    )
    known = session.scalar(of_a_case.limit(1)) is not None
    return place_of(verified=False, urgent=urgent, trust=CONFIRMED_PHONE if known else ANY_PHONE)


def stand_in_line(session: Session, callback_id: int, now: datetime, policy: CallbackPolicy) -> bool:
    """Let one callback join the line if its time has come; put off or leave one whose windows are closed."""
    callback = locked(session, callback_id)
    if callback is None or callback.state != "requested" or callback.next_attempt_at > now:
        return False
    if callback.place is None and settle_moment(session, callback, now, policy) == now:
        callback.place = place_for(session, callback)
        session.flush()
    return callback.place is not None


def settle_moment(
    session: Session, callback: Callback, now: datetime, policy: CallbackPolicy
) -> datetime | None:
    """When the person may be rung, which is now or the moment to which the callback is then put off.

    None when no such moment exists, or the phone may not be rung at all: a member of staff decides.
    """
    phone = standing_of(session, callback.case_id, callback.number_key, callback.registrant_id)
    opens = None if phone.is_barred else policy.moment_inside(callback, now, phone.window)
    if opens is None:
        outcome = "cannot_dial" if phone.is_barred else "no_window"
        advance(session, callback.id, "leave", actor="worker", now=now, outcome=outcome)
    elif opens > now:
        callback.next_attempt_at, callback.place = opens, None
        session.flush()
    return opens


def tidy_line(session: Session, now: datetime, policy: CallbackPolicy) -> None:
    """Bring into line whose time has come, urgent first, and out of it who cannot be served now."""
    for urgency in ("urgent", "other"):
        due = (
            select(Callback.id)
            .where(NOT_YET, Callback.urgency == urgency, Callback.next_attempt_at <= now)
            .order_by(Callback.next_attempt_at)
            .limit(_A_FEW)
        )
        for callback_id in session.scalars(due).all():
            stand_in_line(session, callback_id, now, policy)
    if not policy.is_open(now):
        others = (VERIFIED[1], *UNVERIFIED_OTHER)
        for row in _heads(session, now, _A_FEW, (Callback.urgency != "urgent",), others):
            callback = locked(session, row.id)
            if callback is not None and callback.state == "requested":
                settle_moment(session, callback, now, policy)

"""The callback list: which callbacks stand in line to be dialled, in which order, and who could take them.

A callback joins the line when its time has come and its windows are open. The line has an index in its own
order, so that its head is found at once however many others are listed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, literal, or_, select, text
from sqlalchemy.orm import Session

from models.callback import Callback, advance, locked
from models.callback_policy import CallbackPolicy
from models.liaison import Pool, count_free, is_anyone_in, unverified_may_take
from models.line_wait import kept_for_line
from models.safe_phone import standing_of

#: How many rows one look at the list takes in hand, so that no transaction is long.
_A_FEW = 200
#: From this place on stand those who gave no PIN.
_UNVERIFIED = 2
#: The very words of the partial indexes: values sent apart from the statement would hide that they serve.
IN_LINE = text("callbacks.state = 'requested' AND callbacks.place IS NOT NULL")
NOT_YET = text("callbacks.state = 'requested' AND callbacks.place IS NULL")


def due_callbacks(session: Session, now: datetime, limit: int, *only: ColumnElement[bool]) -> list[int]:
    """The head of the line: verified first, then urgent, then by the moment promised (R36)."""
    return [row.id for row in _head(session, now, limit, only)]


def first_in_line(
    session: Session, now: datetime, policy: CallbackPolicy, limit: int, *, but: int | None = None
) -> list[int]:
    """The first of those that somebody is free for now, at most ``limit`` and no more than are free.

    ``but`` is the id of a callback that is passed over.
    """
    free = count_free(session, is_open=policy.is_open(now))
    if not any(free.values()):
        return []
    passed_over = Callback.liaison_tries >= policy.liaison_tries
    whose = {
        Pool.LIAISONS: and_(~passed_over, Callback.urgency != "urgent"),
        Pool.URGENT: and_(~passed_over, Callback.urgency == "urgent"),
        Pool.SUPERVISORS: passed_over,
    }
    # Who is free goes as a value: one wording whoever it is, which a worker's forked job finds ready.
    only = or_(*(and_(literal(free[pool] > 0, Boolean), whose[pool]) for pool in Pool))
    if but is not None:
        only = and_(only, Callback.id != but)
    at_most = max(free[Pool.LIAISONS], free[Pool.URGENT]) + free[Pool.SUPERVISORS]
    found = [
        row
        for row in _head(session, now, min(limit, at_most), (only,))
        # A supervisor, for whom it waits then, is joined to nobody on the line.
        if row.liaison_tries >= policy.liaison_tries or _is_left(session, now, row, free)
    ]
    # Verified ones stand first, so who asks for the other half is looked at only when nobody else is left.
    if any(row.place >= _UNVERIFIED for row in found) and not unverified_may_take(
        session, now, policy.liaison_tries, is_open=policy.is_open(now)
    ):
        found = [row for row in found if row.place < _UNVERIFIED]
    return [row.id for row in found]


def _is_left(session: Session, now: datetime, row: Any, free: dict[Pool, int]) -> bool:
    """Whether somebody is left for this one, after those who wait on the line at 0 this moment."""
    pool = Pool.URGENT if row.urgency == "urgent" else Pool.LIAISONS
    return free[pool] > kept_for_line(session, now, verified=row.place < _UNVERIFIED, due_at=row.due_at)


def _head(
    session: Session, now: datetime, limit: int, only: tuple[ColumnElement[bool], ...]
) -> Sequence[Any]:
    return session.execute(
        select(Callback.id, Callback.place, Callback.urgency, Callback.due_at, Callback.liaison_tries)
        .where(IN_LINE, Callback.next_attempt_at <= now, *only)
        .order_by(Callback.place, Callback.due_at, Callback.id)
        .limit(limit)
    ).all()


def place_of(callback: Callback) -> int:
    """Which part of the line a callback stands in: verified first, in each half the urgent first (R36)."""
    return (0 if callback.verified else _UNVERIFIED) + (0 if callback.urgency == "urgent" else 1)


def stand_in_line(session: Session, callback_id: int, now: datetime, policy: CallbackPolicy) -> bool:
    """Let one callback join the line if its time has come; put off or leave one whose windows are closed."""
    callback = locked(session, callback_id)
    if callback is None or callback.state != "requested" or callback.next_attempt_at > now:
        return False
    if callback.place is None and settle_moment(session, callback, now, policy) == now:
        callback.place = place_of(callback)
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
        for callback_id in due_callbacks(session, now, _A_FEW, Callback.urgency != "urgent"):
            callback = locked(session, callback_id)
            if callback is not None and callback.state == "requested":
                settle_moment(session, callback, now, policy)
    if not is_anyone_in(session, Pool.SUPERVISORS, is_open=policy.is_open(now)):
        _leave_passed_over(session, now, policy)


def _leave_passed_over(session: Session, now: datetime, policy: CallbackPolicy) -> None:
    """Callbacks that wait for a supervisor when there is none any more."""
    waiting = select(Callback.id).where(
        text("callbacks.state = 'requested' AND callbacks.liaison_tries > 0"),
        Callback.liaison_tries >= policy.liaison_tries,
    )
    for callback_id in session.scalars(waiting.limit(_A_FEW)).all():
        advance(session, callback_id, "leave", actor="sweeper", now=now, outcome="no_liaison")

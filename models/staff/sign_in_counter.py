"""Counts failed sign-ins to the console: growing waits, and a lock of one way in; nobody is signed out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import String, Table, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.store.base import Base, UtcDateTime
from models.store.database import keyring_of, send
from models.store.policies import Policies

#: Failures of one client (an address) are forgotten after this long without a new one.
CLIENT_MEMORY = timedelta(minutes=15)
#: No wait is longer; the bounds of the policy ensure that.
LONGEST_WAIT = timedelta(days=1)
#: How long counters that are not locked are kept after their last failure.
KEPT = timedelta(days=30)

Kind = Literal["account", "browser", "client", "code", "session"]


class SignInCounter(Base):
    """``key`` is a keyed hash of what is counted: an e-mail, whether or not it exists, or a client."""

    __tablename__ = "sign_in_counters"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


_COUNTERS: Table = SignInCounter.__table__  # type: ignore[assignment]
_MAKE = (
    insert(_COUNTERS)
    .values(key=bindparam("counter_key"), failures=0, failed_at=bindparam("counter_at"))
    .on_conflict_do_nothing()
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a try is refused: until the moment ``until``, or if None until an administrator lifts the lock."""

    until: datetime | None


def counter_key(session: Session, kind: Kind, what: str) -> str:
    """The key that failures are counted under: a keyed hash, so the table contains no name or address."""
    return keyring_of(session).index(f"sign_in.{kind}", what)


def reserve_try(
    session: Session, key: str, now: datetime, policies: Policies, client: str | None = None
) -> Refusal | None:
    """Count a try as failed before anything is hashed; or say why it may not be made now.

    ``key`` and ``client`` come from `counter_key`. A try during a wait or a lock is not counted, so a wait
    ends when the person was told it would. A counter that reaches the limit is locked; a client's counter
    never is.
    """
    rows = _locked_rows(session, [key] if client is None else [key, client], now)
    own, theirs = rows[key], None if client is None else rows[client]
    if own.locked_at is not None:
        return Refusal(None)
    until = own.failed_at + _wait(own.failures, policies)
    if theirs is not None and theirs.failures >= policies.sign_in_client_failures:
        until = max(until, theirs.failed_at + CLIENT_MEMORY)
    if until > now:
        return Refusal(until)
    own.failures += 1
    if own.failures >= policies.sign_in_lock_after_failures:
        own.locked_at = now
    if theirs is not None:
        theirs.failures = 1 if theirs.failed_at + CLIENT_MEMORY <= now else theirs.failures + 1
        theirs.failed_at = now
    own.failed_at = now
    session.flush()
    return None


def note_lock(session: Session, key: str, staff_id: int | None, now: datetime) -> None:
    """Write an audit entry if the try at this same ``now`` was wrong and made the lock.

    It is written for an unknown e-mail as well, so that both take the same time.
    """
    if session.scalar(select(SignInCounter.locked_at).where(SignInCounter.key == key)) == now:
        target = "sign_in:0" if staff_id is None else f"staff:{staff_id}"
        audit.record(session, actor="console", action="lock_sign_in", target=target, now=now)


def forgive(session: Session, keys: Sequence[str]) -> None:
    """Forget the failures counted under these keys, and lift their locks."""
    session.execute(delete(SignInCounter).where(SignInCounter.key.in_(keys)))


def forgive_one(session: Session, key: str) -> None:
    """Take back one failure that was counted in advance but did not happen."""
    session.execute(
        update(SignInCounter)
        .where(SignInCounter.key == key, SignInCounter.failures > 0)
        .values(failures=SignInCounter.failures - 1)
    )


def take_back_try(session: Session, key: str, now: datetime) -> None:
    """Undo `reserve_try` for a try that was never checked: the failure, its wait, and the lock it made.

    Any earlier wait was over, or the try would have been refused; so no wait remains.
    """
    session.execute(
        update(SignInCounter)
        .where(SignInCounter.key == key, SignInCounter.failures > 0)
        .values(failures=SignInCounter.failures - 1, locked_at=None, failed_at=now - LONGEST_WAIT)
    )


def forget_old_counters(session: Session, now: datetime) -> None:
    """Delete counters that are no longer needed."""
    session.execute(
        delete(SignInCounter).where(SignInCounter.failed_at < now - KEPT, SignInCounter.locked_at.is_(None))
    )


def _wait(failures: int, policies: Policies) -> timedelta:
    doublings = failures - policies.sign_in_wait_after_failures
    if doublings < 0:
        return timedelta(0)
    doubled = policies.sign_in_wait_first_seconds * 2 ** min(doublings, 20)
    return timedelta(seconds=min(doubled, policies.sign_in_wait_most_seconds))


def _locked_rows(session: Session, keys: list[str], now: datetime) -> dict[str, SignInCounter]:
    """The rows of these keys, created where missing, and locked until the end of the transaction."""
    for key in sorted(keys):
        # One at a time and in order, so that two tries never deadlock.
        send(session, _MAKE, {"counter_key": key, "counter_at": now - KEPT})
    rows = session.scalars(
        select(SignInCounter)
        .where(SignInCounter.key.in_(keys))
        .order_by(SignInCounter.key)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.key: row for row in rows}

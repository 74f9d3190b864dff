"""Each change that an open console shows is noticed by one statement, also where it leaves no audit entry."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.callouts.callout import Callout
from models.calls.call import Call
from models.frame.console_version import console_version
from models.staff.staff import Staff
from models.store.database import Database
from models.talks.call_queue import QueuedCall
from models.talks.talk import Talk
from tests.factories import make_call, make_callback, make_case, make_staff

LATER = timedelta(seconds=90)


def _asks(session: Session, now: datetime) -> None:
    make_callback(session, rank=0)


def _waits(session: Session, now: datetime) -> None:
    call = make_call(session, ended_at=None)
    session.add(QueuedCall(call_id=call.id, verified=False, since=now, seen_at=now))


def _waits_again(session: Session, now: datetime) -> None:
    session.execute(update(QueuedCall).values(since=now + LATER))


def _rings_liaison(session: Session, now: datetime) -> None:
    _leg(session, "liaison", staff_id=session.scalar(select(Staff.id)))


def _rings_interpreter(session: Session, now: datetime) -> None:
    _leg(session, "interpreter", callback_id=session.scalar(select(Callback.id)))


def _rings_interpreter_at_0(session: Session, now: datetime) -> None:
    _leg(session, "interpreter", parent_call_id=session.scalar(select(Call.id)))


def _accepts(session: Session, now: datetime) -> None:
    session.execute(update(Call).where(Call.accepted_at.is_(None)).values(accepted_at=now))


def _talks(session: Session, now: datetime) -> None:
    make_callback(session, phone="+12025550111", state="talking", talking_at=now)


def _holds(session: Session, now: datetime) -> None:
    session.execute(update(Talk).values(held_at=now))


def _announces(session: Session, now: datetime) -> None:
    session.execute(update(Talk).values(announced_at=now))


def _calls_out(session: Session, now: datetime) -> None:
    case = make_case(session, "in_custody", facility="Stewart", as_of=now)
    leg = make_call(session, direction="outbound", ended_at=now)
    session.add(
        Callout(
            case_id=case.id,
            staff_id=session.scalar(select(Staff.id)),
            call_id=leg.id,
            party="interpreter:es",
            requested_at=now,
        )
    )


def _dials_party(session: Session, now: datetime) -> None:
    session.execute(update(Callout).values(dialled_at=now))


def _wraps_up(session: Session, now: datetime) -> None:
    session.execute(update(Staff).values(wrap_up_until=now + LATER))


def _extends(session: Session, now: datetime) -> None:
    session.execute(update(Staff).values(wrap_up_until=now + 2 * LATER))


def _misses(session: Session, now: datetime) -> None:
    session.execute(update(Staff).values(missed_offers=Staff.missed_offers + 1))


CHANGES: tuple[Callable[[Session, datetime], None], ...] = (
    _asks, _waits, _waits_again, _rings_liaison, _rings_interpreter, _rings_interpreter_at_0, _accepts,
    _talks, _holds, _announces, _calls_out, _dials_party, _wraps_up, _extends, _misses,
)  # fmt: skip


def test_each_change_is_another_version(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        make_staff(session)
    seen = _version(database)

    for change in CHANGES:
        with database.transaction() as session:
            change(session, now)
        assert _version(database) != seen, change.__name__
        seen = _version(database)


def _version(database: Database) -> tuple[object, ...]:
    with database.reading() as session:
        return console_version(session)


def _leg(session: Session, role: str, **facts: object) -> None:
    make_call(session, direction="outbound", role=role, ended_at=None, **facts)

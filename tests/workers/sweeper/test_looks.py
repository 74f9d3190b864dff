"""What the parts of one pass see of each other's work."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, QueuePool, event, func, select
from sqlalchemy.orm import Session

from models import Staff
from models.store.database import Database
from tests.call_center import CallCenter
from tests.conftest import ON_BOTH
from tests.factories import make_staff
from workers import sweeper
from workers.looks import Looks
from workers.mending import Mender


def count(session: Session) -> int:
    return session.scalars(select(func.count(Staff.id))).one()


def nothing(session: Session) -> int:
    return count(session) * 0


@pytest.fixture
def began() -> Iterator[list[str]]:
    """Each transaction that began."""
    found: list[str] = []

    def note(_connection: object) -> None:
        found.append("began")

    event.listen(Engine, "begin", note)
    yield found
    event.remove(Engine, "begin", note)


@ON_BOTH
def test_looks_that_find_nothing_share_a_session(database: Database, began: list[str]) -> None:
    looks = Looks(database)
    for _ in range(3):
        assert looks.find(nothing) == 0
        looks.end_part()
    looks.close()

    assert len(began) == 1


@ON_BOTH
def test_each_part_sees_what_the_part_before_wrote(database: Database) -> None:
    looks = Looks(database)
    assert looks.find(count) == 0
    with looks.transaction() as session:
        make_staff(session)
        session.flush()
    assert looks.find(count) == 1

    # What was found is handed to a job that writes in a session of its own.
    assert looks.find(nothing) == 0
    with database.transaction() as session:
        make_staff(session)
    looks.end_part()

    assert looks.find(count) == 2
    looks.close()


@ON_BOTH
def test_look_after_one_that_failed_reads_anew(database: Database) -> None:
    looks = Looks(database)

    def fails(session: Session) -> int:
        return session.scalars(select(func.no_such_function())).one()

    with pytest.raises(Exception, match="no_such_function"):
        looks.find(fails)

    assert looks.find(count) == 0
    looks.close()


@ON_BOTH
def test_no_session_is_open_while_what_was_found_is_done(database: Database, began: list[str]) -> None:
    """What a part found may be calls to the carrier, which take seconds."""
    ended: list[str] = []
    looks = Looks(database)
    event.listen(Engine, "commit", lambda _connection: ended.append("ended"))
    with database.transaction() as session:
        make_staff(session)
    began.clear()
    ended.clear()

    assert looks.find(count) == 1
    assert looks.find(nothing) == 0

    assert len(began) == len(ended) == 2
    looks.end_part()


@ON_BOTH
def test_no_session_is_open_while_the_carrier_is_asked_about_forgotten_calls(
    empty_call_center: CallCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call that is ended, or job that is done here, is guarded by itself within its part."""
    out: list[object] = []
    at_once: list[int] = []
    taken, given = (lambda one, *_: out.append(one)), (lambda one, *_: out.remove(one))
    event.listen(QueuePool, "checkout", taken)
    event.listen(QueuePool, "checkin", given)
    monkeypatch.setattr(sweeper, "is_any_in_progress", lambda *_: True)
    monkeypatch.setattr(sweeper, "free_forgotten", lambda *_: ([1], [2]))
    monkeypatch.setattr(Mender, "end_forgotten", lambda *_: None)
    monkeypatch.setattr(Mender, "find_end", lambda *_: at_once.append(len(out)))

    empty_call_center.sweeps()

    event.remove(QueuePool, "checkout", taken)
    event.remove(QueuePool, "checkin", given)
    assert at_once == [0]

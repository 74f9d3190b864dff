"""Rotating field keys: every sealed value moves, whatever interrupts it, and no writer is overwritten."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select, text, update

import models.store.rotation
from models import Base, Phone, Staff, Subject
from models.staff.staff_session import begin_session
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.rotation import SEALED_COLUMNS, count_remaining, rotate
from models.talks.talk import begin_talk
from tests import killed
from tests.conftest import FIELD_KEYS, SECRET_KEY
from tests.factories import make_call, make_callback, make_case, make_staff, make_subject

NEW_KEY = ("k%2", bytes(range(64, 96)))
SUBJECTS = 30


@pytest.fixture
def both(database: Database, database_url: str) -> Iterator[Database]:
    """The same database, opened with a new key before the old one."""
    rotating = Database(database_url, Keyring((NEW_KEY, *FIELD_KEYS), SECRET_KEY))
    yield rotating
    rotating.close()


@pytest.fixture
def new(database: Database, database_url: str) -> Iterator[Database]:
    """The same database, opened with the new key alone."""
    opened = Database(database_url, Keyring((NEW_KEY,), SECRET_KEY))
    yield opened
    opened.close()


def _fill(database: Database) -> int:
    """One value in every sealed column, and subjects enough for several batches; returns how many values."""
    with database.transaction() as session:
        case = make_case(session, phone="+12025550123")
        registrant_name = database.keyring.seal("registrant.name", "Rosa Invented")
        session.execute(text("UPDATE registrants SET name_sealed = :name"), {"name": registrant_name})
        seal = database.keyring.seal
        named = {"name": seal("subject.name", "Marek Vale")}
        session.execute(text("UPDATE cases SET named_sealed = :name"), named)
        person = make_staff(session, number_sealed=seal("staff.number", "40127"))
        person.totp_sealed = seal("staff.totp", "JBSWY3DPEHPK3PXP")
        begin_session(
            session, person.id, method="password", browser="Firefox", hours=12, now=person.created_at
        )
        kept = {"kept": seal("staff_session.kept", "{}")}
        session.execute(text("UPDATE staff_sessions SET kept_sealed = :kept"), kept)
        call = make_call(session, phone="+12025550124")
        talk = begin_talk(
            session, caller_call_id=call.id, leader_call_id=call.id, staff_id=person.id, language="en",
            now=person.created_at,
        )  # fmt: skip
        talk.note_sealed = seal("talk.note", "Asked about the court.")
        make_callback(session, case, note_sealed=database.keyring.seal("callback.note", "Prefers mornings."))
        for number in range(SUBJECTS):
            make_subject(session, feed_id=f"S-{number}", name=f"Person {number}")
    return 2 * SUBJECTS + len(SEALED_COLUMNS)


def _everything_opens(database: Database) -> bool:
    with database.reading() as session:
        for sealed in SEALED_COLUMNS:
            values = session.scalars(select(sealed.what).where(sealed.what.is_not(None))).all()
            assert values, f"{sealed.table}.{sealed.column} was not filled"
            for value in values:
                database.keyring.unseal(sealed.purpose, value)
    return True


def test_every_sealed_column_of_the_schema_is_rotated() -> None:
    named = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_sealed")
    }

    assert {(sealed.table, sealed.column) for sealed in SEALED_COLUMNS} == named | {("calls", "said")}


def test_old_key_can_be_removed_after_a_rotation(database: Database, both: Database, new: Database) -> None:
    filled = _fill(database)
    seen: list[int] = []

    done = rotate(both, batch=7, on_progress=seen.append)

    assert (done.moved, done.unreadable, done.remaining) == (filled, 0, 0)
    assert sum(seen) == filled
    assert max(seen) <= 7
    assert _everything_opens(new)


def test_rotation_that_stopped_halfway_goes_on_where_it_was(
    database: Database, both: Database, new: Database
) -> None:
    filled = _fill(database)

    class Stop(KeyboardInterrupt):
        pass

    def stop_at_the_third(_seen: int, calls: list[int] = []) -> None:  # noqa: B006 - it counts its calls
        calls.append(_seen)
        if len(calls) == 3:
            raise Stop

    with pytest.raises(Stop):
        rotate(both, batch=7, on_progress=stop_at_the_third)
    with both.reading() as session:
        remaining = count_remaining(session)
    assert 0 < remaining < filled
    assert _everything_opens(both)

    assert rotate(both, batch=7).moved == remaining
    assert _everything_opens(new)


def _rotate_and_die(database_url: str) -> None:
    seen = 0

    def die(batch: int) -> None:
        nonlocal seen
        seen += batch
        if seen >= 21:
            os.kill(os.getpid(), signal.SIGKILL)

    keyring = Keyring((NEW_KEY, *FIELD_KEYS), SECRET_KEY)
    rotate(Database(database_url, keyring, pool_size=killed.POOL_SIZE), batch=7, on_progress=die)


def test_rotation_killed_halfway_goes_on_where_it_was(
    database: Database, database_url: str, both: Database, new: Database
) -> None:
    filled = _fill(database)

    process = killed.started(_rotate_and_die, database_url)
    process.join()

    assert process.exitcode == -signal.SIGKILL
    with both.reading() as session:
        remaining = count_remaining(session)
    assert 0 < remaining < filled
    assert rotate(both).moved == remaining
    assert _everything_opens(new)


def test_value_that_changes_meanwhile_is_left_as_its_writer_made_it(
    database: Database, both: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(database)
    seal_anew = models.store.rotation._sealed_anew

    def seal_and_be_overtaken(keyring: Keyring, sealed: object, rows: object) -> object:
        result = seal_anew(keyring, sealed, rows)  # type: ignore[arg-type]
        if sealed.table == "staff":  # type: ignore[attr-defined]
            with database.transaction() as session:
                changed = database.keyring.seal("staff.phone", "+12025550199")
                session.execute(update(Staff).values(phone_sealed=changed))
        return result

    monkeypatch.setattr(models.store.rotation, "_sealed_anew", seal_and_be_overtaken)
    done = rotate(both)

    assert done.remaining == 1
    with both.reading() as session:
        sealed = session.scalars(select(Staff.phone_sealed)).one()
        assert both.keyring.unseal("staff.phone", sealed) == "+12025550199"


def test_writers_under_load_lose_nothing_to_a_rotation(
    database: Database, both: Database, new: Database
) -> None:
    _fill(database)
    stop = threading.Event()
    written: list[str] = []

    def write() -> None:
        while not stop.is_set():
            name = f"Renamed {len(written)}"
            with both.transaction() as session:
                session.execute(
                    update(Subject)
                    .where(Subject.id == 5)
                    .values(name_sealed=both.keyring.seal("subject.name", name))
                )
            written.append(name)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while rotate(both, batch=3).remaining or not written:
            continue
    finally:
        stop.set()
        writer.join()

    with new.reading() as session:
        sealed = session.scalars(select(Subject.name_sealed).where(Subject.id == 5)).one()
        assert new.keyring.unseal("subject.name", sealed or "") == written[-1]
    assert _everything_opens(new)


def test_value_that_no_key_opens_is_counted_and_left(database: Database, both: Database) -> None:
    filled = _fill(database)
    with database.transaction() as session:
        session.execute(update(Phone).values(number_sealed="gone.AAAA"))

    done = rotate(both)

    assert (done.moved, done.unreadable, done.remaining) == (filled - 1, 1, 1)
    with both.reading() as session:
        assert session.scalars(select(Phone.number_sealed)).one() == "gone.AAAA"


def test_second_rotation_finds_nothing_to_do(database: Database, both: Database) -> None:
    _fill(database)
    rotate(both)

    assert rotate(both).moved == 0

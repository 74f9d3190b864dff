"""The purge: old calls and what belongs to them go, killed at any moment; the audit chain stays whole."""

import dataclasses
import itertools
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, update

from models import (
    Alert,
    AuditEntry,
    Call,
    Callback,
    CustodyRecord,
    MonthFigure,
    PurgeRun,
)
from models.custody.custody_event import CustodyEvent
from models.notices.notice import Notice
from models.notices.registration import Registration
from models.retention.purge import would_go
from models.store.database import Database
from models.store.keyring import Keyring
from tests import killed
from tests.conftest import FIELD_KEYS, ON_BOTH, ON_SQLITE
from tests.factories import (
    make_call,
    make_callback,
    make_case,
    make_staff,
)
from tests.workers.purge.purged import (
    NIGHT,
    OFFICE,
    OLD,
    STRANGER,
    VICTIM,
    Records,
    chain_is_whole,
    count_rows,
    fill,
    purge,
    purged_tables,
)
from workers.records.purge import NightlyPurge, Purge


def test_everything_of_an_old_call_goes_and_only_figures_stay(database: Database) -> None:
    fill(database, OLD)

    run = purge(database, Records(), NIGHT + timedelta(days=120))

    counts = count_rows(database)
    assert {name: counts[name] for name in purged_tables() if counts[name]} == {}
    assert run.deleted["calls"] == 3
    assert run.deleted["callbacks"] == 1
    with database.reading() as session:
        facts = session.scalars(select(AuditEntry).where(AuditEntry.at < NIGHT)).all()
        assert facts
        assert all(entry.facts is None and entry.salt is None for entry in facts)
    assert chain_is_whole(database)


@ON_SQLITE
def test_id_of_a_deleted_call_is_in_no_page_of_sqlites_file(database: Database) -> None:
    fill(database, OLD)
    with database.reading() as session:
        call_sids = session.scalars(select(Call.call_sid)).all()

    purge(database, Records())

    with database.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = Path(str(database.engine.url.database)).read_bytes()
    assert b"purge_rows" in file
    assert not [sid for sid in call_sids if sid and sid.encode() in file]


def test_figures_of_the_month_are_those_of_its_rows(database: Database) -> None:
    fill(database, OLD)
    fill(database, OLD - timedelta(days=1), phone=STRANGER, language="es")
    # Of the next month in the office, though August in no zone of it: its rows go and its month is over.
    fill(database, datetime(2026, 9, 1, 3, 59, tzinfo=UTC), phone="+12025550125")

    purge(database, Records())

    with database.reading() as session:
        rows = session.execute(select(MonthFigure.__table__)).all()
    assert {row.month for row in rows} == {"2026-08", "2026-09"}
    august = {(row.figure, row.language, row.detail): row.count for row in rows if row.month == "2026-08"}
    assert august == {
        ("counted", "", ""): 1,
        ("calls", "en", ""): 2, ("calls", "es", ""): 1,
        ("calls_verified", "en", ""): 2, ("calls_verified", "es", ""): 1,
        ("calls_topic", "en", "my_case"): 2, ("calls_topic", "es", "my_case"): 1,
        ("calls_step", "en", "ask_number"): 2, ("calls_step", "es", "ask_number"): 1,
        ("calls_step", "en", "ask_pin"): 2, ("calls_step", "es", "ask_pin"): 1,
        ("calls_step", "en", "status"): 2, ("calls_step", "es", "status"): 1,
        ("wrong_pins", "en", ""): 2, ("wrong_pins", "es", ""): 1,
        ("callbacks", "en", "other/verified"): 2, ("callbacks", "es", "other/verified"): 1,
        ("callbacks_ended", "en", "other/verified/reached"): 2,
        ("callbacks_ended", "es", "other/verified/reached"): 1,
        ("callbacks_kept", "en", "other/verified"): 2, ("callbacks_kept", "es", "other/verified"): 1,
        ("talk_minutes", "en", "10"): 2, ("talk_minutes", "es", "10"): 1,
        ("waits", "en", "talked"): 2, ("waits", "es", "talked"): 1,
        ("wait_seconds", "en", "0"): 2, ("wait_seconds", "es", "0"): 1,
    }  # fmt: skip


def test_month_is_counted_once_though_its_rows_go_on_many_nights(database: Database) -> None:
    for day in (1, 10, 20):
        fill(database, datetime(2026, 8, day, 12, tzinfo=UTC), phone=f"+1202555013{day // 10}")

    for day in (1, 12, 25):
        purge(database, Records(), datetime(2026, 11, day, 12, tzinfo=UTC))

    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Call)) == 0
        calls = session.scalars(select(MonthFigure.count).where(MonthFigure.figure == "calls")).all()
    assert calls == [3]


def test_what_is_young_or_still_owed_stays(database: Database) -> None:
    fill(database, NIGHT - timedelta(days=89))
    with database.transaction() as session:
        asked = make_call(session, phone=STRANGER, started_at=OLD, ended_at=OLD)
        make_callback(
            session, phone=STRANGER, state="left_for_staff", closed_at=OLD, requested_at=OLD,
            requested_in_call_id=asked.id,
        )  # fmt: skip
        ringing = make_call(session, phone=STRANGER, started_at=OLD, ended_at=OLD)
        make_callback(session, phone="+12025550111", requested_at=OLD, requested_in_call_id=ringing.id)
    before = count_rows(database)

    purge(database, Records())

    after = count_rows(database)
    assert {name: after[name] for name in purged_tables()} == {name: before[name] for name in purged_tables()}


def test_promise_that_another_one_replaced_goes_and_the_one_that_is_kept_stays(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=STRANGER)
        asked = make_call(session, phone=STRANGER, case_id=case.id, started_at=OLD, ended_at=OLD)
        left = {"state": "left_for_staff", "closed_at": OLD, "requested_at": OLD}
        make_callback(
            session, case, phone=STRANGER, outcome="promised_anew", requested_in_call_id=asked.id, **left
        )
        waits = make_callback(session, case, phone=STRANGER, outcome="behind_news", **left)
        owed = make_callback(session, case, phone=STRANGER, requested_at=OLD)
    assert would_go(database, 90, OFFICE.zone, NIGHT).rows["callbacks"] == 1

    purge(database, Records())

    with database.reading() as session:
        assert set(session.scalars(select(Callback.id))) == {waits.id, owed.id}
        assert session.scalar(select(func.count()).select_from(Call)) == 0


def test_dry_run_counts_what_goes_and_changes_nothing(database: Database) -> None:
    fill(database, OLD)
    fill(database, NIGHT - timedelta(days=3), phone=STRANGER)
    before = count_rows(database)

    found = would_go(database, 90, OFFICE.zone, NIGHT)

    assert count_rows(database) == before
    run = purge(database, Records())
    assert found.rows == {name: count for name, count in run.deleted.items() if name != "carrier_records"}
    assert found.carrier_records == run.deleted["carrier_records"] == 3
    assert found.months == ["2026-08", "2026-09"]


def test_notice_and_registration_stay_and_name_no_old_call(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, "released", phone=VICTIM)
        asked, rung, waiting = (make_call(session, started_at=OLD, ended_at=OLD) for _ in range(3))
        registration = Registration(
            case_id=case.id, made_at=OLD, made_by="caller", call_id=asked.id, lapses_at=NIGHT
        )
        record = session.scalars(select(CustodyRecord)).one()
        event = CustodyEvent(subject_id=case.subject_id, kind="released", record_id=record.id, made_at=OLD)
        again = CustodyEvent(
            subject_id=case.subject_id, kind="hearing", at=OLD, record_id=record.id, made_at=OLD
        )
        session.add_all([registration, event, again])
        session.flush()
        told, open_notice = (
            Notice(
                event_id=one.id, registration_id=registration.id, case_id=case.id, is_urgent=True,
                state=state, made_at=OLD, next_attempt_at=OLD, call_id=call.id, closed_at=OLD,
            )
            for one, state, call in ((event, "confirmed", rung), (again, "left_for_staff", waiting))
        )  # fmt: skip
        session.add_all([told, open_notice])
        session.flush()
        rung.notice_id = told.id

    purge(database, Records())

    with database.reading() as session:
        assert session.scalars(select(Call.id)).all() == [waiting.id]
        notices = select(Notice.state, Notice.call_id).order_by(Notice.id)
        assert session.execute(notices).all() == [("confirmed", None), ("left_for_staff", waiting.id)]
        assert session.scalars(select(Registration.call_id)).all() == [None]


def test_purge_that_is_killed_anywhere_goes_on_and_deletes_the_same(database: Database) -> None:
    fill(database, OLD)
    fill(database, OLD, phone=STRANGER)
    carrier, parts = Records(), 0
    while True:
        run = Purge(database, carrier, OFFICE, actor="sweeper", clock=lambda: NIGHT, wait=lambda _: None)
        # Each run is killed after its first transactions; a run that ends was not.
        killed = run.parts()
        if None in [next(killed, None) for _ in range(4)]:
            break
        killed.close()
        parts += 1
        assert chain_is_whole(database)

    counts = count_rows(database)
    gone = [name for name in purged_tables() if name != "known_phones"]
    assert {name: counts[name] for name in gone if counts[name]} == {}
    assert counts["carrier_records"] == 0
    assert sorted(set(carrier.asked)) == sorted(carrier.asked)
    assert len(carrier.asked) == 6
    with database.reading() as session:
        (done,) = session.scalars(select(PurgeRun)).all()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "purge_rows")).one()
        assert (done.deleted["calls"], done.deleted["callbacks"]) == (6, 2)
        assert entry.facts is not None
        assert entry.facts["deleted"] == done.deleted
    assert parts > 5
    assert chain_is_whole(database)


def test_sweeper_purges_once_a_night(database: Database) -> None:
    office = dataclasses.replace(OFFICE, time_zone="America/New_York")
    fill(database, OLD)
    moment = [NIGHT]
    nightly = NightlyPurge(database, Records(), clock=lambda: moment[0], wait=lambda _seconds: None)

    def works(now: datetime) -> int:
        moment[0] = now
        for step in range(40):
            nightly.work(office, now + timedelta(seconds=2 * step))
        return count_rows(database)["purge_runs"]

    midnight = datetime(2026, 12, 29, 6, 0, tzinfo=UTC)
    assert works(midnight) == 0
    assert works(midnight + timedelta(hours=2, minutes=1)) == 1
    assert count_rows(database)["calls"] == 0
    assert works(midnight + timedelta(hours=6)) == 1
    assert works(midnight + timedelta(days=1)) == 1
    assert works(midnight + timedelta(days=1, hours=2, minutes=1)) == 2


@ON_BOTH
@pytest.mark.parametrize("was_killed", [False, True])
def test_clock_that_is_months_ahead_for_a_night_deletes_nothing_until_somebody_has_looked(
    database: Database, was_killed: bool
) -> None:
    moment = [NIGHT]
    nightly = NightlyPurge(database, Records(), clock=lambda: moment[0], wait=lambda _seconds: None)

    def works(now: datetime) -> None:
        moment[0] = now
        for step in range(40):
            nightly.work(OFFICE, now + timedelta(seconds=2 * step))

    with database.transaction() as session:
        make_staff(session, "ruth@office.example.org", role="supervisor")
    works(NIGHT)
    fill(database, NIGHT)
    before = count_rows(database)
    with database.transaction() as session:
        session.execute(update(PurgeRun).values(ended_at=None if was_killed else NIGHT))
    ahead = NIGHT + timedelta(days=150)

    works(ahead)
    works(ahead + timedelta(days=1))
    works(NIGHT + timedelta(days=1))

    after = count_rows(database)
    assert (after["calls"], after["callbacks"]) == (before["calls"], before["callbacks"])
    with database.reading() as session:
        told = session.scalars(select(Alert.channel).where(Alert.level == "purge_waits")).all()
    assert told == ["text"]


@ON_BOTH
def test_purge_by_hand_after_a_long_time_lets_the_nightly_ones_begin_again(database: Database) -> None:
    """The line was really off for two months."""
    nightly = NightlyPurge(database, Records(), clock=lambda: moment[0], wait=lambda _seconds: None)
    moment = [NIGHT]
    purge(database, Records())
    fill(database, NIGHT)
    moment[0] = NIGHT + timedelta(days=100)
    purge(database, Records(), moment[0])
    assert count_rows(database)["calls"] == 0

    fill(database, NIGHT, phone=STRANGER)
    moment[0] += timedelta(days=1)
    for step in range(40):
        nightly.work(OFFICE, moment[0] + timedelta(seconds=2 * step))

    assert count_rows(database)["calls"] == 0


def _purge_and_die(database_url: str, at: int) -> None:
    """Purge, and be killed in place of the commit with this number."""
    database = Database(database_url, Keyring(FIELD_KEYS, b"any"), pool_size=killed.POOL_SIZE)
    commits = itertools.count(1)

    def die(_session: object) -> None:
        if next(commits) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(database.write_engine, "commit", die)
    work = Purge(
        database, Records(), OFFICE, actor="sweeper", clock=lambda: NIGHT, wait=lambda _seconds: None
    )  # fmt: skip
    for _ in work.parts():
        pass


@pytest.mark.parametrize("at", [2, 5, 9, 14])
def test_purge_whose_process_is_killed_before_a_commit_leaves_nothing_half_done(
    database: Database, database_url: str, at: int
) -> None:
    fill(database, OLD)

    process = killed.started(_purge_and_die, database_url, at)
    process.join()

    assert process.exitcode == -signal.SIGKILL
    assert chain_is_whole(database)
    with database.reading() as session:
        (run,) = session.scalars(select(PurgeRun)).all()
        gone = {"calls": 3, "callbacks": 1, "talks": 1, "pin_tries": 2, "call_events": 1}
        counts = count_rows(database)
        for table, filled in gone.items():
            assert counts[table] + run.deleted.get(table, 0) == filled, table
    carrier = Records()
    purge(database, carrier)
    with database.reading() as session:
        (run,) = session.scalars(select(PurgeRun)).all()
        assert {name: run.deleted[name] for name in gone} == gone
    assert chain_is_whole(database)

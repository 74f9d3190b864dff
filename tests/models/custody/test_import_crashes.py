"""A process that dies in the middle of an import leaves nothing that the next run does not finish (R16)."""

import multiprocessing
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.custody.custody_status import NEUTRAL
from models.custody.imports import landing, lock, staging
from models.custody.imports.custody_import import (
    CustodyImport,
    ImportBusyError,
    ImportRow,
    import_custody,
    resume,
)
from models.custody.imports.held import list_held, reject
from models.custody.refusals import ImportBusyRefusal
from models.store.database import Database
from models.store.keyring import Keyring
from tests import killed
from tests.conftest import FIELD_KEYS, ON_BOTH, SECRET_KEY
from tests.factories import NOW, make_staff
from tests.models.custody.feed import RULES, at, feed_file, feed_row, load, open_cases, what_is_heard

KEYRING = Keyring(FIELD_KEYS, SECRET_KEY)


class Killed(BaseException):
    """Plays a kill: nothing in the program catches it."""


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(landing, "BATCH", 3)
    monkeypatch.setattr(staging, "BATCH", 3)


def die_at_commit(database, number):
    """The process dies in place of the given commit of a write, counted from now."""
    left = [number]

    def before_commit(_connection):
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    event.listen(database.write_engine, "commit", before_commit)
    return lambda: event.remove(database.write_engine, "commit", before_commit)


def states(database):
    with database.reading() as session:
        return session.scalars(select(CustodyImport.state).order_by(CustodyImport.id)).all()


def left_over(database):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(ImportRow))


def test_everyone_is_true_and_dated_and_the_next_run_finishes_wherever_an_import_dies(
    database, small_batches
):
    names = [f"A-{n}" for n in range(8)]
    cases = open_cases(database, *names)
    load(database, *(feed_row(name, as_of=at(-1)) for name in names), now=at(-1))
    died, truths = 0, {("in_custody", at(-1))}
    for commit in range(1, 40):
        # Each file confirms them anew: of one that says nothing new, no row is staged.
        seen = NOW + timedelta(seconds=commit)
        truths.add(("released", seen))
        undo = die_at_commit(database, commit)
        try:
            load(
                database,
                *(feed_row(name, status="released", status_at=at(0), as_of=seen) for name in names),
            )
        except Killed:
            died += 1
        else:
            break
        finally:
            undo()
        for name in names:
            said = what_is_heard(database, cases[name])
            assert (said.status, said.as_of) in truths
        resume(database, NOW)
        assert left_over(database) == 0
        assert set(states(database)) <= {"landed", "abandoned"}
        heard_now = {what_is_heard(database, cases[name]).status for name in names}
        assert len(heard_now) == 1
    assert died > 6
    assert {what_is_heard(database, cases[name]).status for name in names} == {"released"}
    with database.reading() as session:
        assert session.scalar(select(func.count(CustodyRecord.id))) == 16


def test_next_run_marks_everyone_wherever_an_import_dies_while_it_holds(database, small_batches):
    names = [f"A-{n}" for n in range(11)]
    cases = open_cases(database, *names)
    load(database, *(feed_row(name, as_of=at(-1)) for name in names), now=at(-1))
    out = [feed_row(name, status="released", status_at=at(0)) for name in names]
    with database.transaction() as session:
        make_staff(session, "ana@office.example.org")
    for commit in range(1, 40):
        undo = die_at_commit(database, commit)
        try:
            load(database, *out)
            finished = True
        except Killed:
            finished = False
        finally:
            undo()
        resume(database, NOW)
        with database.reading() as session:
            held = [entry.id for entry in list_held(session)]
        for name in names:
            assert (what_is_heard(database, cases[name]) is NEUTRAL) == bool(held)
        for import_id in held:
            reject(database, import_id, by="ana@office.example.org", now=NOW)
        assert what_is_heard(database, cases["A-0"]).status == "in_custody"
        assert left_over(database) == 0
        if finished:
            return
    pytest.fail("The import never came to its end.")


def _take_the_lock_and_keep_it(database_url, taken):
    with lock.import_lock(Database(database_url, KEYRING, pool_size=killed.POOL_SIZE)):
        taken.set()
        time.sleep(600)


@ON_BOTH
def test_process_killed_for_good_gives_the_lock_back(database_url, database):
    taken = multiprocessing.get_context("fork").Event()
    child = killed.started(_take_the_lock_and_keep_it, database_url, taken)
    assert taken.wait(60)
    with pytest.raises(ImportBusyError), lock.import_lock(database, wait_seconds=0):
        pass
    child.kill()
    child.join()
    with lock.import_lock(database, wait_seconds=20):
        pass


def test_sweep_does_nothing_while_an_import_is_at_work(database):
    case = open_cases(database, "A-1")["A-1"]
    with lock.import_lock(database):
        with database.transaction() as session:
            session.add(CustodyImport(state="staging", full=False, started_at=NOW))
        resume(database, NOW)
        assert states(database) == ["staging"]
    resume(database, NOW)
    assert states(database) == ["abandoned"]
    assert load(database, feed_row("A-1")).new == 1
    assert what_is_heard(database, case).status == "in_custody"


def test_sweep_that_finds_nothing_to_finish_opens_no_connection_of_its_own(database):
    """Every two seconds PostgreSQL began a process for the lock of the imports, and ended it again."""
    resume(database, NOW)
    opened = []

    def note(*_):
        opened.append(1)

    for engine in database.engines:
        event.listen(engine, "connect", note)
    for _ in range(3):
        resume(database, NOW)
    for engine in database.engines:
        event.remove(engine, "connect", note)
    assert opened == []


@ON_BOTH
def test_import_that_was_taken_over_writes_nothing_more(database, small_batches):
    open_cases(database, *(f"A-{n}" for n in range(9)))

    def take_over(_bytes):
        with database.transaction() as session:
            session.execute(update(CustodyImport).values(state="abandoned"))

    source = feed_file(*(feed_row(f"A-{n}") for n in range(9)))
    with pytest.raises(ImportBusyError, match=f"^{ImportBusyRefusal.TAKEN_OVER}$"):
        import_custody(
            database, source, RULES, full=False, dry_run=False, strict=False, now=NOW, progress=take_over
        )
    resume(database, NOW)
    assert left_over(database) == 0
    with database.reading() as session:
        assert session.scalars(select(Subject.record_id)).all() == [None] * 9


@ON_BOTH
def test_two_imports_at_once_follow_each_other(database):
    cases = open_cases(database, *(f"A-{n}" for n in range(30)))
    faults = []

    def run(names):
        try:
            load(database, *(feed_row(name) for name in names))
        except Exception as error:  # noqa: BLE001 - told to the test's own thread.
            faults.append(error)

    halves = (list(cases)[:15], list(cases)[15:])
    threads = [threading.Thread(target=run, args=(half,)) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert states(database) == ["landed", "landed"]
    assert {what_is_heard(database, case).status for case in cases.values()} == {"in_custody"}


@ON_BOTH
def test_callers_write_while_an_import_lands(database, small_batches):
    names = [f"A-{n}" for n in range(60)]
    open_cases(database, *names)
    turns, done = [0], threading.Event()

    def caller():
        while not done.is_set():
            with database.transaction() as session:
                session.execute(update(Subject).where(Subject.id == -1).values(record_id=None))
            turns[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=caller)
    thread.start()
    load(database, *(feed_row(name) for name in names))
    done.set()
    thread.join()
    assert turns[0] > 5
    assert states(database) == ["landed"]

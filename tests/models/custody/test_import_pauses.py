"""A long task on SQLite rests for as long as it worked while others write, and hardly at all otherwise."""

import gc

import pytest

from models.cases.subject import Subject
from models.custody.imports import lock
from models.custody.imports.lock import SHORTEST_PAUSE_SECONDS, gentle_transaction
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.factories import make_subject
from tests.models.custody.feed import feed_row, load, open_cases

WORK_SECONDS = 0.03


class Clock:
    """Stands in for the module ``time``: it moves only by what is done."""

    def __init__(self):
        self.now, self.pauses = 100.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(lock, "time", clock)
    return clock


@ON_SQLITE
def test_task_rests_as_long_as_it_worked_while_others_write(database, database_url, clock):
    def pause_after_a_batch():
        with gentle_transaction(database) as session:
            session.get(Subject, 1)
            clock.now += WORK_SECONDS
        return clock.pauses[-1]

    pause_after_a_batch()
    clock.now += 1
    assert pause_after_a_batch() == SHORTEST_PAUSE_SECONDS

    caller = Database(database_url, database.keyring)
    with caller.transaction() as session:
        make_subject(session)
    caller.close()

    assert pause_after_a_batch() == pytest.approx(WORK_SECONDS)
    assert pause_after_a_batch() == pytest.approx(WORK_SECONDS)
    clock.now += 1
    assert pause_after_a_batch() == SHORTEST_PAUSE_SECONDS


def test_garbage_is_collected_again_after_an_import(database):
    open_cases(database, "A-1")
    assert load(database, feed_row("A-1")).new == 1
    assert gc.isenabled()

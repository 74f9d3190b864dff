"""A process that is killed while it takes a batch: nothing lands twice, and no batch is lost (R16)."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from models.custody.custody import CustodyRecord
from models.custody.custody_event import CustodyEvent
from models.custody.feed import folder as feed_folder
from models.custody.imports.custody_import import ImportRow
from models.store.database import Database
from models.store.keyring import Keyring
from tests.conftest import FIELD_KEYS, SECRET_KEY
from tests.models.custody.feed import at, feed_row, load, open_cases, what_is_heard
from tests.models.custody.watched.batches import Sender, batches, look

#: Every way in which the folder changes.
TOUCHES = (
    (os, "unlink"), (os, "replace"), (os, "mkdir"), (os, "fdopen"), (os, "utime"), (os, "fsync"),
)  # fmt: skip


class Killed(BaseException):
    """Plays a kill: nothing in the program catches it."""


@contextmanager
def die_at(database: Database, number: int) -> Iterator[None]:
    """The process dies in place of the given commit or change of the folder, counted from now."""
    left = [number]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def touch(*args: object, **named: object) -> object:
            count()
            return real(*args, **named)

        return touch

    event.listen(database.write_engine, "commit", count)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for place, name in TOUCHES:
                patch.setattr(place, name, counted(getattr(place, name)))
            yield
    finally:
        event.remove(database.write_engine, "commit", count)


def is_done_wherever_it_dies(database: Database, sender: Sender, check: Callable[[], None]) -> int:
    """Look at the folder, dying one step later each time, until a look ends; returns how often it died."""
    for step in range(1, 200):
        try:
            with die_at(database, step):
                look(database, sender)
        except Killed:
            check()
        else:
            return step - 1
    pytest.fail("The look never came to its end.")


def test_batches_land_once_each_wherever_looks_die(database: Database, sender: Sender) -> None:
    """The third came before the second, so an import that was held is given up and its file read again."""
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", as_of=at(-5)), now=at(-5))
    sender.send(1, feed_row("A-1", as_of=at(-4)))
    look(database, sender)
    sender.send(3, feed_row("A-1", status="released", status_at=at(-2), as_of=at(-2)))

    def hears_nothing_false() -> None:
        assert what_is_heard(database, case).status in (None, "in_custody", "transferred", "released")
        for number in (1, 2, 3):
            assert batches(database, "landed").count(number) <= 1

    died = is_done_wherever_it_dies(database, sender, hears_nothing_false)
    assert batches(database, "held") == [3]
    sender.send(2, feed_row("A-1", status="transferred", status_at=at(-3), as_of=at(-3)))
    died += is_done_wherever_it_dies(database, sender, hears_nothing_false)
    look(database, sender)

    assert died > 15
    assert batches(database, "landed") == [None, 1, 2, 3]
    assert batches(database, "held", "applying", "staging") == []
    assert sender.left() == sender.left("refused") == sender.left("leaving") == []
    assert what_is_heard(database, case).status == "released"
    with database.reading() as session:
        assert session.scalar(select(func.count(CustodyRecord.id))) == 3
        assert session.scalar(select(func.count(CustodyEvent.id))) == 2
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 0


def test_refused_batch_is_whole_in_its_folder_wherever_looks_die(database: Database, sender: Sender) -> None:
    sender.send(1, feed_row("A-1"), rows=2)

    died = is_done_wherever_it_dies(database, sender, lambda: None)

    assert died > 5
    assert sender.left() == []
    assert sender.left("refused") == [
        "jail-0001.csv", "jail-0001.json", "jail-0001.reason.txt", "jail-0001.sig",
    ]  # fmt: skip
    said = (sender.folder / "refused" / "jail-0001.reason.txt").read_text()
    assert said == "The file jail-0001.csv has 1 rows, and its manifest says 2.\n"


def test_new_batch_under_the_name_of_one_that_was_leaving_is_not_touched(
    database: Database, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some senders call every file the same."""
    open_cases(database, "A-1")
    sender.send(1, feed_row("A-1", as_of=at(-2)), name="feed")

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(feed_folder.FeedFolder, "_finish", die)
        with pytest.raises(Killed):
            look(database, sender)
    assert sender.left("leaving") == ["feed.json"]
    sender.send(2, feed_row("A-1", as_of=at(-1)), name="feed")

    look(database, sender)

    assert batches(database, "landed") == [1, 2]
    assert sender.left() == []


def _look_for_ever(url: str, folder: Path, tells: Connection) -> None:
    # A size of pool that no other database has, whose connections this process would share with its parent.
    database = Database(url, Keyring(FIELD_KEYS, SECRET_KEY), pool_size=3)
    tells.send("ready")
    while True:
        look(database, Sender(folder))
        time.sleep(0.001)


def test_batches_land_once_each_while_the_process_is_killed_for_good(
    database_url: str, database: Database, sender: Sender
) -> None:
    case = open_cases(database, "A-1")["A-1"]
    context = multiprocessing.get_context("fork")
    for number in range(1, 7):
        hears, tells = context.Pipe(duplex=False)
        child = context.Process(target=_look_for_ever, args=(database_url, sender.folder, tells))
        child.start()
        tells.close()
        assert hears.recv() == "ready"
        sender.send(number, feed_row("A-1", as_of=at(number - 8)))
        time.sleep(number * 0.03)
        child.kill()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        child.close()
        hears.close()
    # PostgreSQL notices a moment later that the last process, which may have had the lock, is gone.
    for _ in range(50):
        look(database, sender)
        if not sender.left():
            break
        time.sleep(0.1)

    assert batches(database, "landed") == [1, 2, 3, 4, 5, 6]
    assert batches(database, "held", "applying", "staging") == []
    assert sender.left() == sender.left("refused") == []
    assert what_is_heard(database, case).status == "in_custody"

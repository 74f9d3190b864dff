"""The feed's folder belongs to its sender: no file, link or note in it leads the line astray."""

import errno
import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest

from models.custody.custody_status import NEUTRAL
from models.store.database import Database
from tests.factories import NOW, make_staff
from tests.models.custody.feed import feed_file, feed_row, open_cases, what_is_heard
from tests.models.custody.watched.batches import Sender, alerts, batches, look


@pytest.mark.parametrize("ending", [".sig", ".json", ".csv"])
def test_file_that_the_line_may_not_read_costs_its_own_batch_alone_and_is_told_at_once(
    database: Database, sender: Sender, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """It stopped every batch, and people heard of it once the feed had been silent for six hours."""
    opens = os.open

    def refuses(path: str | Path, *how: int, **more: int) -> int:
        if path == sender.folder / f"jail-0002{ending}":
            raise PermissionError(errno.EACCES, "Permission denied")
        return opens(path, *how, **more)

    monkeypatch.setattr("models.custody.feed.folder.os.open", refuses)
    with database.transaction() as session:
        make_staff(session, role="supervisor")
    cases = open_cases(database, "A-1", "A-2")
    for number, who in ((1, "A-1"), (2, "A-2"), (3, "A-1")):
        sender.send(number, feed_row(who))
    if ending != ".csv":
        look(database, sender)
        assert batches(database, "landed") == [1], "a sender may give it its mode some moments later"
        assert sender.left("refused") == []
    monkeypatch.setattr("models.custody.feed.folder.SETTLES_SECONDS", 0)

    look(database, sender)

    assert what_is_heard(database, cases["A-1"]).status == "in_custody"
    said = (sender.folder / "refused" / "jail-0002.reason.txt").read_text()
    assert said == f"The line may not read the file jail-0002{ending}. Give it the mode 644.\n"
    assert sender.left("refused") == [
        "jail-0002.csv", "jail-0002.json", "jail-0002.reason.txt", "jail-0002.sig",
    ]  # fmt: skip
    assert sorted(alerts(database)) == [("feed_refused", "call"), ("feed_refused", "text")]
    assert (batches(database, "landed"), batches(database, "held")) == ([1], [3])


def test_link_out_of_the_folder_and_a_pipe_are_no_files(
    database: Database, sender: Sender, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(feed_file(feed_row("A-1", status="released")).read())
    case = open_cases(database, "A-1")["A-1"]
    digest = hashlib.sha256(secret.read_bytes()).hexdigest()
    for number, make in ((1, lambda path: path.symlink_to(secret)), (2, os.mkfifo)):
        sender.send(number, feed_row("A-1"), sha256=digest)
        data = sender.folder / f"jail-{number:04}.csv"
        data.unlink()
        make(data)
    look(database, sender)
    assert what_is_heard(database, case) is NEUTRAL
    assert secret.exists()
    assert len([name for name in sender.left("refused") if name.endswith(".reason.txt")]) == 2


@pytest.mark.parametrize("where", ["leaving/jail-0001.json", "refused/jail-0001.reason.txt"])
def test_link_in_place_of_a_file_of_ours_leads_no_write_out_of_the_folder(
    database: Database, sender: Sender, tmp_path: Path, where: str
) -> None:
    """Whoever has the sender's account needs no key for this: a batch that is refused is written about."""
    precious = tmp_path / "cases.db"
    precious.write_text("all cases")
    link = sender.folder / where
    link.parent.mkdir()
    link.symlink_to(precious)
    sender.send(1, feed_row("A-1"), rows=7)

    look(database, sender)

    assert precious.read_text() == "all cases"
    assert "has 1 rows" in (sender.folder / "refused" / "jail-0001.reason.txt").read_text()
    assert sender.left() == sender.left("leaving") == []


@pytest.mark.parametrize("name", ["refused", "done", "leaving"])
def test_link_in_place_of_a_folder_of_ours_is_never_followed(
    database: Database, sender: Sender, tmp_path: Path, name: str
) -> None:
    other = tmp_path / "hotline-audit"
    other.mkdir()
    (other / "heads.json").write_text("[]")
    os.utime(other / "heads.json", (0, 0))
    (sender.folder / name).symlink_to(other)
    open_cases(database, "A-1")
    sender.send(1, feed_row("A-1"))
    sender.send(2, rows=7)

    look(database, sender, feed_done_days=2)

    assert sorted(one.name for one in other.iterdir()) == ["heads.json"]
    assert batches(database, "landed") == [1]
    assert len(sender.left("done")) == 3
    assert len(sender.left("refused")) == 4


@pytest.mark.parametrize(
    "note",
    [
        '{"name": "x", "to"', "[]", "[" * 50_000, '{"name": "x", "seen": {}, "to": "/etc", "at": 1}',
        '{"name": "../x", "seen": {}, "to": "refused", "at": 1, "sentence": "!"}',
        '{"name": "x", "seen": {".csv": 5}, "to": "done", "at": 1e300}',
        '{"name": "x", "seen": {}, "to": "done", "at": "now"}', None,
        '{"name": "x", "seen": {}, "to": "refused", "sentence": "!"}',
        '{"name": ["x"], "seen": {}, "to": null}',
        '{"name": "x", "seen": {}, "to": "refused", "at": 1, "sentence": "\\ud800"}',
    ],
)  # fmt: skip
def test_note_that_is_not_ours_moves_nothing_and_stops_no_batch(
    database: Database, sender: Sender, note: str | None
) -> None:
    open_cases(database, "A-1")
    notes = sender.folder / "leaving"
    notes.mkdir()
    os.mkfifo(notes / "x.json") if note is None else (notes / "x.json").write_text(note)
    sender.send(1, feed_row("A-1"))

    look(database, sender)

    assert batches(database, "landed") == [1]
    assert list(notes.iterdir()) == []
    assert sender.left() == []
    assert not list(sender.folder.parent.glob("*.txt"))


def test_office_may_keep_applied_files_for_some_days(database: Database, sender: Sender) -> None:
    open_cases(database, "A-1")
    sender.send(1, feed_row("A-1"))
    sender.send(2, rows=7)
    look(database, sender, feed_done_days=2)
    assert sender.left("done") == ["jail-0001.csv", "jail-0001.json", "jail-0001.sig"]

    look(database, sender, NOW + timedelta(days=2), feed_done_days=2)
    assert sender.left("done") == []
    assert len(sender.left("refused")) == 4
    look(database, sender, NOW + timedelta(days=7), feed_done_days=2)
    assert sender.left("refused") == []


def test_sender_may_read_why_a_batch_was_refused(database: Database, sender: Sender) -> None:
    """The umask of the service hid the folder, so the sender could not repair what it had to send again."""
    before = os.umask(0o077)
    try:
        sender.send(1, rows=7)
        look(database, sender)
    finally:
        os.umask(before)

    reason = sender.folder / "refused" / "jail-0001.reason.txt"
    assert [one.stat().st_mode & 0o777 for one in (reason.parent, reason)] == [0o755, 0o644]

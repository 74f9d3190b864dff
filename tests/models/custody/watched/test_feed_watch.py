"""The watched folder: whole batches land in the order of their numbers, and nothing else does (R16)."""

import errno
import hashlib
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models import Alert
from models.audit.audit import AuditEntry
from models.custody.custody_import import CustodyImport
from models.custody.custody_status import NEUTRAL
from models.custody.held_import import reject, release
from models.custody.import_lock import import_lock
from models.notices.taking_back.retraction import retract
from models.store.database import Database
from tests.factories import NOW, make_staff
from tests.models.custody.feed import at, feed_file, feed_row, load, open_cases, what_is_heard
from tests.models.custody.watched.batches import Sender, batches, look

#: How many may change at once is the brake's own tests' matter.
WIDE = dict.fromkeys(("brake_floor", "brake_day_floor"), 100_000)


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    folder = tmp_path / "feed"
    folder.mkdir()
    return Sender(folder)


def alerts(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        rows = session.execute(select(Alert.level, Alert.channel).order_by(Alert.id))
        return [(level, channel) for level, channel in rows]


def hold_codes(database: Database) -> list[str]:
    with database.reading() as session:
        found = session.scalars(select(CustodyImport.hold_reasons).where(CustodyImport.state == "held"))
        return [text for reasons in found for text in reasons]


def test_batch_lands_and_its_files_are_deleted(database: Database, sender: Sender) -> None:
    case = open_cases(database, "A-1")["A-1"]
    sender.send(1, feed_row("A-1"), feed_row("not ours"))

    look(database, sender)

    assert what_is_heard(database, case).status == "in_custody"
    assert batches(database, "landed") == [1]
    assert sender.left() == []
    assert sender.left("refused") == []


def test_third_batch_waits_for_the_second_and_both_land_in_order(database: Database, sender: Sender) -> None:
    case = open_cases(database, "A-1")["A-1"]
    sender.send(1, feed_row("A-1", as_of=at(-3)))
    look(database, sender)
    sender.send(3, feed_row("A-1", status="released", status_at=at(-1), as_of=at(-1)))

    look(database, sender)
    look(database, sender)

    assert hold_codes(database) == ["skips_a_batch 1 0"]
    assert what_is_heard(database, case) is NEUTRAL
    assert sender.left() == ["jail-0003.csv", "jail-0003.json", "jail-0003.sig"]

    sender.send(2, feed_row("A-1", status="transferred", status_at=at(-2), as_of=at(-2)))
    look(database, sender)

    assert batches(database, "landed") == [1, 2, 3]
    assert batches(database, "held") == []
    assert what_is_heard(database, case).status == "released"
    assert sender.left() == []


def test_two_people_who_release_a_batch_settle_its_gap(database: Database, sender: Sender) -> None:
    with database.transaction() as session:
        first, second = make_staff(session, "ana@office.example.org"), make_staff(session)
        emails = first.email, second.email
    open_cases(database, "A-1")
    sender.send(1, feed_row("A-1", as_of=at(-3)))
    sender.send(4, feed_row("A-1", as_of=at(-2)))
    look(database, sender)
    assert hold_codes(database) == ["skips_a_batch 2 0"]
    with database.reading() as session:
        (held,) = session.scalars(select(CustodyImport.id).where(CustodyImport.state == "held"))

    release(database, held, by=emails[0], and_by=emails[1], now=NOW, tied_days=30)
    sender.send(5, feed_row("A-1", as_of=at(-1)))
    look(database, sender)

    assert batches(database, "landed") == [1, 4, 5]
    assert sender.left() == []


def test_batch_that_staff_rejected_leaves_the_folder_and_its_number_is_spent(
    database: Database, sender: Sender
) -> None:
    with database.transaction() as session:
        by = make_staff(session).email
    open_cases(database, *(f"A-{n}" for n in range(12)))
    sender.send(1, *(feed_row(f"A-{n}", as_of=at(-2)) for n in range(12)))
    look(database, sender)
    sender.send(2, *(feed_row(f"A-{n}", status="released", as_of=at(-1)) for n in range(12)))
    look(database, sender)
    assert batches(database, "held") == [2]
    assert len(sender.left()) == 3
    with database.reading() as session:
        (held,) = session.scalars(select(CustodyImport.id).where(CustodyImport.state == "held"))

    reject(database, held, by=by, now=NOW)
    look(database, sender)
    assert sender.left() == []

    sender.send(2, feed_row("A-1", status="released", as_of=at(-1)))
    look(database, sender)
    assert "before with other content" in (sender.folder / "refused" / "jail-0002.reason.txt").read_text()
    sender.send(3, feed_row("A-1", as_of=at(0)))
    look(database, sender)
    assert batches(database, "landed") == [1, 3]


def test_batch_that_was_taken_back_does_not_land_again_when_it_is_sent_again(
    database: Database, sender: Sender
) -> None:
    with database.transaction() as session:
        people = [make_staff(session, f"{name}@office.example.org").email for name in ("ana", "ben")]
    case = open_cases(database, "A-1")["A-1"]
    sender.send(1, feed_row("A-1", as_of=at(-2)))
    sender.send(2, feed_row("A-1", status="released", as_of=at(-1)))
    look(database, sender)
    with database.reading() as session:
        wrong = session.scalars(select(CustodyImport.id).where(CustodyImport.batch == 2)).one()
    retract(database, wrong, by=people[0], and_by=people[1], now=NOW, tied_days=30)

    sender.send(2, feed_row("A-1", status="released", as_of=at(-1)))
    sender.send(3, feed_row("A-2"))
    look(database, sender)

    assert batches(database, "landed", "held") == [1, 3]
    assert sender.left() == sender.left("refused") == []
    assert what_is_heard(database, case).status != "released"


def test_batch_that_is_held_for_its_content_does_not_stop_the_next(
    database: Database, sender: Sender
) -> None:
    """Its people are marked until staff decide; news of everybody else goes on."""
    cases = open_cases(database, *(f"A-{n}" for n in range(12)), "B-1")
    sender.send(1, *(feed_row(f"A-{n}", as_of=at(-2)) for n in range(12)))
    sender.send(2, *(feed_row(f"A-{n}", status="released", as_of=at(-1)) for n in range(12)))
    sender.send(3, feed_row("B-1"))

    look(database, sender)

    assert batches(database, "landed") == [1, 3]
    assert batches(database, "held") == [2]
    assert what_is_heard(database, cases["B-1"]).status == "in_custody"
    assert what_is_heard(database, cases["A-1"]) is NEUTRAL


def test_repeat_of_a_landed_batch_is_ignored_and_logged(
    database: Database, sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    open_cases(database, "A-1")
    for name in ("jail-0001", "jail-0001", "again"):
        caplog.clear()
        with caplog.at_level("INFO"):
            sender.send(1, feed_row("A-1"), name=name)
            look(database, sender)
        assert [one.getMessage() for one in caplog.records if "leave the folder" in one.getMessage()]
    assert batches(database, "landed", "abandoned", "held") == [1]
    assert sender.left() == []
    assert alerts(database) == []


@pytest.mark.parametrize(
    ("lies", "sentence"),
    [
        ({"rows": 3}, "The file jail-0002.csv has 2 rows, and its manifest says 3.\n"),
        ({"sha256": "0" * 64}, "The file jail-0002.csv does not have the SHA-256 that its manifest names.\n"),
        (
            {"file": "../../etc/passwd"},
            "The manifest must name the file jail-0002.csv, which has the manifest's own name.\n",
        ),
        ({"batch": 0}, "The manifest's field batch is missing, unknown or wrong.\n"),
        ({"batch": True}, "The manifest's field batch is missing, unknown or wrong.\n"),
        ({"batch": 2**31}, "The manifest's field batch is missing, unknown or wrong.\n"),
        ({"kind": "some"}, "The manifest's field kind is missing, unknown or wrong.\n"),
        ({"Dana Roe": 1}, "The manifest's field (unknown) is missing, unknown or wrong.\n"),
    ],
)
def test_batch_that_is_not_what_its_manifest_says_is_refused_and_supervisors_are_told(
    database: Database, sender: Sender, lies: dict[str, object], sentence: str
) -> None:
    with database.transaction() as session:
        make_staff(session, role="supervisor")
    case = open_cases(database, "A-1")["A-1"]
    sender.send(1, feed_row("A-1", as_of=at(-2)))
    look(database, sender)

    sender.send(2, feed_row("A-1", status="released"), feed_row("A-2"), **lies)
    look(database, sender)

    assert what_is_heard(database, case).status == "in_custody"
    assert batches(database, "landed", "held", "applying") == [1]
    assert sender.left() == []
    assert sender.left("refused") == [
        "jail-0002.csv", "jail-0002.json", "jail-0002.reason.txt", "jail-0002.sig",
    ]  # fmt: skip
    assert (sender.folder / "refused" / "jail-0002.reason.txt").read_text() == sentence
    assert sorted(alerts(database)) == [("feed_refused", "call"), ("feed_refused", "text")]
    with database.reading() as session:
        assert session.scalar(select(AuditEntry.target).where(AuditEntry.action == "refuse_batch")) == "feed"


def test_batch_of_a_stranger_is_refused(database: Database, sender: Sender) -> None:
    case = open_cases(database, "A-1")["A-1"]
    sender.send(1, feed_row("A-1", status="released"))
    text = (sender.folder / "jail-0001.json").read_bytes()
    (sender.folder / "jail-0001.json").write_bytes(text.replace(b'"delta"', b'"full"'))

    look(database, sender)

    assert what_is_heard(database, case) is NEUTRAL
    said = (sender.folder / "refused" / "jail-0001.reason.txt").read_text()
    assert said == "The signature is not right for this manifest under the key that we have.\n"


def test_sender_may_change_its_key_without_a_gap(database: Database, sender: Sender) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from models.custody.feed.manifest import FeedKeyError, read_keys

    new = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    pems = [
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        for key in (sender.key, new)
    ]
    keys = read_keys(b"old\n" + b"new\n".join(pems))
    assert [key.public_bytes_raw() for key in keys] == [
        key.public_key().public_bytes_raw() for key in (sender.key, new)
    ]
    with pytest.raises(FeedKeyError, match="no public key"):
        read_keys(b"")
    with pytest.raises(FeedKeyError, match="cannot be read"):
        read_keys(pems[0].replace(b"MC", b"MD"))


def test_files_are_left_alone_until_the_batch_is_whole(database: Database, sender: Sender) -> None:
    open_cases(database, "A-1")
    sender.send(1, feed_row("A-1"))
    signature = (sender.folder / "jail-0001.sig").read_bytes()
    (sender.folder / "jail-0001.sig").unlink()

    look(database, sender)
    (sender.folder / "jail-0001.sig").write_bytes(signature[:40])
    look(database, sender)
    assert batches(database, "landed", "abandoned") == []
    assert len(sender.left()) == 3

    (sender.folder / "jail-0001.sig").write_bytes(signature)
    look(database, sender)
    assert batches(database, "landed") == [1]


def test_manifest_without_its_file_is_refused(database: Database, sender: Sender) -> None:
    sender.send(1, feed_row("A-1"))
    (sender.folder / "jail-0001.csv").unlink()
    look(database, sender)
    assert "is not there" in (sender.folder / "refused" / "jail-0001.reason.txt").read_text()


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


def test_note_with_a_sentence_that_is_no_text_stops_no_batch(database: Database, sender: Sender) -> None:
    (sender.folder / "leaving").mkdir()
    (sender.folder / "leaving" / "x.json").write_text(
        '{"name": "x", "seen": {}, "to": "refused", "at": 1, "sentence": "\\ud800"}'
    )
    sender.send(1, feed_row("A-1"))

    look(database, sender)

    assert batches(database, "landed") == [1]
    assert sender.left("leaving") == []


def test_late_delta_lands_and_a_late_snapshot_is_refused(database: Database, sender: Sender) -> None:
    """Whoever came in a newer batch would count as missing from the older snapshot."""
    cases = open_cases(database, "A-1", "A-2")
    sender.send(5, feed_row("A-1", as_of=at(-1)))
    look(database, sender)

    sender.send(3, feed_row("A-2", as_of=at(-3)), feed_row("A-1", status="released", as_of=at(-3)))
    sender.send(4, feed_row("A-2", as_of=at(-2)), full=True)
    look(database, sender)

    assert batches(database, "landed") == [5, 3]
    assert what_is_heard(database, cases["A-1"]).status == "in_custody"
    assert what_is_heard(database, cases["A-2"]).status == "in_custody"
    assert "older than a batch" in (sender.folder / "refused" / "jail-0004.reason.txt").read_text()


def test_second_alarm_waits_and_is_never_lost(database: Database, sender: Sender) -> None:
    with database.transaction() as session:
        make_staff(session, role="supervisor")
    sender.send(1, rows=7)
    look(database, sender)
    told = len(alerts(database))
    with database.transaction() as session:
        for alert in session.scalars(select(Alert)):
            alert.state = "sent"
    sender.send(2, rows=7)
    look(database, sender, NOW + timedelta(seconds=10))
    assert len(alerts(database)) == told

    look(database, sender, NOW + timedelta(minutes=15))
    assert len(alerts(database)) == 2 * told
    look(database, sender, NOW + timedelta(minutes=30))
    assert len(alerts(database)) == 2 * told


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


def test_nothing_is_taken_while_another_import_runs(database: Database, sender: Sender) -> None:
    open_cases(database, "A-1")
    sender.send(1, feed_row("A-1"))
    with import_lock(database), pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.custody.import_lock.WAIT_SECONDS", 0.0)
        look(database, sender)
    assert len(sender.left()) == 3
    look(database, sender)
    assert batches(database, "landed") == [1]


def test_plain_import_between_two_batches_is_no_gap(database: Database, sender: Sender) -> None:
    open_cases(database, "A-1")
    sender.send(1, feed_row("A-1", as_of=at(-3)))
    look(database, sender)
    load(database, feed_row("A-1", as_of=at(-2)))
    sender.send(2, feed_row("A-1", as_of=at(-1)))
    look(database, sender)
    assert batches(database, "landed") == [1, None, 2]


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    order=st.permutations(range(2, 6)), repeats=st.lists(st.integers(1, 5), max_size=3), each=st.booleans()
)
def test_in_whatever_order_batches_arrive_they_land_once_each_in_order(
    database_url: str,
    database: Database,
    sender: Sender,
    order: list[int],
    repeats: list[int],
    each: bool,
) -> None:
    """Numbers go on from one example to the next, so that no database has to be made anew."""
    with database.reading() as session:
        base = max((n or 0 for n in session.scalars(select(CustodyImport.batch))), default=0)
    before = batches(database, "landed")
    name = f"A-{base}"
    open_cases(database, name)

    def row(number: int) -> dict[str, str]:
        moved = "transferred" if number % 2 else "in_custody"
        return feed_row(name, status=moved, status_at=at(number / 10 - 2), as_of=at(number / 10 - 1))

    for number in (1, *order, *repeats):
        sender.send(base + number, row(number))
        if each:
            look(database, sender, **WIDE)
    look(database, sender, **WIDE)

    assert batches(database, "landed") == [*before, *range(base + 1, base + 6)]
    assert batches(database, "held", "applying", "staging") == []
    assert sender.left() == []
    assert json.dumps(sender.left("refused")) == "[]"

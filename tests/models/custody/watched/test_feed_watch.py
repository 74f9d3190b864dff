"""The watched folder: whole batches land in the order of their numbers, and nothing else does (R16)."""

import json
from datetime import UTC, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models import Alert
from models.audit.audit import AuditEntry
from models.custody.custody_status import NEUTRAL
from models.custody.imports.custody_import import CustodyImport
from models.custody.imports.held import reject, release
from models.custody.imports.lock import import_lock
from models.notices.taking_back.retraction import retract
from models.store.database import Database
from tests.factories import NOW, make_staff
from tests.models.custody.feed import at, feed_row, load, open_cases, what_is_heard
from tests.models.custody.watched.batches import Sender, alerts, batches, look

#: How many may change at once is the brake's own tests' matter.
WIDE = dict.fromkeys(("brake_floor", "brake_day_floor"), 100_000)


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
    retract(database, wrong, by=people[0], and_by=people[1], now=NOW, tied_days=30, office=UTC)

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


def test_nothing_is_taken_while_another_import_runs(database: Database, sender: Sender) -> None:
    open_cases(database, "A-1")
    sender.send(1, feed_row("A-1"))
    with import_lock(database), pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.custody.imports.lock.WAIT_SECONDS", 0.0)
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

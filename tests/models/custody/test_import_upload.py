"""A custody file through the console: staged as it arrives, previewed, then landed, held or discarded."""

import io
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import pytest
from sqlalchemy import func, inspect, select, text

from models import CustodyImport, ImportReject, ImportRow, Staff
from models.custody.custody_status import NEUTRAL
from models.custody.imports import staging
from models.custody.imports import upload as upload_module
from models.custody.imports.custody_import import FeedFileError, import_custody, resume
from models.custody.imports.held import SettleError
from models.custody.imports.history import history, newest_as_of, one_import, waiting
from models.custody.imports.preview import CANNOT_CONFIRM, Kind, changes, kinds_of
from models.custody.imports.rejects import kept_rejects
from models.custody.imports.request import agree
from models.custody.imports.upload import By, UploadError, discard_upload, land_upload, tidy_uploads, upload
from models.custody.refusals import RowRefusal, SettleRefusal, UploadRefusal
from models.store.database import Database
from models.store.keyring import Keyring
from tests import killed
from tests.conftest import FIELD_KEYS, ON_BOTH, SECRET_KEY
from tests.factories import NOW, make_facility, make_policies, make_staff
from tests.models.custody.feed import RULES, at, feed_file, feed_row, load, open_cases, what_is_heard

LIVES = timedelta(minutes=make_policies().preview_minutes)


@pytest.fixture
def by(database: Database) -> By:
    with database.transaction() as session:
        person = make_staff(session, "ada@office.example.org", role="administrator")
        return By(person.id, person.email)


def _upload(
    database: Database,
    by: By,
    *rows: dict[str, str],
    full: bool = False,
    clock: Callable[[], datetime] = lambda: NOW,
    source: BinaryIO | None = None,
) -> int:
    return upload(database, source or feed_file(*rows), RULES, full=full, by=by, clock=clock)


def _entry(database: Database, import_id: int) -> CustodyImport:
    with database.reading() as session:
        listed = one_import(session, import_id)
    assert listed is not None
    return listed.entry


def _staged(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(ImportRow)) or 0


def test_file_waits_as_a_preview_and_changes_nothing_until_it_is_landed(database: Database, by: By) -> None:
    cases = open_cases(database, "A-1", "A-2")

    import_id = _upload(database, by, feed_row("A-1"), feed_row("A-2", status="released"), feed_row("A-9"))

    entry = _entry(database, import_id)
    assert (entry.state, entry.rows, entry.new, entry.ignored, entry.concerned) == ("previewed", 3, 2, 1, 2)
    resume(database, NOW)
    assert _staged(database) == 2
    assert what_is_heard(database, cases["A-1"]) is NEUTRAL

    assert land_upload(database, import_id, by, LIVES, NOW) == "applying"
    resume(database, NOW)

    assert _entry(database, import_id).state == "landed"
    assert what_is_heard(database, cases["A-2"]).status == "released"
    assert _staged(database) == 0


def test_just_accepted_file_is_left_to_the_process_that_lands_it(database: Database, by: By) -> None:
    open_cases(database, "A-1")
    import_id = _upload(database, by, feed_row("A-1"))
    land_upload(database, import_id, by, LIVES, NOW)

    resume(database, NOW + timedelta(seconds=2), timedelta(seconds=60))
    assert _entry(database, import_id).state == "applying"
    resume(database, NOW + timedelta(seconds=61), timedelta(seconds=60))

    assert _entry(database, import_id).state == "landed"


def test_preview_counts_what_would_be_said_before_and_after(database: Database, by: By) -> None:
    open_cases(database, *"ABCDEF")
    with database.transaction() as session:
        make_facility(session, "Stewart")
    load(database, *(feed_row(name, as_of=at(-2)) for name in "ABC"), now=at(-2))
    load(database, feed_row("D", as_of=at(-2), adult="no"), now=at(-2))

    import_id = _upload(
        database,
        by,
        feed_row("A", status="released"),
        feed_row("B"),
        feed_row("C", facility="Stewart"),
        feed_row("D", status="released", adult="no"),
        feed_row("E", status="in_custody"),
    )

    assert kinds_of(_entry(database, import_id).kinds) == [
        Kind("new", CANNOT_CONFIRM, "in_custody", 1),
        Kind("changed", "in_custody", "in_custody", 1),
        Kind("changed", "in_custody", "released", 1),
        Kind("unchanged", CANNOT_CONFIRM, CANNOT_CONFIRM, 1),
        Kind("unchanged", "in_custody", "in_custody", 1),
    ]
    assert _entry(database, import_id).concerned == 2


def test_full_snapshot_shows_whom_it_lacks(database: Database, by: By) -> None:
    open_cases(database, "A", "B")
    load(database, feed_row("A", as_of=at(-2)), feed_row("B", as_of=at(-2)), now=at(-2))

    import_id = _upload(database, by, feed_row("A"), full=True)

    assert Kind("absent", "in_custody", CANNOT_CONFIRM, 1) in kinds_of(_entry(database, import_id).kinds)
    with database.reading() as session:
        (gone,) = changes(session, import_id, heard_alone=True)
        assert gone.line is None
        assert len(gone.case_ids) == 1


def test_people_are_shown_by_row_ids_a_page_at_a_time(database: Database, by: By) -> None:
    made = open_cases(database, *(f"A-{n}" for n in range(7)))
    import_id = _upload(database, by, *(feed_row(name, status="released") for name in made))

    with database.reading() as session:
        first = changes(session, import_id, heard_alone=True, size=4)
        rest = changes(session, import_id, heard_alone=False, after=first[-1].place, size=4)

    assert [one.line for one in (*first, *rest)] == [2, 3, 4, 5, 6, 7, 8]
    assert {one.case_ids for one in (*first, *rest)} == {(case.id,) for case in made.values()}


def test_rejects_are_kept_by_line_and_field_and_never_with_a_value(database: Database, by: By) -> None:
    open_cases(database, "A-1")
    import_id = _upload(
        database,
        by,
        feed_row("A-1"),
        feed_row("A-2", status_at="yesterday"),
        feed_row("A-3", as_of=""),
        feed_row("A-4", as_of="secret"),
    )

    assert _entry(database, import_id).reject_fields == {"as_of": 2, "status_at": 1}
    with database.reading() as session:
        assert [(one.line, one.field, one.code) for one in kept_rejects(session, import_id)] == [
            (3, "status_at", RowRefusal.NOT_A_TIME),
            (4, "as_of", RowRefusal.MISSING),
            (5, "as_of", RowRefusal.NOT_A_TIME),
        ]
        assert [one.line for one in kept_rejects(session, import_id, field="as_of", after=4)] == [5]


def test_only_the_first_thousand_rejects_are_kept_and_all_are_counted(database: Database, by: By) -> None:
    import_id = _upload(database, by, *(feed_row(f"A-{n}", as_of="") for n in range(1050)))

    assert _entry(database, import_id).rejected == 1050
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ImportReject)) == 1000


def test_no_row_of_any_table_has_a_reason_of_the_gate(database: Database, by: By) -> None:
    open_cases(database, "A-1", "A-2")
    reason = "reason-that-must-stand-nowhere"
    import_id = _upload(
        database,
        by,
        feed_row("A-1", section_1367=reason),
        feed_row("A-2", asylum_related=reason, status_at="x"),
        feed_row("A-3", adult=reason, as_of=""),
    )
    land_upload(database, import_id, by, LIVES, NOW)
    resume(database, NOW)

    with database.reading() as session:
        for table in inspect(database.engine).get_table_names():
            rows = session.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608 - our own tables.
            assert reason not in json.dumps([list(map(str, row)) for row in rows]), table


def test_too_many_changes_are_held_when_they_are_landed(database: Database, by: By) -> None:
    cases = open_cases(database, *(f"A-{n}" for n in range(12)))
    load(database, *(feed_row(name, as_of=at(-2)) for name in cases), now=at(-2))
    import_id = _upload(database, by, *(feed_row(name, status="released") for name in cases))

    assert what_is_heard(database, cases["A-0"]).status == "in_custody"
    assert land_upload(database, import_id, by, LIVES, NOW) == "held"
    resume(database, NOW)

    assert what_is_heard(database, cases["A-0"]) is NEUTRAL
    assert _entry(database, import_id).concerned == 12


def test_preview_is_true_only_until_another_import_lands(database: Database, by: By) -> None:
    open_cases(database, "A-1")
    import_id = _upload(database, by, feed_row("A-1", status="released"))
    load(database, feed_row("A-1"))

    with pytest.raises(UploadError, match=f"^{UploadRefusal.OVERTAKEN}$"):
        land_upload(database, import_id, by, LIVES, NOW)

    entry = _entry(database, import_id)
    assert (entry.state, entry.ended) == ("abandoned", "overtaken")
    assert _staged(database) == 0


def test_one_person_cannot_pass_the_brake_with_three_previews_applied_within_a_second(
    database: Database, by: By
) -> None:
    """Nothing lands between the clicks: `hotline intake` has not looked yet (R16)."""
    cases = open_cases(database, *(f"A-{n}" for n in range(30)))
    load(database, *(feed_row(name, as_of=at(-2)) for name in cases), now=at(-2))
    files = [[feed_row(f"A-{n}", status="released") for n in range(10 * i, 10 * i + 10)] for i in range(3)]
    first, *others = [_upload(database, by, *rows) for rows in files]

    assert land_upload(database, first, by, LIVES, NOW) == "applying"
    for import_id in others:
        with pytest.raises(UploadError, match=f"^{UploadRefusal.OVERTAKEN}$"):
            land_upload(database, import_id, by, LIVES, NOW)
    again = _upload(database, by, *files[1])
    resume(database, NOW)

    assert [_entry(database, one).ended for one in others] == ["overtaken", "overtaken"]
    assert [reason.split()[0] for reason in _entry(database, again).hold_reasons] == ["status_changes"]
    heard = [what_is_heard(database, case).status for case in cases.values()]
    assert (heard.count("released"), heard.count("in_custody")) == (10, 20)


def test_preview_read_while_another_import_is_being_applied_is_not_true(database: Database, by: By) -> None:
    """It was compared with the records as they were before, so it could undo a death unseen."""
    cases = open_cases(database, "A-1")
    load(database, feed_row("A-1", as_of=at(-2)), now=at(-2))
    died = _upload(database, by, feed_row("A-1", status="deceased"))
    land_upload(database, died, by, LIVES, NOW)
    stale = _upload(database, by, feed_row("A-1", status="transferred"))

    with pytest.raises(UploadError, match=f"^{UploadRefusal.OVERTAKEN}$"):
        land_upload(database, stale, by, LIVES, NOW)
    resume(database, NOW)

    assert what_is_heard(database, cases["A-1"]).status == "deceased"


def test_preview_that_nobody_decided_on_is_discarded(database: Database, by: By) -> None:
    open_cases(database, "A-1")
    import_id = _upload(database, by, feed_row("A-1"))

    with pytest.raises(UploadError, match=f"^{UploadRefusal.TOO_OLD}$"):
        land_upload(database, import_id, by, LIVES, NOW + LIVES + timedelta(seconds=1))
    tidy_uploads(database, LIVES, NOW + LIVES)
    assert _entry(database, import_id).state == "previewed"
    tidy_uploads(database, LIVES, NOW + LIVES + timedelta(seconds=1))

    assert _entry(database, import_id).ended == "expired"
    assert _staged(database) == 0


def test_discarded_preview_waits_for_nobody(database: Database, by: By) -> None:
    open_cases(database, "A-1")
    import_id = _upload(database, by, feed_row("A-1"))

    discard_upload(database, import_id, by, NOW)

    assert _entry(database, import_id).ended == "discarded"
    for decide in (
        lambda: discard_upload(database, import_id, by, NOW),
        lambda: land_upload(database, import_id, by, LIVES, NOW),
        lambda: land_upload(database, 99, by, LIVES, NOW),
    ):
        with pytest.raises(UploadError, match=f"^{UploadRefusal.NOT_WAITING}$"):
            decide()


def test_file_that_is_no_feed_leaves_nothing(database: Database, by: By) -> None:
    with pytest.raises(FeedFileError):
        _upload(database, by, source=io.BytesIO(b"name,pin\nx,y\n"))

    with database.reading() as session:
        (listed,) = history(session)
    assert (listed.entry.state, listed.entry.ended) == ("abandoned", "unreadable")
    assert listed.uploaded_by == by.email


def test_sender_who_breaks_off_leaves_nothing(database: Database, by: By) -> None:
    open_cases(database, *(f"A-{n}" for n in range(3)))

    class Broken(io.BytesIO):
        def readline(self, *args: Any) -> bytes:
            if self.tell() > 300:
                raise OSError("the connection was closed")
            return super().readline(*args)

    whole = feed_file(*(feed_row(f"A-{n}") for n in range(3))).read()
    with pytest.raises(OSError, match="closed"):
        _upload(database, by, source=Broken(whole))

    with database.reading() as session:
        assert [one.entry.ended for one in history(session)] == ["broken_off"]
    assert _staged(database) == 0


@ON_BOTH
def test_only_a_limited_number_of_files_is_read_at_once(database: Database, by: By) -> None:
    with database.transaction() as session:
        for _ in range(upload_module.AT_ONCE):
            session.add(CustodyImport(state="uploading", full=False, started_at=NOW, seen_at=NOW))

    with pytest.raises(UploadError, match=f"^{UploadRefusal.BUSY}$"):
        _upload(database, by, feed_row("A-1"))


@ON_BOTH
def test_slow_sender_holds_up_no_feed_and_shows_that_it_is_alive(database: Database, by: By) -> None:
    """Another import lands in the middle, so the preview is no longer true."""
    cases = open_cases(database, "A-1", "A-2")
    now = NOW
    seen: list[datetime | None] = []

    class Slow(io.BytesIO):
        def readline(self, *args: Any) -> bytes:
            nonlocal now
            now += timedelta(milliseconds=50)
            if self.tell() > 70_000 and not seen:
                load(database, feed_row("A-2"))
                with database.reading() as session:
                    uploading = CustodyImport.state == "uploading"
                    seen.extend(session.scalars(select(CustodyImport.seen_at).where(uploading)).all())
                tidy_uploads(database, LIVES, now)
            return super().readline(*args)

    many = (feed_row(f"B-{n}") for n in range(1200))
    import_id = _upload(
        database, by, source=Slow(feed_file(feed_row("A-1"), *many).read()), clock=lambda: now
    )

    assert what_is_heard(database, cases["A-2"]).status == "in_custody"
    (alive,) = seen
    assert alive is not None
    assert alive > NOW
    assert _entry(database, import_id).state == "previewed"
    with pytest.raises(UploadError, match=f"^{UploadRefusal.OVERTAKEN}$"):
        land_upload(database, import_id, by, LIVES, now)


def _read(database_url: str, source: int, by: By) -> None:
    staging.BATCH = 20
    keyring = Keyring(FIELD_KEYS, SECRET_KEY)
    database = Database(database_url, keyring, pool_size=killed.POOL_SIZE)
    with open(source, "rb") as file:
        upload(database, file, RULES, full=False, by=by, clock=lambda: datetime.now(UTC))


@ON_BOTH
def test_reader_that_died_leaves_nothing_and_says_so(database: Database, database_url: str, by: By) -> None:
    """A process that is killed for good in the middle of a file."""
    open_cases(database, *(f"A-{n}" for n in range(60)))
    source, sink = os.pipe()
    child = killed.started(_read, database_url, source, by)
    # Two batches and a half; the rest fills what is read ahead, and then the sender sends nothing.
    rows = [feed_row(f"A-{n}") for n in range(50)] + [feed_row(f"B-{n}") for n in range(100)]
    with open(sink, "wb") as sender:  # noqa: PTH123 - it has no path
        sender.write(feed_file(*rows).read())
        sender.flush()
        while _staged(database) < 40:
            assert child.is_alive()
            time.sleep(0.02)
        child.kill()
        child.join()
    os.close(source)

    with database.reading() as session:
        ((import_id, seen_at),) = session.execute(select(CustodyImport.id, CustodyImport.seen_at)).all()
    tidy_uploads(database, LIVES, seen_at + timedelta(seconds=121))

    entry = _entry(database, import_id)
    assert (entry.state, entry.ended) == ("abandoned", "died")
    assert _staged(database) == 0


def test_age_of_the_feed_is_that_of_what_landed(database: Database, by: By) -> None:
    open_cases(database, "A-1")
    with database.reading() as session:
        assert newest_as_of(session) is None
    load(database, feed_row("A-1", as_of=at(-3)), feed_row("B-1", as_of=at(-1)), now=NOW)
    _upload(database, by, feed_row("A-1", as_of=NOW))

    with database.reading() as session:
        assert newest_as_of(session) == at(-1)
        assert [one.entry.state for one in waiting(session)] == ["previewed"]


def test_command_line_keeps_what_the_console_shows(database: Database) -> None:
    open_cases(database, "A-1")
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Staff)) == 0
    source = feed_file(feed_row("A-1"), feed_row("A-2", as_of=""))
    result = import_custody(
        database, source, RULES, full=False, dry_run=False, strict=False, now=NOW, progress=None
    )

    assert result.import_id is not None
    entry = _entry(database, result.import_id)
    assert (entry.concerned, entry.reject_fields) == (1, {"as_of": 1})
    assert kinds_of(entry.kinds) == [Kind("new", CANNOT_CONFIRM, "in_custody", 1)]


def test_plain_file_waits_for_a_second_person_in_production(database: Database, by: By) -> None:
    case = open_cases(database, "A-1")["A-1"]
    with database.transaction() as session:
        person = make_staff(session, "bo@office.example.org", role="supervisor")
        second = By(person.id, person.email)
    import_id = _upload(database, by, feed_row("A-1"))

    assert land_upload(database, import_id, by, LIVES, NOW, needs_second=True) == "held"
    resume(database, NOW)
    entry = _entry(database, import_id)
    assert entry.hold_reasons == ["one_person 1 0"]
    assert (entry.asked, entry.asked_by_id) == ("release", by.staff_id)
    assert what_is_heard(database, case) is NEUTRAL
    with pytest.raises(SettleError, match=f"^{SettleRefusal.SAME_PERSON}$"):
        agree(database, import_id, "release", by, NOW, 30)

    agree(database, import_id, "release", second, NOW, 30)
    resume(database, NOW)

    assert what_is_heard(database, case).status == "in_custody"


def test_plain_file_that_the_brake_holds_too_is_asked_for_with_its_reasons_on_the_page(
    database: Database, by: By
) -> None:
    open_cases(database, "A-1")
    import_id = _upload(database, by, feed_row("A-1", as_of=at(1)))

    assert land_upload(database, import_id, by, LIVES, NOW, needs_second=True) == "held"

    entry = _entry(database, import_id)
    assert (entry.hold_reasons, entry.asked) == (["times_in_the_future 1 0", "one_person 1 0"], None)

"""Rows that cannot be read: rejected by line and field, and nothing is confirmed of their people."""

import io

import pytest
from sqlalchemy import select

from hotline.refusals.wording import in_english
from models.custody.custody_event import CustodyEvent
from models.custody.custody_status import NEUTRAL
from models.custody.imports.custody_import import import_custody
from models.custody.imports.file import COLUMNS
from models.custody.imports.staging import BATCH
from tests.factories import NOW
from tests.models.custody.feed import RULES, at, counts, feed_file, feed_row, load, open_cases, what_is_heard


def test_every_fault_is_reported_by_line_and_field_and_never_by_value(database):
    open_cases(database, "A-1", "A-2")
    load(database, feed_row("A-2", as_of=at(-1)), now=at(-1))
    canary = "7Zcanary"
    rows = [
        feed_row("A-9", as_of=""),
        feed_row("A-9", as_of="2026-11-25T10:00:00"),
        feed_row("A-9", status_at=canary),
        feed_row("A-9", status_at="0001-01-01T00:00:00+14:00"),
        feed_row("A-9", next_hearing_at="2026-11-30/10:00+00:00"),
        feed_row("", status="released"),
        feed_row("A-9", status=""),
        feed_row("A-9", removal_stage=canary),
        feed_row("A-9", facility=canary * 30),
        feed_row("A-9", next_hearing_place=canary + "\x00"),
        feed_row("A-2", as_of=at(-2)),
        feed_row("A-1"),
        feed_row("A-1"),
    ]

    result = load(database, *rows)

    assert [(r.line, r.field) for r in result.rejected] == [
        (2, "as_of"), (3, "as_of"), (4, "status_at"), (5, "status_at"), (6, "next_hearing_at"),
        (7, "subject_id"), (8, "status"), (9, "removal_stage"), (10, "facility"), (11, "next_hearing_place"),
        (12, "as_of"), (14, "subject_id"),
    ]  # fmt: skip
    assert counts(result) == (13, 1, 0, 0, 0, 12)
    assert not any(canary in in_english(r) or "A-" in in_english(r) for r in result.rejected)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    "broken", [{"next_hearing_at": "soon"}, {"status_at": ""}, {"as_of": "today"}, {"facility": "x" * 300}]
)
def test_person_whose_row_cannot_be_read_is_cannot_confirm_until_one_can(database, broken, full):
    """They may be out, so the line must not go on telling the record before."""
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", as_of=at(-2)), now=at(-2))

    result = load(database, feed_row("A-1", status="released", as_of=at(-1)) | broken, full=full, now=at(-1))

    assert counts(result) == (1, 0, 0, 0, 0, 1)
    assert what_is_heard(database, case, at(-1)) is NEUTRAL
    load(database, feed_row("A-1", status="released", as_of=at(0)))
    assert what_is_heard(database, case).status == "released"
    with database.reading() as session:
        assert list(session.scalars(select(CustodyEvent.kind))) == ["released"]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("status", ["escaped", "released_on_bond", "removed", "deceased"])
def test_person_who_is_out_stays_so_after_a_row_that_cannot_be_read(database, status, full):
    """Calls about an escape must not wait for a date of a hearing to be mended."""
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", as_of=at(-3)), now=at(-3))
    load(database, feed_row("A-1", status=status, status_at=at(-2), as_of=at(-2)), now=at(-2))
    broken = feed_row("A-1", status=status, status_at=at(-2), next_hearing_at="soon", as_of=at(-1))

    result = load(database, broken, full=full, now=at(-1))

    assert list(result.unlisted) == [("row", "next_hearing_at")]
    is_out = status in ("escaped", "released_on_bond")
    assert what_is_heard(database, case, at(-1)).status == (status if is_out else None)
    load(database, feed_row("A-1", status=status, adult="no", status_at="soon", as_of=at(0)))
    assert what_is_heard(database, case) is NEUTRAL


@pytest.mark.parametrize(
    "place", ["Smith, County Jail", ", , ,", "", '"Smith, County Jail', '"Smith "County" Jail"']
)
def test_comma_before_the_person_of_a_row_confirms_nothing_of_them(database, place):
    """Columns may be in any order: where the id did not come first, the line told the older status on."""
    case = open_cases(database, "A-1", "B-1")["A-1"]
    load(database, feed_row("A-1", as_of=at(-1)), feed_row("B-1", as_of=at(-1)), now=at(-1))
    columns = (
        "facility",
        *(name for name in COLUMNS if name not in ("facility", "subject_id")),
        "subject_id",
    )
    row = feed_row("A-1", status="released", facility="PLACE")
    moved = b"PLACE" if place else b"PLACE,"
    text = feed_file(row, columns=columns).read().replace(moved, place.encode())

    result = import_custody(
        database, io.BytesIO(text), RULES, full=False, dry_run=False, strict=False, now=NOW
    )

    assert counts(result) == (1, 0, 0, 0, 0, 1)
    assert what_is_heard(database, case) is NEUTRAL
    assert [kind for kind, _ in result.unlisted] == ["row"]


@pytest.mark.parametrize("place", ["Smith, County Jail", '"Smith County Jail', "x" * 9000])
def test_row_with_a_comma_too_many_or_an_open_quote_confirms_nothing_of_its_person(database, place):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", as_of=at(-1)), now=at(-1))
    row = feed_row("A-1", status="released", facility="PLACE")
    text = feed_file(row).read().replace(b"PLACE", place.encode())

    result = import_custody(
        database, io.BytesIO(text), RULES, full=False, dry_run=False, strict=False, now=NOW
    )

    assert counts(result) == (1, 0, 0, 0, 0, 1)
    assert what_is_heard(database, case) is NEUTRAL
    load(database, feed_row("A-1", as_of=at(1)), now=at(1))
    assert what_is_heard(database, case, at(1)).status == "in_custody"


@pytest.mark.parametrize("full", [False, True])
def test_corrected_row_of_a_person_without_a_record_lands_although_no_time_could_be_read(database, full):
    """The sender corrects the row, and leaves the time at which it confirmed the person."""
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", as_of="today"), full=full, now=at(0.1))

    load(database, feed_row("A-1", as_of=at(0)), full=full, now=at(0.2))

    assert what_is_heard(database, case, at(0.2)).status == "in_custody"


@pytest.mark.parametrize("apart", [0, BATCH])
@pytest.mark.parametrize("broken_first", [False, True])
def test_person_who_is_out_stays_so_only_if_no_other_row_beside_the_unreadable_one_says_else(
    database, apart, broken_first
):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", status="released", status_at=at(-2), as_of=at(-2)), now=at(-2))
    broken = feed_row("A-1", status="released", status_at=at(-2), next_hearing_at="soon")
    others = [feed_row(f"B-{n}") for n in range(apart)]
    again = feed_row("A-1", status="released", status_at=at(-2))
    back = feed_row("A-1", status_at=NOW)

    for row, heard in ((again, "released"), (back, None)):
        rows = [broken, *others, row] if broken_first else [row, *others, broken]
        load(database, *rows)
        assert what_is_heard(database, case).status == heard


def test_row_whose_gate_cannot_be_read_opens_no_gate(database):
    open_cases(database, "A-1")
    load(database, feed_row("A-1", adult="no", as_of=at(-1)), now=at(-1))
    comma = feed_file(feed_row("A-1", facility="PLACE")).read().replace(b"PLACE", b"Smith, County Jail")

    result = import_custody(
        database, io.BytesIO(comma), RULES, full=False, dry_run=False, strict=False, now=NOW
    )

    assert result.from_denial == 0
    assert load(database, feed_row("A-1", as_of=at(1)), now=at(1)).from_denial == 1


def test_row_that_closes_the_gate_closes_it_also_if_a_date_in_it_cannot_be_read(database):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", as_of=at(-2)), now=at(-2))

    load(database, feed_row("A-1", adult="no", expected_release_at="unknown", as_of=at(-1)), now=at(-1))

    assert what_is_heard(database, case) is NEUTRAL
    # Way back from a denial, which the brake counts.
    assert load(database, feed_row("A-1")).from_denial == 1


def test_row_that_cannot_be_read_changes_nothing_if_it_is_older_or_its_person_is_named_again(database):
    cases = open_cases(database, "A-1", "A-2", "A-3")
    load(database, *(feed_row(name, as_of=at(-1)) for name in cases), now=at(-1))
    broken = {"status": "released", "next_hearing_at": "soon"}

    result = load(
        database,
        feed_row("A-1", as_of=at(-2), **broken),
        feed_row("A-2", **broken),
        feed_row("A-2"),
        feed_row("A-3"),
        feed_row("A-3", **broken),
    )

    assert what_is_heard(database, cases["A-1"]).status == "in_custody"
    assert what_is_heard(database, cases["A-2"]) is NEUTRAL
    assert what_is_heard(database, cases["A-3"]) is NEUTRAL
    assert sum(counts(result)[1:]) == result.rows == 5


def test_many_rows_that_cannot_be_read_are_held(database):
    names = [f"A-{n}" for n in range(12)]
    open_cases(database, *names)
    load(database, *(feed_row(name, as_of=at(-1)) for name in names), now=at(-1))
    assert load(database, *(feed_row(name, next_hearing_at="soon") for name in names)).held


def test_unreadable_row_of_a_full_snapshot_confirms_nobody_and_an_old_one_takes_nothing_away(database):
    cases = open_cases(database, *(f"A-{n}" for n in range(120)))
    everyone = [feed_row(f"A-{n}") for n in range(120)]
    load(database, *everyone, full=True)
    unreadable, old = feed_row("A-0", status_at="soon"), feed_row("A-1", as_of=at(-1))
    assert not load(database, unreadable, old, *everyone[2:], full=True).held
    assert what_is_heard(database, cases["A-0"]) is NEUTRAL
    assert what_is_heard(database, cases["A-1"]).status == "in_custody"

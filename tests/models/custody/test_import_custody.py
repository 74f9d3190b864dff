"""Importing the custody feed: what lands, what is said afterwards, what is rejected and never kept."""

import io
import logging
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from hotline.refusals.wording import in_english
from models.audit.audit import AuditEntry
from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.custody.custody_status import NEUTRAL
from models.custody.imports.custody_import import CustodyImport, FeedFileError, ImportRow, import_custody
from models.custody.imports.file import COLUMNS, CONTENT_COLUMNS, DENIED
from models.store.base import Base
from tests.conftest import ON_BOTH
from tests.factories import NOW, make_case, make_court, make_facility
from tests.models.custody.feed import RULES, at, counts, feed_file, feed_row, load, open_cases, what_is_heard


def records(database):
    with database.reading() as session:
        return session.execute(select(CustodyRecord.status).order_by(CustodyRecord.id)).all()


def subject_of(database, case):
    with database.reading() as session:
        query = select(Subject.as_of, Subject.absent_since, Subject.held_import_id)
        return session.execute(query.where(Subject.id == case.subject_id)).one()


def actions(database):
    with database.reading() as session:
        return [(e.action, (e.facts or {}).get("count")) for e in session.scalars(select(AuditEntry))]


def test_first_record_is_new_and_is_said(database):
    cases = open_cases(database, "A-1")
    with database.transaction() as session:
        make_facility(session, "Stewart", "+12025550123")
        make_court(session, "Court 4", "America/Chicago")

    result = load(
        database,
        feed_row("A-1", facility="  STEWART ", next_hearing_at=at(24), next_hearing_place="Court\n 4"),
    )

    assert counts(result) == (1, 1, 0, 0, 0, 0)
    said = what_is_heard(database, cases["A-1"])
    assert (said.status, said.age, said.facility_name) == ("in_custody", "fresh", "Stewart")
    assert (said.next_hearing_at, said.next_hearing_place) == (at(24), "Court 4")
    assert said.hearing_zone == "America/Chicago"


def test_changed_row_appends_a_record_and_an_unchanged_one_only_moves_its_confirmed_time(database):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1"))

    assert counts(load(database, feed_row("A-1", as_of=at(1)), now=at(1))) == (1, 0, 0, 1, 0, 0)
    assert len(records(database)) == 1
    assert subject_of(database, case).as_of == at(1)

    release = feed_row("A-1", status="released_on_bond", status_at=at(1.5), as_of=at(2))
    assert counts(load(database, release, now=at(2))) == (1, 0, 1, 0, 0, 0)
    assert [r.status for r in records(database)] == ["in_custody", "released_on_bond"]
    said = what_is_heard(database, case, at(2))
    assert (said.status, said.status_at, said.as_of, said.hard_news) == (
        "released_on_bond", at(1.5), at(2), True,
    )  # fmt: skip


def test_same_file_twice_changes_nothing(database):
    open_cases(database, "A-1", "A-2")
    rows = [feed_row("A-1"), feed_row("A-2", status="released")]
    load(database, *rows)
    assert counts(load(database, *rows)) == (2, 0, 0, 2, 0, 0)
    assert len(records(database)) == 2


def test_person_without_an_open_case_is_ignored_and_not_stored(database):
    closed = open_cases(database, "A-1")["A-1"]
    with database.transaction() as session:
        session.execute(update(Case).where(Case.id == closed.id).values(closed_at=NOW))

    assert counts(load(database, feed_row("A-1"), feed_row("A-2"))) == (2, 0, 0, 0, 2, 0)
    assert records(database) == []
    with database.reading() as session:
        assert len(session.scalars(select(Subject)).all()) == 1


@pytest.mark.parametrize(
    "gates",
    [
        {"adult": "no"},
        {"adult": ""},
        {"adult": "YES"},
        {"section_1367": "yes"},
        {"asylum_related": "unknown"},
        {"asylum_related": " no"},
    ],
)
def test_gate_with_a_missing_or_other_value_denies_and_is_no_reject(database, gates):
    case = open_cases(database, "A-1")["A-1"]
    assert counts(load(database, feed_row("A-1", **gates))) == (1, 1, 0, 0, 0, 0)
    assert what_is_heard(database, case) is NEUTRAL


def test_reasons_of_the_gate_are_stored_nowhere(database, caplog):
    caplog.set_level(logging.DEBUG)
    canary = "canary-reason"
    cases = open_cases(database, "A-1", "A-2", "A-3", "A-4")
    gates = {"adult": canary, "section_1367": canary, "asylum_related": canary}
    result = load(
        database,
        feed_row("A-1", **gates),
        feed_row("A-2", **gates, status="paroled"),
        feed_row("A-3", **gates, as_of="yesterday"),
        feed_row("A-4", **gates, as_of=at(9)),
        feed_row("A-1", **gates, removal_stage="withheld"),
    )
    assert result.held
    assert len(result.rejected) == 2
    told = caplog.text + repr(list(result.rejected)) + repr(result)
    with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            told += repr(session.execute(text(f'SELECT * FROM "{table.name}"')).all())  # noqa: S608
    assert canary not in told
    assert what_is_heard(database, cases["A-1"]) is NEUTRAL


DENYING = ({"adult": "no"}, {"section_1367": "yes"}, {"asylum_related": "yes"}, {"adult": ""})


@pytest.mark.parametrize("gates", DENYING)
def test_denied_row_leaves_nothing_but_that_it_is_denied(database, gates):
    open_cases(database, "A-1")
    with database.transaction() as session:
        make_facility(session, "Stewart")
        make_court(session, "Asylum Office Arlington, minor")
    load(
        database,
        feed_row(
            "A-1",
            **gates,
            status="released",
            facility="Stewart",
            removal_stage="appeal_pending",
            expected_release_at=at(90),
            next_hearing_at=at(24),
            next_hearing_place="Asylum Office Arlington, minor",
        ),
    )

    with database.reading() as session:
        (record,) = session.scalars(select(CustodyRecord)).all()
        kept = {name: getattr(record, name) for name in CONTENT_COLUMNS}
    assert kept == {**dict.fromkeys(CONTENT_COLUMNS), "status": "unknown", "releasable": False}


def test_held_import_keeps_nothing_of_a_denied_row_either(database):
    open_cases(database, "A-1", "A-2")
    denied = feed_row("A-1", adult="no", status="escaped", removal_stage="appeal_pending")
    assert load(database, denied, feed_row("A-2", as_of=at(9))).held

    with database.reading() as session:
        (row,) = session.scalars(select(ImportRow).where(ImportRow.line == 2)).all()
        assert [getattr(row, name) for name in CONTENT_COLUMNS] == list(DENIED)


def test_denied_row_that_changes_what_it_hides_is_unchanged(database):
    open_cases(database, "A-1")
    load(database, feed_row("A-1", adult="no"))

    again = feed_row("A-1", adult="no", status="released", status_at=at(1), as_of=at(2))

    assert counts(load(database, again, now=at(2))) == (1, 0, 0, 1, 0, 0)


def test_unlisted_facility_and_court_are_kept_nowhere(database):
    case = open_cases(database, "A-1")["A-1"]
    hearing = {"next_hearing_at": at(24), "next_hearing_place": "Canary Court"}
    load(database, feed_row("A-1", facility="Canary Hotline", **hearing))

    with database.reading() as session:
        told = ""
        for table in Base.metadata.sorted_tables:
            told += repr(session.execute(text(f'SELECT * FROM "{table.name}"')).all())  # noqa: S608
    assert "canary" not in told.lower()
    said = what_is_heard(database, case)
    assert (said.next_hearing_at, said.next_hearing_place, said.hearing_zone) == (at(24), None, None)
    assert ("custody.unlisted_court", 1) in actions(database)


def test_dead_person_does_not_return_by_way_of_a_denial(database):
    open_cases(database, "A-1")
    load(database, feed_row("A-1", status="deceased"))
    load(database, feed_row("A-1", adult="no"))
    assert load(database, feed_row("A-1")).held


def test_strict_lands_nothing_when_one_row_is_rejected(database):
    case = open_cases(database, "A-1")["A-1"]
    result = load(database, feed_row("A-1"), feed_row("A-2", as_of=""), strict=True)
    assert result.refused
    assert not result.held
    assert records(database) == []
    assert subject_of(database, case).as_of is None
    with database.reading() as session:
        assert session.scalars(select(ImportRow)).all() == []
        assert session.scalars(select(CustodyImport.state)).all() == ["abandoned"]


def test_dry_run_tells_what_would_happen_and_writes_nothing(database):
    open_cases(database, "A-1", "A-2")
    load(database, feed_row("A-2", status="deceased"))
    before = [len(records(database)), actions(database)]
    result = load(
        database, feed_row("A-1"), feed_row("A-2"), feed_row("A-3", as_of=""), dry_run=True, full=True
    )
    assert counts(result) == (3, 1, 1, 0, 0, 1)
    assert result.held
    assert [len(records(database)), actions(database)] == before
    with database.reading() as session:
        assert len(session.scalars(select(CustodyImport)).all()) == 1


def test_unmapped_status_is_unknown_and_raises_an_alarm_without_the_word(database, caplog):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", status="paroled_canary"))
    assert [r.status for r in records(database)] == ["unknown"]
    assert what_is_heard(database, case) is NEUTRAL
    assert ("custody.unmapped_status", 1) in actions(database)
    assert "custody.unmapped_status" in caplog.text
    assert "canary" not in caplog.text


def test_facility_that_is_not_in_the_directory_is_not_spoken_and_raises_an_alarm(database, caplog):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", facility="Canary Hotline"))
    said = what_is_heard(database, case)
    assert (said.status, said.facility_name) == ("in_custody", None)
    assert ("custody.unmapped_facility", 1) in actions(database)
    assert "canary" not in caplog.text.lower()
    with database.transaction() as session:
        make_facility(session, "Canary Hotline")
    load(database, feed_row("A-1", facility="Canary Hotline"))
    assert what_is_heard(database, case).facility_name == "Canary Hotline"


def test_full_snapshot_makes_the_absent_unconfirmed_until_they_are_seen_again(database):
    cases = open_cases(database, *(f"A-{n}" for n in range(60)))
    everyone = [feed_row(f"A-{n}") for n in range(60)]
    load(database, *everyone, full=True)
    assert what_is_heard(database, cases["A-0"]).status == "in_custody"

    result = load(database, *everyone[1:], full=True)
    assert counts(result) == (59, 0, 0, 59, 0, 0)
    assert not result.held
    assert what_is_heard(database, cases["A-0"]) is NEUTRAL
    assert what_is_heard(database, cases["A-1"]).status == "in_custody"
    assert subject_of(database, cases["A-0"]).absent_since == NOW

    load(database, everyone[0])
    assert what_is_heard(database, cases["A-0"]).status == "in_custody"


def test_delta_says_nothing_of_those_it_does_not_name(database):
    cases = open_cases(database, "A-1", "A-2")
    load(database, feed_row("A-1"), feed_row("A-2"))
    load(database, feed_row("A-1"))
    assert what_is_heard(database, cases["A-2"]).status == "in_custody"


@ON_BOTH
@pytest.mark.parametrize("apart", [0, 1500])
def test_two_lines_about_one_person_that_disagree_are_both_disbelieved(database, apart):
    case = open_cases(database, "A-1")["A-1"]
    between = [feed_row(f"B-{n}") for n in range(apart)]
    result = load(database, feed_row("A-1"), *between, feed_row("A-1", status="released"))
    assert [(r.line, r.field) for r in result.rejected] == [(apart + 3, "subject_id")]
    assert counts(result) == (apart + 2, 1, 0, 0, apart, 1)
    assert what_is_heard(database, case) is NEUTRAL
    load(database, feed_row("A-1", status="released"))
    assert what_is_heard(database, case).status == "released"


def test_two_lines_about_one_person_that_agree_land_once(database):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1"), feed_row("A-1"))
    assert what_is_heard(database, case).status == "in_custody"


def test_two_cases_about_one_person_hear_the_same(database):
    first = open_cases(database, "A-1")["A-1"]
    with database.transaction() as session:
        second = make_case(session, subject=session.get_one(Subject, first.subject_id))
    assert counts(load(database, feed_row("A-1"))) == (1, 1, 0, 0, 0, 0)
    assert what_is_heard(database, first) == what_is_heard(database, second)


def test_times_with_any_offset_are_the_same_moment(database):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", status_at="2026-11-23T10:00:00-05:00", as_of="2026-11-25T14:00Z"))
    row = feed_row("A-1", status_at="2026-11-23T15:00:00+00:00", as_of="2026-11-25T09:30:00-05:00")
    assert load(database, row).unchanged == 1
    assert what_is_heard(database, case).as_of.isoformat() == "2026-11-25T14:30:00+00:00"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"A-1,in_custody,2026-11-25T10:00Z\n", "not the header"),
        (b"subject_id,status\n", "column status_at is missing"),
        ((",".join(COLUMNS) + ",race\n").encode(), "'race' is not known"),
        ((",".join(COLUMNS) + ",status\n").encode(), "status is there twice"),
        ("subject_id,año\n".encode("utf-16"), "not UTF-8"),
        (b"x" * 100_000, "not readable"),
    ],
)
def test_file_without_the_right_header_is_refused_in_one_sentence(database, data, words):
    with pytest.raises(FeedFileError) as refusal:
        import_custody(database, io.BytesIO(data), RULES, full=True, dry_run=False, strict=False, now=NOW)
    said = in_english(refusal.value)
    assert said.startswith("Line 1: ")
    assert words in said
    assert "A-1" not in said
    with database.reading() as session:
        assert session.scalars(select(CustodyImport.state)).all() == ["abandoned"]


def test_header_in_another_order_with_a_byte_order_mark_is_welcome(database):
    case = open_cases(database, "A-1")["A-1"]
    file = feed_file(feed_row("A-1"), columns=tuple(reversed(COLUMNS)))
    source = io.BytesIO(b"\xef\xbb\xbf" + file.read())
    import_custody(database, source, RULES, full=False, dry_run=False, strict=False, now=NOW)
    assert what_is_heard(database, case).status == "in_custody"


def test_old_confirmation_grows_stale_even_if_the_row_just_came(database):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", as_of=NOW - timedelta(hours=25)))
    assert what_is_heard(database, case) is NEUTRAL

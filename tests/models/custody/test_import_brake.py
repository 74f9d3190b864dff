"""The brake: every reason to hold a file, and what the line says meanwhile (R16)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.cases.subject import Subject
from models.custody.custody import CUSTODY_STATUSES
from models.custody.custody_status import NEUTRAL
from models.custody.imports.brake import EarlierChanges, HoldReason, Tally, hold_reasons, is_impossible
from models.custody.imports.held import list_held, reject, release
from tests.factories import NOW, make_case, make_policies
from tests.models.custody.feed import (
    at,
    feed_row,
    held_codes,
    held_ids,
    load,
    open_cases,
    two_staff,
    what_is_heard,
)

POLICIES = make_policies()


def test_number_that_did_not_arrive_holds_what_follows():
    found = hold_reasons(
        Tally(),
        POLICIES,
        open_cases=1,
        people=1,
        last_snapshot_rows=None,
        earlier=EarlierChanges(),
        skipped_batches=2,
    )
    assert [reason.to_text() for reason in found] == ["skips_a_batch 2 0"]


def reasons(tally, *, open_cases=10_000, people=10_000, last=None, peak=1000):
    found = hold_reasons(
        tally,
        POLICIES,
        open_cases=open_cases,
        people=people,
        last_snapshot_rows=last,
        earlier=EarlierChanges(peak_hour=peak, peak_day=1000),
    )
    return [(reason.code, reason.count, reason.limit) for reason in found]


@pytest.mark.parametrize(
    ("changes", "open_cases", "peak", "limit"),
    [
        (10, 50, 0, None),
        (11, 50, 0, 10),
        (100, 10_000, 1000, None),
        (101, 10_000, 1000, 100),
        (60, 10_000, 20, None),
        (61, 10_000, 20, 60),
        (11, 10_000, 0, 10),
    ],
)
def test_more_changes_than_the_larger_of_ten_and_the_smaller_of_one_percent_and_three_peaks_are_held(
    changes, open_cases, peak, limit
):
    found = reasons(Tally(status_changes=changes), open_cases=open_cases, peak=peak)
    assert found == ([] if limit is None else [("status_changes", changes, limit)])


def test_releases_from_denial_above_five_or_a_thousandth_are_held():
    assert reasons(Tally(from_denial=5), people=100) == []
    assert reasons(Tally(from_denial=6), people=100) == [("releases_from_denial", 6, 5)]
    assert reasons(Tally(from_denial=10), people=10_000) == []
    assert reasons(Tally(from_denial=11), people=10_000) == [("releases_from_denial", 11, 10)]


def test_snapshot_that_lacks_more_than_two_percent_of_the_last_one_is_held():
    assert reasons(Tally(usable_rows=980), last=1000) == []
    assert reasons(Tally(usable_rows=979), last=1000) == [("missing_rows", 21, 20)]
    assert reasons(Tally(usable_rows=5), last=None) == []
    assert reasons(Tally(usable_rows=2000), last=1000) == []


def test_one_time_in_the_future_or_one_impossible_change_is_enough():
    assert reasons(Tally(in_the_future=1)) == [("times_in_the_future", 1, 0)]
    assert reasons(Tally(impossible=1)) == [("impossible_changes", 1, 0)]


@given(
    old=st.sampled_from(CUSTODY_STATUSES),
    new=st.sampled_from(CUSTODY_STATUSES),
    hours=st.integers(-48, 48),
)
def test_brake_knows_which_status_cannot_follow_which(old, new, hours):
    custody = new in ("in_custody", "transferred", "returned_to_custody")
    out = old in ("released", "released_on_bond", "released_on_supervision", "escaped")
    expected = (
        (old == "deceased" and new not in ("deceased", "unknown"))
        or (old == "removed" and custody)
        or (out and custody and hours <= 0)
    )
    assert is_impossible(old, NOW, new, NOW + timedelta(hours=hours)) == expected


def test_reason_is_stored_as_words_and_read_back():
    reason = HoldReason("missing_rows", 21, 20.5)
    assert HoldReason.from_text(reason.to_text()) == reason


def test_ten_changes_land_and_a_first_record_does_not_count(database):
    cases = open_cases(database, *(f"A-{n}" for n in range(30)))
    load(database, *(feed_row(f"A-{n}", as_of=at(-2)) for n in range(10)), now=at(-2))
    rows = [feed_row(f"A-{n}", status="released", status_at=at(-1)) for n in range(30)]
    result = load(database, *rows)
    assert (result.held, result.new, result.changed) == (False, 20, 10)
    assert what_is_heard(database, cases["A-0"]).status == "released"


def test_each_open_case_counts_and_a_second_case_about_one_person_is_a_second_change(database):
    cases = open_cases(database, *(f"A-{n}" for n in range(10)))
    with database.transaction() as session:
        make_case(session, subject=session.get_one(Subject, cases["A-0"].subject_id))
    load(database, *(feed_row(f"A-{n}", as_of=at(-2)) for n in range(10)), now=at(-2))
    rows = [feed_row(f"A-{n}", status="released", status_at=at(-1)) for n in range(10)]
    assert load(database, *rows).held


def test_row_dated_in_the_future_holds_the_file_and_never_lands(database):
    cases = open_cases(database, "A-1", "A-2")
    load(database, feed_row("A-1"), feed_row("A-2"))
    rows = [
        feed_row("A-1", status="released", status_at=at(0), as_of=at(2)),
        feed_row("A-2", status="released", status_at=at(0)),
    ]
    assert load(database, *rows).held
    assert held_codes(database) == [["times_in_the_future"]]
    done = release(database, held_ids(database)[0], **two_staff(database), now=at(0))
    assert (done.landed, done.dropped) == (1, 1)
    assert what_is_heard(database, cases["A-1"]) is NEUTRAL
    assert what_is_heard(database, cases["A-2"]).status == "released"


FUTURE = {"as_of": at(3)}


@pytest.mark.parametrize(
    ("before", "row", "heard"),
    [
        ({}, {}, "in_custody"),
        ({}, {"status": "released", "status_at": at(2.5)}, None),
        ({}, {"asylum_related": "yes"}, None),
        ({"status": "released"}, {"status": "returned_to_custody", "status_at": at(2.5)}, "released"),
        ({"status": "released"}, {"status": "released", "asylum_related": "yes"}, None),
    ],
)
def test_row_in_the_future_that_says_something_else_leaves_nothing_confirmed(database, before, row, heard):
    """The line told the custody of before. Whoever released the file read that it would confirm nothing."""
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", **before))
    assert load(database, feed_row("A-1", **FUTURE | row), now=at(1)).held
    assert what_is_heard(database, case, at(1)) is NEUTRAL
    release(database, held_ids(database)[0], **two_staff(database), now=at(1.1))

    assert what_is_heard(database, case, at(1.1)).status == heard
    load(database, feed_row("A-1", **before, as_of=at(0.9)), now=at(1.2))
    assert what_is_heard(database, case, at(1.2)).status == heard
    load(database, feed_row("A-1", **before, as_of=at(1.2)), now=at(1.3))
    assert what_is_heard(database, case, at(1.3)).status == before.get("status", "in_custody")


def test_newer_row_that_came_while_a_file_with_a_wrong_clock_was_held_is_told(database):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1"))
    assert load(database, feed_row("A-1", status="escaped", **FUTURE), now=at(1)).held
    load(database, feed_row("A-1", as_of=at(1.5)), now=at(1.5))
    release(database, held_ids(database)[0], **two_staff(database), now=at(1.6))

    assert what_is_heard(database, case, at(1.6)).status == "in_custody"


def test_clock_a_few_minutes_ahead_is_no_time_in_the_future(database):
    case = open_cases(database, "A-1")["A-1"]
    assert not load(database, feed_row("A-1", as_of=NOW + timedelta(minutes=5))).held
    assert what_is_heard(database, case).status == "in_custody"


def test_dead_person_does_not_return_even_by_way_of_unknown(database):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", status="deceased"))
    assert not load(database, feed_row("A-1", status="unknown")).held
    assert load(database, feed_row("A-1")).held
    assert held_codes(database) == [["impossible_changes"]]
    assert what_is_heard(database, case) is NEUTRAL


def test_back_in_custody_needs_a_newer_date(database):
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1", status="released_on_bond", status_at=at(-5)))
    assert not load(database, feed_row("A-1", status="returned_to_custody", status_at=at(-4))).held
    assert what_is_heard(database, case).status == "returned_to_custody"
    load(database, feed_row("A-1", status="escaped", status_at=at(-3)))
    assert load(database, feed_row("A-1", status="in_custody", status_at=at(-3))).held


def test_many_releases_from_denial_are_held_without_a_word_on_whom_or_why(database):
    cases = open_cases(database, *(f"A-{n}" for n in range(6)))
    load(database, *(feed_row(f"A-{n}", asylum_related="yes") for n in range(6)))
    assert load(database, *(feed_row(f"A-{n}") for n in range(6))).held
    with database.reading() as session:
        (entry,) = list_held(session)
    assert entry.reasons == (HoldReason("releases_from_denial", 6, 5),)
    assert what_is_heard(database, cases["A-0"]) is NEUTRAL


def test_cut_snapshot_is_held_and_those_it_lacks_cannot_be_confirmed(database):
    cases = open_cases(database, *(f"A-{n}" for n in range(40)))
    everyone = [feed_row(f"A-{n}") for n in range(40)]
    load(database, *everyone, full=True)
    assert load(database, *everyone[:39], full=True).held
    assert held_codes(database) == [["missing_rows"]]
    assert what_is_heard(database, cases["A-39"]) is NEUTRAL
    assert what_is_heard(database, cases["A-0"]).status == "in_custody"
    reject(database, held_ids(database)[0], by=two_staff(database)["by"], now=NOW)
    assert what_is_heard(database, cases["A-39"]).status == "in_custody"


def test_empty_snapshot_is_held_and_takes_no_status_away(database):
    cases = open_cases(database, *(f"A-{n}" for n in range(3)))
    load(database, *(feed_row(f"A-{n}") for n in range(3)))
    assert load(database, full=True).held
    assert held_codes(database) == [["empty_snapshot"]]
    assert what_is_heard(database, cases["A-0"]) is NEUTRAL
    reject(database, held_ids(database)[0], by=two_staff(database)["by"], now=NOW)
    assert what_is_heard(database, cases["A-0"]).status == "in_custody"


def test_first_snapshot_that_lacks_many_people_on_record_is_held(database):
    open_cases(database, *(f"A-{n}" for n in range(20)))
    load(database, *(feed_row(f"A-{n}") for n in range(20)))
    assert load(database, *(feed_row(f"A-{n}") for n in range(9)), full=True).held
    assert held_codes(database) == [["status_changes"]]


def test_snapshot_that_lacks_a_few_lands(database):
    cases = open_cases(database, *(f"A-{n}" for n in range(4)))
    load(database, *(feed_row(f"A-{n}") for n in range(4)))
    assert not load(database, *(feed_row(f"A-{n}") for n in range(3)), full=True).held
    assert what_is_heard(database, cases["A-3"]) is NEUTRAL

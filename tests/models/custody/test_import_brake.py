"""The brake: every reason to hold, what the line says meanwhile, and how people settle it (R16)."""

import dataclasses
import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from models.audit.audit import AuditEntry
from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.brake import EarlierChanges, HoldReason, Tally, hold_reasons, is_impossible
from models.custody.custody import CUSTODY_STATUSES, CustodyRecord
from models.custody.custody_import import CustodyImport, ImportRow
from models.custody.custody_status import NEUTRAL
from models.custody.held_import import SettleError, list_held, reject, release
from models.custody.refusals import SettleRefusal
from tests.factories import NOW, make_case, make_court, make_policies, make_staff
from tests.models.custody.feed import RULES, at, feed_row, load, open_cases, what_is_heard

POLICIES = make_policies()
#: Each example of a property is in a month of its own, since the brake remembers.
RUNS = itertools.count(1)


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


def held_codes(database):
    with database.reading() as session:
        return [[reason.code for reason in entry.reasons] for entry in list_held(session)]


def held_ids(database):
    with database.reading() as session:
        return [entry.id for entry in list_held(session)]


def two_staff(database):
    with database.transaction() as session:
        make_staff(session, "ana@office.example.org")
        make_staff(session, "ben@office.example.org", role="supervisor")
    return {"by": "ana@office.example.org", "and_by": "Ben@office.example.org", "tied_days": 30}


def eleven_held_releases(database):
    """Twelve in custody; then a file that releases eleven of them at once and confirms the twelfth."""
    cases = open_cases(database, *(f"A-{n}" for n in range(12)))
    load(database, *(feed_row(f"A-{n}", as_of=at(-2)) for n in range(12)), now=at(-2))
    rows = [feed_row(f"A-{n}", status="released", status_at=at(-1)) for n in range(11)]
    result = load(database, *rows, feed_row("A-11"))
    return cases, result


def test_held_import_changes_nothing_and_those_it_would_change_cannot_be_confirmed(database):
    cases, result = eleven_held_releases(database)
    assert (result.held, result.changed, result.unchanged) == (True, 11, 1)
    assert held_codes(database) == [["status_changes"]]
    assert what_is_heard(database, cases["A-0"]) is NEUTRAL
    assert what_is_heard(database, cases["A-11"]).status == "in_custody"
    with database.reading() as session:
        assert session.scalar(select(func.count(CustodyRecord.id))) == 12


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


def test_two_people_release_it_and_then_it_is_said(database):
    cases, _ = eleven_held_releases(database)
    (import_id,) = held_ids(database)
    done = release(database, import_id, **two_staff(database), now=at(1))
    assert (done.landed, done.dropped) == (12, 0)
    assert held_ids(database) == []
    assert what_is_heard(database, cases["A-0"], at(1)).status == "released"
    with database.reading() as session:
        assert session.scalars(select(ImportRow)).all() == []
        entry = session.get_one(CustodyImport, import_id)
        assert (entry.state, entry.settled_by) == (
            "landed", ["ana@office.example.org", "ben@office.example.org"],
        )  # fmt: skip
        who = session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "release_import"))
        assert sorted(who) == ["ana@office.example.org", "ben@office.example.org"]


def test_one_person_alone_or_a_stranger_cannot_release_it(database):
    cases, _ = eleven_held_releases(database)
    (import_id,) = held_ids(database)
    staff = two_staff(database)
    with pytest.raises(SettleError, match=f"^{SettleRefusal.TWO_PEOPLE}$"):
        release(database, import_id, by=staff["by"], and_by=" ANA@office.example.org", now=NOW, tied_days=30)
    with pytest.raises(SettleError, match=f"^{SettleRefusal.NOT_STAFF}$"):
        release(database, import_id, by=staff["by"], and_by="nobody@example.org", now=NOW, tied_days=30)
    with pytest.raises(SettleError, match=f"^{SettleRefusal.NO_HELD_IMPORT}$"):
        release(database, 999, **staff, now=NOW)
    assert what_is_heard(database, cases["A-0"]) is NEUTRAL


def test_rejected_import_frees_the_people_that_it_held_and_changes_nothing(database):
    cases, _ = eleven_held_releases(database)
    (import_id,) = held_ids(database)
    by = two_staff(database)["by"]
    reject(database, import_id, by=by, now=NOW)
    assert what_is_heard(database, cases["A-0"]).status == "in_custody"
    with pytest.raises(SettleError):
        reject(database, import_id, by=by, now=NOW)


def test_row_that_was_overtaken_while_held_is_dropped_at_the_release(database):
    cases, _ = eleven_held_releases(database)
    (import_id,) = held_ids(database)
    assert not load(database, feed_row("A-0", as_of=at(1)), now=at(1)).held
    assert what_is_heard(database, cases["A-0"], at(1)) is NEUTRAL

    done = release(database, import_id, **two_staff(database), now=at(1))

    assert (done.landed, done.dropped) == (11, 1)
    said = what_is_heard(database, cases["A-0"], at(1))
    assert (said.status, said.as_of) == ("in_custody", at(1))


def test_person_whom_two_imports_hold_is_free_when_both_are_settled(database):
    cases, _ = eleven_held_releases(database)
    rows = [feed_row(f"A-{n}", status="escaped", status_at=at(0), as_of=at(1)) for n in range(11)]
    assert load(database, *rows, now=at(1)).held
    first, second = held_ids(database)
    staff = two_staff(database)
    reject(database, first, by=staff["by"], now=at(1))
    assert what_is_heard(database, cases["A-0"], at(1)) is NEUTRAL
    release(database, second, **staff, now=at(1))
    assert what_is_heard(database, cases["A-0"], at(1)).status == "escaped"


def test_newer_import_that_people_released_ends_the_hold_of_an_older_one(database):
    cases, _ = eleven_held_releases(database)
    rows = [feed_row(f"A-{n}", status="released", status_at=at(-1), as_of=at(1)) for n in range(11)]
    assert load(database, *rows, now=at(1)).held
    first, second = held_ids(database)
    release(database, second, **two_staff(database), now=at(1))
    assert what_is_heard(database, cases["A-0"], at(1)) is NEUTRAL
    reject(database, first, by="ana@office.example.org", now=at(1))
    assert what_is_heard(database, cases["A-0"], at(1)).status == "released"


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


COURT = "Elizabeth Immigration Court"


def add_court(database):
    with database.transaction() as session:
        make_court(session, COURT)


def dated_row(who, column, date, **values):
    """A row with this date; a hearing is at a court of the directory."""
    return feed_row(who, next_hearing_place=COURT, **values, **{column: date})


@pytest.mark.parametrize(
    ("column", "policy", "code"),
    [
        ("expected_release_at", "expected_release_reminder_days", "moved_releases"),
        ("next_hearing_at", "hearing_reminder_days", "moved_hearings"),
    ],
)
def test_column_of_dates_that_slipped_by_a_row_is_held_before_it_calls_everybody(
    database, column, policy, code
):
    """Reminders are calls like those about a status: one slipped column would call every registrant."""
    people = [f"A-{n}" for n in range(24)]
    open_cases(database, *people)
    add_court(database)
    dates = [at(48 + 24 * n) for n in range(12)] + [""] * 12
    known = [dated_row(who, column, date) for who, date in zip(people, dates, strict=True)]
    assert not load(database, *known).held
    later = {"now": at(0.5)}
    moved_on = zip(people, dates[-1:] + dates[:-1], strict=True)
    slipped = [dated_row(who, column, date, as_of=at(0.5)) for who, date in moved_on]

    off = dataclasses.replace(RULES, policies=dataclasses.replace(POLICIES, **{policy: 0}))
    assert not load(database, *slipped, **later, dry_run=True, rules=off).held
    moved = [dated_row(who, column, at(500), as_of=at(0.5)) for who in people[:10]]
    assert not load(database, *moved, **later, dry_run=True).held
    assert load(database, *slipped, **later).held
    assert held_codes(database) == [[code]]


@pytest.mark.parametrize(
    ("column", "code"),
    [("expected_release_at", "moved_releases_day"), ("next_hearing_at", "moved_hearings_day")],
)
def test_column_that_slipped_is_held_however_small_its_files_are(database, column, code):
    """A sender of one person after the other called every registrant about somebody else's date."""
    people = [f"A-{n}" for n in range(30)]
    open_cases(database, *people)
    add_court(database)
    load(database, *(dated_row(who, column, at(100 + n)) for n, who in enumerate(people)))
    held = [
        load(database, dated_row(who, column, at(200), as_of=at(0.1 + n / 2)), now=at(0.1 + n / 2)).held
        for n, who in enumerate(people)
    ]

    assert held == [False] * 20 + [True] * 10
    assert held_codes(database) == [[code]] * 10
    assert not load(database, dated_row(people[0], column, at(300), as_of=at(40)), now=at(40)).held


def test_hearings_at_courts_outside_the_directory_hold_no_file(database):
    """Nobody is called about them. The people of such a file could not be confirmed for nothing."""
    people = [f"A-{n}" for n in range(24)]
    open_cases(database, *people)
    load(database, *(feed_row(who, next_hearing_at=at(100), next_hearing_place="Nowhere") for who in people))
    moved = (
        feed_row(who, next_hearing_at=at(200), next_hearing_place="Nowhere", as_of=at(0.5)) for who in people
    )

    assert not load(database, *moved, now=at(0.5)).held


def test_hearings_that_are_over_or_of_people_who_got_out_are_no_slipped_column(database):
    """A feed empties what is over. More cases get out than that are held for their status alone."""
    people = [f"A-{n}" for n in range(24)]
    open_cases(database, *people)
    over, ahead = people[:12], people[12:22]
    rows = [feed_row(who, next_hearing_at=at(0.2)) for who in over]
    rows += [feed_row(who, expected_release_at=at(48)) for who in ahead]
    load(database, *rows)
    news = [feed_row(who, as_of=at(0.5)) for who in over]
    news += [feed_row(who, status="released", status_at=at(0.4), as_of=at(0.5)) for who in ahead]

    assert not load(database, *news, now=at(0.5)).held


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


def test_peak_hour_of_the_last_month_lets_three_times_as_much_through(database):
    names = [f"A-{n}" for n in range(1500)]
    with database.transaction() as session:
        first = make_case(session)
        case_rows = {"registrant_id": first.registrant_id, "number_sealed": "x", "pin_hash": "x"}
        subjects = session.execute(
            Subject.__table__.insert().returning(Subject.id),
            [
                {"feed_key": database.keyring.index("feed", n), "feed_id_sealed": "x", "created_at": NOW}
                for n in names
            ],
        ).scalars()
        session.execute(
            Case.__table__.insert(),
            [
                {
                    **case_rows,
                    "subject_id": id_,
                    "number_key": f"k{id_}",
                    "pin_issued_at": NOW,
                    "opened_at": NOW,
                }
                for id_ in subjects
            ],
        )
    load(database, *(feed_row(n, as_of=at(-9)) for n in names), now=at(-9))
    four = [feed_row(n, status="released", status_at=at(-8), as_of=at(-8)) for n in names[:4]]
    assert not load(database, *four, now=at(-8)).held
    # Three times four is twelve, below one percent of 1,501 cases, which is fifteen.
    out = [feed_row(n, status="released", status_at=at(-7), as_of=at(-7)) for n in names[100:113]]
    assert load(database, *out, now=at(-7), dry_run=True).held
    assert not load(database, *out[:12], now=at(-7)).held


@pytest.mark.parametrize(
    ("late", "heard"),
    [
        ({"as_of": at(0.9)}, None),
        ({"as_of": at(1.2)}, "in_custody"),
        ({"as_of": at(0.9), "status": "released", "status_at": at(0.8)}, "released"),
    ],
)
def test_row_that_came_while_a_snapshot_was_held_counts_if_it_is_newer_or_tells_of_a_release(
    database, late, heard
):
    """The line said "in custody" of somebody whom the newest snapshot does not name."""
    case = open_cases(database, *(f"A-{n}" for n in range(40)))["A-39"]
    everyone = [feed_row(f"A-{n}") for n in range(40)]
    load(database, *everyone, full=True)
    later = [feed_row(f"A-{n}", as_of=at(1)) for n in range(39)]
    assert load(database, *later, full=True, now=at(1)).held
    load(database, feed_row("A-39", **late), now=at(1.3))
    release(database, held_ids(database)[0], **two_staff(database), now=at(1.4))

    assert what_is_heard(database, case, at(1.4)).status == heard


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


def in_custody(database, count):
    """``count`` people whom yesterday's file placed in custody."""
    names = [f"A-{n}" for n in range(count)]
    cases = open_cases(database, *names)
    load(database, *(feed_row(n, as_of=at(-30)) for n in names), now=at(-30))
    return cases


def released(*names, hours=0.0):
    return [feed_row(n, status="released", status_at=at(hours - 1), as_of=at(hours)) for n in names]


def test_three_files_of_ten_releases_within_a_minute_are_held_after_the_first(database):
    cases = in_custody(database, 30)
    names = list(cases)
    results = [
        load(database, *released(*names[n : n + 10]), now=NOW + timedelta(seconds=n)) for n in (0, 10, 20)
    ]

    assert [result.held for result in results] == [False, True, True]
    assert what_is_heard(database, cases["A-0"]).status == "released"
    assert what_is_heard(database, cases["A-10"]) is NEUTRAL
    with database.reading() as session:
        assert list_held(session)[0].reasons == (HoldReason("status_changes", 20, 10),)


def test_as_many_may_land_again_after_an_hour_and_no_more_than_twenty_in_a_day(database):
    names = list(in_custody(database, 40))
    assert not load(database, *released(*names[:10])).held
    assert not load(database, *released(*names[10:20], hours=1), now=at(1)).held
    assert load(database, *released(*names[20:21], hours=2), now=at(2)).held
    assert held_codes(database) == [["status_changes_day"]]


def test_file_that_two_people_released_does_not_count_against_the_next(database):
    names = list(in_custody(database, 30))
    assert load(database, *released(*names[:20])).held
    release(database, held_ids(database)[0], **two_staff(database), now=NOW)

    assert not load(database, *released(*names[20:30]), now=NOW + timedelta(minutes=1)).held
    assert load(database, *released("A-0", hours=0.5), feed_row("A-1", as_of=at(1)), now=at(1)).held


def test_releases_from_denial_are_counted_over_the_files_of_an_hour(database):
    names = [f"A-{n}" for n in range(8)]
    open_cases(database, *names)
    load(database, *(feed_row(n, adult="no", as_of=at(-30)) for n in names), now=at(-30))
    assert not load(database, *(feed_row(n) for n in names[:4])).held
    assert load(database, *(feed_row(n) for n in names[4:])).held
    assert held_codes(database) == [["releases_from_denial"]]


def test_snapshots_that_shrink_a_little_each_time_are_held(database):
    names = list(in_custody(database, 60))
    everyone = [feed_row(n, as_of=NOW) for n in names]
    held = [load(database, *everyone[: 60 - n], full=True, now=NOW).held for n in range(4)]
    assert held == [False, False, True, True]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 29), max_size=8))
def test_no_slicing_of_a_file_within_an_hour_lets_more_through_than_the_whole(cuts):
    places = [0, *sorted(set(cuts)), 30]
    earlier, landed = EarlierChanges(), 0
    for start, end in itertools.pairwise(places):
        size = end - start
        reasons_ = hold_reasons(
            Tally(status_changes=size, usable_rows=size), POLICIES, open_cases=100_000, people=100_000,
            last_snapshot_rows=None, earlier=earlier,
        )  # fmt: skip
        if not reasons_:
            landed += size
            earlier = dataclasses.replace(earlier, hour=earlier.hour + size, day=earlier.day + size)
    assert landed <= 10


@settings(
    max_examples=8, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(cuts=st.sets(st.integers(1, 23), max_size=6), minutes=st.integers(0, 9))
def test_no_slicing_of_a_feed_passes_the_brake_when_the_whole_would_not(database, cuts, minutes):
    run = f"{minutes}-{'-'.join(map(str, sorted(cuts)))}"
    later = NOW + timedelta(days=40 * next(RUNS))
    names = [f"{run}-{later:%Y%m%d}-{n}" for n in range(24)]
    open_cases(database, *names)
    load(database, *(feed_row(n, as_of=later - timedelta(hours=30)) for n in names), now=later)
    out = [feed_row(n, status="released", status_at=later, as_of=later) for n in names]
    places, landed = [0, *sorted(cuts), 24], 0
    for turn, (start, end) in enumerate(itertools.pairwise(places)):
        now = later + timedelta(minutes=minutes * turn)
        landed += 0 if load(database, *out[start:end], now=now).held else end - start
    assert landed <= 10

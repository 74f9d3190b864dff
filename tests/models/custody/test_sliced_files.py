"""The brake counts over the files of an hour and of a day: no slicing of a file passes it (R16)."""

import itertools
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.custody_status import NEUTRAL
from models.custody.imports.brake import HoldReason
from models.custody.imports.held import list_held, release
from tests.factories import NOW, make_case
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

#: Each example of a property is in a month of its own, since the brake remembers.
RUNS = itertools.count(1)


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

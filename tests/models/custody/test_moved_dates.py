"""Dates that the feed moves: a slipped column would call every registrant about it (R16)."""

import dataclasses

import pytest

from tests.factories import make_court
from tests.models.custody.feed import (
    RULES,
    at,
    feed_row,
    held_codes,
    load,
    open_cases,
)

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

    off = dataclasses.replace(RULES, policies=dataclasses.replace(RULES.policies, **{policy: 0}))
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

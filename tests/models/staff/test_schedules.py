"""Weeks, holidays and absences: who is on shift or on call by schedule, and what an explicit shift does."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Staff
from models.staff.refusals import StaffRefusal
from models.staff.schedule import add_absence, apply_schedules, is_any_change, set_schedule
from models.staff.staff import StaffError, change_shift
from models.store.database import Database
from tests.factories import make_office, make_staff

EMAIL = "lea@office.example.org"
OFFICE = make_office(always_open=False)
#: Mondays to Fridays, from nine to five in New York.
NINE_TO_FIVE = (time(9), time(17))


def _local(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """A moment of November 2026 by the clocks of New York, which are five hours behind."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) + timedelta(hours=5)


def _hire(database: Database, on_shift: bool = False, span: tuple[time, time] = NINE_TO_FIVE) -> None:
    with database.transaction() as session:
        make_staff(session, EMAIL, on_shift=on_shift)
        set_schedule(
            session, EMAIL, kind="on_shift", weekdays=range(5), span=span, actor="suite", now=_local(1, 0)
        )


def _at(database: Database, moment: datetime) -> Staff:
    """The one person once the schedules were applied, by a transaction only if that changes anything."""
    with database.transaction() as session:
        before = _facts(session)
        is_change = is_any_change(session, moment, OFFICE.zone, OFFICE.is_holiday)
        apply_schedules(session, moment, OFFICE.zone, OFFICE.is_holiday)
        assert is_change == (_facts(session) != before)
        assert not is_any_change(session, moment, OFFICE.zone, OFFICE.is_holiday)
    with database.reading() as session:
        person = session.query(Staff).one()
        session.expunge_all()
        return person


def _facts(session: Session) -> list[Any]:
    return [*session.execute(select(*Staff.__table__.columns))]


def test_week_begins_and_ends_shifts_and_holidays_are_free(database: Database) -> None:
    _hire(database)
    told = {
        (day, hour): _at(database, _local(day, hour)).on_shift
        for day in (24, 25, 26, 27, 28, 30)
        for hour in (8, 9, 16, 17)
    }
    working = {moment for moment, is_on in told.items() if is_on}
    # Thursday the 26th is Thanksgiving, the 28th a Saturday.
    assert working == {(day, hour) for day in (24, 25, 27, 30) for hour in (9, 16)}


def test_explicit_change_counts_until_the_next_scheduled_one(database: Database) -> None:
    _hire(database)
    assert _at(database, _local(24, 10)).on_shift
    _change(database, False, _local(24, 11))
    assert not _at(database, _local(24, 12)).on_shift
    assert not _at(database, _local(24, 18)).on_shift
    _change(database, True, _local(24, 19))
    assert _at(database, _local(25, 3)).on_shift
    assert _at(database, _local(25, 9)).on_shift
    assert not _at(database, _local(25, 17)).on_shift


def _change(database: Database, on_shift: bool, now: datetime) -> None:
    with database.transaction() as session:
        change_shift(session, EMAIL, on_shift=on_shift, actor="suite", now=now)


def test_new_schedule_ends_no_shift_that_a_person_began_themselves(database: Database) -> None:
    _hire(database, on_shift=True)
    for hour, is_on in ((7, True), (9, True), (17, False)):
        assert _at(database, _local(24, hour)).on_shift is is_on


def test_person_without_a_schedule_is_left_alone(database: Database) -> None:
    with database.transaction() as session:
        make_staff(session, EMAIL)
    assert _at(database, _local(24, 3)).on_shift


def test_absence_is_free_and_ends_on_its_last_day(database: Database) -> None:
    _hire(database)
    with database.transaction() as session:
        add_absence(session, EMAIL, date(2026, 11, 24), date(2026, 11, 25), actor="suite", now=_local(1, 0))
    for day, is_there in ((23, True), (24, False), (25, False), (27, True)):
        person = _at(database, _local(day, 10))
        assert (person.on_shift, person.away) == (is_there, not is_there)


def test_person_on_call_is_on_call_over_midnight_and_over_holidays(database: Database) -> None:
    with database.transaction() as session:
        make_staff(session, EMAIL, on_shift=False)
        set_schedule(
            session, EMAIL, kind="on_call", weekdays=[3], span=(time(20), time(8)), actor="suite",
            now=_local(1, 0),
        )  # fmt: skip
    for moment, is_on in (
        (_local(26, 19, 59), False),
        (_local(26, 20), True),
        (_local(27, 7, 59), True),
        (_local(27, 8), False),
        (_local(27, 20), False),
    ):
        person = _at(database, moment)
        assert (person.on_call, person.on_shift) == (is_on, False)


def test_days_are_set_again_and_cleared(database: Database) -> None:
    _hire(database)
    with database.transaction() as session:
        set_schedule(
            session, EMAIL, kind="on_shift", weekdays=[1], span=None, actor="suite", now=_local(1, 0)
        )
    assert not _at(database, _local(24, 10)).on_shift
    assert _at(database, _local(25, 10)).on_shift


@pytest.mark.parametrize("days", [[1], range(5)], ids=["the day", "the whole week"])
def test_person_on_shift_by_a_schedule_goes_off_it_when_the_schedule_is_removed(
    database: Database, days: list[int]
) -> None:
    _hire(database)
    assert _at(database, _local(24, 10)).on_shift
    with database.transaction() as session:
        set_schedule(
            session, EMAIL, kind="on_shift", weekdays=days, span=None, actor="suite", now=_local(24, 11)
        )
    assert not _at(database, _local(24, 11)).on_shift
    _change(database, True, _local(24, 12))
    assert _at(database, _local(24, 12)).on_shift, "they begin one by themselves"


def test_unknown_person_has_no_week(database: Database) -> None:
    with (
        pytest.raises(StaffError, match=f"^{StaffRefusal.UNKNOWN_EMAIL}$"),
        database.transaction() as session,
    ):
        add_absence(
            session, "nobody@x.example", date(2026, 1, 1), date(2026, 1, 2), actor="s", now=_local(1, 0)
        )


@given(at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_shift_of_the_week_is_never_on_a_day_off(at: datetime) -> None:
    from zoneinfo import ZoneInfo

    from models.staff.schedule import Schedule, covers

    zone = ZoneInfo(OFFICE.time_zone)
    for weekday in range(7):
        span = Schedule(kind="on_shift", weekday=weekday, starts=time(9), ends=time(17))
        local = at.astimezone(zone)
        inside = local.weekday() == weekday and time(9) <= local.time() < time(17)
        assert covers(span, at, zone, OFFICE.is_holiday, ()) == (
            inside and not OFFICE.is_holiday(local.date())
        )

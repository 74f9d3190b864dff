"""A time that the person agreed to on the phone: also outside the part of the day that they had chosen."""

from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from config.office import Office as Settings
from models import Callback, Staff
from models.staff.schedule import add_absence, set_schedule
from models.store.database import Database
from tests.console.callbacks.office import Office, just_talked
from tests.console.conftest import Member
from tests.factories import make_office

#: Thursday evening, 5 to 9 PM, in New York.
EVENING = {
    "time_zone": "America/New_York",
    "window_starts": datetime.fromisoformat("2026-11-26T17:00-05:00"),
    "window_ends": datetime.fromisoformat("2026-11-26T21:00-05:00"),
}


@pytest.fixture
def office() -> Settings:
    """Open from 8 AM to 8 PM Eastern Time."""
    return make_office(always_open=False)


def works_until_five(database: Database, who: Member) -> None:
    with database.transaction() as session:
        email = session.get_one(Staff, who.staff_id).email
        set_schedule(
            session, email, kind="on_shift", weekdays=range(7), span=(time(9), time(17)), actor="test",
            now=datetime.fromisoformat("2026-11-25T15:00+00:00"),
        )  # fmt: skip


def the_next(database: Database, done: int) -> Callback:
    with database.reading() as session:
        found = session.scalars(select(Callback).where(Callback.id != done)).one()
        session.expunge(found)
        return found


def test_person_who_chose_the_evening_and_asks_to_be_called_in_the_morning_is_called_then(
    liaison: Member, office_rows: Office, database: Database
) -> None:
    """They can talk in the morning after all: in the evening the person whom they fear is there."""
    done = just_talked(office_rows, liaison, **EVENING)
    liaison.opens(f"/console/callbacks/{done}")

    liaison.fills(outcome="call_later", call_day="2026-11-27", call_time="10:00").clicks("Save outcome")

    later = the_next(database, done)
    friday_at_ten = datetime.fromisoformat("2026-11-27T10:00-05:00")
    assert later.next_attempt_at == friday_at_ten
    # Nobody calls before, and the next tries are at those hours too.
    assert (later.window_starts, later.window_ends) == (friday_at_ten, friday_at_ten + timedelta(hours=4))
    assert liaison.reads("Not yet: window opens Fri 10 AM")
    liaison.opens(f"/console/callbacks/{later.id}")
    assert liaison.reads("Nobody may call this person before Fri 10:00 AM there: their hours begin then.")


@pytest.mark.parametrize("urgency", ["other", "urgent"])
def test_part_of_the_day_is_left_by_reschedule_only_if_the_person_agreed(
    liaison: Member, office_rows: Office, urgency: str
) -> None:
    due_at = datetime.fromisoformat("2026-11-28T21:00-05:00")
    callback_id = office_rows.promises(urgency=urgency, due_at=due_at, rank=None, **EVENING)
    liaison.opens(f"/console/callbacks/{callback_id}")

    liaison.fills(day="2026-11-27", time="10:00", agreed="no").clicks("Reschedule")
    assert liaison.reads("That is outside this person's hours or the office's.", "is Nov 27, 2026, 5:00 PM.")
    assert office_rows.row(callback_id).window_starts == EVENING["window_starts"]
    liaison.fills(agreed="yes").clicks("Reschedule")

    assert liaison.reads("The line will call at that time.")
    row, friday_at_ten = office_rows.row(callback_id), datetime.fromisoformat("2026-11-27T10:00-05:00")
    assert (row.next_attempt_at, row.window_starts) == (friday_at_ten, friday_at_ten)


def test_time_in_the_part_of_the_day_keeps_that_part_for_the_next_try(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(rank=None, **EVENING)
    liaison.opens(f"/console/callbacks/{callback_id}")

    liaison.fills(day="2026-11-27", time="18:00", agreed="yes").clicks("Reschedule")

    assert office_rows.row(callback_id).window_starts == EVENING["window_starts"]


def test_part_of_the_day_that_another_caller_without_the_pin_chose_is_not_changed(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(case=False, asked_elsewhere=True, rank=None, **EVENING)
    liaison.opens(f"/console/callbacks/{callback_id}")

    liaison.fills(day="2026-11-27", time="10:00", agreed="yes").clicks("Reschedule")

    assert office_rows.row(callback_id).window_starts == EVENING["window_starts"]


@pytest.mark.parametrize("does", ["Save outcome", "Reschedule"])
def test_no_time_is_agreed_at_which_nobody_is_there_to_call(
    liaison: Member, office_rows: Office, database: Database, does: str
) -> None:
    """The only liaison works until five: the person would wait for a phone that nobody rings."""
    works_until_five(database, liaison)
    if does == "Reschedule":
        fields = {"day": "2026-11-27", "time": "18:00", "agreed": "yes"}
        callback_id = office_rows.promises()
    else:
        fields = {"outcome": "call_later", "call_day": "2026-11-27", "call_time": "18:00"}
        callback_id = just_talked(office_rows, liaison)
    liaison.opens(f"/console/callbacks/{callback_id}").fills(**fields).clicks(does)

    assert liaison.status == 422
    assert liaison.reads("Nobody is there to call then. The next possible time is Nov 30, 2026, 9:00 AM.")
    if does == "Reschedule":
        liaison.fills(time="16:30").clicks(does)
        assert liaison.reads("The line will call at that time.")


def test_day_off_of_the_only_liaison_is_no_day_to_agree_on(
    liaison: Member, office_rows: Office, database: Database
) -> None:
    with database.transaction() as session:
        friday, email = date(2026, 11, 27), session.get_one(Staff, liaison.staff_id).email
        add_absence(session, email, friday, friday, actor="test", now=office_rows.clock())
    callback_id = office_rows.promises()

    liaison.opens(f"/console/callbacks/{callback_id}")
    liaison.fills(day="2026-11-27", time="12:30", agreed="yes").clicks("Reschedule")

    assert liaison.reads("Nobody is there to call then.", "8:00 AM")


def test_holiday_of_the_office_is_not_said_to_be_outside_the_hours_of_the_person_alone(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}")

    liaison.fills(day="2026-11-26", time="12:00", agreed="yes").clicks("Reschedule")

    assert liaison.reads("That is outside this person's hours or the office's.", "is Nov 27, 2026, 8:00 AM.")


def test_page_does_not_invite_to_call_before_the_time_that_was_agreed_on(
    liaison: Member, office_rows: Office
) -> None:
    """They may be alone only then. A later try that missed them binds nobody."""
    callback_id = office_rows.promises()
    page = f"/console/callbacks/{callback_id}"
    liaison.opens(page).fills(day="2026-11-27", time="12:00", agreed="yes").clicks("Reschedule")
    assert liaison.reads("the time that staff set. Call before it only if the person asks for that.")
    assert not liaison.reads("You may call now.")

    row = office_rows.row(callback_id)
    office_rows.becomes(callback_id, next_attempt_at=row.next_attempt_at + timedelta(minutes=30))

    assert liaison.opens(page).reads("from Fri 12:30 PM there. You may call now.")

"""The part of the day that a person chooses is one in which somebody is there to call them (R35, R36)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from config.office import Office
from models import Callback, Registrant, Staff
from models import Phone as PhoneRow
from models.callbacks.appointment import reschedule
from models.callbacks.promised_time import change_person
from models.callbacks.refusals import CallbackRefusal
from models.staff.schedule import add_absence
from models.staff.set_away import note_miss
from models.staff.staff import change_shift
from models.store.refusal import RefusedError
from models.talks.own_call import call_now
from tests.calls.conftest import Hotline
from tests.calls.stories import asks_very_soon, opens_the_case, works
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase, make_duress_pin, make_office
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
DAY, EVENING = (time(9), time(16)), (time(17), time(20))
FRIDAY, WEEKEND = date(2026, 12, 4), date(2026, 12, 6)


@pytest.fixture
def office() -> Office:
    """Open from 8 AM to 8 PM Eastern Time."""
    return make_office(always_open=False)


@pytest.fixture
def now() -> datetime:
    """A Friday, 11 AM in the office."""
    return datetime(2026, 12, 4, 16, 0, tzinfo=UTC)


def is_away(hotline: Hotline, person: Staff, first_day: date, last_day: date) -> None:
    with hotline.database.transaction() as session:
        add_absence(session, person.email, first_day, last_day, actor="shell", now=hotline.clock.now)


def chooses(phone: Phone, part: str, language: str = "1", case: MadeCase | None = None) -> None:
    """The caller asks for a callback in this part of the day, with the PIN of ``case`` or without one."""
    if case is None:
        phone.dials_in()
        for key in (language, "2", "1", "2", "1"):
            phone.presses(key)
    else:
        opens_the_case(phone, case, language=language)
        if "hard to hear" in phone.heard:
            phone.presses("1")
            phone.says_nothing()
        for key in ("2", "2"):
            phone.presses(key)
    phone.presses({"morning": "1", "afternoon": "2", "evening": "3"}[part])


def first_ring(hotline: Hotline, phone: Phone, hours: int) -> datetime | None:
    """The first hour in which an office's phone rings after the caller has hung up, of so many ``hours``."""
    phone.hangs_up()
    for _ in range(hours):
        hotline.clock.passes(hours=1)
        hotline.sweeps()
        if hotline.rung():
            return hotline.clock.now
    return None


@pytest.mark.parametrize(("has_pin", "language"), [(True, "1"), (False, "2")])
def test_evening_is_that_of_the_next_day_on_which_somebody_works_then(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, has_pin: bool, language: str
) -> None:
    """They heard "We will try today, in the evening", and no phone rang that evening."""
    works(hotline, make_staff(), "on_shift", *DAY)
    late = make_staff(email="lee@office.example.org", phone="+12025550171", on_shift=False)
    works(hotline, late, "on_shift", *EVENING)
    is_away(hotline, late, FRIDAY, WEEKEND)

    chooses(phone, "evening", language, make_case(custody_status="in_custody") if has_pin else None)

    monday = {
        "1": ("on Monday, December 7, in the evening", "no later than Monday, December 7 at 9:00 PM"),
        "2": (
            "el lunes 7 de diciembre, después de las cinco",
            "a más tardar el lunes 7 de diciembre a las 9:00",
        ),
    }
    assert phone.hears(*monday[language])
    assert first_ring(hotline, phone, 80) == datetime(2026, 12, 7, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pin", "language"), [("their own", "1"), ("denied", "2"), ("duress", "1"), ("duress", "2")]
)
def test_part_of_the_day_outside_the_hours_of_their_phone_is_not_promised(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, pin: str, language: str
) -> None:
    """They heard "We will try today, in the afternoon", and the callback was left to staff without a ring."""
    works(hotline, make_staff(), "on_shift", *DAY)
    facts = {"record": {"releasable": False}} if pin == "denied" else {}
    case = make_case(custody_status="in_custody", phone=CALLER, **facts)
    with hotline.database.transaction() as session:
        session.execute(update(PhoneRow).values(window_starts=time(9), window_ends=time(12)))
        case = make_duress_pin(session, case, now=hotline.clock.now) if pin == "duress" else case

    chooses(phone, "afternoon", language, case)

    not_then = {"1": "We do not call that phone then", "2": "A esas horas no llamamos a ese teléfono"}
    assert phone.hears(not_then[language])
    assert hotline.rows(select(Callback)) == []
    phone.presses("1")
    assert phone.hears({"1": "today, in the morning", "2": "hoy, por la mañana"}[language])
    if pin != "duress":
        assert first_ring(hotline, phone, 80) == datetime(2026, 12, 7, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", ["in_custody", "released"])
def test_part_of_the_day_in_which_nobody_ever_works_is_not_promised(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, status: str
) -> None:
    works(hotline, make_staff(), "on_shift", *DAY)
    lately = {"status_at": hotline.clock.now - timedelta(hours=5)}

    chooses(phone, "evening", case=make_case(custody_status=status, record=lately))

    assert phone.hears("We are closed then. Please choose another time.", "For the morning, press 1")
    assert hotline.rows(select(Callback)) == []
    phone.presses("1")
    assert phone.hears("We will call you no later than")


@ON_SQLITE
def test_hard_news_on_a_weekend_is_told_in_the_part_of_the_day_that_was_said(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """They heard "We will try today", and an hour of Monday that was over before the afternoon began."""
    works(hotline, make_staff(on_shift=False), "on_shift", *DAY)
    hotline.clock.passes(days=1)
    lately = {"status_at": hotline.clock.now - timedelta(hours=5)}

    chooses(phone, "afternoon", case=make_case(custody_status="released", record=lately))

    assert phone.hears(
        "on Monday, December 7, in the afternoon", "no later than Monday, December 7 at 5:00 PM"
    )
    assert phone.hears("call the suicide and crisis line, at 988")
    assert first_ring(hotline, phone, 60) == datetime(2026, 12, 7, 17, 0, tzinfo=UTC)


def test_person_whose_evening_nobody_can_keep_any_more_hears_the_true_day(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    works(hotline, make_staff(), "on_shift", *DAY)
    late = make_staff(email="lee@office.example.org", phone="+12025550171", on_shift=False)
    works(hotline, late, "on_shift", *EVENING)
    case = make_case(custody_status="in_custody")
    chooses(phone, "evening", case=case)
    assert phone.hears("We will try today, in the evening")
    phone.hangs_up()

    is_away(hotline, late, FRIDAY, date(2026, 12, 7))
    again = phone.another()
    opens_the_case(again, case)
    again.presses("2")

    assert again.hears(
        "on Tuesday, December 8, in the evening", "We cannot call you by the time that we told"
    )
    assert again.hears("no later than Tuesday, December 8 at 9:00 PM")


def test_liaison_who_was_set_away_does_not_keep_the_afternoon(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    away = make_staff(on_shift=False, scheduled_shift=True, set_away_at=hotline.clock.now)
    works(hotline, away, "on_shift", *DAY)
    with hotline.database.transaction() as session:
        session.get_one(Staff, away.id).scheduled_shift = True

    chooses(phone, "afternoon", case=make_case(custody_status="in_custody"))

    assert phone.hears("on Monday, December 7, in the afternoon")


@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize("how", ["ended", "set away"])
def test_liaison_who_begins_shifts_by_hand_and_went_home_does_not_keep_the_evening(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, how: str, language: str
) -> None:
    """They heard "We will try today, in the evening", though the only liaison had ended their shift."""
    liaison = make_staff()
    with hotline.database.transaction() as session:
        if how == "ended":
            change_shift(session, liaison.email, on_shift=False, actor="shell", now=hotline.clock.now)
        else:
            for _ in range(hotline.policies.away_after_misses):
                note_miss(session, liaison.id, hotline.clock.now, hotline.policies)
    hotline.clock.passes(hours=1)

    chooses(phone, "evening", language, make_case(custody_status="in_custody"))

    monday = {"1": "on Monday, December 7, in the evening", "2": "el lunes 7 de diciembre"}
    assert phone.hears(monday[language])


@pytest.mark.parametrize("language", ["1", "2"])
def test_part_of_the_day_that_begins_at_an_agreed_evening_hour_does_not_last_into_the_night(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, language: str
) -> None:
    """They heard "between seven in the evening and midnight"; no promised call rings after nine (R29)."""
    liaison, case = make_staff(), make_case(custody_status="in_custody")
    chooses(phone, "afternoon", language, case)
    phone.hangs_up()
    (callback,) = hotline.rows(select(Callback))
    monday_at_seven = datetime(2026, 12, 8, 0, 0, tzinfo=UTC)

    with hotline.database.transaction() as session:
        me = session.get_one(Staff, liaison.id)
        reschedule(session, callback.id, me, monday_at_seven, hotline.clock.now, hotline.policy)

    again = phone.another()
    opens_the_case(again, case, language=language)
    again.presses("2")
    hours = {
        "1": "on Monday, December 7, between seven in the evening and nine in the evening",
        "2": "el lunes 7 de diciembre, entre las siete de la noche y las nueve de la noche",
    }
    assert again.hears(hours[language])


def test_part_chosen_after_an_agreed_time_is_that_of_the_zone_to_which_they_move(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """The agreed moment stays in any zone. The afternoon that they chose later did so too: 9 AM there."""
    liaison, case = make_staff(), make_case(custody_status="in_custody")
    chooses(phone, "evening", case=case)
    phone.hangs_up()
    (callback,) = hotline.rows(select(Callback))
    with hotline.database.transaction() as session:
        me = session.get_one(Staff, liaison.id)
        monday_at_ten = datetime(2026, 12, 7, 15, 0, tzinfo=UTC)
        reschedule(session, callback.id, me, monday_at_ten, hotline.clock.now, hotline.policy)
    again = phone.another()
    opens_the_case(again, case)
    for key in ("2", "2", "2"):
        again.presses(key)
    assert again.hears("today, in the afternoon")
    again.hangs_up()

    with hotline.database.transaction() as session:
        person = session.scalars(select(Registrant)).one()
        change_person(session, person, {"time_zone": "America/Los_Angeles"})

    (callback,) = hotline.rows(select(Callback))
    assert callback.window_starts == datetime(2026, 12, 4, 20, 0, tzinfo=UTC)


def test_liaison_who_ends_a_forgotten_shift_before_the_office_opens_keeps_the_evening(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """They ended it at 7 AM, and began the next one at 8. A caller between heard "on Monday"."""
    liaison = make_staff()
    hotline.clock.now = datetime(2026, 12, 4, 12, 0, tzinfo=UTC)
    with hotline.database.transaction() as session:
        change_shift(session, liaison.email, on_shift=False, actor="shell", now=hotline.clock.now)
    hotline.clock.passes(minutes=30)

    chooses(phone, "evening", case=make_case(custody_status="in_custody"))

    assert phone.hears("We will try today, in the evening")


def test_liaison_who_begins_shifts_by_hand_and_came_back_keeps_the_evening(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    liaison = make_staff()
    for on_shift in (False, True):
        with hotline.database.transaction() as session:
            change_shift(session, liaison.email, on_shift=on_shift, actor="shell", now=hotline.clock.now)

    chooses(phone, "evening", case=make_case(custody_status="in_custody"))

    assert phone.hears("We will try today, in the evening")
    assert first_ring(hotline, phone, 7) == datetime(2026, 12, 4, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", ["1", "2"])
def test_liaison_who_begins_before_the_schedule_does_not_keep_an_evening_after_it(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, language: str
) -> None:
    """They heard "We will try today, in the evening": the schedule ends that shift at four."""
    hotline.clock.now -= timedelta(hours=2, minutes=30)
    works(hotline, make_staff(), "on_shift", *DAY)
    hotline.sweeps()
    late = make_staff(email="lee@office.example.org", phone="+12025550171", on_shift=False)
    works(hotline, late, "on_shift", *EVENING)
    is_away(hotline, late, FRIDAY, WEEKEND)

    chooses(phone, "evening", language, make_case(custody_status="in_custody"))

    monday = {
        "1": "on Monday, December 7, in the evening",
        "2": "el lunes 7 de diciembre, después de las cinco de la tarde",
    }
    assert phone.hears(monday[language])
    assert first_ring(hotline, phone, 90) == datetime(2026, 12, 7, 22, 30, tzinfo=UTC)


def test_liaison_who_stays_by_hand_after_the_schedule_keeps_the_evening(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    hotline.clock.now += timedelta(hours=5, minutes=30)
    works(hotline, make_staff(), "on_shift", *DAY)
    hotline.sweeps()

    chooses(phone, "evening", case=make_case(custody_status="in_custody"))

    assert phone.hears("We will try today, in the evening")
    assert first_ring(hotline, phone, 2) == datetime(2026, 12, 4, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize("role", ["supervisor", "liaison"])
def test_hour_is_not_promised_for_a_colleague_on_a_day_off(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, role: str
) -> None:
    """A supervisor, or one who begins shifts by hand, keeps the office's hours, but not on a day off."""
    works(hotline, make_staff(), "on_shift", *DAY)
    hotline.clock.now += timedelta(hours=4, minutes=59)
    sol = make_staff(email="sol@office.example.org", role=role, phone="+12025550171", on_shift=False)
    is_away(hotline, sol, FRIDAY, WEEKEND + timedelta(days=1))

    asks_very_soon(phone, make_case(custody_status="in_custody"))

    assert phone.hears("We will call you no later than Monday, December 7 at 10:00 AM", "at 988")


def test_urgent_call_is_not_agreed_for_a_day_on_which_nobody_works(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """Somebody who is on shift by hand now was taken to be there on Sunday too, and no phone rang."""
    liaison = make_staff()
    asks_very_soon(phone, make_case(custody_status="in_custody"))
    (callback,) = hotline.rows(select(Callback))

    with hotline.database.transaction() as session:
        me, sunday = session.get_one(Staff, liaison.id), hotline.clock.now + timedelta(days=2)
        with pytest.raises(RefusedError) as refused:
            reschedule(session, callback.id, me, sunday, hotline.clock.now, hotline.policy)

    assert refused.value.code == CallbackRefusal.NOBODY_THERE


@ON_SQLITE
@pytest.mark.parametrize("language", ["1", "2"])
def test_person_who_agreed_on_another_hour_hears_that_one_and_is_called_then(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, language: str
) -> None:
    """In the evening the person whom they fear is there after all; nobody calls before the agreed hour."""
    liaison, case = make_staff(), make_case(custody_status="in_custody")
    chooses(phone, "evening", language, case)
    phone.hangs_up()
    (callback,) = hotline.rows(select(Callback))
    monday_at_ten = datetime(2026, 12, 7, 15, 0, tzinfo=UTC)

    with hotline.database.transaction() as session:
        me = session.get_one(Staff, liaison.id)
        reschedule(session, callback.id, me, monday_at_ten, hotline.clock.now, hotline.policy)
    with pytest.raises(RefusedError) as refused, hotline.database.transaction() as session:
        call_now(session, callback.id, liaison.id, hotline.clock.now, hotline.policy)
    assert refused.value.facts["at"] == monday_at_ten

    again = phone.another()
    opens_the_case(again, case, language=language)
    again.presses("2")
    assert again.hears(
        *{
            "1": ("on Monday, December 7, between ten in the morning and two in the afternoon",),
            "2": ("el lunes 7 de diciembre", "diez de la mañana", "dos de la tarde"),
        }[language]
    )
    assert first_ring(hotline, again, 80) == monday_at_ten

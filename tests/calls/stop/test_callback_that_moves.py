"""STOP while a callback waits: the next phone of the case rings for it, else it is a task for staff (R33)."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import delete, select, update

from config.office import Office
from models import Callback, Staff
from models.callbacks.appointment import reschedule
from models.callbacks.callback import advance
from models.callbacks.claim import claim
from models.callbacks.follow_up import BEHIND_NEWS
from models.callbacks.refusals import CallbackRefusal
from models.overview.phone_stop import REASON
from models.store.refusal import RefusedError
from models.talks.own_call import call_now
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.stop.test_stop import OTHER, has_another_phone, of_reason
from tests.calls.stories import asks_very_soon, opens_the_case
from tests.conftest import ON_BOTH
from tests.factories import MadeCase, open_by_hours
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
THIRD = "+12025550178"


@pytest.fixture
def office(office: Office) -> Office:
    """It is open around the clock, and its calls keep to their hours."""
    return open_by_hours(office)


@pytest.fixture
def case(make_case: MakeCase, make_staff: MakeStaff) -> MadeCase:
    """A case with one phone, and a liaison on shift."""
    make_staff()
    return make_case(custody_status="in_custody", phone=CALLER)


def test_callback_asked_for_with_the_pin_moves_to_the_next_safe_phone(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str]
) -> None:
    asks_express(phone, case)
    phone.hangs_up()
    has_another_phone(hotline, case)

    texts("STOP")

    asked = hotline.row(select(Callback).where(Callback.case_id == case.id))
    assert asked.state in ("requested", "ringing_liaison")
    assert asked.phone_key == hotline.database.keyring.index("phone", OTHER)
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == OTHER


@pytest.mark.parametrize("waits", [False, True], ids=["on the list", "behind news"])
@pytest.mark.parametrize("urgency", ["urgent", "other"])
def test_callback_moves_to_the_next_phone_with_the_time_that_its_person_agreed_to(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    texts: Callable[..., str],
    clock: Clock,
    urgency: str,
    waits: bool,
) -> None:
    """She had said when she can talk, and the other phone rang at once."""
    asks_express(phone, case)
    phone.hangs_up()
    hotline.jobs.waiting.clear()
    has_another_phone(hotline, case)
    tomorrow = clock.now + timedelta(hours=25)
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(urgency=urgency))
        staff, asked = session.scalars(select(Staff)).one(), session.scalars(select(Callback)).one()
        reschedule(session, asked.id, staff, tomorrow, clock.now, hotline.policy)
        if waits:
            asked.state, asked.outcome, asked.closed_at = "left_for_staff", BEHIND_NEWS, clock.now

    texts("STOP")

    moved = hotline.row(select(Callback).where(Callback.case_id == case.id))
    assert moved.phone_key == hotline.database.keyring.index("phone", OTHER)
    assert moved.next_attempt_at == tomorrow


@pytest.mark.parametrize("has_third", [False, True])
def test_stop_moves_no_callback_to_a_phone_that_replaced_an_unsafe_one(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock, has_third: bool
) -> None:
    """Whoever had found out the PIN had his own phone put there, and her callback rang him."""
    has_another_phone(hotline, case, content_held_until=clock.now + timedelta(hours=72))
    if has_third:
        has_another_phone(hotline, case, number=THIRD, position=3)
    asks_express(phone, case)

    texts("STOP")

    asked = hotline.row(select(Callback).where(Callback.case_id == case.id))
    (task,) = [one for one in of_reason(hotline, "phone_stopped") if one.state == "left_for_staff"]
    third, theirs = (hotline.database.keyring.index("phone", number) for number in (THIRD, OTHER))
    assert asked.state == ("requested" if has_third else "left_for_staff")
    assert (asked.phone_key == third, task.phone_key == third) == (has_third, has_third)
    assert theirs not in (asked.phone_key, task.phone_key)


def test_urgent_callback_that_moves_waits_for_the_hours_of_the_other_phone(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    asks_very_soon(phone, case)
    assert phone.hears("We will call you no later than today at 11:00 AM")
    phone.hangs_up()
    hotline.jobs.waiting.clear()
    has_another_phone(hotline, case, window_starts=time(12), window_ends=time(15))

    texts("STOP")
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)

    assert hotline.rung() == []
    again = phone.another()
    opens_the_case(again, case, language="2", from_=OTHER)
    again.presses("1")
    again.presses("2")
    assert again.hears(
        "Vamos a intentarlo hoy, entre el mediodía y las tres de la tarde", "a más tardar hoy a la"
    )
    assert again.does_not_hear("hoy a las 11:00")
    again.hangs_up()
    clock.passes(hours=2)
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == OTHER


@pytest.mark.parametrize("urgency", ["urgent", "other"])
@pytest.mark.parametrize(
    ("hours", "heard", "rings_at"),
    [
        ((None, None), "We will try today, in the afternoon", 12),
        ((time(10), time(14)), "We will try today, between noon and two in the afternoon", 12),
        (
            (time(14), time(20)),
            "We will try today, between two in the afternoon and five in the afternoon",
            14,
        ),
        ((time(17), time(20)), "We will try today, between five in the afternoon and eight", 17),
    ],
)
def test_callback_moves_with_its_part_of_the_day_if_the_other_phone_is_called_then(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    texts: Callable[..., str],
    clock: Clock,
    urgency: str,
    hours: tuple[time | None, time | None],
    heard: str,
    rings_at: int,
) -> None:
    """The line went on promising the afternoon, and no phone rang; or it rang at once if it was urgent.

    An urgent one rings in the hours of its window alone, so those of the other phone narrow it.
    """
    if urgency == "other":
        heard = "We will try today, in the afternoon" if rings_at < 17 else "We will call you no later than"
    has_another_phone(hotline, case, window_starts=hours[0], window_ends=hours[1])
    opens_the_case(phone, case)
    for key in ("2", "2", "2"):
        phone.presses(key)
    assert phone.hears("We will try today, in the afternoon")
    phone.hangs_up()
    hotline.jobs.waiting.clear()
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(urgency=urgency))

    texts("STOP")

    again = phone.another()
    opens_the_case(again, case, from_=OTHER)
    again.presses("2")
    again.presses("2")
    assert again.hears(heard)
    again.hangs_up()
    with hotline.database.transaction() as session:
        session.execute(delete(Callback).where(Callback.reason == REASON))
    hotline.jobs.waiting.clear()
    while not hotline.rung():
        clock.passes(minutes=15)
        sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)
    assert clock.now.astimezone(hotline.office.zone).hour == rings_at


@pytest.mark.parametrize(("hours", "rings_at"), [((None, None), 10), ((time(11), time(20)), 11)])
def test_urgent_callback_that_moves_twice_keeps_no_hours_of_the_phone_in_between(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    texts: Callable[..., str],
    clock: Clock,
    hours: tuple[time | None, time | None],
    rings_at: int,
) -> None:
    """The second phone was called from 12:30 PM to 1 PM alone, and so was the third one then."""
    has_another_phone(hotline, case, window_starts=time(12, 30), window_ends=time(13))
    has_another_phone(hotline, case, number=THIRD, position=3, window_starts=hours[0], window_ends=hours[1])
    asks_very_soon(phone, case)
    assert phone.hears("We will call you no later than today at 11:00 AM")
    phone.hangs_up()
    hotline.jobs.waiting.clear()

    texts("STOP")
    texts("STOP", from_=OTHER)

    with hotline.database.transaction() as session:
        session.execute(delete(Callback).where(Callback.reason == REASON))
    hotline.jobs.waiting.clear()
    while not hotline.rung():
        clock.passes(minutes=5)
        sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)
    assert clock.now.astimezone(hotline.office.zone).hour == rings_at
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == THIRD


@pytest.mark.parametrize(("asks_from", "rings_at"), [(THIRD, 15), (OTHER, 10)])
def test_hours_of_the_phone_that_an_urgent_callback_moved_to_are_dropped_only_by_a_call_from_there(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    texts: Callable[..., str],
    clock: Clock,
    asks_from: str,
    rings_at: int,
) -> None:
    """Asked for at any time from a third phone, it rang the second one outside its hours, also at night."""
    has_another_phone(hotline, case, window_starts=time(15), window_ends=time(17))
    opens_the_case(phone, case)
    for key in ("2", "3"):
        phone.presses(key)
    phone.hangs_up()
    hotline.jobs.waiting.clear()
    texts("STOP")
    with hotline.database.transaction() as session:
        session.execute(delete(Callback).where(Callback.reason == REASON))
    hotline.jobs.waiting.clear()

    again = phone.another()
    opens_the_case(again, case, from_=asks_from)
    for key in ("2", "2", "2", "4"):
        again.presses(key)
    says = again.hears if rings_at == 15 else again.does_not_hear
    assert says("between three in the afternoon and five")
    again.hangs_up()
    hotline.jobs.waiting.clear()

    while not hotline.rung():
        clock.passes(minutes=5)
        sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)
    assert clock.now.astimezone(hotline.office.zone).hour == rings_at
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == OTHER


def test_urgent_callback_that_moves_late_rings_a_phone_without_hours_no_later_than_nine(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    has_another_phone(hotline, case)
    clock.passes(hours=10, minutes=45)
    asks_very_soon(phone, case)
    assert phone.hears("We will call you no later than today at 9:45 PM")
    phone.hangs_up()
    hotline.jobs.waiting.clear()

    texts("STOP")
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == OTHER
    phone.another().lets_ring(to_caller)
    hotline.jobs.works_off()

    asked = hotline.row(select(Callback).where(Callback.case_id == case.id))
    assert asked.state == "requested"
    assert asked.next_attempt_at == datetime(2026, 11, 26, 13, 0, tzinfo=UTC), "at eight in New York"


def test_stop_while_the_phone_rings_ends_that_ring_and_calls_the_next_phone(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str]
) -> None:
    asks_express(phone, case)
    phone.hangs_up()
    has_another_phone(hotline, case)
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == CALLER

    texts("wrong person")
    hotline.jobs.works_off()

    assert to_caller.status != "ringing"
    asked = hotline.row(select(Callback).where(Callback.case_id == case.id))
    assert asked.phone_key == hotline.database.keyring.index("phone", OTHER)
    assert asked.state in ("requested", "ringing_liaison")


def test_callback_without_another_phone_is_a_persons_task_and_not_cancelled(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str]
) -> None:
    asks_express(phone, case)
    phone.hangs_up()

    texts("STOP")

    asked = hotline.row(select(Callback).where(Callback.case_id == case.id))
    assert (asked.state, asked.outcome) == ("left_for_staff", "stopped")


@ON_BOTH
def test_stranger_who_asked_from_a_stopped_phone_is_left_to_a_person(
    phone: Phone, hotline: Hotline, texts: Callable[..., str]
) -> None:
    phone.dials_in()
    for key in ("1", "2", "1", "1"):
        phone.presses(key)
    phone.hangs_up()

    texts("STOP")

    assert (the_callback(hotline).state, the_callback(hotline).outcome) == ("left_for_staff", "stopped")


@ON_BOTH
@pytest.mark.parametrize("is_reopened", [False, True])
def test_phone_without_a_case_that_says_stop_is_not_called_for_what_staff_have_as_a_task_either(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, texts: Callable[..., str], is_reopened: bool
) -> None:
    ana = make_staff()
    phone.dials_in()
    for key in ("1", "2", "1", "1"):
        phone.presses(key)
    phone.hangs_up()
    task = the_callback(hotline).id
    with hotline.database.transaction() as session:
        advance(session, task, "leave", actor="worker", now=hotline.clock.now, outcome="not_safe")
        if is_reopened:
            claim(session, task, ana.id, hotline.clock.now, hotline.policies)

    texts("STOP")

    with hotline.database.transaction() as session, pytest.raises(RefusedError) as refused:
        call_now(session, task, ana.id, hotline.clock.now, hotline.policy)
    assert refused.value.code == CallbackRefusal.PHONE_STOPPED

"""An urgent callback opens the hours of the phone from which it is asked for, and of no other (R29)."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from config.office import Office
from models import Callback, Staff, Subject
from models import Phone as PhoneRow
from models.cases.registrant import Consent
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case, talks_at_0
from tests.conftest import ON_BOTH
from tests.factories import MadeCase, make_custody_record, open_by_hours
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

ELSEWHERE = "+12025550178"
MORNING, NIGHT = datetime(2026, 11, 25, 15, 0, tzinfo=UTC), datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


@pytest.fixture
def office(office: Office) -> Office:
    """It is open around the clock, and its calls keep to their hours."""
    return open_by_hours(office)


@pytest.fixture
def now() -> datetime:
    """10 AM in the office and where the caller is."""
    return MORNING


@pytest.fixture
def case(make_case: Callable[..., MadeCase], make_staff: Callable[..., Staff], hotline: Hotline) -> MadeCase:
    """Its phone is called from three to five alone, and somebody is on call at night."""
    make_staff(on_call=True)
    case = make_case(custody_status="in_custody", phone=CALLER)
    with hotline.database.transaction() as session:
        session.execute(update(PhoneRow).values(window_starts=time(15), window_ends=time(17)))
    return case


def rings_at(phone: Phone, hotline: Hotline, clock: Clock) -> datetime:
    """When the phone of the callback rings next, by the clock of its person."""
    hotline.jobs.waiting.clear()
    while not hotline.rung():
        clock.passes(minutes=15)
        sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == CALLER
    return clock.now.astimezone(hotline.office.zone)


@pytest.mark.parametrize("asks_from", [ELSEWHERE, CALLER, ""])
@pytest.mark.parametrize(
    ("own", "between", "latest", "first_hour"),
    [
        (True, "between three in the afternoon and five in the afternoon", "5:00 PM", 15),
        (False, "between eight in the morning and nine in the evening", "9:00 AM", 8),
    ],
    ids=["agreed hours", "no hours"],
)
def test_phone_rings_in_its_hours_or_by_day_if_its_person_is_afraid_at_another_one(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    clock: Clock,
    asks_from: str,
    own: bool,
    between: str,
    latest: str,
    first_hour: int,
) -> None:
    """At two in the morning the phone at home rang, and they were somewhere else."""
    if not own:
        has_no_hours(hotline)
    asks_express(phone, case)
    phone.hangs_up()
    clock.now = NIGHT
    again = phone.another()
    opens_the_case(again, case, from_=asks_from)

    for key in ("2", "3"):
        again.presses(key)

    is_elsewhere = asks_from == ELSEWHERE
    says = again.hears if is_elsewhere else again.does_not_hear
    assert says(f"We will try today, {between}")
    assert says(f"We will call you no later than today at {latest}", "at 988")
    assert again.does_not_hear("sorry")
    again.hangs_up()
    assert hotline.row(select(Callback)).urgency == "urgent"
    assert rings_at(phone, hotline, clock).hour == (first_hour if is_elsewhere else 2)


def test_phone_that_an_afraid_person_asked_from_rings_at_once_although_they_ask_again_elsewhere(
    phone: Phone, case: MadeCase, hotline: Hotline, clock: Clock
) -> None:
    clock.now = NIGHT
    opens_the_case(phone, case)
    for key in ("2", "3"):
        phone.presses(key)
    assert phone.hears("We will call you no later than today at 3:00 AM")
    phone.hangs_up()
    again = phone.another()
    opens_the_case(again, case, from_=ELSEWHERE)
    for key in ("2", "2", "4"):
        again.presses(key)
    assert again.hears("We will call you no later than today at 3:00 AM")
    again.hangs_up()

    assert rings_at(phone, hotline, clock).hour == 2


def test_hard_news_heard_at_another_phone_rings_no_phone_outside_its_hours(
    phone: Phone, case: MadeCase, hotline: Hotline, clock: Clock
) -> None:
    asks_express(phone, case)
    phone.hangs_up()
    clock.now = NIGHT
    is_released(hotline, case)
    again = phone.another()
    opens_the_case(again, case, from_=ELSEWHERE)
    again.presses("1")
    again.presses("2")
    assert again.hears("You already have a callback", "between three in the afternoon and five")
    again.hangs_up()

    assert hotline.row(select(Callback)).reason == "hard_news"
    assert rings_at(phone, hotline, clock).hour == 15


def test_person_who_is_afraid_at_another_phone_by_day_is_called_within_the_hour(
    phone: Phone, case: MadeCase, hotline: Hotline, clock: Clock
) -> None:
    has_no_hours(hotline)
    asks_express(phone, case)
    phone.hangs_up()
    again = phone.another()
    opens_the_case(again, case, from_=ELSEWHERE)

    for key in ("2", "3"):
        again.presses(key)

    assert again.hears("We will call you no later than today at 11:00 AM")
    again.hangs_up()
    assert rings_at(phone, hotline, clock).hour == 10


@ON_BOTH
def test_phone_without_hours_rings_by_day_if_its_person_is_afraid_at_one_that_is_unsafe(
    phone: Phone, case: MadeCase, hotline: Hotline, clock: Clock
) -> None:
    """They asked for nothing before; the line calls their safe phone, which may lie at home."""
    clock.now = NIGHT
    has_no_hours(hotline)
    other_phone(hotline, case, unsafe_since=clock.now)

    opens_the_case(phone, case, from_=ELSEWHERE)
    for key in ("2", "3"):
        phone.presses(key)

    assert phone.hears("We will call you no later than today at 9:00 AM", "at 988")
    phone.hangs_up()
    assert rings_at(phone, hotline, clock).hour == 8


@pytest.mark.parametrize("how", ["hangs up", "call later"])
@pytest.mark.parametrize("is_afraid", [False, True], ids=["not urgent", "afraid"])
@pytest.mark.parametrize(
    ("asks_from", "own", "hour"),
    [(ELSEWHERE, True, 15), (ELSEWHERE, False, 8), (CALLER, True, 2), (CALLER, False, 2)],
)
def test_hard_news_that_a_caller_waited_for_at_another_phone_opens_no_hours(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    clock: Clock,
    how: str,
    is_afraid: bool,
    asks_from: str,
    own: bool,
    hour: int,
) -> None:
    """Whoever hung up at 0, or was to be called later, made the phone at home ring at two in the morning."""
    other_phone(hotline, case)
    if not own:
        has_no_hours(hotline)
    asks_express(phone, case)
    phone.hangs_up()
    clock.now = NIGHT
    is_released(hotline, case)
    if is_afraid:
        afraid = phone.another()
        opens_the_case(afraid, case, from_=ELSEWHERE)
        for key in ("1", "3"):
            afraid.presses(key)
        afraid.hangs_up()
    hotline.jobs.waiting.clear()
    caller = phone.another()
    opens_the_case(caller, case, from_=asks_from)
    caller.presses("0")
    hotline.jobs.works_off()
    if how == "call later":
        liaison = talks_at_0(phone, hotline, caller)
        clock.passes(minutes=1)
    clock.passes(seconds=40)
    caller.hangs_up()
    hotline.jobs.works_off()
    if how == "call later":
        liaison.presses("3")
        assert liaison.hears("saved")

    assert hotline.row(select(Callback)).urgency == "urgent"
    assert rings_at(phone, hotline, clock).hour == hour


def test_caller_at_an_unsafe_phone_whom_a_liaison_calls_later_is_called_by_day_at_their_safe_one(
    phone: Phone, case: MadeCase, hotline: Hotline, clock: Clock
) -> None:
    clock.now = NIGHT
    has_no_hours(hotline)
    other_phone(hotline, case, unsafe_since=clock.now)
    is_released(hotline, case)
    caller = phone.another()
    opens_the_case(caller, case, from_=ELSEWHERE)
    caller.presses("0")
    hotline.jobs.works_off()
    liaison = talks_at_0(phone, hotline, caller)
    clock.passes(minutes=2)
    caller.hangs_up()
    hotline.jobs.works_off()

    liaison.presses("3")

    assert liaison.hears("saved")
    assert hotline.row(select(Callback)).urgency == "urgent"
    assert rings_at(phone, hotline, clock).hour == 8


def other_phone(hotline: Hotline, case: MadeCase, **facts: Any) -> None:
    """The other phone of this person, with consent to calls."""
    keyring, now = hotline.database.keyring, hotline.clock.now
    with hotline.database.transaction() as session:
        session.add(
            PhoneRow(
                registrant_id=case.registrant_id, position=2, phone_key=keyring.index("phone", ELSEWHERE),
                number_sealed=keyring.seal("phone.number", ELSEWHERE), confirmed_at=now,
                consents=[Consent(channel="voice", words="Yes.", cap_per_day=9, granted_at=now)], **facts,
            )
        )  # fmt: skip


def is_released(hotline: Hotline, case: MadeCase) -> None:
    with hotline.database.transaction() as session:
        make_custody_record(
            session, session.get_one(Subject, case.subject_id), "released",
            status_at=hotline.clock.now - timedelta(hours=1), as_of=hotline.clock.now,
        )  # fmt: skip


def has_no_hours(hotline: Hotline) -> None:
    """No hours were agreed on for the phone at home."""
    with hotline.database.transaction() as session:
        session.execute(update(PhoneRow).values(window_starts=None, window_ends=None))

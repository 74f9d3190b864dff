"""A case is closed while its callback is being kept: nobody stands in silence or is rung for nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from models import Callback, Staff
from models.case import close_case
from tests.calls.conftest import House
from tests.calls.test_callbacks import accepted_by, asks_express, nobody_is_held, the_callback
from tests.factories import MadeCase
from tests.phone import Phone, PlacedCall
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.fixture
def case(phone: Phone, make_case: MakeCase, make_staff: MakeStaff) -> MadeCase:
    """A case whose registrant has asked to be called, with a liaison on shift."""
    make_staff()
    made = make_case(custody_status="in_custody")
    asks_express(phone, made)
    return made


def closes(house: House, case: MadeCase) -> None:
    with house.database.transaction() as session:
        close_case(session, case.number, now=house.clock.now, actor="boss")


def test_who_is_being_rung_when_their_case_is_closed_still_talks_with_the_liaison_who_accepted(
    phone: Phone, case: MadeCase, house: House
) -> None:
    liaison, to_caller = accepted_by(phone, house)

    closes(house, case)
    called = phone.answers(to_caller)
    called.presses("1")
    house.jobs.works_off()

    assert (liaison.is_talking, called.is_talking) == (True, True)
    called.hangs_up()
    assert (the_callback(house).state, nobody_is_held(house)) == ("reached", True)


def test_a_liaison_whose_phone_rings_when_the_case_is_closed_hears_that_nobody_waits(
    phone: Phone, case: MadeCase, house: House
) -> None:
    house.jobs.works_off()
    liaison = phone.answers(house.carrier.ringing[-1])

    closes(house, case)
    liaison.presses("1")

    assert liaison.hears("This call is no longer waiting")
    assert (liaison.is_over, the_callback(house).state, nobody_is_held(house)) == (True, "cancelled", True)


def _lets_it_ring(phone: Phone, to_caller: PlacedCall, _liaison: Phone) -> None:
    phone.another().declines(to_caller, "no-answer")


def _cannot_talk_now(phone: Phone, to_caller: PlacedCall, _liaison: Phone) -> None:
    called = phone.answers(to_caller)
    called.presses("2")
    assert called.hears("The call is over")
    assert called.does_not_hear("another time")


def _liaison_hangs_up(_phone: Phone, _to_caller: PlacedCall, liaison: Phone) -> None:
    liaison.hangs_up()


@pytest.mark.parametrize("misses", [_lets_it_ring, _cannot_talk_now, _liaison_hangs_up])
def test_who_is_missed_after_their_case_was_closed_is_not_rung_again(
    phone: Phone,
    case: MadeCase,
    house: House,
    misses: Callable[[Phone, PlacedCall, Phone], None],
) -> None:
    liaison, to_caller = accepted_by(phone, house)

    closes(house, case)
    misses(phone, to_caller, liaison)
    house.jobs.works_off()

    row = the_callback(house)
    assert (row.state, row.outcome, row.closed_at is not None) == ("cancelled", "case_closed", True)
    assert nobody_is_held(house)
    house.clock.passes(hours=3)
    sweep(house.database, house.jobs, house.carrier, house.office, house.clock.now)
    assert house.rung() == []


def test_who_may_be_rung_no_more_when_their_case_is_closed_is_not_rung_in_their_next_hours(
    phone: Phone, case: MadeCase, house: House
) -> None:
    house.jobs.works_off()
    liaison = phone.answers(house.carrier.ringing[-1])
    liaison.presses("1")

    closes(house, case)
    _set(
        house,
        window_starts=house.clock.now + timedelta(hours=2),
        window_ends=house.clock.now + timedelta(hours=4),
    )
    house.jobs.works_off()

    row = the_callback(house)
    assert (row.state, row.outcome, nobody_is_held(house)) == ("cancelled", "case_closed", True)
    house.clock.passes(hours=3)
    sweep(house.database, house.jobs, house.carrier, house.office, house.clock.now)
    assert house.rung() == []


@pytest.mark.parametrize(("text", "is_left"), [("we_call_again", False), ("please_call", True)])
def test_a_machine_is_told_only_what_is_true_when_the_case_is_closed(
    phone: Phone, case: MadeCase, house: House, text: str, is_left: bool
) -> None:
    _set(house, voicemail_allowed=True, voicemail_text=text)
    _, to_caller = accepted_by(phone, house)

    closes(house, case)
    machine = phone.answers(to_caller)
    while not machine.is_over:
        machine.says_nothing()

    assert ("This is a message from" in machine.heard_so_far) is is_left
    assert "We will call" not in machine.heard_so_far


def _drops(_liaison: Phone, called: Phone, _house: House) -> None:
    called.hangs_up()


def _liaison_is_cut_off_on_hold(liaison: Phone, called: Phone, _house: House) -> None:
    liaison.presses("*")
    called.says_nothing()
    liaison.hangs_up()
    called.says_nothing()


def _is_held_too_long(liaison: Phone, called: Phone, house: House) -> None:
    liaison.presses("*")
    called.says_nothing()
    house.clock.passes(seconds=181)
    called.says_nothing()


@pytest.mark.parametrize("breaks_off", [_drops, _liaison_is_cut_off_on_hold, _is_held_too_long])
def test_a_talk_that_breaks_off_after_the_case_was_closed_brings_no_other_call_and_promises_none(
    phone: Phone,
    case: MadeCase,
    house: House,
    breaks_off: Callable[[Phone, Phone, House], None],
) -> None:
    _set(house, when_dropped="ring_once")
    liaison, to_caller = accepted_by(phone, house)
    called = phone.answers(to_caller)
    called.presses("1")

    closes(house, case)
    breaks_off(liaison, called, house)
    house.jobs.works_off()

    assert called.does_not_hear("call you again")
    assert called.is_over
    assert the_callback(house).state == "reached"
    house.clock.passes(hours=3)
    sweep(house.database, house.jobs, house.carrier, house.office, house.clock.now)
    assert (house.rung(), nobody_is_held(house)) == ([], True)


def _set(house: House, **facts: object) -> None:
    with house.database.transaction() as session:
        session.execute(update(Callback).values(**facts))

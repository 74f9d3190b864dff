"""A case is closed while its callback is being kept: nobody stands in silence or is rung for nothing."""

from collections.abc import Callable

import pytest

from models import Staff
from models.case import close_case
from tests.calls.conftest import House
from tests.calls.test_callbacks import accepted_by, asks_express, nobody_is_held, the_callback
from tests.factories import MadeCase
from tests.phone import Phone, PlacedCall
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def closes(house: House, case: MadeCase) -> None:
    with house.database.transaction() as session:
        close_case(session, case.number, now=house.clock.now, actor="boss")


def test_who_is_being_rung_when_their_case_is_closed_still_talks_with_the_liaison_who_accepted(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    liaison, to_caller = accepted_by(phone, house)

    closes(house, case)
    called = phone.answers(to_caller)
    called.presses("1")

    assert (liaison.is_talking, called.is_talking) == (True, True)
    called.hangs_up()
    assert (the_callback(house).state, nobody_is_held(house)) == ("reached", True)


def test_a_liaison_whose_phone_rings_when_the_case_is_closed_hears_that_nobody_waits(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
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
    make_case: MakeCase,
    make_staff: MakeStaff,
    house: House,
    misses: Callable[[Phone, PlacedCall, Phone], None],
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
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

"""A case is closed while its callback is being kept: nobody stands in silence or is rung for nothing."""

from collections.abc import Callable

from models import Staff
from models.case import close_case
from tests.calls.conftest import House
from tests.calls.test_callbacks import accepted_by, asks_express, nobody_is_held, the_callback
from tests.factories import MadeCase
from tests.phone import Phone

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

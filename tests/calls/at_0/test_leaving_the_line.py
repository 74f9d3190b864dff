"""Who hangs up in line, is called back or not, and makes room for who is behind (R35)."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select, update

from models import Callback, Consent
from tests.calls.at_0.waiting import OTHER, _a_sweep, consents_at, outcomes, waits_in_line
from tests.calls.conftest import Clock, House
from tests.calls.stories import reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]


def test_who_hangs_up_in_line_and_agreed_to_calls_there_is_called_back(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    waits_in_line(phone, case)
    began = clock.now
    clock.passes(minutes=3)

    phone.hangs_up()

    offered = house.row(select(Callback))
    assert (offered.state, offered.reason, offered.case_id) == ("requested", "abandoned", case.id)
    assert offered.requested_at == began
    assert house.jobs.waiting == [("dial_liaison", offered.id)]
    assert outcomes(house) == ["abandoned"]


@pytest.mark.parametrize(
    "changed", ["another phone", "unsafe", "stopped", "unconfirmed", "withdrawn", "no consent"]
)
def test_who_hangs_up_in_line_at_a_phone_without_consent_leaves_nothing(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock, changed: str
) -> None:
    case = make_case(custody_status="in_custody", phone=OTHER if changed == "another phone" else CALLER)
    match changed:
        case "unsafe":
            consents_at(house, case, unsafe_since=clock.now)
        case "stopped":
            consents_at(house, case, stopped_at=clock.now)
        case "unconfirmed":
            consents_at(house, case, confirmed_at=None)
        case "no consent":
            with house.database.transaction() as session:
                session.execute(delete(Consent))
        case "withdrawn":
            with house.database.transaction() as session:
                session.execute(update(Consent).values(withdrawn_at=clock.now))
    waits_in_line(phone, case)

    phone.hangs_up()

    assert house.rows(select(Callback)) == []
    assert outcomes(house) == ["abandoned"]


@pytest.mark.parametrize("from_", [OTHER, "anonymous"])
def test_an_unverified_or_withheld_caller_who_hangs_up_leaves_nothing(
    phone: Phone, busy: Phone, house: House, from_: str
) -> None:
    reaches_the_first_menu(phone, from_=from_)
    phone.presses("0")
    assert phone.hears("You are next in line")

    phone.hangs_up()

    assert house.rows(select(Callback)) == []


def test_a_withheld_caller_without_a_pin_stays_in_line_where_no_place_can_be_kept(
    phone: Phone, busy: Phone, house: House
) -> None:
    reaches_the_first_menu(phone, from_="anonymous")
    phone.presses("0")
    for _ in range(5):
        assert phone.does_not_hear("have us call you when it is your turn")
        phone.says_nothing()

    phone.presses("1")

    assert phone.hears("I cannot call this phone back. You are still in line")
    assert phone.does_not_hear("have us call you when it is your turn")
    assert outcomes(house) == [None]


def test_a_hang_up_of_which_no_word_came_is_noticed_all_the_same(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    waits_in_line(phone, case)
    behind = phone.another()
    waits_in_line(behind, make_case(custody_status="in_custody"), from_=OTHER)
    assert behind.hears("You are number 2 in line")
    for _ in range(7):
        clock.passes(seconds=10)
        behind.says_nothing()

    sweep(house.database, house.jobs, house.carrier, house.office, clock.now)

    assert outcomes(house) == ["lapsed", None]
    offered = house.row(select(Callback))
    assert (offered.reason, offered.state) == ("abandoned", "requested")
    behind.says_nothing()
    assert behind.hears("You are next in line")


def test_who_is_gone_without_a_word_keeps_a_free_liaison_from_nobody_behind_them(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody", phone=CALLER))
    behind = phone.another()
    waits_in_line(behind, make_case(custody_status="in_custody"), from_=OTHER)
    for caller in (phone, behind):
        house.carrier.carries(caller)
    phone.call.leg.ends("completed")
    busy.hangs_up()

    for _ in range(2):
        clock.passes(seconds=1)
        _a_sweep(house)

    assert outcomes(house) == ["abandoned", None]
    assert house.row(select(Callback.reason)) == "abandoned"
    assert behind.hears("I am calling someone for you")
    assert house.accepts(behind).is_talking


def test_who_talked_and_hangs_up_is_not_called_back(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody", phone=CALLER))
    busy.hangs_up()
    house.jobs.works_off()
    phone.says_nothing()
    house.accepts(phone)
    clock.passes(seconds=5)

    phone.hangs_up()

    assert house.rows(select(Callback)) == []
    assert outcomes(house) == ["talked"]

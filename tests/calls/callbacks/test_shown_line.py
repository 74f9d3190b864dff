"""Calls that show the number which a person chose, and discreet lines that answer by a neutral name (R32)."""

import dataclasses
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from config.office import Office
from models import Call, Callback, Case, Staff
from models.callbacks.callback import advance
from models.callbacks.follow_up import follow_up, promise_anew
from models.cases.registrant import Registrant
from models.overview.lost_pin import tell_safe_phones
from tests.calls.conftest import House
from tests.calls.stories import lost_pins_are_settled, the_hour_of_lost_pins_has_passed
from tests.factories import MadeCase
from tests.fake_carrier import FakeCarrier
from tests.phone import CALLER, Phone, PlacedCall

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
MAIN, DISCREET, SECOND = "+12025550100", "+12025550101", "+12025550104"
SAFE = "+12025550110"


@pytest.fixture
def office(office: Office) -> Office:
    """The shipped office with a second line that is not discreet."""
    return dataclasses.replace(office, lines=(*office.lines, SECOND))


def chooses(house: House, line: str | None) -> None:
    """Every registrant sees this line from now on."""
    with house.database.transaction() as session:
        session.execute(update(Registrant).values(line=line))


def asks_to_be_called(phone: Phone, case: MadeCase, line: str) -> None:
    """Open the case on one of our lines and ask for a call, then hang up."""
    phone.dials_in(to=line)
    # A discreet line asks for the number at once.
    for keys in ("1", *(() if line == DISCREET else ("1",)), case.number, case.pin, "2", "1"):
        phone.presses(keys)
    assert phone.hears("We will call you")
    phone.hangs_up()


def rings_the_person(phone: Phone, house: House) -> PlacedCall:
    """A liaison accepts what is first in line; the call that rings the person then."""
    house.answers(phone).presses("1")
    house.jobs.works_off()
    return house.carrier.ringing[-1]


@pytest.mark.parametrize(
    ("chosen", "dialled", "shown"),
    [
        (DISCREET, MAIN, DISCREET),
        (MAIN, DISCREET, MAIN),
        (None, DISCREET, DISCREET),
        (None, MAIN, MAIN),
        ("+12025550188", DISCREET, DISCREET),
    ],
)
def test_a_callback_shows_the_line_that_was_chosen_else_the_one_that_was_dialled(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    house: House,
    chosen: str | None,
    dialled: str,
    shown: str,
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody", phone=SAFE)
    chooses(house, chosen)
    asks_to_be_called(phone, case, dialled)

    placed = rings_the_person(phone, house)

    assert placed.line == shown
    assert house.row(select(Call.line).where(Call.leg_id == placed.leg_id)) == shown


def test_a_choice_made_after_the_promise_holds_for_it(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff()
    asks_to_be_called(phone, make_case(custody_status="in_custody", phone=SAFE), MAIN)
    chooses(house, DISCREET)

    assert rings_the_person(phone, house).line == DISCREET


def test_the_liaison_is_rung_by_the_main_line(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, carrier: FakeCarrier
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody", phone=SAFE)
    chooses(house, DISCREET)
    asks_to_be_called(phone, case, DISCREET)
    house.jobs.works_off()

    assert [call.line for call in carrier.ringing] == [None]
    assert house.answers(phone).hears("This is the information line")


def test_a_stranger_is_called_back_from_the_line_that_they_dialled(
    phone: Phone, make_staff: MakeStaff, house: House
) -> None:
    make_staff()
    phone.dials_in(to=DISCREET)
    for keys in ("1", "#", "2", "1"):
        phone.presses(keys)
    assert phone.hears("We will call you")
    phone.hangs_up()

    assert rings_the_person(phone, house).line == DISCREET


@pytest.mark.parametrize(("chosen", "dialled", "shown"), [(DISCREET, MAIN, DISCREET), (None, SECOND, MAIN)])
def test_a_lost_pin_rings_the_registrant_from_their_line_and_not_from_the_one_that_a_stranger_dialled(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    house: House,
    chosen: str | None,
    dialled: str,
    shown: str,
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody", phone=SAFE)
    chooses(house, chosen)
    phone.dials_in(to=dialled, from_="+12025550139")
    for keys in ("1", "2", "3", case.number):
        phone.presses(keys)
    assert phone.hears("We will look into it")
    lost_pins_are_settled(house)
    assert house.row(select(Callback)).reason == "lost_pin"
    the_hour_of_lost_pins_has_passed(house)

    placed = rings_the_person(phone, house)

    assert (placed.to, placed.line) == (SAFE, shown)


@pytest.mark.parametrize("reason", ["pin_changed", "phone_added"])
def test_who_is_told_of_a_change_sees_their_line_and_the_call_opens_no_case(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, reason: str
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody", phone=SAFE)
    chooses(house, DISCREET)
    with house.database.transaction() as session:
        kept = session.get_one(Case, case.id)
        assert (
            tell_safe_phones(session, kept, reason, "kim@office.example.org", house.policy, house.clock())
            == 1
        )
        house.jobs.enqueue("dial_liaison", session.scalars(select(Callback.id)).one())

    assert rings_the_person(phone, house).line == DISCREET
    assert house.row(select(Callback)).case_id is None


def test_a_call_that_dropped_is_followed_by_one_from_the_same_line(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff()
    asks_to_be_called(phone, make_case(custody_status="in_custody", phone=SAFE), DISCREET)
    person = phone.answers(rings_the_person(phone, house))
    person.presses("1")
    person.hangs_up()
    house.jobs.works_off()
    with house.database.transaction() as session:
        first = session.scalars(select(Callback)).one()
        at, due_at = house.clock(), house.office.due_at("other", house.clock())
        jobs = follow_up(
            session, first, reason="dropped", at=at, due_at=due_at, actor="worker", now=house.clock()
        )
    for name, row_id in jobs:
        house.jobs.enqueue(name, row_id)

    again = rings_the_person(phone, house)

    assert (again.to, again.line) == (CALLER, DISCREET)


def test_call_that_never_rang_and_is_promised_anew_comes_from_the_line_that_was_dialled(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    asks_to_be_called(phone, make_case(custody_status="in_custody", phone=SAFE), DISCREET)
    with house.database.transaction() as session:
        left = session.scalars(select(Callback)).one()
        advance(session, left.id, "leave", actor="worker", now=house.clock(), outcome="no_window")
        jobs = promise_anew(session, left.id, house.policy, "kim@office.example.org", house.clock())
    make_staff()
    for name, row_id in jobs:
        house.jobs.enqueue(name, row_id)

    assert rings_the_person(phone, house).line == DISCREET


@pytest.mark.parametrize(
    ("language", "own", "neutral"),
    [
        ("1", "the Victim Assistance Line", "Hello. This is the information line"),
        ("2", "la Línea de Ayuda a Víctimas", "Le atiende la línea de información"),
    ],
)
def test_a_discreet_line_answers_by_the_neutral_name(
    phone: Phone, language: str, own: str, neutral: str
) -> None:
    main, discreet = phone.another(), phone.another()
    main.dials_in(to=MAIN)
    main.presses(language)
    discreet.dials_in(to=DISCREET)
    discreet.presses(language)

    assert main.hears(own)
    assert main.does_not_hear(neutral)
    assert discreet.hears(neutral)
    assert discreet.does_not_hear(own)

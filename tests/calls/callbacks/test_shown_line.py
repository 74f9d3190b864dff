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
from tests.calls.conftest import Hotline
from tests.calls.stories import lost_pins_are_settled, the_hour_of_lost_pins_has_passed
from tests.conftest import ON_BOTH
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


def chooses(hotline: Hotline, line: str | None) -> None:
    """Every registrant sees this line from now on."""
    with hotline.database.transaction() as session:
        session.execute(update(Registrant).values(line=line))


def asks_to_be_called(phone: Phone, case: MadeCase, line: str) -> None:
    """Open the case on one of our lines and ask for a call, then hang up."""
    phone.dials_in(to=line)
    # A discreet line asks for the number at once.
    for keys in ("1", *(() if line == DISCREET else ("1",)), case.number, case.pin, "2", "1"):
        phone.presses(keys)
    assert phone.hears("We will call you")
    phone.hangs_up()


def rings_the_person(phone: Phone, hotline: Hotline) -> PlacedCall:
    """A liaison accepts the first callback in the list; returns the call that rings the person then."""
    hotline.answers(phone).presses("1")
    hotline.jobs.works_off()
    return hotline.carrier.ringing[-1]


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
def test_callback_shows_the_chosen_line_or_else_the_one_that_was_dialed(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    chosen: str | None,
    dialled: str,
    shown: str,
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody", phone=SAFE)
    chooses(hotline, chosen)
    asks_to_be_called(phone, case, dialled)

    placed = rings_the_person(phone, hotline)

    assert placed.line == shown
    assert hotline.row(select(Call.line).where(Call.leg_id == placed.leg_id)) == shown


def test_line_chosen_after_the_promise_counts_for_that_callback(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_to_be_called(phone, make_case(custody_status="in_custody", phone=SAFE), MAIN)
    chooses(hotline, DISCREET)

    assert rings_the_person(phone, hotline).line == DISCREET


def test_liaison_is_rung_from_the_main_line(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, carrier: FakeCarrier
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody", phone=SAFE)
    chooses(hotline, DISCREET)
    asks_to_be_called(phone, case, DISCREET)
    hotline.jobs.works_off()

    assert [call.line for call in carrier.ringing] == [None]
    assert hotline.answers(phone).hears("This is the information line")


def test_stranger_is_called_back_from_the_line_that_they_dialed(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    phone.dials_in(to=DISCREET)
    for keys in ("1", "#", "2", "1"):
        phone.presses(keys)
    assert phone.hears("We will call you")
    phone.hangs_up()

    assert rings_the_person(phone, hotline).line == DISCREET


@pytest.mark.parametrize(("chosen", "dialled", "shown"), [(DISCREET, MAIN, DISCREET), (None, SECOND, MAIN)])
def test_registrant_with_a_lost_pin_is_rung_from_their_line_and_not_from_the_one_that_a_stranger_dialed(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    chosen: str | None,
    dialled: str,
    shown: str,
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody", phone=SAFE)
    chooses(hotline, chosen)
    phone.dials_in(to=dialled, from_="+12025550139")
    for keys in ("1", "2", "3", case.number):
        phone.presses(keys)
    assert phone.hears("We will look into it")
    lost_pins_are_settled(hotline)
    assert hotline.row(select(Callback)).reason == "lost_pin"
    the_hour_of_lost_pins_has_passed(hotline)

    placed = rings_the_person(phone, hotline)

    assert (placed.to, placed.line) == (SAFE, shown)


@pytest.mark.parametrize("reason", ["pin_changed", "phone_added"])
def test_registrant_who_is_told_of_a_change_sees_their_line_and_the_call_opens_no_case(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, reason: str
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody", phone=SAFE)
    chooses(hotline, DISCREET)
    with hotline.database.transaction() as session:
        kept = session.get_one(Case, case.id)
        assert (
            tell_safe_phones(session, kept, reason, "kim@office.example.org", hotline.policy, hotline.clock())
            == 1
        )
        hotline.jobs.enqueue("dial_liaison", session.scalars(select(Callback.id)).one())

    assert rings_the_person(phone, hotline).line == DISCREET
    assert hotline.row(select(Callback)).case_id is None


def test_call_that_dropped_is_followed_by_one_from_the_same_line(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_to_be_called(phone, make_case(custody_status="in_custody", phone=SAFE), DISCREET)
    person = phone.answers(rings_the_person(phone, hotline))
    person.presses("1")
    person.hangs_up()
    hotline.jobs.works_off()
    with hotline.database.transaction() as session:
        first = session.scalars(select(Callback)).one()
        at, due_at = hotline.clock(), hotline.office.due_at("other", hotline.clock())
        jobs = follow_up(
            session, first, reason="dropped", at=at, due_at=due_at, actor="worker", now=hotline.clock()
        )
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)

    again = rings_the_person(phone, hotline)

    assert (again.to, again.line) == (CALLER, DISCREET)


@ON_BOTH
def test_call_that_never_rang_and_is_promised_again_comes_from_the_line_that_was_dialed(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    asks_to_be_called(phone, make_case(custody_status="in_custody", phone=SAFE), DISCREET)
    with hotline.database.transaction() as session:
        left = session.scalars(select(Callback)).one()
        advance(session, left.id, "leave", actor="worker", now=hotline.clock(), outcome="no_window")
        jobs = promise_anew(session, left.id, hotline.policy, "kim@office.example.org", hotline.clock())
    make_staff()
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)

    assert rings_the_person(phone, hotline).line == DISCREET


@pytest.mark.parametrize(
    ("language", "own", "neutral"),
    [
        ("1", "the Victim Assistance Line", "Hello. This is the information line"),
        ("2", "la Línea de Ayuda a Víctimas", "Le atiende la línea de información"),
    ],
)
def test_discreet_line_answers_by_the_neutral_name(
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

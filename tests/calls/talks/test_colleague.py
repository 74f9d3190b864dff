"""A colleague is rung into a talk, is announced, and may be left the call (R43)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Staff
from tests.calls.callbacks.test_callbacks import nobody_is_held, the_callback
from tests.calls.conftest import House
from tests.calls.talks.talking import (
    SECOND,
    _key,
    a_colleague_is_rung,
    actions,
    joins,
    states,
)
from tests.phone import Phone

MakeStaff = Callable[..., Staff]


def test_a_colleague_is_rung_announced_to_the_caller_and_joins(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, house, make_staff, liaison)
    assert liaison.hears("Your colleague's phone is ringing")
    assert (liaison.is_talking, called.is_talking) == (True, True)

    colleague = phone.answers(placed)
    assert colleague.hears("A colleague asks you to join a call", "To accept, press 1")
    assert colleague.does_not_hear("case", "Ivo", "0123")
    colleague.presses("1")
    assert colleague.hears("We are telling the caller that you are joining")
    assert not colleague.is_talking
    house.jobs.works_off()

    assert called.hears("Someone else from our team is joining the call")
    assert colleague.is_talking
    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert {"add_colleague", "accept_joining"} <= set(actions(house))


def test_nobody_joins_before_the_caller_was_told_even_with_redis_down(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, house, make_staff, liaison)
    colleague = phone.answers(placed)
    house.jobs.is_down = True
    colleague.presses("1")
    colleague.says_nothing()
    assert not colleague.is_talking

    house.jobs.is_down = False
    colleague.says_nothing()
    house.jobs.works_off()

    assert called.hears("Someone else from our team is joining")
    assert colleague.is_talking


@pytest.mark.parametrize("way", ["no-answer", "busy", "passes", "machine"])
def test_a_colleague_who_does_not_come_changes_nothing(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff, way: str
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, house, make_staff, liaison)

    if way == "passes":
        phone.answers(placed).presses("2")
    elif way == "machine":
        machine = phone.answers(placed)
        while not machine.is_over:
            machine.says_nothing()
    else:
        phone.another().declines(placed, way)
    house.jobs.works_off()

    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert called.does_not_hear("One more person")
    assert house.rows(select(Staff.busy_call_id).where(Staff.phone_key == _key(house, SECOND))) == [None]


def test_when_nobody_else_is_free_the_liaison_hears_so(talk: tuple[Phone, Phone], house: House) -> None:
    liaison, _ = talk
    liaison.presses("*")

    liaison.presses("2")

    assert liaison.hears("No other colleague can be called now", "To go back to the caller, press 1")
    assert len(house.carrier.placed) == 2


def test_the_first_liaison_leaves_the_call_to_the_colleague_and_the_talk_goes_on(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, house, a_colleague_is_rung(phone, house, make_staff, liaison))

    liaison.presses("*")
    assert liaison.hears("Your colleague is with the caller", "To leave the call to your colleague, press 2")
    liaison.presses("2")
    house.jobs.works_off()
    for one in (called, colleague):
        if not one.is_talking:
            one.says_nothing()

    assert liaison.hears("Your colleague goes on with the call")
    assert liaison.is_over
    assert (colleague.is_talking, called.is_talking) == (True, True)
    row = the_callback(house)
    assert (row.state, row.staff_id) == (
        "talking",
        house.row(select(Staff.id).where(Staff.phone_key == _key(house, SECOND))),
    )
    assert "hand_over_talk" in actions(house)
    called.hangs_up()
    house.jobs.works_off()
    assert the_callback(house).state == "reached"
    assert colleague.hears("How did it end?")
    assert nobody_is_held(house)


def test_a_first_liaison_who_is_cut_off_leaves_the_talk_to_the_colleague(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, house, a_colleague_is_rung(phone, house, make_staff, liaison))

    liaison.hangs_up()
    house.jobs.works_off()
    for one in (called, colleague):
        if not one.is_talking:
            one.says_nothing()

    assert states(house) == ["talking"]
    assert (colleague.is_talking, called.is_talking) == (True, True)
    colleague.hangs_up()
    house.jobs.works_off()
    assert states(house) == ["reached"]
    assert called.is_over


def test_when_both_press_star_the_caller_is_on_hold_and_either_may_fetch_them_back(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, house, a_colleague_is_rung(phone, house, make_staff, liaison))

    colleague.presses("*")
    colleague.says_nothing()
    assert colleague.hears("Your colleague is with the caller")
    liaison.presses("*")
    called.says_nothing()
    assert called.hears("You are on hold")
    colleague.presses("1")
    house.jobs.works_off()

    assert (colleague.is_talking, called.is_talking) == (True, True)
    assert called.hears("Our team is on the line with you")


def test_a_colleague_who_leaves_while_the_first_is_out_leaves_the_caller_on_hold_and_not_alone(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, house, a_colleague_is_rung(phone, house, make_staff, liaison))
    liaison.presses("*")
    for one in (called, colleague):
        if not one.is_talking:
            one.says_nothing()

    colleague.hangs_up()
    house.jobs.works_off()

    assert called.hears("You are on hold")
    liaison.presses("1")
    house.jobs.works_off()
    assert (liaison.is_talking, called.is_talking) == (True, True)

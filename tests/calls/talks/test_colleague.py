"""A colleague is rung into a talk, is announced, and may be left the call (R43)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Staff
from tests.calls.callbacks.test_callbacks import nobody_is_held, the_callback
from tests.calls.conftest import Hotline
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


def test_colleague_is_rung_announced_to_the_caller_and_joins(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, hotline, make_staff, liaison)
    assert liaison.hears("Your colleague's phone is ringing")
    assert (liaison.is_talking, called.is_talking) == (True, True)

    colleague = phone.answers(placed)
    assert colleague.hears("A colleague asks you to join a call", "To accept, press 1")
    assert colleague.does_not_hear("case", "Ivo", "0123")
    colleague.presses("1")
    assert colleague.hears("We are telling the caller that you are joining")
    assert not colleague.is_talking
    hotline.jobs.works_off()

    assert called.hears("Someone else from our team is joining the call")
    assert colleague.is_talking
    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert {"add_colleague", "accept_joining"} <= set(actions(hotline))


def test_nobody_joins_before_the_caller_was_told_even_with_redis_down(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, hotline, make_staff, liaison)
    colleague = phone.answers(placed)
    hotline.jobs.is_down = True
    colleague.presses("1")
    colleague.says_nothing()
    assert not colleague.is_talking

    hotline.jobs.is_down = False
    colleague.says_nothing()
    hotline.jobs.works_off()

    assert called.hears("Someone else from our team is joining")
    assert colleague.is_talking


@pytest.mark.parametrize("way", ["no-answer", "busy", "passes", "machine"])
def test_colleague_who_does_not_come_changes_nothing(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff, way: str
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, hotline, make_staff, liaison)

    if way == "passes":
        phone.answers(placed).presses("2")
    elif way == "machine":
        machine = phone.answers(placed)
        while not machine.is_over:
            machine.says_nothing()
    else:
        phone.another().declines(placed, way)
    hotline.jobs.works_off()

    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert called.does_not_hear("One more person")
    assert hotline.rows(select(Staff.busy_call_id).where(Staff.phone_key == _key(hotline, SECOND))) == [None]


def test_liaison_hears_when_nobody_else_is_free(talk: tuple[Phone, Phone], hotline: Hotline) -> None:
    liaison, _ = talk
    liaison.presses("*")

    liaison.presses("2")

    assert liaison.hears("No other colleague can be called now", "To go back to the caller, press 1")
    assert len(hotline.carrier.placed) == 2


def test_first_liaison_leaves_the_call_to_the_colleague_and_the_talk_goes_on(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, hotline, a_colleague_is_rung(phone, hotline, make_staff, liaison))

    liaison.presses("*")
    assert liaison.hears("Your colleague is with the caller", "To leave the call to your colleague, press 2")
    liaison.presses("2")
    hotline.jobs.works_off()
    for one in (called, colleague):
        if not one.is_talking:
            one.says_nothing()

    assert liaison.hears("Your colleague goes on with the call")
    assert liaison.is_over
    assert (colleague.is_talking, called.is_talking) == (True, True)
    row = the_callback(hotline)
    assert (row.state, row.staff_id) == (
        "talking",
        hotline.row(select(Staff.id).where(Staff.phone_key == _key(hotline, SECOND))),
    )
    assert "hand_over_talk" in actions(hotline)
    called.hangs_up()
    hotline.jobs.works_off()
    assert the_callback(hotline).state == "reached"
    assert colleague.hears("How did it end?")
    assert nobody_is_held(hotline)


def test_first_liaison_who_is_cut_off_leaves_the_talk_to_the_colleague(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, hotline, a_colleague_is_rung(phone, hotline, make_staff, liaison))

    liaison.hangs_up()
    hotline.jobs.works_off()
    for one in (called, colleague):
        if not one.is_talking:
            one.says_nothing()

    assert states(hotline) == ["talking"]
    assert (colleague.is_talking, called.is_talking) == (True, True)
    colleague.hangs_up()
    hotline.jobs.works_off()
    assert states(hotline) == ["reached"]
    assert called.is_over


def test_caller_is_on_hold_when_both_press_star_and_either_may_bring_them_back(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, hotline, a_colleague_is_rung(phone, hotline, make_staff, liaison))

    colleague.presses("*")
    colleague.says_nothing()
    assert colleague.hears("Your colleague is with the caller")
    liaison.presses("*")
    called.says_nothing()
    assert called.hears("You are on hold")
    colleague.presses("1")
    hotline.jobs.works_off()

    assert (colleague.is_talking, called.is_talking) == (True, True)
    assert called.hears("Our team is on the line with you")


def test_colleague_who_leaves_while_the_first_is_out_leaves_the_caller_on_hold_and_not_alone(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, hotline, a_colleague_is_rung(phone, hotline, make_staff, liaison))
    liaison.presses("*")
    for one in (called, colleague):
        if not one.is_talking:
            one.says_nothing()

    colleague.hangs_up()
    hotline.jobs.works_off()

    assert called.hears("You are on hold")
    liaison.presses("1")
    hotline.jobs.works_off()
    assert (liaison.is_talking, called.is_talking) == (True, True)

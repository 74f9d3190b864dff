"""A colleague is rung into a talk, is announced, and may be left the call (R43)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from hotline.exchange.delivery.faults import Faults
from models import Callback, Staff
from models.talks import talk_controls
from models.talks.talk import talk_for
from tests.calls.at_0.talking import passes
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, nobody_is_held, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.talks.talking import (
    FIRST,
    SECOND,
    _key,
    a_colleague_is_rung,
    actions,
    joins,
    states,
)
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_colleague_is_rung_announced_to_the_caller_and_joins(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, hotline, make_staff, liaison)
    assert liaison.hears("We are calling your colleague")
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
        colleague = phone.answers(placed)
        # Nobody else is asked, so it is not "to pass it on".
        assert colleague.hears("To accept, press 1. To decline, press 2.")
        colleague.presses("2")
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


def test_caller_is_on_hold_when_the_liaison_steps_out_after_the_colleagues_end_was_lost(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    """The colleague counted as being with the caller, who sat alone and in silence in the conference."""
    liaison, called = talk
    placed = a_colleague_is_rung(phone, hotline, make_staff, liaison)
    deaf = phone.another()
    deaf.suffers(Faults(rates={"event_drop": 1.0}))
    colleague = joins(deaf, hotline, placed)
    assert colleague.is_talking
    colleague.hangs_up()
    for _ in range(4):
        passes(hotline, 12)
        hotline.jobs.works_off()

    liaison.presses("*")
    assert liaison.hears("The caller is on hold", "To add a colleague, press 2")
    called.says_nothing()
    assert called.hears("You are on hold")
    liaison.presses("2")
    assert hotline.rung() == [SECOND]


def test_talk_is_over_with_the_liaison_when_the_colleague_has_just_left_it(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff, clock: Clock
) -> None:
    """Their end was unknown yet, so the talk went on under them, and the caller was put on hold."""
    liaison, called = talk
    placed = a_colleague_is_rung(phone, hotline, make_staff, liaison)
    deaf = phone.another()
    deaf.suffers(Faults(rates={"event_drop": 1.0}))
    colleague = joins(deaf, hotline, placed)
    colleague.presses("*")
    colleague.says_nothing()
    colleague.presses("2")
    assert colleague.hears("Your colleague goes on with the call")
    clock.passes(minutes=3)

    liaison.hangs_up()
    hotline.jobs.works_off()

    assert called.hears("This call is over")
    assert called.is_over
    assert states(hotline) == ["reached"]


def on_shift(hotline: Hotline, phone: str, *, is_so: bool) -> None:
    """Someone at the office begins or ends the shift of the person at this phone."""
    with hotline.database.transaction() as session:
        person = update(Staff).where(Staff.phone_key == _key(hotline, phone))
        session.execute(person.values(on_shift=is_so))


@pytest.mark.parametrize("ends_it", ["the caller", "the colleague"])
def test_colleague_who_joined_is_not_asked_how_it_ended_and_a_call_they_promised_is_kept(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock, ends_it: str
) -> None:
    """The question went to the colleague too, and their key changed the outcome of their own last talk."""
    make_staff(phone=SECOND)
    asks_express(phone, make_case(custody_status="in_custody"), from_="+12025550124")
    colleague, to_caller = accepted_by(phone, hotline)
    promised = phone.answers(to_caller)
    promised.presses("1")
    clock.passes(minutes=2)
    promised.hangs_up()
    hotline.jobs.works_off()
    colleague.presses("3")
    assert colleague.hears("It is saved")
    on_shift(hotline, SECOND, is_so=False)
    make_staff(phone=FIRST)
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    hotline.jobs.works_off()
    on_shift(hotline, SECOND, is_so=True)
    liaison.presses("*")
    liaison.presses("2")
    hotline.jobs.works_off()
    colleague = joins(phone, hotline, hotline.carrier.ringing[-1])
    assert colleague.is_talking
    clock.passes(minutes=1)

    if ends_it == "the caller":
        called.hangs_up()
    else:
        colleague.presses("*")
        colleague.says_nothing()
        colleague.presses("4")
    hotline.jobs.works_off()

    assert colleague.hears("The call is over. Goodbye")
    assert colleague.is_over
    assert liaison.hears("How did it end?")
    rows = hotline.rows(select(Callback).order_by(Callback.id))
    assert [(row.state, row.reason, row.outcome) for row in rows] == [
        ("reached", "asked", "call_later"),
        ("requested", "call_later", None),
        ("reached", "asked", "reached"),
    ]


def test_liaison_who_hands_the_talk_over_while_they_hold_is_not_told_that_it_is_over(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    """With Redis down the liaison heard how the call stands at the next reminder: "How did it end?"."""
    liaison, called = talk
    colleague = joins(phone, hotline, a_colleague_is_rung(phone, hotline, make_staff, liaison))
    colleague.presses("*")
    colleague.says_nothing()
    liaison.presses("*")
    called.says_nothing()
    for _ in range(2):
        liaison.says_nothing()
    assert liaison.hears("For your choices, press any key")
    colleague.presses("1")
    called.says_nothing()
    assert called.is_talking

    with hotline.database.transaction() as session:
        found = talk_for(session, the_callback(hotline).id)
        assert found is not None
        assert found.staff_id is not None
        talk_controls.hand_over(session, found, found.staff_id, hotline.clock.now)
    liaison.says_nothing()

    assert liaison.hears("Your colleague goes on with the call. Goodbye")
    assert liaison.is_over
    assert (colleague.is_talking, called.is_talking) == (True, True)

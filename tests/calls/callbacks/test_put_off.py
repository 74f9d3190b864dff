"""A person says that it is no good time: nobody rings at once, and a person follows up (R30, R36)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Hotline
from tests.calls.pin.test_without_pin import dials_to_the_callback_menu
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def asks(phone: Phone, case: MadeCase) -> None:
    """Ask for a callback as soon as possible, with the PIN."""
    opens_the_case(phone, case)
    for key in ("2", "1"):
        phone.presses(key)
    assert phone.hears("We will call you")
    phone.hangs_up()


def passes(hotline: Hotline, minutes: int) -> None:
    """Let time pass, and run the sweeper."""
    hotline.clock.passes(minutes=minutes)
    hotline.sweeps()


@ON_SQLITE
@pytest.mark.parametrize("key", ["2", "7"])
def test_nobody_is_rung_for_another_callback_of_the_phone_that_cannot_talk_now(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, key: str
) -> None:
    asks(phone.another(), make_case(custody_status="in_custody"))
    without_pin = phone.another()
    dials_to_the_callback_menu(without_pin)
    without_pin.presses("1")
    without_pin.hangs_up()
    make_staff()

    passes(hotline, 0)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses(key)
    hotline.jobs.works_off()
    liaison.hangs_up()

    for minutes in (5, 20):
        passes(hotline, minutes)
        assert hotline.rung() == [], "the other one would ring beside whoever walked in"
    passes(hotline, 6)
    assert hotline.rung() != []
    with hotline.database.reading() as session:
        rows = session.scalars(select(Callback)).all()
        assert sorted(row.caller_tries for row in rows) == [0, 1]


@ON_BOTH
def test_caller_who_asks_without_a_pin_and_keeps_pressing_2_keeps_no_callback_of_the_case_from_staff(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    asks(phone.another(), make_case(custody_status="in_custody"))
    make_staff()

    for _ in range(3):
        afraid = phone.another()
        dials_to_the_callback_menu(afraid)
        afraid.presses("3")
        afraid.hangs_up()
        passes(hotline, 0)
        liaison, to_caller = accepted_by(phone, hotline)
        phone.answers(to_caller).presses("2")
        hotline.jobs.works_off()
        liaison.hangs_up()
        passes(hotline, 29)

    row = hotline.row(select(Callback).where(Callback.verified))
    assert (row.state, row.outcome, row.caller_tries) == ("left_for_staff", "not_safe", 3)


@ON_BOTH
def test_callback_that_a_key_put_off_is_not_given_up_after_one_missed_ring(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    asks(phone.another(), make_case(custody_status="in_custody"))
    make_staff()

    for answer in ("2", "2", ""):
        passes(hotline, 31)
        liaison, to_caller = accepted_by(phone, hotline)
        if answer:
            phone.answers(to_caller).presses(answer)
        else:
            phone.another().lets_ring(to_caller)
        hotline.jobs.works_off()
        liaison.hangs_up()
        hotline.jobs.works_off()

    row = hotline.row(select(Callback))
    assert (row.state, row.outcome) == ("left_for_staff", "no_answer")


def asks_without_the_pin(phone: Phone) -> None:
    """The same without the PIN, so that the phone has two callbacks."""
    dials_to_the_callback_menu(phone)
    phone.presses("1")
    phone.hangs_up()


@ON_SQLITE
@pytest.mark.parametrize("key", ["2", "7"])
def test_liaison_who_is_rung_for_another_callback_of_that_phone_is_released(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, key: str
) -> None:
    asks(phone.another(), make_case(custody_status="in_custody"))
    asks_without_the_pin(phone.another())
    make_staff(phone="+12025550170")
    make_staff(phone="+12025550171")
    for _ in range(2):
        passes(hotline, 0)
        hotline.rung()
    first, second = hotline.carrier.ringing
    phone.answers(first).presses("1")
    hotline.jobs.works_off()
    to_caller = hotline.carrier.ringing[-1]

    phone.answers(to_caller).presses(key)
    hotline.jobs.works_off()

    assert second.status == "canceled", "with the accept key the phone would ring beside whoever walked in"
    for minutes in (5, 20):
        passes(hotline, minutes)
        assert hotline.rung() == []
    passes(hotline, 6)
    assert hotline.rung() != []


def test_liaison_who_is_rung_is_released_when_the_caller_hides_their_call(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    asks(phone.another(), case)
    make_staff()
    passes(hotline, 2)
    hotline.jobs.works_off()
    (offer,) = hotline.carrier.ringing

    opens_the_case(phone, case)
    phone.presses("7")
    hotline.jobs.works_off()

    assert offer.status == "canceled"
    passes(hotline, 29)
    assert hotline.rung() == []
    passes(hotline, 2)
    assert hotline.rung() != []


def test_key_7_on_hold_puts_off_another_callback_of_the_phone(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    asks(phone.another(), make_case(custody_status="in_custody"))
    make_staff()
    passes(hotline, 2)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    hotline.jobs.works_off()
    asks_without_the_pin(phone.another())
    liaison.presses("*")
    hotline.jobs.works_off()
    assert liaison.hears("The caller is on hold")

    called.presses("7")
    hotline.jobs.works_off()
    liaison.hangs_up()

    for minutes in (5, 20):
        passes(hotline, minutes)
        assert hotline.rung() == []


@ON_SQLITE
@pytest.mark.parametrize("rounds", [("2", "2", "nobody"), ("2", "nobody", "missed")])
def test_person_who_was_put_off_by_a_key_gets_a_person_even_if_no_one_was_there_since(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, rounds: tuple[str, ...]
) -> None:
    asks(phone.another(), make_case(custody_status="in_custody"))
    make_staff()

    for what in rounds:
        passes(hotline, 31)
        liaison, to_caller = accepted_by(phone, hotline)
        if what == "missed":
            phone.another().lets_ring(to_caller)
        else:
            called = phone.answers(to_caller)
            called.presses("1" if what == "nobody" else what)
        hotline.jobs.works_off()
        if what == "nobody":
            called.hangs_up()
            hotline.jobs.works_off()
            liaison.presses("2")
            liaison.presses("2")
            assert liaison.hears("It is saved")
        liaison.hangs_up()
        hotline.jobs.works_off()

    last = hotline.rows(select(Callback).order_by(Callback.id))[-1]
    assert (last.state, last.outcome) == ("left_for_staff", "no_answer")

"""A call promised in a talk, or after it broke off, is made whatever a stranger asked for on that number."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Hotline
from tests.calls.pin.test_faked_number import AFRAID, ATTESTED, EVENING, EXPRESS, asks, rings_in_vain
from tests.calls.pin.test_without_pin import DOUBTED
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.phone import CALLER, Phone, PlacedCall

MakeStaff = Callable[..., Staff]
MAIN, DISCREET = "+12025550100", "+12025550101"


def talks_at_0(phone: Phone, hotline: Hotline, seconds: float, to: str = MAIN) -> Phone:
    """Talk for ``seconds`` without a PIN and hang up; returns the liaison's phone."""
    phone.dials_in(to=to, **ATTESTED)
    for key in ("1", "0"):
        phone.presses(key)
    liaison = hotline.accepts(phone)
    hotline.clock.passes(seconds=seconds)
    phone.hangs_up()
    hotline.jobs.works_off()
    return liaison


def talks_in_a_callback(phone: Phone, hotline: Hotline, theirs: tuple[str, ...]) -> Phone:
    """A caller is called back and talks; somebody keys ``theirs`` under their number. Returns the liaison."""
    asks(phone.another(), *EXPRESS, **ATTESTED)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    asks(phone.another(), *theirs)
    called.hangs_up()
    hotline.jobs.works_off()
    return liaison


def next_ring(phone: Phone, hotline: Hotline, every: int = 40) -> tuple[str, PlacedCall]:
    """When the line next rings the caller, in New York time, and that call, which nobody answers.

    The sweeper runs once in ``every`` minutes.
    """
    for _ in range(200 // every):
        hotline.clock.passes(minutes=every)
        hotline.sweeps()
        if hotline.rung():
            _, to_caller = accepted_by(phone, hotline)
            phone.another().lets_ring(to_caller)
            hotline.jobs.works_off()
            return f"{hotline.clock.now - timedelta(hours=5):%H:%M}", to_caller
    pytest.fail("the phone does not ring")


@ON_SQLITE
@pytest.mark.parametrize("line", [MAIN, DISCREET])
def test_liaisons_promise_for_later_is_kept_though_a_stranger_asked_for_the_evening(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, line: str
) -> None:
    make_staff()
    asks(phone.another(), *EVENING, **DOUBTED)
    liaison = talks_at_0(phone.another(), hotline, 120, to=line)

    liaison.presses("3")
    assert liaison.hears("It is saved")
    liaison.hangs_up()
    hotline.jobs.works_off()

    at, to_caller = next_ring(phone, hotline)
    assert at == "12:02"
    assert (to_caller.to, to_caller.line) == (CALLER, line)


@ON_SQLITE
def test_later_after_a_callback_is_kept_though_a_stranger_asked_for_the_evening_in_the_talk(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    liaison = talks_in_a_callback(phone, hotline, EVENING)

    liaison.presses("3")
    liaison.hangs_up()
    hotline.jobs.works_off()

    assert next_ring(phone, hotline)[0] == "12:00"


@ON_SQLITE
@pytest.mark.parametrize("theirs", [EXPRESS, AFRAID], ids=["any time", "afraid"])
def test_later_after_a_talk_at_0_is_kept_though_a_stranger_had_the_phone_rung_in_vain_before(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, theirs: tuple[str, ...]
) -> None:
    make_staff()
    asks(phone.another(), *theirs)
    liaison = talks_at_0(phone.another(), hotline, 120)

    liaison.presses("3")
    assert liaison.hears("It is saved")
    liaison.hangs_up()

    assert rings_in_vain(phone, hotline, 121, every=20)[-1] == "12:02"


@ON_SQLITE
def test_later_after_a_callback_is_kept_though_a_stranger_had_the_phone_rung_in_vain_before(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    liaison = talks_in_a_callback(phone, hotline, EXPRESS)

    liaison.presses("3")
    liaison.hangs_up()

    assert rings_in_vain(phone, hotline, 121, every=20)[-1] == "12:00"


@pytest.mark.parametrize("theirs", [EVENING, ()], ids=["the evening", "nothing"])
def test_caller_who_is_cut_off_at_0_is_called_at_once_whatever_a_stranger_asked_for(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, theirs: tuple[str, ...]
) -> None:
    make_staff()
    if theirs:
        asks(phone.another(), *theirs, **DOUBTED)
    talks_at_0(phone.another(), hotline, 2).presses("1")
    hotline.jobs.works_off()

    assert next_ring(phone, hotline, every=1)[0] == "10:01"


@ON_BOTH
@pytest.mark.parametrize("theirs", [EVENING, EXPRESS], ids=["the evening", "any time"])
def test_caller_who_is_cut_off_on_hold_is_promised_a_call_and_gets_it_whatever_a_stranger_asked_for(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, theirs: tuple[str, ...]
) -> None:
    make_staff()
    make_staff(email="sam@office.example.org", phone="+12025550171")
    asks(phone.another(), *EXPRESS, **ATTESTED)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    asks(phone.another(), *theirs)
    liaison.presses("*")
    called.says_nothing()
    hotline.clock.passes(minutes=2)

    liaison.hangs_up()
    hotline.jobs.works_off()

    assert called.hears("The call was cut off. We will call you again")
    assert "cut_off" in hotline.rows(select(Callback.reason))


def test_caller_who_asked_for_one_more_call_hears_that_they_get_it_though_a_stranger_asked_as_well(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    assert "we will call you once more" in asks(phone.another(), *"214412", **ATTESTED)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    asks(phone.another(), *EXPRESS)

    liaison.hangs_up()
    hotline.jobs.works_off()

    assert called.hears("The call was cut off. We will call you again")


def test_frightened_caller_whose_call_met_nobody_stays_urgent_though_a_stranger_asked_for_any_time(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks(phone.another(), *AFRAID, **ATTESTED)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    asks(phone.another(), *EXPRESS)
    called.hangs_up()
    hotline.jobs.works_off()

    for key in ("2", "2"):
        liaison.presses(key)

    rows = hotline.rows(select(Callback).where(Callback.urgency == "urgent").order_by(Callback.id))
    assert [(one.state, one.reason) for one in rows] == [("reached", "afraid"), ("requested", "afraid")]


@ON_BOTH
def test_faked_number_uses_up_no_callback_of_a_caller_who_is_cut_off(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    for extra in (DOUBTED, DOUBTED, ATTESTED):
        caller = phone.another()
        caller.dials_in(**extra)
        for key in ("1", "0"):
            caller.presses(key)
        liaison = hotline.accepts(caller)
        caller.hangs_up()
        hotline.jobs.works_off()
        liaison.presses("1")
        hotline.jobs.works_off()
        asked = hotline.rows(select(Callback).where(Callback.state == "requested"))
        assert [one.reason for one in asked] == ["cut_off"]
        with hotline.database.transaction() as session:
            session.get_one(Callback, asked[0].id).state = "cancelled"
        hotline.clock.passes(minutes=1)

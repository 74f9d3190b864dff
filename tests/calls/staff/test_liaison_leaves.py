"""The liaison hangs up while the person called back picks up the phone: that person's key still counts."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from models import Staff
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.menus.test_first_words import FIRST_WORDS
from tests.factories import MadeCase
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.fixture
def called(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline) -> Phone:
    """The phone of somebody called back, who had pressed no key before the liaison hung up."""
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    answered = phone.answers(to_caller)
    liaison.hangs_up()
    return answered


def a_minute_passes(hotline: Hotline, clock: Clock) -> None:
    clock.passes(seconds=60)
    hotline.sweeps()
    hotline.jobs.works_off()


@pytest.mark.parametrize("key", ["2", "7"])
def test_person_who_cannot_talk_is_not_rung_again_within_the_minute(
    called: Phone, hotline: Hotline, carrier: FakeCarrier, clock: Clock, key: str
) -> None:
    called.presses(key)

    callback = the_callback(hotline)
    assert (callback.state, callback.caller_tries) == ("requested", 1)
    assert callback.next_attempt_at == clock.now + timedelta(minutes=30)
    a_minute_passes(hotline, clock)
    assert carrier.ringing == []


def test_person_who_says_not_now_hears_that_we_call_at_another_time(called: Phone) -> None:
    called.presses("2")

    assert called.hears("We will call at another time. Goodbye.")


def test_next_liaison_is_not_kept_for_a_person_who_says_not_now(
    called: Phone, hotline: Hotline, carrier: FakeCarrier, clock: Clock
) -> None:
    clock.passes(seconds=16)
    hotline.dialler.dial_liaison(the_callback(hotline).id)
    (offer,) = carrier.ringing

    called.presses("2")
    hotline.jobs.works_off()

    assert offer.status == "canceled"
    assert the_callback(hotline).state == "requested"
    a_minute_passes(hotline, clock)
    assert carrier.ringing == []


def test_person_who_says_yes_hears_that_we_call_again_and_is_called(
    called: Phone, hotline: Hotline, carrier: FakeCarrier, clock: Clock
) -> None:
    called.presses("1")

    assert called.hears("The call was cut off. We will call you again. Goodbye.")
    assert called.is_over
    a_minute_passes(hotline, clock)
    assert len(carrier.ringing) == 1


def test_machine_records_no_word_twice_when_the_liaison_hangs_up(called: Phone, hotline: Hotline) -> None:
    hotline.jobs.works_off()

    assert called.is_over
    assert called.heard_so_far == FIRST_WORDS["1"].removesuffix(" If yes, press 1. If not, press 2.")

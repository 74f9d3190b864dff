"""What happens after the last round of a callback in which the person could not talk (R35, R36)."""

from collections.abc import Callable

import pytest

from models import Case, Staff
from models.overview.lost_pin import tell_safe_phones
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.conftest import Hotline
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def half_an_hour_passes(hotline: Hotline) -> None:
    hotline.jobs.works_off()
    hotline.clock.passes(minutes=31)
    hotline.sweeps()


def test_person_who_cannot_talk_in_the_last_round_is_promised_no_other_call(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    for _ in range(2):
        called = phone.answers(accepted_by(phone, hotline)[1])
        called.presses("2")
        assert called.hears("We will call at another time")
        half_an_hour_passes(hotline)

    called = phone.answers(accepted_by(phone, hotline)[1])
    called.presses("2")

    assert called.hears("Thank you. The call is over. Goodbye.")
    assert called.does_not_hear("We will call")
    assert (the_callback(hotline).state, the_callback(hotline).outcome) == ("left_for_staff", "not_safe")
    assert the_callback(hotline).staff_id is None, "a liaison who has it would keep colleagues from it"


def test_caller_who_was_promised_the_evening_is_called_then_after_three_earlier_delays(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    phone.dials_in()
    for key in ("1", "2", "1", "2", "1", "3"):
        phone.presses(key)
    assert phone.hears("We will try today, in the evening")
    phone.hangs_up()
    evening = the_callback(hotline).window_starts
    somebody = phone.another()
    somebody.dials_in()
    for key in ("1", "2", "1", "1"):
        somebody.presses(key)
    somebody.hangs_up()

    for _ in range(3):
        called = phone.answers(accepted_by(phone, hotline)[1])
        called.presses("2")
        assert called.hears("We will call at another time")
        half_an_hour_passes(hotline)

    callback = the_callback(hotline)
    assert (callback.state, callback.caller_tries) == ("requested", 0)
    assert callback.next_attempt_at == evening


@pytest.mark.parametrize("reason", ["pin_changed", "letter_pin_used", "phone_added", "phone_stopped"])
def test_owner_whose_machine_answers_each_time_is_not_left_untold_of_a_new_pin_or_phone(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, reason: str
) -> None:
    """Somebody else may have got it in their name, and nobody would ever have told them (R08, R09)."""
    make_staff()
    case = make_case(custody_status="in_custody", phone="+12025550130")
    with hotline.database.transaction() as session:
        kept, now = session.get_one(Case, case.id), hotline.clock.now
        tell_safe_phones(session, kept, reason, "kim@office.example.org", hotline.policy, now)
    hotline.jobs.enqueue("dial_liaison", the_callback(hotline).id)

    for _ in range(3):
        machine = phone.answers(accepted_by(phone, hotline)[1], AnsweredBy="machine_start")
        while not machine.is_over:
            machine.says_nothing()
        half_an_hour_passes(hotline)

    assert (the_callback(hotline).state, the_callback(hotline).outcome) == ("left_for_staff", "no_answer")
    assert hotline.rung() == []

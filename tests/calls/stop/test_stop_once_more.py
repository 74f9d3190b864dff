"""Calls from a phone that was left stopped: a caller who wants to be called there may lift that (R33)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from models import Callback, Staff
from models.callbacks.refusals import CallbackRefusal
from models.cases.registrant import Phone as Registered
from models.overview.phone_stop import stop_phone
from models.store.refusal import RefusedError
from models.talks.own_call import call_now
from tests.calls.conftest import Hotline
from tests.calls.stories import asks_very_soon, opens_the_case
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
NOTICE = {"1": "We have stopped calling one or more of your phones", "2": "Dejamos de llamar a uno o más"}
CANNOT = {"1": "I cannot call this number back", "2": "No puedo llamar a este número"}


def is_left_stopped(hotline: Hotline, **facts: object) -> None:
    """The phone said stop, and a verified call left it so."""
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        session.execute(update(Registered).values(stopped_at=now, stop_told_at=now, **facts))
    hotline.clock.passes(hours=1)


@pytest.mark.parametrize("language", ["1", "2"])
def test_caller_who_asks_for_a_call_at_a_phone_left_stopped_may_have_it_again(
    phone: Phone, make_case: MakeCase, hotline: Hotline, language: str
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    is_left_stopped(hotline)
    opens_the_case(phone, case, language=language)
    assert phone.does_not_hear(NOTICE[language])

    phone.presses("2")

    assert phone.hears(NOTICE[language])
    assert phone.does_not_hear(CANNOT[language])
    phone.presses("1")
    phone.presses("2")
    phone.presses("1")
    assert phone.hears({"1": "We will call you", "2": "Le llamaremos"}[language])
    assert hotline.row(select(Callback.state)) == "requested"


def test_caller_who_leaves_it_stopped_again_is_back_at_their_case(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    is_case = make_case(custody_status="in_custody", phone=CALLER)
    is_left_stopped(hotline)
    opens_the_case(phone, is_case)
    phone.presses("2")

    phone.presses("2")

    assert phone.hears("To be called back, press 2")
    assert phone.does_not_hear("last used")
    assert hotline.row(select(Registered.stop_told_at)) == hotline.clock.now
    assert hotline.rows(select(Callback)) == []


def test_hard_news_comes_before_the_question_about_the_phone(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="escaped", phone=CALLER)
    is_left_stopped(hotline)
    opens_the_case(phone, case)

    phone.presses("2")

    assert phone.hears("I cannot call this number back", "To hear it now, press 1")
    phone.presses("1")
    assert phone.hears("this person escaped")
    phone.presses("2")
    assert phone.hears(NOTICE["1"])


def test_phone_marked_unsafe_is_not_asked_about(phone: Phone, make_case: MakeCase, hotline: Hotline) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    is_left_stopped(hotline, unsafe_since=hotline.clock.now)
    opens_the_case(phone, case)

    phone.presses("2")

    assert phone.hears("I cannot call this number back")
    assert phone.does_not_hear(NOTICE["1"])


def test_caller_without_the_pin_hears_nothing_of_the_stop(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    make_case(custody_status="in_custody", phone=CALLER)
    is_left_stopped(hotline)
    phone.dials_in(from_=CALLER)
    for key in ("1", "2", "1", "1"):
        phone.presses(key)

    assert NOTICE["1"] not in phone.heard_so_far


def test_staff_may_make_the_call_that_a_stop_left_to_them_once_its_owner_has_lifted_the_stop(
    phone: Phone, make_case: MakeCase, make_staff: Callable[..., Staff], hotline: Hotline
) -> None:
    case, liaison = make_case(custody_status="in_custody", phone=CALLER), make_staff()
    asks_very_soon(phone, case)
    assert phone.hears("We will call you no later than")
    phone.hangs_up()
    left, policy = hotline.row(select(Callback)), hotline.policy

    def says_stop() -> None:
        with hotline.database.transaction() as session:
            stop_phone(session, left.phone_key, hotline.clock.now, hotline.policy)

    def calls_now() -> None:
        with hotline.database.transaction() as session:
            jobs = call_now(session, left.id, liaison.id, hotline.clock.now, policy)
        for name, row_id in jobs:
            hotline.jobs.enqueue(name, row_id)

    says_stop()
    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.PHONE_STOPPED}$"):
        calls_now()
    hotline.clock.passes(minutes=2)
    again = phone.another()
    opens_the_case(again, case)
    again.presses("1")
    assert again.hears("We can call there again")
    again.hangs_up()

    # A stop that is lifted and sent once more is a stop.
    hotline.clock.passes(minutes=1)
    says_stop()
    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.PHONE_STOPPED}$"):
        calls_now()
    opens_the_case(again := phone.another(), case)
    again.presses("1")
    again.hangs_up()

    calls_now()
    assert hotline.rung() == ["+12025550170"]
    phone.answers(hotline.carrier.ringing[-1]).presses("1")
    assert hotline.rung() == [CALLER]

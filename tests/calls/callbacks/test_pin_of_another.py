"""Somebody with a PIN of their own asks from a phone from which another person asked before (R13, R35)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Staff
from models.overview.outcome import note_outcome
from models.talks.talk import Talk
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.callbacks.test_two_who_ask import DISCREET, MAIN, asks_on_the_discreet_line
from tests.calls.conftest import Hotline
from tests.calls.pin.test_faked_number import AFRAID, ATTESTED, EXPRESS, asks
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
OTHER = "+12025550188"
EVENING = ("2", "3")


def with_their_pin(phone: Phone, case: MadeCase, *keys: str, **extra: str) -> str:
    """Open a case and press these keys in the menu of its callback; returns the line's last words."""
    caller = phone.another()
    caller.dials_in(**extra)
    for key in ("1", "1", case.number, case.pin, "2", *keys):
        caller.presses(key)
    heard = caller.heard
    caller.hangs_up()
    return heard


def promised(hotline: Hotline) -> list[Callback]:
    """The callbacks that still wait for their call, oldest first."""
    waiting = select(Callback).where(Callback.state == "requested")
    return hotline.rows(waiting.order_by(Callback.id))


def is_rung(phone: Phone, hotline: Hotline) -> str | None:
    """The liaison accepts, and the person rung takes the call; returns the number that they saw."""
    hotline.clock.passes(minutes=5)
    hotline.sweeps()
    liaison, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == CALLER
    called = phone.answers(to_caller)
    called.presses("1")
    called.hangs_up()
    liaison.hangs_up()
    return to_caller.line


@pytest.mark.parametrize("first", [AFRAID, EXPRESS], ids=["afraid", "as soon as can be"])
def test_call_that_is_believed_less_cancels_nothing_that_was_asked_for_without_the_pin(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, first: tuple[str, ...]
) -> None:
    his = make_case("in_custody", phone=CALLER)
    asks(phone.another(), *first, **ATTESTED)
    (hers,) = promised(hotline)

    with_their_pin(phone, his, "1")
    assert "Your callback is canceled" in with_their_pin(phone, his, "4")

    (kept,) = promised(hotline)
    for name in ("id", "urgency", "reason", "due_at", "requested_at"):
        assert getattr(kept, name) == getattr(hers, name)
    make_staff()
    assert is_rung(phone, hotline) == MAIN


def test_caller_with_a_pin_does_not_hear_that_somebody_at_that_phone_is_afraid(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    his, elsewhere = make_case("in_custody", phone=CALLER), make_case("in_custody", phone=OTHER)
    asks(phone.another(), *AFRAID)

    heard = with_their_pin(phone, his, "1")

    assert heard == with_their_pin(phone, elsewhere, "1", from_=OTHER)
    assert [(one.urgency, one.verified) for one in promised(hotline)] == [
        ("urgent", False),
        ("other", True),
        ("other", True),
    ]


def test_evening_that_is_chosen_with_a_pin_does_not_put_off_somebody_who_is_afraid(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks(phone.another(), *AFRAID)

    assert "in the evening" in with_their_pin(phone, make_case("in_custody", phone=CALLER), "2", "3")

    assert is_rung(phone, hotline) == MAIN


def test_request_on_the_discreet_line_in_spanish_keeps_its_number_and_its_language(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_on_the_discreet_line(phone.another())
    spanish = phone.another()
    spanish.dials_in()
    for key in ("2", "2", "1", "1"):
        spanish.presses(key)
    spanish.hangs_up()

    with_their_pin(phone, make_case("in_custody", phone=CALLER), "1")

    assert sorted((one.language, one.verified) for one in promised(hotline)) == [
        ("en", False),
        ("en", True),
        ("es", False),
    ]
    assert {is_rung(phone, hotline) for _ in range(3)} == {MAIN, DISCREET}


def test_moment_that_a_liaison_agreed_on_is_kept_whatever_is_asked_for_with_a_pin(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    his = make_case("in_custody", phone=CALLER)
    asks(phone.another(), *EXPRESS)
    is_rung(phone, hotline)
    at = hotline.clock.now + timedelta(hours=5)
    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).order_by(Talk.id.desc()).limit(1)).one()
        note_outcome(session, talk, "call_later", who.id, hotline.clock.now, hotline.policy, call_at=at)
    (hers,) = promised(hotline)

    with_their_pin(phone, his, "1")
    with_their_pin(phone, his, "4")

    assert [(one.id, one.next_attempt_at) for one in promised(hotline)] == [(hers.id, at)]


def test_request_at_a_phone_that_two_registrants_have_stands_beside_the_one_with_the_pin(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    make_case("in_custody", phone=CALLER)
    asks(phone.another(), *EXPRESS)

    with_their_pin(phone, make_case("in_custody", phone=CALLER), "1")

    assert [one.verified for one in promised(hotline)] == [False, True]


def test_request_is_not_replaced_by_a_callback_to_another_phone(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case("in_custody", phone=CALLER)
    with_their_pin(phone, case, "1", from_=OTHER)
    asks(phone.another(), *EXPRESS)

    with_their_pin(phone, case, "3")

    assert [one.verified for one in promised(hotline)] == [True, False]


@pytest.mark.parametrize(("key", "to_cancel"), [("1", ("4",)), ("3", ("4", "2"))], ids=["express", "afraid"])
def test_request_that_was_replaced_is_promised_again_once_the_other_is_cancelled(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    key: str,
    to_cancel: tuple[str, ...],
) -> None:
    case = make_case("in_custody", phone=CALLER)
    asks(phone.another(), key)
    (first,) = promised(hotline)
    hotline.clock.passes(minutes=10)
    with_their_pin(phone, case, key)
    assert [one.verified for one in promised(hotline)] == [True]

    with_their_pin(phone, case, *to_cancel)

    (again,) = promised(hotline)
    for name in ("verified", "case_id", "urgency", "reason", "due_at", "requested_at"):
        assert getattr(again, name) == getattr(first, name)
    make_staff()
    assert is_rung(phone, hotline) == MAIN


def test_liaison_who_is_rung_for_a_request_still_reaches_its_person(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks(phone.another(), *EXPRESS)
    assert hotline.rung()

    opens_the_case(phone, make_case("in_custody", phone=CALLER))
    for key in ("2", "1"):
        phone.presses(key)
    phone.hangs_up()

    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == CALLER

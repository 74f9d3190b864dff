"""A fault of ours ends a call that we placed: the person who answered has missed nothing (R36)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Staff
from models.talks import leg
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.callbacks.test_last_round import half_an_hour_passes
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def broken(*_: object, **_more: object) -> None:
    raise RuntimeError("This part is broken.")


def test_person_who_answers_while_our_web_is_down_loses_no_try(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))

    for _ in range(3):
        liaison, to_caller = accepted_by(phone, hotline)
        # The carrier got no answer from web, said that something is wrong, and hung up.
        phone.another().declines(to_caller, "completed")
        hotline.jobs.works_off()
        assert liaison.is_over
        half_an_hour_passes(hotline)

    assert the_callback(hotline).caller_tries == 0
    called = phone.answers(accepted_by(phone, hotline)[1])
    called.presses("1")
    assert called.is_talking


@ON_SQLITE
def test_phone_is_not_rung_without_end_while_our_web_is_down(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    rounds = 0

    while the_callback(hotline).state != "no_answer" and rounds < 20:
        phone.another().declines(accepted_by(phone, hotline)[1], "completed")
        rounds += 1
        half_an_hour_passes(hotline)

    assert rounds == 9


def test_person_whose_key_meets_a_fault_of_ours_loses_no_try(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    called = phone.answers(accepted_by(phone, hotline)[1])
    with monkeypatch.context() as fault:
        fault.setattr(leg, "join_caller", broken)
        called.presses("1")

    assert called.hears("I am sorry, something went wrong. Goodbye.")
    assert (the_callback(hotline).state, the_callback(hotline).caller_tries) == ("requested", 0)


@pytest.mark.parametrize("how", ["callback", "at 0"])
def test_liaison_whose_accept_key_meets_a_fault_of_ours_twice_is_not_set_away(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:  # fmt: skip
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for key in ("0",) if how == "at 0" else ("2", "1"):
        phone.presses(key)
    if how == "callback":
        phone.hangs_up()
    with monkeypatch.context() as fault:
        fault.setattr(leg, "may_take", broken)
        for _ in range(2):
            liaison = hotline.answers(phone)
            liaison.presses("1")
            assert liaison.hears("I am sorry, something went wrong. Goodbye.")
            hotline.clock.passes(seconds=20)
            hotline.sweeps()

    assert hotline.row(select(Staff.missed_offers)) == 0
    assert hotline.row(select(Staff.on_shift))
    hotline.accepts(phone)
    if how == "at 0":
        assert phone.is_talking

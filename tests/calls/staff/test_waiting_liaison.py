"""The liaison who has accepted hears the progress while the person's phone rings (Legs, R30)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Staff, Talk
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_waiting_liaison_hears_the_progress_at_most_ten_seconds_apart(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    assert liaison.hears("We are calling them now")

    for _ in range(3):
        document = liaison.raw(liaison.redelivers_last())
        assert int(document.split('timeout="')[1].split('"')[0]) <= 8
        liaison.says_nothing()
        assert liaison.hears("Still ringing")

    called = phone.answers(to_caller)
    liaison.says_nothing()
    assert liaison.hears("The phone was answered, but nobody has pressed a key yet")

    called.presses("1")
    hotline.jobs.works_off()
    assert liaison.hears("You are connected")
    assert (liaison.is_talking, called.is_talking) == (True, True)


def test_waiting_liaison_hears_the_progress_in_spanish(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(languages="es,en")
    asks_express(phone, make_case(custody_status="in_custody"), language="2")
    liaison, to_caller = accepted_by(phone, hotline)

    liaison.says_nothing()
    assert liaison.hears("El teléfono sigue sonando")

    phone.answers(to_caller)
    liaison.says_nothing()
    assert liaison.hears("Contestaron el teléfono, pero todavía nadie ha oprimido una tecla")


def test_liaison_is_joined_without_a_worker_that_moves_them(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    assert called.is_talking
    hotline.jobs.waiting.clear()

    liaison.says_nothing()

    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert hotline.row(select(Talk.held_at)) is None


def test_liaison_hears_at_once_that_nobody_answered(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)

    phone.lets_ring(to_caller)
    hotline.jobs.works_off()

    assert liaison.hears("We could not connect you now")
    assert liaison.is_over


@ON_BOTH
@pytest.mark.parametrize(
    ("languages", "key", "words"),
    [
        ("en", "1", "We could not connect you now. Goodbye"),
        ("es,en", "2", "No pudimos comunicarle ahora. Adiós"),
    ],
)
def test_liaison_hears_nothing_of_a_person_whom_the_carrier_did_not_ring(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    languages: str,
    key: str,
    words: str,
) -> None:
    make_staff(languages=languages)
    asks_express(phone, make_case(custody_status="in_custody"), language=key)
    liaison = hotline.answers(phone)
    hotline.carrier.refuses_calls = 21210

    liaison.presses("1")
    hotline.jobs.works_off()

    assert liaison.hears(words)
    assert hotline.carrier.refused == 1


def test_liaison_hears_that_nobody_answered_without_a_worker_that_tells_them(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    phone.lets_ring(to_caller)
    hotline.jobs.waiting.clear()

    liaison.says_nothing()

    assert liaison.hears("We could not connect you now")
    assert liaison.is_over


def test_waiting_liaison_may_stop_by_star_and_go_on_waiting(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)

    liaison.presses("*")
    assert liaison.hears("To go on waiting, press 1", "press 2")
    liaison.presses("1")
    assert liaison.hears("Still ringing")
    phone.answers(to_caller).presses("1")
    hotline.jobs.works_off()

    assert liaison.is_talking


def test_liaison_who_stops_waiting_passes_the_callback_on(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)

    liaison.presses("*")
    liaison.presses("2")
    clock.passes(seconds=20)
    hotline.sweeps()
    hotline.jobs.works_off()

    assert liaison.is_over
    assert to_caller.status == "canceled"
    assert the_callback(hotline).talking_at is None


def test_person_who_joins_while_the_liaison_chooses_is_on_hold_until_the_liaison_is_back(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    liaison.presses("*")
    called = phone.answers(to_caller)
    called.presses("1")
    assert not called.is_talking

    liaison.presses("1")
    hotline.jobs.works_off()

    assert (liaison.is_talking, called.is_talking) == (True, True)


def test_liaison_who_hangs_up_before_they_are_fetched_does_not_leave_the_person_alone(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")

    liaison.hangs_up()
    hotline.jobs.works_off()

    assert called.hears("Goodbye")
    assert called.is_over
    assert the_callback(hotline).state == "reached"

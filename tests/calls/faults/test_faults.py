"""Whole calls while requests are doubled, late, reordered, lost or forged: nothing counts twice."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from hotline.exchange.delivery.faults import Faults
from models import Call, Callback, Staff
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, nobody_is_held, the_callback
from tests.calls.conftest import Hotline
from tests.calls.stories import is_asked_for_a_number, opens_the_case, wrong
from tests.factories import HASHER, MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
EVERY = {"duplicate": 1.0, "late": 1.0, "forge": 1.0, "strange": 1.0, "delay": 1.0}
EVENTS = {"event_duplicate": 1.0, "event_reorder": 1.0, "event_delay": 1.0}


def no_wait(_seconds: float) -> None:
    """The suite does not wait for what is delayed."""


def faults(seed: int = 1, **rates: float) -> Faults:
    return Faults(seed, rates, sleep=no_wait)


def test_doubled_late_forged_and_strange_requests_change_nothing_that_callers_hear(
    phone: Phone, make_case: MakeCase
) -> None:
    injected = faults(**EVERY)
    phone.suffers(injected)

    opens_the_case(phone, make_case(custody_status="in_custody", facility="Stewart"))

    assert phone.hears("in custody", "Stewart")
    counts = injected.summary()["injected"]
    assert counts["duplicate"] == counts["forge"] == counts["refused"] == 5
    assert "let_in" not in counts
    assert "answered_differently" not in counts


def test_wrong_pin_that_arrives_twice_and_again_is_one_try(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    phone.suffers(faults(duplicate=1, late=1))
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    runs = HASHER.runs

    phone.presses(wrong(case.pin))

    assert HASHER.runs == runs + 2
    assert hotline.row(select(Call)).tries == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_callback_is_made_once_whatever_is_doubled_or_out_of_order(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, seed: int
) -> None:
    make_staff()
    phone.suffers(faults(seed, duplicate=0.5, late=0.5, forge=0.2, strange=0.5, **EVENTS))

    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    assert called.is_talking
    called.hangs_up()

    assert (the_callback(hotline).state, the_callback(hotline).outcome) == ("reached", "reached")
    assert nobody_is_held(hotline)
    hotline.jobs.works_off()
    assert liaison.hears("The call is over. How did it end?")
    liaison.hangs_up()
    assert len(hotline.rows(select(Callback))) == 1


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 6, 7])
def test_caller_who_hangs_up_at_any_step_leaves_no_call_open(
    phone: Phone, make_case: MakeCase, hotline: Hotline, step: int
) -> None:
    case = make_case(custody_status="in_custody")
    phone.suffers(Faults(at={"hang_up": step}))

    opens_the_case(phone, case)
    phone.presses("2")
    phone.presses("1")

    assert phone.is_over
    assert hotline.row(select(Call)).ended_at is not None
    assert len(hotline.rows(select(Callback))) == (1 if step == 7 else 0)


def test_withheld_caller_id_keeps_no_caller_from_a_case(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    phone.suffers(faults(seed=5, withhold=1))

    for _ in range(6):
        caller = phone.another()
        opens_the_case(caller, case)
        assert caller.hears("in custody")

    assert all(call.phone_sealed is None for call in hotline.rows(select(Call)))


def test_tampered_request_is_refused_and_moves_nothing(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    phone.suffers(Faults(at={"tamper": 2}))
    phone.dials_in()

    with pytest.raises(pytest.fail.Exception, match="the line answered 403"):
        phone.presses("1")

    assert hotline.row(select(Call)).turn == 1


def test_tampered_call_event_is_refused(phone: Phone, hotline: Hotline) -> None:
    phone.suffers(Faults(at={"event_tamper": 1}))
    phone.dials_in()

    with pytest.raises(pytest.fail.Exception, match="the line answered 403"):
        phone.hangs_up()

    assert hotline.row(select(Call)).ended_at is None


@pytest.mark.parametrize("kind", ["drop", "lose_reply"])
def test_lost_request_plays_the_carriers_apology(
    phone: Phone, make_case: MakeCase, hotline: Hotline, kind: str
) -> None:
    phone.suffers(Faults(at={kind: 2}))
    phone.dials_in()

    with pytest.raises(pytest.fail.Exception, match="was lost on its way"):
        phone.presses("1")

    assert "an application error has occurred" in phone.transcript
    assert hotline.row(select(Call)).ended_at is not None

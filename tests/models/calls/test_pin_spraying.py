"""Spraying: many numbers from one phone, or a raised guard, leave one try a call (R06)."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from models import Guard
from models.store.database import Database
from tests.factories import make_policies
from tests.models.calls.pin_calls import PIN, WRONG, PinCalls, cheap_hasher


@pytest.fixture
def line(database: Database, now: datetime) -> PinCalls:
    return PinCalls(database, now, cheap_hasher(), make_policies())


def test_five_numbers_from_one_phone_leave_it_one_try_a_call(line: PinCalls) -> None:
    for _ in range(5):
        line.tries(line.unused_number(), phone="sprayer")
    number, sid = line.case(), line.call("sprayer")

    assert line.tries(number, WRONG, sid=sid) == "wrong"
    assert line.tries(number, PIN, sid=sid) == "wrong"
    assert line.tries(number, PIN, phone="sprayer") == "right", "the first try of a call opens"


def test_phone_that_opened_one_of_five_numbers_is_no_sprayer(line: PinCalls) -> None:
    opened, sid = line.case(), line.call("shelter")
    line.tries(opened, sid=sid)
    assert line.tries(opened, PIN, sid=sid) == "right"
    for _ in range(4):
        line.tries(line.unused_number(), phone="shelter")

    assert not line.reserve(line.call("shelter"), line.case()).tightened


@pytest.mark.parametrize("tried", ["other numbers", "the number of the case"])
def test_five_tries_do_not_tell_whether_somebody_opened_a_case_from_the_phone(
    line: PinCalls, tried: str
) -> None:
    of_victim = line.case()
    for phone in ("used", "idle"):
        if phone == "used":
            line.tries(of_victim, PIN, phone=phone)
        for _ in range(4):
            line.tries(line.unused_number(), phone=phone)
        line.tries(of_victim if "case" in tried else line.unused_number(), phone=phone)

    assert line.reserve(line.call("used"), line.case()).tightened
    assert line.reserve(line.call("idle"), line.case()).tightened


@pytest.mark.parametrize("doubted", [True, False], ids=["doubted", "unattested"])
def test_sprayer_under_a_faked_number_tightens_no_attested_call_of_the_phone(
    line: PinCalls, doubted: bool
) -> None:
    for _ in range(5):
        line.tries(line.unused_number(), sid=line.call("faked", doubted=doubted))

    assert line.reserve(line.call("faked", doubted=doubted), line.case()).tightened
    assert not line.reserve(line.call("faked", attested=True), line.case()).tightened


def test_five_numbers_within_more_than_a_day_are_no_spraying(line: PinCalls) -> None:
    for _ in range(5):
        line.tries(line.unused_number(), phone="slow")
        line.now += timedelta(hours=6)

    assert not line.reserve(line.call("slow"), line.case()).tightened


def test_withheld_caller_ids_are_not_one_phone_that_sprays(line: PinCalls) -> None:
    for _ in range(9):
        line.tries(line.unused_number(), phone=None)

    assert not line.reserve(line.call(None), line.case()).tightened


def test_shared_phone_is_not_tightened_for_the_numbers_it_tries(line: PinCalls) -> None:
    for _ in range(9):
        line.tries(line.unused_number(), phone="hospital")
    line.shared_phone = True

    assert not line.reserve(line.call("hospital"), line.case()).tightened


def test_raised_guard_tightens_only_phones_and_numbers_that_have_failures(line: PinCalls) -> None:
    tried, untried, opened = line.case(), line.case(), line.case()
    line.tries(tried, phone="failed")
    assert line.tries(opened, PIN, phone="owner") == "right"
    line.now += timedelta(minutes=1)
    until = line.now + timedelta(hours=1)
    with line.database.transaction() as session:
        session.execute(insert(Guard).values(name="spraying", raised_until=until, measured_at=line.now))

    assert line.reserve(line.call("new"), tried).tightened
    assert line.reserve(line.call("failed"), untried).tightened
    assert not line.reserve(line.call("owner"), opened).tightened, "a right PIN is no failure"
    fresh, other = line.call("another"), line.case()
    assert not line.reserve(fresh, other).tightened
    assert not line.reserve(fresh, other).tightened, "its own slip does not make a call suspect"
    line.now = until
    assert not line.reserve(line.call("failed"), untried).tightened

"""Calls that lock a number, and what supervisors learn of it and do about it (R04)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Alert, AuditEntry, Callback, Staff
from models.cases.case import close_case, new_number
from models.staff.pin_lock import LockError, lift_lock, standing_locks
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import has_wrong_tries, is_asked_for_a_number, wrong
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def guesses(phone: Phone, number: str, pin: str, from_: str = "anonymous") -> str:
    caller = phone.another()
    is_asked_for_a_number(caller, from_=from_)
    caller.presses(number)
    caller.presses(pin)
    heard = caller.heard
    caller.hangs_up()
    return heard


def locks(phone: Phone, clock: Clock, number: str, pin: str) -> None:
    for _ in range(10):
        guesses(phone, number, pin)
        clock.passes(hours=1)


def test_lock_is_an_audit_entry_and_one_message_to_each_supervisor_with_a_count(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(email="ruth@office.example.org", role="supervisor")
    for _ in range(2):
        case = make_case(custody_status="in_custody")
        locks(phone, clock, case.number, wrong(case.pin))
    locks(phone, clock, new_number(), "482916")

    hotline.sweeps()
    hotline.sweeps()

    alerts = hotline.rows(select(Alert).where(Alert.level == "pin_locks"))
    assert [(one.channel, one.promises) for one in alerts] == [("text", 2)]
    entries = hotline.rows(select(AuditEntry).where(AuditEntry.action == "lock_pin"))
    assert [one.facts for one in entries] == [{"kind": "strangers", "why": "lock"}] * 2


@ON_SQLITE
def test_flood_of_locks_is_one_message_every_few_minutes(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(email="ruth@office.example.org", role="supervisor")
    cases = [make_case(custody_status="in_custody") for _ in range(3)]
    for case in cases:
        for _ in range(9):
            guesses(phone, case.number, wrong(case.pin))
            clock.passes(hours=1)
    for case in cases:
        guesses(phone, case.number, wrong(case.pin))
        hotline.sweeps()

    counts = select(Alert.promises).where(Alert.level == "pin_locks").order_by(Alert.id)
    assert hotline.rows(counts) == [1]
    clock.passes(minutes=4, seconds=1)
    hotline.sweeps()
    assert hotline.rows(counts) == [1, 2]


def test_supervisor_is_told_of_the_hundredth_wrong_try_in_a_month_as_well(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(email="ruth@office.example.org", role="supervisor")
    case = make_case(custody_status="in_custody")
    has_wrong_tries(hotline, case, 98)
    locks = select(AuditEntry).where(AuditEntry.action == "lock_pin")
    guesses(phone, case.number, wrong(case.pin))
    hotline.sweeps()
    assert hotline.rows(locks) == [], "of the 99th one nobody is told"

    guesses(phone, case.number, wrong(case.pin))
    hotline.sweeps()

    entry = hotline.row(locks)
    assert entry.facts == {"kind": "strangers", "why": "total"}


@ON_BOTH
@pytest.mark.parametrize("failed", [9, 99], ids=["the lock", "the total"])
def test_right_pin_at_the_last_try_is_no_lock_to_anybody(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock, failed: int
) -> None:
    """A try counts as wrong until it is right: supervisors were told of a lock that there was not."""
    make_staff(email="ruth@office.example.org", role="supervisor")
    case = make_case(custody_status="in_custody")
    if failed == 99:
        has_wrong_tries(hotline, case, failed)
    else:
        for _ in range(failed):
            guesses(phone, case.number, wrong(case.pin))
            clock.passes(hours=1)

    assert "in custody" in guesses(phone, case.number, case.pin)
    hotline.sweeps()

    assert hotline.rows(select(AuditEntry).where(AuditEntry.action == "lock_pin")) == []
    assert hotline.rows(select(Alert).where(Alert.level == "pin_locks")) == []
    with hotline.database.reading() as session:
        assert standing_locks(session) == []


@ON_BOTH
def test_supervisor_lifts_a_lock_and_the_right_pin_opens_again(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    locks(phone, clock, case.number, wrong(case.pin))
    assert "in custody" not in guesses(phone, case.number, case.pin)

    with hotline.database.transaction() as session:
        (lock,) = standing_locks(session)
        lift_lock(session, lock.case_id, lock.kind, by="ruth@office.example.org", now=clock.now)
        with pytest.raises(LockError):
            lift_lock(session, lock.case_id, lock.kind, by="ruth@office.example.org", now=clock.now)
        assert standing_locks(session) == []

    assert "in custody" in guesses(phone, case.number, case.pin)
    entry = hotline.row(select(AuditEntry).where(AuditEntry.action == "lift_pin_lock"))
    assert (entry.actor, entry.facts) == (
        "ruth@office.example.org",
        {"kind": "strangers", "counters": 1},
    )


def test_lock_stops_no_callback_and_every_answer_offers_a_person(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    locks(phone, clock, case.number, wrong(case.pin))
    is_asked_for_a_number(phone, from_=CALLER)
    phone.presses(case.number)
    phone.presses(case.pin)
    assert phone.hears("press 0")
    phone.presses("0")

    assert phone.hears("as soon as we can, press 1")
    phone.presses("1")

    assert phone.hears("we will call you")
    assert hotline.row(select(Callback.state)) == "requested"


def test_lock_of_a_closed_case_is_reported_and_lifted_like_any_other(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(email="ruth@office.example.org", role="supervisor")
    case = make_case(custody_status="in_custody")
    with hotline.database.transaction() as session:
        close_case(session, case.number, now=clock.now, actor="boss")
    locks(phone, clock, case.number, wrong(case.pin))

    hotline.sweeps()

    assert hotline.row(select(Alert.promises).where(Alert.level == "pin_locks")) == 1
    with hotline.database.transaction() as session:
        (lock,) = standing_locks(session)
        lift_lock(session, lock.case_id, lock.kind, by="ruth@office.example.org", now=clock.now)
    assert "cannot confirm" in guesses(phone, case.number, case.pin)

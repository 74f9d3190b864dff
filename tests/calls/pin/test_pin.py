"""Calls of people who key numbers and PINs, right and wrong (R01-R07)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import AuditEntry, Call, Case, Staff
from models.calls.call import keep_pending
from models.cases.case import check_digit_is_right, new_number, rotate_pin
from models.overview.case_opening import Grounds
from models.overview.lost_pin import replace_lost_pin
from models.overview.phone_list import confirm_phone, give_code, mark_unsafe
from models.overview.total_lift import lift_total
from models.staff.pin_lock import has_untold_locks, standing_locks
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import (
    document_of,
    has_wrong_tries,
    is_asked_for_a_number,
    next_url,
    opens_the_case,
    wrong,
)
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import HASHER, MadeCase
from tests.models.staff.staff_people import someone
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]


def unused(case: MadeCase) -> str:
    """A number with a right check digit that no case has."""
    return next(number for number in iter(new_number, "") if number != case.number)


def mistyped(number: str) -> str:
    """The number with one digit wrong."""
    return next(
        candidate
        for digit in "0123456789"
        if not check_digit_is_right(candidate := number[:4] + digit + number[5:]) and candidate != number
    )


def test_caller_with_a_mistyped_number_is_asked_again_before_the_pin(
    phone: Phone, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)

    phone.presses(mistyped(case.number))

    assert phone.hears("That is not a case number", "case number")
    assert phone.does_not_hear("PIN")
    phone.presses(case.number)
    phone.presses(case.pin)
    assert phone.hears("in custody")


def test_unknown_number_and_wrong_pin_sound_and_cost_alike(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    heard = []
    for number in (case.number, unused(case)):
        caller = phone.another()
        is_asked_for_a_number(caller, from_="+12025550133")
        caller.presses(number)
        said = [caller.heard]
        for _ in range(3):
            runs = HASHER.runs
            caller.presses(wrong(case.pin))
            said.append(caller.heard)
            # The case's PIN and its duress PIN are both compared, whether or not there is either (R10).
            assert HASHER.runs == runs + 2
        heard.append(said)

    assert heard[0] == heard[1]
    for said in heard[0][1], heard[0][2]:
        assert (
            "Those numbers did not work. For a person, press 0. For another case number, press pound." in said
        )


def test_caller_gets_a_person_or_a_callback_and_never_a_hangup_after_three_wrong_tries(
    phone: Phone, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    for _ in range(3):
        phone.presses(wrong(case.pin))

    assert phone.hears("Those numbers did not work", "as soon as we can, press 1")
    assert not phone.is_over


def test_caller_with_a_pin_gets_no_more_tries_at_another_case(phone: Phone, make_case: MakeCase) -> None:
    own, other = (make_case(custody_status="in_custody") for _ in range(2))
    is_asked_for_a_number(phone)
    for keys in (other.number, wrong(other.pin), wrong(other.pin), "#", own.number, own.pin):
        phone.presses(keys)
    assert phone.hears("in custody")

    for keys in ("#", "1", other.number, wrong(other.pin)):
        phone.presses(keys)

    assert phone.hears("Let me see who can help you")


def test_call_that_spent_its_tries_cannot_try_again(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    for _ in range(3):
        phone.presses(wrong(case.pin))
    phone.presses("1")
    phone.presses("1")
    phone.presses("1")

    assert phone.does_not_hear("case number")
    assert phone.hears("who can help you")


def test_right_pin_after_a_wrong_one_opens_the_case(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    phone.presses(wrong(case.pin))
    phone.presses(case.number)
    phone.presses(case.pin)

    assert phone.hears("in custody")


def _guess(phone: Phone, number: str, pin: str, from_: str) -> str:
    caller = phone.another()
    is_asked_for_a_number(caller, from_=from_)
    caller.presses(number)
    caller.presses(pin)
    heard = caller.heard
    caller.hangs_up()
    return heard


def test_right_pin_within_a_wait_gets_the_answer_to_a_wrong_one_and_opens_after_it(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    answers = {_guess(phone, case.number, wrong(case.pin), "+12025550144") for _ in range(4)}

    inside = _guess(phone, case.number, case.pin, "+12025550145")

    assert answers == {inside}
    clock.passes(seconds=31)
    assert "in custody" in _guess(phone, case.number, case.pin, "+12025550145")


def test_wait_does_not_last_a_day_because_the_clock_was_a_day_ahead_when_it_began(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone="+12025550123")
    clock.passes(days=1)
    for _ in range(5):
        _guess(phone, case.number, wrong(case.pin), "+12025550123")
        clock.passes(seconds=61)
    clock.passes(days=-1)

    assert "in custody" in _guess(phone, case.number, case.pin, "+12025550123")
    for _ in range(4):
        _guess(phone, case.number, wrong(case.pin), "+12025550123")
    assert "in custody" not in _guess(phone, case.number, case.pin, "+12025550123")


def test_known_phone_waits_half_a_minute_after_its_fourth_slip_and_no_longer(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone="+12025550123")
    for _ in range(4):
        _guess(phone, case.number, wrong(case.pin), "+12025550123")

    clock.passes(seconds=29)
    assert "in custody" not in _guess(phone, case.number, case.pin, "+12025550123")
    clock.passes(seconds=2)
    assert "in custody" in _guess(phone, case.number, case.pin, "+12025550123")


def test_stranger_cannot_lock_out_a_phone_that_opened_the_case_before(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    assert "in custody" in _guess(phone, case.number, case.pin, "+12025550123")
    for _ in range(12):
        _guess(phone, case.number, wrong(case.pin), "+12025550146")
        clock.passes(hours=1)

    assert "in custody" not in _guess(phone, case.number, case.pin, "+12025550147")
    assert "in custody" in _guess(phone, case.number, case.pin, "+12025550123")


def test_ten_wrong_tries_of_strangers_before_the_first_call_do_not_shut_out_a_confirmed_phone(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone="+12025550123")
    for _ in range(12):
        _guess(phone, case.number, wrong(case.pin), "+12025550146")
        clock.passes(hours=1)

    assert "in custody" in _guess(phone, case.number, case.pin, "+12025550123")


@ON_BOTH
def test_strangers_do_not_shut_out_a_phone_that_was_unsafe_and_is_confirmed_again(
    phone: Phone, make_case: MakeCase, clock: Clock, hotline: Hotline
) -> None:
    """It had opened the case before, and counted with the strangers for good."""
    case = make_case(custody_status="in_custody", phone="+12025550123")
    _guess(phone, case.number, case.pin, "+12025550123")
    with hotline.database.transaction() as session:
        real, me = session.get_one(Case, case.id), someone(session)
        grounds = Grounds("verification", "met_in_person", None)
        own = real.registrant.phones[0]
        mark_unsafe(session, me, real, own.id, clock.now, hotline.policies)
        code = give_code(session, me, real, own.id, grounds, clock.now)
        assert confirm_phone(session, me, real, own.id, code, grounds, clock.now, hotline.policy)
    for _ in range(12):
        _guess(phone, case.number, wrong(case.pin), "+12025550146")
        clock.passes(hours=1)

    assert "in custody" in _guess(phone, case.number, case.pin, "+12025550123")


def test_faked_number_without_attestation_does_not_lock_the_attested_phone(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone="+12025550123")
    for _ in range(12):
        _guess(phone, case.number, wrong(case.pin), "+12025550123")
        clock.passes(hours=1)
    assert "in custody" not in _guess(phone, case.number, case.pin, "+12025550123")

    phone.dials_in("+12025550123", StirVerstat="TN-Validation-Passed-A")
    for keys in ("1", "1", case.number, case.pin):
        phone.presses(keys)

    assert phone.hears("in custody")


@ON_SQLITE
def test_new_pin_that_two_people_gave_opens_a_number_with_a_hundred_wrong_tries(
    phone: Phone, hotline: Hotline, clock: Clock, make_case: MakeCase, make_staff: Callable[..., Staff]
) -> None:
    case = make_case(custody_status="in_custody")
    make_staff(email="ruth@office.example.org", role="supervisor")
    make_staff(email="sam@office.example.org", role="supervisor", phone="+12025550171")
    has_wrong_tries(hotline, case, 90)
    for _ in range(12):
        _guess(phone, case.number, wrong(case.pin), "anonymous")
    clock.passes(hours=2)
    assert "in custody" not in _guess(phone, case.number, case.pin, "anonymous")

    with hotline.database.transaction() as session:
        pin, _told = replace_lost_pin(
            session, HASHER, case.number, evidence="met_in_person", by="ruth@office.example.org",
            and_by="sam@office.example.org", hold=timedelta(hours=72), policy=hotline.policy, now=clock.now,
        )  # fmt: skip
    clock.passes(minutes=1)

    assert "in custody" in _guess(phone, case.number, pin, "anonymous")


def test_waits_and_locks_are_alike_for_a_number_that_no_case_has(
    phone: Phone, make_case: MakeCase, clock: Clock, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    heard: dict[str, list[str]] = {}
    for number in (case.number, unused(case)):
        heard[number] = [_guess(phone, number, wrong(case.pin), "+12025550148") for _ in range(11)]

    first, second = heard.values()
    assert first == second


@pytest.mark.parametrize("from_", ["anonymous", "", "+266696687", "Restricted", "sip:relay@example.org"])
def test_caller_with_a_pin_of_their_own_puts_off_no_callback_of_a_faked_number(
    phone: Phone, make_case: MakeCase, from_: str
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"), from_=from_)

    assert phone.hears("in custody")


def test_phone_alone_opens_nothing(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody", phone="+12025550123")
    is_asked_for_a_number(phone, from_="+12025550123")
    phone.presses(case.number)
    phone.presses(wrong(case.pin))

    assert phone.does_not_hear("in custody")


def test_new_pin_ends_what_the_old_one_had_opened(
    phone: Phone, hotline: Hotline, clock: Clock, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    clock.passes(minutes=1)
    with hotline.database.transaction() as session:
        pin = rotate_pin(session, HASHER, case.number, clock.now)
    clock.passes(minutes=1)

    phone.presses("1")

    assert phone.hears("PIN")
    assert phone.does_not_hear("in custody")
    phone.presses(case.pin)
    assert phone.hears("did not work")
    phone.presses(case.number)
    phone.presses(pin)
    assert phone.hears("in custody")


@ON_BOTH
def test_caller_whose_pin_is_not_hashed_yet_is_not_asked_for_it_again(
    phone: Phone, hotline: Hotline, clock: Clock, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    with hotline.database.transaction() as session:
        session.execute(update(Call).values(pending_since=clock.now))
        call_id = session.scalars(select(Call.id)).one()
    clock.passes(seconds=60)
    keep_pending(hotline.database, [call_id], clock.now - timedelta(seconds=2))

    again = phone.posts(next_url(document_of(phone)), Digits=case.pin)

    assert "One moment, please" in phone.raw(again)


@ON_BOTH
def test_hundred_wrong_tries_in_a_month_close_a_number_until_a_supervisor_lifts_them(
    phone: Phone, hotline: Hotline, clock: Clock, make_case: MakeCase, make_staff: Callable[..., Staff]
) -> None:
    case = make_case(custody_status="in_custody")
    make_staff(email="ruth@office.example.org", role="supervisor")
    has_wrong_tries(hotline, case, 100)
    assert "in custody" not in _guess(phone, case.number, case.pin, "+12025550144")

    clock.passes(minutes=1)
    with hotline.database.transaction() as session:
        assert lift_total(session, case.number, by="ruth@office.example.org", now=clock.now) == 101
        # The page of locks still called for a supervisor.
        assert (standing_locks(session), has_untold_locks(session)) == ([], False)

    assert "in custody" in _guess(phone, case.number, case.pin, "+12025550144")
    entry = hotline.row(select(AuditEntry).where(AuditEntry.action == "lift_total"))
    assert (entry.actor, entry.facts) == ("ruth@office.example.org", {"tries": 101})

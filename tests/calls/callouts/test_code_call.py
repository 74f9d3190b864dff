"""Staff call a new phone to say its code to it: the line never calls that phone by itself (R09)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Callback, Case, Staff
from models.callbacks.appointment import reschedule
from models.callbacks.follow_up import promise_anew
from models.callbacks.refusals import CallbackRefusal
from models.cases.registrant import Phone as RegistrantPhone
from models.overview.case_opening import Grounds
from models.overview.phone_list import add_phone, give_code
from models.store.refusal import RefusedError
from models.talks.own_call import call_now, call_phone
from tests.calls.callbacks.test_callbacks import LIAISON, the_callback
from tests.calls.callbacks.test_staff_call import HOME, Reader, sweeps
from tests.calls.conftest import Hotline
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import Phone

NEW = "+12025550111"
MakeStaff = Callable[..., Staff]


@pytest.fixture
def who(make_staff: MakeStaff) -> Staff:
    """The liaison who adds the phone; a colleague is free as well."""
    make_staff(email="bo@office.example.org", phone="+12025550199")
    return make_staff(phone=LIAISON)


@pytest.fixture
def case(make_case: Callable[..., MadeCase]) -> MadeCase:
    return make_case(custody_status="in_custody", facility="Stewart", phone=HOME)


def calls_with_code(hotline: Hotline, case: MadeCase, who: Staff) -> None:
    """Add a phone to the case and press "Call it with a code"; the liaison's own phone rings."""
    now, me = hotline.clock.now, Reader(who.id, who.email, who.role)
    grounds = Grounds("verification", "met_in_person", now + timedelta(hours=1))
    with hotline.database.transaction() as session:
        row = session.get_one(Case, case.id)
        phone_id = add_phone(session, me, row, NEW, grounds, now).id
        give_code(session, me, row, phone_id, grounds, now)
        _, jobs = call_phone(session, row, phone_id, who.id, now, hotline.policy)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)
    assert hotline.rung() == [LIAISON]


def new_phone_rings(phone: Phone, hotline: Hotline) -> Phone:
    """The liaison accepts, and the new phone rings; the liaison's telephone."""
    liaison = hotline.answers(phone)
    liaison.presses("1")
    assert hotline.rung() == [NEW]
    return liaison


def rings_in_the_next_hours(hotline: Hotline) -> list[str]:
    """Whom the line calls by itself from now on."""
    already = len(hotline.carrier.asked_for)
    for _ in range(3):
        sweeps(hotline, minutes=45)
    return hotline.carrier.asked_for[already:]


def is_refused(hotline: Hotline, who: Staff) -> bool:
    """Whether nobody can call the new phone without a new code: now, at another time, or from the list."""
    now = hotline.clock.now
    last = hotline.rows(select(Callback.id).order_by(Callback.id.desc()))[0]
    later = now + timedelta(hours=1)
    for does in (
        lambda session: call_now(session, last, who.id, now, hotline.policy),
        lambda session: reschedule(session, last, who, later, now, hotline.policy),
        lambda session: promise_anew(session, last, hotline.policy, f"staff:{who.id}", now),
    ):
        with (
            pytest.raises(RefusedError, match=f"^{CallbackRefusal.PHONE_NOT_CONFIRMED}$"),
            hotline.database.transaction() as session,
        ):
            does(session)
    return True


@ON_BOTH
def test_line_does_not_call_a_new_phone_again_that_nobody_answered(
    phone: Phone, case: MadeCase, who: Staff, hotline: Hotline
) -> None:
    calls_with_code(hotline, case, who)
    new_phone_rings(phone, hotline)
    hotline.declines(phone)

    assert (the_callback(hotline).state, the_callback(hotline).outcome) == ("no_answer", "no_answer")
    assert rings_in_the_next_hours(hotline) == []


def test_person_at_a_new_phone_who_cannot_talk_is_promised_no_call_and_gets_none(
    phone: Phone, case: MadeCase, who: Staff, hotline: Hotline
) -> None:
    calls_with_code(hotline, case, who)
    new_phone_rings(phone, hotline)
    called = hotline.answers(phone.another())
    called.presses("2")

    assert called.does_not_hear("We will call at another time")
    assert (the_callback(hotline).state, the_callback(hotline).outcome) == ("left_for_staff", "not_safe")
    assert rings_in_the_next_hours(hotline) == []
    assert is_refused(hotline, who)


@ON_BOTH
def test_person_at_a_new_phone_who_asks_to_be_called_later_is_not_called_by_the_line(
    phone: Phone, case: MadeCase, who: Staff, hotline: Hotline
) -> None:
    calls_with_code(hotline, case, who)
    liaison = new_phone_rings(phone, hotline)
    called = hotline.answers(phone.another())
    called.presses("1")
    hotline.jobs.works_off()
    called.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("3")

    left = hotline.rows(select(Callback).order_by(Callback.id))[-1]
    assert (left.state, left.reason) == ("left_for_staff", "call_later")
    assert rings_in_the_next_hours(hotline) == []
    assert is_refused(hotline, who)


def test_new_phone_that_was_confirmed_in_the_call_is_called_later_as_any_other(
    phone: Phone, case: MadeCase, who: Staff, hotline: Hotline
) -> None:
    calls_with_code(hotline, case, who)
    liaison = new_phone_rings(phone, hotline)
    called = hotline.answers(phone.another())
    called.presses("1")
    hotline.jobs.works_off()
    with hotline.database.transaction() as session:
        session.execute(update(RegistrantPhone).values(confirmed_at=hotline.clock.now))
    called.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("3")

    promised = hotline.rows(select(Callback).order_by(Callback.id))[-1]
    assert (promised.state, promised.reason) == ("requested", "call_later")


def test_new_phone_is_not_called_once_its_code_has_run_out(
    phone: Phone, case: MadeCase, who: Staff, hotline: Hotline
) -> None:
    calls_with_code(hotline, case, who)
    liaison = hotline.answers(phone)
    hotline.clock.passes(minutes=16)
    liaison.presses("1")

    assert hotline.rung() == []
    assert (the_callback(hotline).state, the_callback(hotline).outcome) == ("left_for_staff", "cannot_dial")


def test_machine_at_a_new_phone_records_no_promise_of_another_call(
    phone: Phone, case: MadeCase, who: Staff, hotline: Hotline
) -> None:
    calls_with_code(hotline, case, who)
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(voicemail_allowed=True, voicemail_text="we_call_again"))
    new_phone_rings(phone, hotline)
    machine = hotline.answers(phone.another())
    while not machine.is_over:
        machine.says_nothing()

    assert "We will call again" not in machine.heard_so_far

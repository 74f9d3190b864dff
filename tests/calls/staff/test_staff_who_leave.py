"""An account is deactivated, or gets a new PIN, while its phone rings or on the staff line."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Call, Callback, Staff
from models.calls.staff_secret import issue_pin
from models.overview.staff_record import let_go
from models.talks.own_call import call_now
from tests.calls.callbacks.test_callbacks import asks_express
from tests.calls.callbacks.test_nobody_there import is_afraid
from tests.calls.conftest import Hotline
from tests.calls.staff_line.staff_calls import PIN, STAFF_PHONE, signs_in
from tests.calls.stories import opens_the_case
from tests.factories import HASHER, MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
SECOND = "+12025550171"


@pytest.fixture
def lea(make_staff: MakeStaff) -> int:
    """A liaison on shift at an office phone, who is rung first."""
    return make_staff(phone=STAFF_PHONE, email="lea@office.example.org").id


@pytest.fixture
def leaves(hotline: Hotline, make_staff: MakeStaff, lea: int) -> Callable[[], None]:
    """An administrator takes the liaison off the staff list."""
    boss = make_staff(role="administrator", phone="+12025550179", on_shift=False).id

    def leave() -> None:
        with hotline.database.transaction() as session:
            let_go(session, lea, by_id=boss, actor="boss@office.example.org", now=hotline.clock.now)

    return leave


def test_liaison_deactivated_while_their_phone_rang_takes_no_caller_at_0_and_somebody_else_is_rung(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, leaves: Callable[[], None]
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = hotline.answers(phone)
    make_staff(phone=SECOND)

    leaves()
    liaison.presses("1")

    assert liaison.hears("This call is no longer waiting")
    assert (liaison.is_over, phone.is_talking) == (True, False)
    hotline.jobs.works_off()
    assert hotline.carrier.ringing[-1].to == SECOND
    assert hotline.accepts(phone).is_talking


def test_liaison_deactivated_while_their_phone_rang_takes_no_callback_and_it_goes_to_somebody_else(
    phone: Phone, make_case: MakeCase, hotline: Hotline, leaves: Callable[[], None]
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    phone.hangs_up()
    liaison = hotline.answers(phone)

    leaves()
    liaison.presses("1")

    assert liaison.hears("This call is no longer waiting")
    (callback,) = hotline.rows(select(Callback))
    assert (callback.state, callback.liaison_tries) == ("requested", 1)
    assert hotline.rows(select(Call.id).where(Call.role == "called_back")) == []
    assert hotline.rows(select(Staff.id).where(Staff.busy_call_id.is_not(None))) == []


def test_callback_of_a_liaison_deactivated_while_their_own_call_rang_is_offered_to_somebody_else_at_once(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    lea: int,
    leaves: Callable[[], None],
) -> None:
    with hotline.database.transaction() as session:
        session.get_one(Staff, lea).on_shift = False
    is_afraid(phone, make_case(custody_status="in_custody"))
    (callback,) = hotline.rows(select(Callback))
    with hotline.database.transaction() as session:
        jobs = call_now(session, callback.id, lea, hotline.clock.now, hotline.policy)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)
    liaison = hotline.answers(phone)

    leaves()
    liaison.presses("1")

    assert liaison.hears("This call is no longer waiting")
    (callback,) = hotline.rows(select(Callback))
    assert (callback.state, callback.staff_id, callback.liaison_tries) == ("requested", None, 0)
    make_staff(phone=SECOND)
    hotline.jobs.works_off()
    hotline.clock.passes(seconds=30)
    hotline.sweeps()
    hotline.jobs.works_off()
    assert hotline.carrier.ringing[-1].to == SECOND


def test_liaison_deactivated_on_the_staff_line_is_signed_out_and_cannot_sign_in_again(
    phone: Phone, hotline: Hotline, lea: int, leaves: Callable[[], None]
) -> None:
    with hotline.database.transaction() as session:
        number = issue_pin(session, "lea@office.example.org", HASHER.hash(PIN), "boss", hotline.clock.now)
    staff = signs_in(phone, hotline, number)
    assert staff.hears("You are on shift")

    leaves()
    staff.presses("2")

    assert staff.hears("Please enter your staff number")
    assert staff.does_not_hear("No one is waiting")
    staff.presses(number)
    staff.presses(PIN)
    assert staff.hears("I could not sign you in with those numbers")
    person = hotline.row(select(Staff).where(Staff.id == lea))
    assert (person.on_shift, person.pin_hash) == (False, None)


def test_new_pin_from_the_office_signs_out_a_thief_who_used_the_old_one(
    phone: Phone, hotline: Hotline, lea: int
) -> None:
    with hotline.database.transaction() as session:
        number = issue_pin(session, "lea@office.example.org", HASHER.hash(PIN), "boss", hotline.clock.now)
    thief = signs_in(phone, hotline, number)

    with hotline.database.transaction() as session:
        issue_pin(session, "lea@office.example.org", HASHER.hash("628051"), "boss", hotline.clock.now)
    thief.presses("4")

    assert thief.hears("Please enter your staff number")

"""New PINs of staff, and codes on personal phones."""

from collections.abc import Callable

from sqlalchemy import select

from models import AuditEntry, Call, Staff
from models.overview.staff_record import let_go
from tests.calls.callbacks.test_callbacks import CALLER, nobody_is_held, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.staff_line.staff_calls import (
    CODE,
    OTHER_PIN,
    OWN_PHONE,
    PIN,
    rung_at_home,
    signs_in,
)
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@ON_BOTH
def test_staff_change_their_pin_by_keying_a_new_one_twice(
    phone: Phone, hotline: Hotline, number: str
) -> None:
    staff = signs_in(phone, hotline, number)
    staff.presses("3")
    staff.presses("2")
    assert staff.hears("Please enter a new 6-digit PIN")
    staff.presses("123456")
    assert staff.hears("That is too easy to guess")
    staff.presses(OTHER_PIN)
    staff.presses("111222")
    assert staff.hears("The two did not match")
    staff.presses(OTHER_PIN)
    staff.presses(OTHER_PIN)
    assert staff.hears("Saved.")
    staff.hangs_up()

    assert signs_in(phone, hotline, number).hears("I could not sign you in")
    assert signs_in(phone, hotline, number, OTHER_PIN).hears("You are off shift")
    assert "change_staff_pin" in hotline.rows(select(AuditEntry.action))


def test_staff_deactivated_during_their_call_key_no_pin_that_opens_anything(
    phone: Phone, hotline: Hotline, number: str
) -> None:
    staff = signs_in(phone, hotline, number)
    for key in ("3", "2"):
        staff.presses(key)
    with hotline.database.transaction() as session:
        person = session.scalars(select(Staff)).one()
        let_go(session, person.id, by_id=0, actor="the suite", now=hotline.clock.now)

    staff.presses(OTHER_PIN)
    staff.presses(OTHER_PIN)

    assert staff.does_not_hear("Saved.")
    staff.hangs_up()
    assert signs_in(phone, hotline, number, OTHER_PIN).hears("I could not sign you in")


def test_keys_of_staff_are_in_no_row_in_the_clear(phone: Phone, hotline: Hotline, number: str) -> None:
    signs_in(phone, hotline, number).hangs_up()

    person = hotline.row(select(Staff))
    call = hotline.row(select(Call))
    for words in (person.pin_hash, person.number_sealed, person.number_key, call.trail, call.tried_key):
        assert number not in words
        assert PIN not in words


def test_personal_phone_accepts_with_the_code_and_not_with_the_key_alone(
    phone: Phone, hotline: Hotline, make_case: MakeCase, at_home: Staff
) -> None:
    liaison = rung_at_home(phone, hotline, make_case)
    liaison.presses("1")
    assert liaison.hears("Please enter your code")
    hotline.jobs.works_off()
    assert [call.to for call in hotline.carrier.placed] == [OWN_PHONE]
    assert the_callback(hotline).state == "ringing_liaison"

    liaison.presses(f"{CODE}#")
    assert liaison.hears("We are calling them now")
    hotline.jobs.works_off()

    assert hotline.carrier.ringing[-1].to == CALLER
    assert the_callback(hotline).state == "ringing_caller"


def test_wrong_code_passes_the_callback_on_after_three_tries(
    phone: Phone, hotline: Hotline, make_case: MakeCase, at_home: Staff
) -> None:
    someone = rung_at_home(phone, hotline, make_case)
    someone.presses("1")
    for _ in range(2):
        someone.presses("9182#")
        assert someone.hears("That code was not right")
    someone.presses("9182#")

    assert someone.is_over
    assert the_callback(hotline).state == "requested"
    assert [call.to for call in hotline.carrier.placed] == [OWN_PHONE]
    assert nobody_is_held(hotline)


def test_nobody_accepts_on_a_personal_phone_without_a_code_of_their_own(
    phone: Phone, hotline: Hotline, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff(phone=OWN_PHONE, office_phone=False)
    someone = rung_at_home(phone, hotline, make_case)
    someone.presses("1")
    for _ in range(3):
        someone.presses("0000#")

    assert someone.is_over
    assert the_callback(hotline).state == "requested"


def test_machine_on_a_personal_phone_accepts_nothing(
    phone: Phone, hotline: Hotline, make_case: MakeCase, at_home: Staff, clock: Clock
) -> None:
    machine = rung_at_home(phone, hotline, make_case)
    machine.presses("1")
    while not machine.is_over:
        machine.says_nothing()

    assert the_callback(hotline).state == "requested"
    clock.passes(seconds=20)
    hotline.sweeps()
    assert nobody_is_held(hotline)


def test_caller_at_0_is_joined_to_a_personal_phone_only_after_the_code(
    phone: Phone, hotline: Hotline, make_case: MakeCase, at_home: Staff
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = hotline.accepts(phone)
    assert not phone.is_talking

    liaison.presses(f"{CODE}#")
    hotline.jobs.works_off()

    assert phone.is_talking

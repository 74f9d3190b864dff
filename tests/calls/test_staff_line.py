"""Staff who call in without a browser: signing in, shifts, who waits, the next callback, codes and PINs."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from models import AuditEntry, Call, Callback, LineWait, PinTry, Staff
from models.staff import change_shift
from models.staff_number import for_main_line
from models.staff_record import let_go
from models.staff_secret import issue_code, issue_pin
from tests.calls.conftest import Clock, House
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.calls.test_callbacks import CALLER, asks_express, nobody_is_held, the_callback
from tests.factories import HASHER, MadeCase, make_call
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
PIN, CODE, OTHER_PIN = "739482", "5207", "628051"
OWN_PHONE = "+12025550175"
STAFF_PHONE = "+12025550170"


@pytest.fixture
def number(make_staff: MakeStaff, house: House) -> str:
    """The staff number of a liaison who is off shift and has a PIN."""
    person = make_staff(phone=STAFF_PHONE, on_shift=False, email="lea@office.example.org")
    with house.database.transaction() as session:
        return issue_pin(session, person.email, HASHER.hash(PIN), "the suite", house.clock.now)


def dials_the_staff_line(phone: Phone, house: House, language: str = "1") -> Phone:
    staff = phone.another()
    assert house.office.staff_line is not None
    staff.dials_in(from_=STAFF_PHONE, to=house.office.staff_line)
    house.carrier.carries(staff)
    staff.presses(language)
    return staff


def signs_in(phone: Phone, house: House, number: str, pin: str = PIN) -> Phone:
    staff = dials_the_staff_line(phone, house)
    staff.presses(number)
    staff.presses(pin)
    return staff


def on_shift(house: House) -> bool:
    found: bool = house.row(select(Staff.on_shift))
    return found


def test_staff_sign_in_by_number_and_pin_and_begin_and_end_their_shift(
    phone: Phone, house: House, number: str
) -> None:
    staff = dials_the_staff_line(phone, house)
    assert staff.hears("This is the staff line of the information line", "Please enter your staff number")
    assert staff.does_not_hear("victim", "danger")
    staff.presses(number)
    staff.presses(PIN)
    assert staff.hears("You are off shift", "To begin your shift, press 1")

    staff.presses("1")
    assert staff.hears("You are on shift", "To take the next call, press 1")
    assert on_shift(house)
    staff.presses("3")
    assert staff.hears("You are off shift")
    assert not on_shift(house)
    assert {"sign_in", "begin_shift", "end_shift"} <= set(house.rows(select(AuditEntry.action)))


def test_the_staff_line_speaks_spanish(phone: Phone, house: House, number: str) -> None:
    staff = dials_the_staff_line(phone, house, "2")
    staff.presses(number)
    staff.presses(PIN)

    assert staff.hears("No está de turno", "Para empezar su turno, oprima 1")


def test_an_unknown_number_and_a_wrong_pin_hear_the_same_and_cost_the_same(
    phone: Phone, house: House, number: str
) -> None:
    wrong = signs_in(phone, house, number, OTHER_PIN)
    runs = HASHER.runs
    unknown = signs_in(phone, house, str(int(number[0]) % 9 + 1) + number[1:], PIN)

    assert HASHER.runs == runs + 1
    assert wrong.heard == unknown.heard
    assert wrong.hears("I could not sign you in with those numbers")


def test_after_three_wrong_tries_the_call_ends_without_a_hint(
    phone: Phone, house: House, number: str
) -> None:
    staff = dials_the_staff_line(phone, house)
    for _ in range(3):
        staff.presses(number)
        staff.presses(OTHER_PIN)

    assert staff.hears("Please ask your supervisor")
    assert staff.is_over
    assert len(house.rows(select(PinTry))) == 3


def test_many_wrong_tries_lock_even_the_right_pin_until_a_new_one_is_issued(
    phone: Phone, house: House, number: str, clock: Clock
) -> None:
    for _ in range(10):
        signs_in(phone, house, number, OTHER_PIN).hangs_up()
        clock.passes(hours=1)
    assert signs_in(phone, house, number).hears("I could not sign you in with those numbers")

    with house.database.transaction() as session:
        issue_pin(session, "lea@office.example.org", HASHER.hash(OTHER_PIN), "the suite", clock.now)

    assert signs_in(phone, house, number, OTHER_PIN).hears("You are off shift")


def test_wrong_tries_on_the_main_line_lock_the_number_on_the_staff_line_too(
    phone: Phone, house: House, number: str, clock: Clock
) -> None:
    for _ in range(10):
        caller = phone.another()
        reaches_the_first_menu(caller)
        for keys in ("1", for_main_line(number), OTHER_PIN):
            caller.presses(keys)
        assert caller.hears("I could not open a case with those numbers")
        caller.hangs_up()
        clock.passes(hours=1)

    assert signs_in(phone, house, number).hears("I could not sign you in with those numbers")


def test_nobody_comes_past_the_pin_by_guessing_steps_and_a_long_silence_asks_for_it_again(
    phone: Phone, house: House, number: str, clock: Clock
) -> None:
    stranger = dials_the_staff_line(phone, house)
    for step in ("on_menu", "more", "shift", "new_pin"):
        answer = stranger.raw(stranger.posts(f"/voice/steps/{step}/3", Digits="1"))
        assert "shift" not in answer

    staff = signs_in(phone, house, number)
    clock.passes(minutes=11)
    staff.presses("1")
    assert staff.hears("Please sign in again")
    assert not on_shift(house)


def test_staff_hear_how_many_wait_how_long_and_until_when_and_nothing_of_who(
    phone: Phone, house: House, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    clock.passes(minutes=25)
    staff = signs_in(phone, house, number)

    staff.presses("2")

    assert staff.hears(
        "Verified callers who wait: 1. Other callers who wait: 0", "The longest wait, in minutes: 25",
        "The first promise ends on",
    )  # fmt: skip
    assert staff.does_not_hear("0123", "case", "Ivo")


def test_a_promise_that_is_over_is_said_to_be_over(
    phone: Phone, house: House, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    clock.passes(days=5)
    staff = signs_in(phone, house, number)

    staff.presses("2")

    assert staff.hears("The first promise ended on", "It is over")
    assert staff.does_not_hear("promise ends")


def test_the_longest_wait_counts_from_the_request_and_not_from_the_next_try(
    phone: Phone, house: House, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    clock.passes(minutes=40)
    with house.database.transaction() as session:
        session.execute(update(Callback).values(next_attempt_at=clock.now))
    staff = signs_in(phone, house, number)

    staff.presses("2")

    assert staff.hears("Calls that are not urgent: 1. The longest wait, in minutes: 40")


def test_who_asks_for_a_call_while_callers_wait_at_0_is_told_to_hang_up_for_them(
    phone: Phone, house: House, number: str, clock: Clock
) -> None:
    staff = signs_in(phone, house, number)
    staff.presses("1")
    with house.database.transaction() as session:
        call = make_call(session)
        session.add(LineWait(call_id=call.id, verified=False, since=clock.now, seen_at=clock.now))

    staff.presses("1")

    assert staff.hears("Callers wait in line now. Please hang up, so that we can ring you for them")
    assert staff.does_not_hear("There is no call to take now")


def asks_from(phone: Phone, case: MadeCase | None, from_: str, language: str = "1", key: str = "1") -> None:
    """Ask for a callback; key 3 says that one is afraid, which is urgent."""
    if case is None:
        reaches_the_first_menu(phone, from_=from_, language=language)
        phone.presses("2")
        phone.presses("1")
    else:
        opens_the_case(phone, case, from_=from_, language=language)
        phone.presses("2")
    phone.presses(key)
    phone.hangs_up()


def test_staff_hear_each_class_and_the_line_with_its_longest_wait(
    phone: Phone, house: House, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550131")
    clock.passes(minutes=20)
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550132", key="3")
    clock.passes(minutes=7)
    staff = signs_in(phone, house, number)

    staff.presses("2")

    assert staff.hears(
        "Verified callers who wait: 2",
        "Urgent calls: 1. The longest wait, in minutes: 7",
        "Calls that are not urgent: 1. The longest wait, in minutes: 27",
    )
    assert staff.does_not_hear("Callers in line")


def test_verified_callers_are_taken_before_others_also_in_another_language(
    phone: Phone, house: House, number: str, make_case: MakeCase, make_staff: MakeStaff, clock: Clock
) -> None:
    asks_from(phone, None, "+12025550131")
    clock.passes(minutes=5)
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550132", language="2")
    clock.passes(minutes=1)
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550133")
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    staff.presses("1")

    for expected in ("+12025550133", "+12025550132", "+12025550131"):
        staff.presses("1")
        house.jobs.works_off()
        assert house.carrier.ringing[-1].to == expected
        called = phone.answers(house.carrier.ringing[-1])
        called.presses("1")
        called.hangs_up()
        house.jobs.works_off()
        staff.presses("1")


def test_a_caller_in_another_language_is_left_to_a_free_colleague_who_speaks_it(
    phone: Phone, house: House, number: str, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff(phone="+12025550171", languages="es")
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550132", language="2")
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    staff.presses("1")

    staff.presses("1")

    assert staff.hears("There is no call to take now")
    assert the_callback(house).state == "requested"


def test_a_shift_that_was_ended_meanwhile_takes_no_call(
    phone: Phone, house: House, number: str, make_case: MakeCase
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    assert staff.does_not_hear("take the next call")
    staff.presses("1")
    with house.database.transaction() as session:
        change_shift(
            session, "lea@office.example.org", on_shift=False, actor="the suite", now=house.clock.now
        )

    staff.presses("1")

    assert staff.hears("There is no call to take now", "You are off shift")
    assert the_callback(house).state == "requested"


def test_with_nobody_waiting_staff_hear_that(phone: Phone, house: House, number: str) -> None:
    staff = signs_in(phone, house, number)
    staff.presses("2")
    assert staff.hears("Nobody waits for a call now")
    staff.presses("1")
    staff.presses("1")
    assert staff.hears("There is no call to take now")


def test_staff_take_the_next_callback_in_the_very_call_talk_and_key_its_outcome(
    phone: Phone, house: House, number: str, make_case: MakeCase, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    staff.presses("1")

    staff.presses("1")
    assert staff.hears("We are calling them now")
    house.jobs.works_off()
    (to_caller,) = carrier.placed
    assert to_caller.to == CALLER
    called = phone.answers(to_caller)
    called.presses("1")
    assert (staff.is_talking, called.is_talking) == (True, True)
    assert the_callback(house).state == "talking"

    staff.presses("*")
    assert staff.hears("The caller waits on hold")
    staff.presses("1")
    house.jobs.works_off()
    assert called.is_talking
    called.hangs_up()
    house.jobs.works_off()
    assert staff.hears("The call is over. How did it end?")
    staff.presses("2")
    assert staff.hears("It is noted", "You are on shift")
    assert the_callback(house).outcome == "message_left"
    assert nobody_is_held(house)


def test_staff_take_one_call_after_another_without_hanging_up(
    phone: Phone, house: House, number: str, make_case: MakeCase, carrier: FakeCarrier, clock: Clock
) -> None:
    for caller in ("+12025550123", "+12025550124"):
        opens_the_case(phone, make_case(custody_status="in_custody"), from_=caller)
        phone.presses("2")
        phone.presses("1")
        phone.hangs_up()
        clock.passes(seconds=1)
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    staff.presses("1")

    for caller in ("+12025550123", "+12025550124"):
        staff.presses("1")
        house.jobs.works_off()
        assert carrier.ringing[-1].to == caller
        called = phone.answers(carrier.ringing[-1])
        called.presses("1")
        assert staff.is_talking
        called.hangs_up()
        house.jobs.works_off()
        staff.presses("1")
        assert staff.hears("It is noted")

    assert house.rows(select(Callback.state)) == ["reached", "reached"]


def test_a_caller_who_is_not_reached_brings_staff_back_to_the_menu(
    phone: Phone, house: House, number: str, make_case: MakeCase, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    staff.presses("1")
    staff.presses("1")
    house.jobs.works_off()

    phone.another().declines(carrier.ringing[-1], "no-answer")
    house.jobs.works_off()

    assert staff.hears("We could not reach them", "To take the next call, press 1")
    assert the_callback(house).state == "requested"
    assert nobody_is_held(house)
    asks_express(phone, make_case(custody_status="in_custody"), from_="+12025550124")
    house.jobs.waiting.clear()
    staff.presses("1")
    assert staff.hears("We are calling them now")


def test_staff_who_hang_up_while_the_caller_is_rung_stop_the_ringing(
    phone: Phone, house: House, number: str, make_case: MakeCase, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    staff.presses("1")
    staff.presses("1")
    house.jobs.works_off()

    staff.hangs_up()
    house.jobs.works_off()

    assert carrier.placed[-1].status == "canceled"
    assert the_callback(house).state == "requested"
    assert nobody_is_held(house)


def test_a_key_delivered_twice_takes_one_callback(
    phone: Phone, house: House, number: str, make_case: MakeCase, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    staff.presses("1")
    staff.presses("1")
    staff.redelivers_last()
    house.jobs.works_off()

    assert [call.to for call in carrier.placed] == [CALLER]


def test_the_outcome_of_the_last_call_can_be_told_from_the_menu(
    phone: Phone, house: House, number: str, make_case: MakeCase, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    staff.presses("1")
    staff.presses("1")
    house.jobs.works_off()
    called = phone.answers(carrier.ringing[-1])
    called.presses("1")
    staff.hangs_up()
    assert the_callback(house).outcome == "reached"

    again = signs_in(phone, house, number)
    again.presses("4")
    again.presses("1")
    again.presses("2")

    assert the_callback(house).outcome == "message_left"
    assert again.hears("It is noted")


def test_staff_change_their_pin_by_keying_a_new_one_twice(phone: Phone, house: House, number: str) -> None:
    staff = signs_in(phone, house, number)
    staff.presses("3")
    staff.presses("2")
    assert staff.hears("Please enter a new PIN of six digits")
    staff.presses("123456")
    assert staff.hears("Others would guess that one")
    staff.presses(OTHER_PIN)
    staff.presses("111222")
    assert staff.hears("The two entries were not the same")
    staff.presses(OTHER_PIN)
    staff.presses(OTHER_PIN)
    assert staff.hears("It is changed")
    staff.hangs_up()

    assert signs_in(phone, house, number).hears("I could not sign you in")
    assert signs_in(phone, house, number, OTHER_PIN).hears("You are off shift")
    assert "change_staff_pin" in house.rows(select(AuditEntry.action))


def test_who_left_the_house_during_their_call_keys_no_pin_that_opens_anything(
    phone: Phone, house: House, number: str
) -> None:
    staff = signs_in(phone, house, number)
    for key in ("3", "2"):
        staff.presses(key)
    with house.database.transaction() as session:
        person = session.scalars(select(Staff)).one()
        let_go(session, person.id, by_id=0, actor="the suite", now=house.clock.now)

    staff.presses(OTHER_PIN)
    staff.presses(OTHER_PIN)

    assert staff.does_not_hear("It is changed")
    staff.hangs_up()
    assert signs_in(phone, house, number, OTHER_PIN).hears("I could not sign you in")


def test_what_staff_key_stands_in_no_row_in_the_clear(phone: Phone, house: House, number: str) -> None:
    signs_in(phone, house, number).hangs_up()

    person = house.row(select(Staff))
    call = house.row(select(Call))
    for words in (person.pin_hash, person.number_sealed, person.number_key, call.trail, call.number_key):
        assert number not in words
        assert PIN not in words


# A personal phone (Legs).


@pytest.fixture
def at_home(make_staff: MakeStaff, house: House) -> Staff:
    """A liaison on shift whose phone is their own, with a code."""
    person = make_staff(phone=OWN_PHONE, office_phone=False, email="ana@office.example.org")
    with house.database.transaction() as session:
        issue_code(session, person.email, HASHER.hash(CODE), "the suite", house.clock.now)
    return person


def rung_at_home(phone: Phone, house: House, make_case: MakeCase) -> Phone:
    asks_express(phone, make_case(custody_status="in_custody"))
    house.jobs.works_off()
    assert house.carrier.ringing[-1].to == OWN_PHONE
    return phone.answers(house.carrier.ringing[-1])


def test_on_a_personal_phone_the_key_alone_accepts_nothing_and_the_code_does(
    phone: Phone, house: House, make_case: MakeCase, at_home: Staff
) -> None:
    liaison = rung_at_home(phone, house, make_case)
    liaison.presses("1")
    assert liaison.hears("Please enter your code")
    house.jobs.works_off()
    assert [call.to for call in house.carrier.placed] == [OWN_PHONE]
    assert the_callback(house).state == "ringing_liaison"

    liaison.presses(f"{CODE}#")
    assert liaison.hears("We are calling them now")
    house.jobs.works_off()

    assert house.carrier.ringing[-1].to == CALLER
    assert the_callback(house).state == "ringing_caller"


def test_a_wrong_code_passes_the_callback_on_after_three_tries(
    phone: Phone, house: House, make_case: MakeCase, at_home: Staff
) -> None:
    someone = rung_at_home(phone, house, make_case)
    someone.presses("1")
    for _ in range(2):
        someone.presses("9182#")
        assert someone.hears("That code was not right")
    someone.presses("9182#")

    assert someone.is_over
    assert the_callback(house).state == "requested"
    assert [call.to for call in house.carrier.placed] == [OWN_PHONE]
    assert nobody_is_held(house)


def test_without_a_code_of_their_own_nobody_accepts_on_a_personal_phone(
    phone: Phone, house: House, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff(phone=OWN_PHONE, office_phone=False)
    someone = rung_at_home(phone, house, make_case)
    someone.presses("1")
    for _ in range(3):
        someone.presses("0000#")

    assert someone.is_over
    assert the_callback(house).state == "requested"


def test_a_machine_on_a_personal_phone_accepts_nothing(
    phone: Phone, house: House, make_case: MakeCase, at_home: Staff, clock: Clock
) -> None:
    machine = rung_at_home(phone, house, make_case)
    machine.presses("1")
    while not machine.is_over:
        machine.says_nothing()

    assert the_callback(house).state == "requested"
    clock.passes(seconds=20)
    sweep(house.database, house.jobs, house.carrier, house.office, clock.now)
    assert nobody_is_held(house)


def test_a_caller_at_0_is_joined_to_a_personal_phone_only_after_the_code(
    phone: Phone, house: House, make_case: MakeCase, at_home: Staff
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = house.accepts(phone)
    assert not phone.is_talking

    liaison.presses(f"{CODE}#")
    house.jobs.works_off()

    assert phone.is_talking


def test_the_phone_of_who_is_signed_in_is_not_rung_and_the_next_callback_is_theirs_in_that_call(
    phone: Phone, make_case: MakeCase, house: House, number: str, carrier: FakeCarrier, clock: Clock
) -> None:
    staff = signs_in(phone, house, number)
    staff.presses("1")
    asks_express(phone, make_case(custody_status="in_custody"))
    for _ in range(4):
        house.jobs.works_off()
        clock.passes(seconds=20)
        staff.presses("2")
        assert staff.hears("Verified callers who wait: 1")
        sweep(house.database, house.jobs, house.carrier, house.office, clock.now)
    assert carrier.placed == []

    staff.presses("1")

    assert staff.hears("We are calling them now")
    assert (the_callback(house).state, the_callback(house).liaison_tries) == ("ringing_caller", 0)


@pytest.mark.parametrize("word_comes", [True, False])
def test_once_they_hang_up_their_phone_is_rung_even_if_no_word_of_it_comes(
    phone: Phone,
    make_case: MakeCase,
    house: House,
    number: str,
    carrier: FakeCarrier,
    clock: Clock,
    word_comes: bool,
) -> None:
    staff = signs_in(phone, house, number)
    staff.presses("1")
    asks_express(phone, make_case(custody_status="in_custody"))
    if word_comes:
        staff.hangs_up()
    else:
        clock.passes(minutes=2)

    sweep(house.database, house.jobs, house.carrier, house.office, clock.now)
    house.jobs.works_off()

    (rung,) = carrier.placed
    assert rung.to == STAFF_PHONE


def test_who_hears_how_a_talk_is_noted_in_the_staff_line_is_not_rung_meanwhile(
    phone: Phone, make_case: MakeCase, house: House, number: str, carrier: FakeCarrier, clock: Clock
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    staff.presses("1")
    staff.presses("1")
    house.jobs.works_off()
    called = phone.answers(carrier.ringing[-1])
    called.presses("1")
    asks_express(phone, make_case(custody_status="in_custody"), from_="+12025550124")
    called.hangs_up()
    house.jobs.works_off()
    assert staff.hears("The call is over. How did it end?")

    sweep(house.database, house.jobs, house.carrier, house.office, clock.now)
    house.jobs.works_off()

    assert carrier.ringing == []
    staff.presses("1")
    staff.presses("1")
    assert staff.hears("We are calling them now")


def test_a_ring_that_meets_a_phone_in_the_staff_line_is_no_miss(
    phone: Phone, make_case: MakeCase, house: House, number: str, carrier: FakeCarrier, clock: Clock
) -> None:
    with house.database.transaction() as session:
        change_shift(session, "lea@office.example.org", on_shift=True, actor="test", now=house.clock.now)
    asks_express(phone, make_case(custody_status="in_custody"))
    house.jobs.works_off()
    staff = signs_in(phone, house, number)

    phone.declines(carrier.ringing[-1])
    clock.passes(seconds=16)
    staff.presses("1")

    assert staff.hears("We are calling them now")
    assert (the_callback(house).state, the_callback(house).liaison_tries) == ("ringing_caller", 0)

"""Somebody stands beside the caller, or has their phone: what they learn and turn off (R10, R33)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Case, Notice, Registration
from models import Phone as PhoneRow
from models.store.database import keyring_of
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, SECOND, ringing, sweeps
from tests.calls.notices.registering.conftest import ASK, calls, consents, registers
from tests.factories import MadeCase, make_duress_pin, make_event, make_notice
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]


def has_another_phone(hotline: Hotline, case: MadeCase, number: str) -> None:
    """The person has a second phone, which stands confirmed."""
    with hotline.database.transaction() as session:
        registrant = session.get_one(Case, case.id).registrant
        keyring = keyring_of(session)
        registrant.phones.append(
            PhoneRow(
                position=2, number_sealed=keyring.seal("phone.number", number),
                phone_key=keyring.index("phone", number), confirmed_at=hotline.clock.now,
            )
        )  # fmt: skip


@pytest.fixture
def duress(case: MadeCase, hotline: Hotline) -> MadeCase:
    """The same number with the person's duress PIN."""
    with hotline.database.transaction() as session:
        return make_duress_pin(session, case, now=hotline.clock.now)


def test_coercer_beside_the_caller_hears_an_offer_and_turns_nothing_off(
    phone: Phone, case: MadeCase, duress: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()

    beside_them = calls(phone, duress, *ASK)
    assert beside_them.hears("We will call this phone when something changes", "To agree, press 1")
    for keys in ("1", "4826", "4826"):
        beside_them.presses(keys)
    assert beside_them.hears("It is saved")
    beside_them.hangs_up()
    again = calls(phone, duress, *ASK)
    assert again.hears("We will call this phone", "To pause or stop these calls, press 3")
    again.presses("3")
    again.presses("3")
    assert again.hears("We will not call you about changes")
    again.hangs_up()

    (own,) = hotline.rows(select(Registration).where(Registration.case_id == case.id))
    assert own.state == "standing"
    assert [one.registration_id for one in consents(hotline)] == [own.id]
    alone = calls(phone, case, *ASK)
    assert alone.hears("We will call this phone", "ask for your call code", "To leave it as it is, press 1")


@pytest.mark.parametrize("pin", ["forced", "duress"])
def test_no_guess_at_a_code_tells_the_digits_of_a_phone_that_nobody_may_know_of(
    phone: Phone, case: MadeCase, hotline: Hotline, pin: str
) -> None:
    has_another_phone(hotline, case, "+12125550187")
    if pin == "duress":
        with hotline.database.transaction() as session:
            case = make_duress_pin(session, case, now=hotline.clock.now)

    # The digits of the case number are refused, and the caller has them.
    for guess in {"2125", "5018", "0187", "4139"} - {case.number[at : at + 4] for at in range(5)}:
        beside_them = calls(phone, case, *ASK, "1", guess)
        assert beside_them.hears("Please enter the call code again"), guess
        beside_them.hangs_up()


@pytest.mark.parametrize("from_", [CALLER, "+12125550187"])
def test_code_with_digits_of_the_phone_in_the_callers_hand_or_of_the_case_is_refused(
    phone: Phone, case: MadeCase, from_: str
) -> None:
    for guess in (from_[-4:], case.number[2:6]):
        assert calls(phone, case, *ASK, "1", guess, from_=from_).hears("too easy to guess"), guess


def test_stop_from_a_phone_ends_the_phone_and_never_the_registration(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str]
) -> None:
    has_another_phone(hotline, case, SECOND)
    caller = calls(phone, case, *ASK, "2", CODE, CODE)
    for key in ("2", "1", "2"):
        caller.presses(key)
    assert caller.hears("your phones one after another")
    caller.hangs_up()

    texts("STOP", from_=CALLER)
    with hotline.database.transaction() as session:
        (registration,) = session.scalars(select(Registration)).all()
        now = hotline.clock.now
        event = make_event(session, case.subject_id, "transferred", at=now, made_at=now)
        make_notice(session, registration, event, made_at=now, next_attempt_at=now)

    assert SECOND in sweeps(hotline)
    (registration,) = hotline.rows(select(Registration))
    assert registration.state == "standing"
    assert [one.state for one in hotline.rows(select(Notice))] == ["ringing"]


def test_discreet_line_registers_without_a_word_that_tells_what_it_is(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    line = hotline.office.discreet_lines[0]
    caller = phone.another()
    caller.dials_in(from_=CALLER, to=line)
    for keys in ("1", case.number, case.pin, *ASK):
        caller.presses(keys)
    offer = caller.heard

    for keys in ("1", CODE, CODE):
        caller.presses(keys)

    assert caller.hears("It is saved")
    assert not [word for word in ("crime", "victim", "custody", "PIN", "office") if word in offer]


def released(hotline: Hotline, case: MadeCase) -> None:
    """The person this case is about was let out; the news is due."""
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        (registration,) = session.scalars(select(Registration)).all()
        event = make_event(session, case.subject_id, "released", at=now, made_at=now)
        make_notice(session, registration, event, made_at=now, next_attempt_at=now)


def on_line(phone: Phone, case: MadeCase, line: str, *keys: str, language: str = "1") -> Phone:
    """A call of a discreet line that opens the case and goes on with these keys."""
    caller = phone.another()
    caller.dials_in(from_=CALLER, to=line)
    for key in (language, case.number, case.pin, *keys):
        caller.presses(key)
    return caller


def test_caller_of_the_discreet_line_who_registers_sees_that_number_in_calls_and_texts(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    discreet = hotline.office.discreet_lines[0]
    caller = on_line(phone, case, discreet, *ASK)
    assert caller.hears("Your phone will show the number that you called now")
    for keys in ("2", CODE, CODE, "3", "2", "2"):
        caller.presses(keys)
    assert caller.hears("We may send a text")
    caller.hangs_up()
    assert "the number that you called now" in consents(hotline)[0].words

    again = on_line(phone, case, discreet, *ASK)
    assert again.hears("Your phone will show the number that you called now", "To leave it as it is, press 1")
    again.hangs_up()
    released(hotline, case)
    sweeps(hotline)
    assert ringing(hotline, CALLER).line == discreet
    sweeps(hotline, seconds=2)
    assert [to for to, _body in hotline.carrier.texts] == [CALLER]
    assert hotline.carrier.lines_of_texts == [discreet]


def test_main_number_that_was_chosen_stays_and_the_main_line_says_nothing_of_the_other(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    discreet = hotline.office.discreet_lines[0]
    registers(phone, case, "2", "4").hangs_up()
    assert "Your phone will show" not in calls(phone, case, *ASK).heard

    assert on_line(phone, case, discreet, *ASK).hears("Your phone will show our main number")

    released(hotline, case)
    sweeps(hotline)
    assert ringing(hotline, CALLER).line in (None, hotline.office.lines[0])


@pytest.mark.parametrize(
    ("language", "pin", "code"), [("1", "your code", "call code"), ("2", "su clave", "código de llamadas")]
)
def test_discreet_line_has_one_word_for_the_pin_and_another_for_the_code_of_the_calls(
    phone: Phone, make_case: MakeCase, hotline: Hotline, language: str, pin: str, code: str
) -> None:
    spoken = {"1": "en", "2": "es"}[language]
    case = make_case(custody_status="in_custody", facility="Stewart", phone=CALLER, language=spoken)
    caller = phone.another()
    caller.dials_in(from_=CALLER, to=hotline.office.discreet_lines[0])
    for key in (language, case.number):
        caller.presses(key)
    assert pin in caller.heard
    for key in (case.pin, *ASK):
        caller.presses(key)
    assert code in caller.heard
    caller.presses("1")
    assert code in caller.heard
    caller.presses(CODE)
    caller.presses(CODE)
    assert code in caller.heard
    caller.hangs_up()

    released(hotline, case)
    sweeps(hotline)
    called = phone.answers(ringing(hotline, CALLER))
    called.presses("1")
    assert code in called.heard

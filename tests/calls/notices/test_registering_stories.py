"""Somebody stands beside the caller, or has their phone: what they learn and turn off (R10, R33)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Case, Notice, Registration
from models import Phone as PhoneRow
from models.store.database import keyring_of
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import SECOND, sweeps
from tests.calls.notices.test_registering import ASK, CODE, calls, case, consents, registers
from tests.factories import MadeCase, make_duress_pin, make_event, make_notice
from tests.phone import CALLER, Phone

__all__ = ["case"]
MakeCase = Callable[..., MadeCase]


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
    assert alone.hears("We will call this phone", "ask for your code", "To leave it as it is, press 1")


def test_stop_from_a_phone_ends_the_phone_and_never_the_registration(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str]
) -> None:
    with hotline.database.transaction() as session:
        registrant = session.get_one(Case, case.id).registrant
        keyring = keyring_of(session)
        registrant.phones.append(
            PhoneRow(
                position=2, number_sealed=keyring.seal("phone.number", SECOND),
                phone_key=keyring.index("phone", SECOND), confirmed_at=hotline.clock.now,
            )
        )  # fmt: skip
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

"""The phones of a registration are no longer safe: a new one takes over what was agreed (R09, R28)."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from sqlalchemy import select

from models import Case, Consent, Notice, Registration
from models import Phone as PhoneRow
from models.overview.case_opening import Grounds
from models.overview.phone_list import add_phone, confirm_phone, give_code, mark_unsafe
from models.store.database import keyring_of
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, SECOND, ringing, sweeps
from tests.calls.notices.registering.conftest import ASK, calls, changes, consents, registers, registration
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase, make_custody_record, make_duress_pin, make_event, make_notice
from tests.models.staff.staff_people import someone
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
NONE_CALLED = "Now we call none of your phones when something changes. Your other choices are kept."


def phone_id(hotline: Hotline, number: str) -> int:
    """The row of this number; a duress case has one of its own."""
    with hotline.database.reading() as session:
        key = keyring_of(session).index("phone", number)
        of_number = select(PhoneRow.id).where(PhoneRow.phone_key == key).order_by(PhoneRow.id)
        return session.scalars(of_number.limit(1)).one()


def is_unsafe(hotline: Hotline, case: MadeCase, number: str) -> None:
    """Staff mark a phone as unsafe."""
    wanted = phone_id(hotline, number)
    with hotline.database.transaction() as session:
        found, who = session.get_one(Case, case.id), someone(session)
        mark_unsafe(session, who, found, wanted, hotline.clock.now, hotline.policy.numbers)


def is_confirmed(hotline: Hotline, case: MadeCase, number: str, *, new: bool = True) -> None:
    """Staff who know the person bind a phone to them, by a code that is spoken to it."""
    now = hotline.clock.now
    grounds = Grounds("verification", "", now + timedelta(hours=1))
    wanted = None if new else phone_id(hotline, number)
    with hotline.database.transaction() as session:
        found, who = session.get_one(Case, case.id), someone(session)
        if wanted is None:
            wanted = add_phone(session, who, found, number, grounds, now).id
        code = give_code(session, who, found, wanted, grounds, now)
        assert confirm_phone(session, who, found, wanted, code, grounds, now, hotline.policy)


def escapes(hotline: Hotline, case: MadeCase) -> None:
    """The person this case is about escaped; the news is due."""
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        subject = session.get_one(Case, case.id).subject
        make_custody_record(session, subject, "escaped", status_at=now, as_of=now)
        own = session.scalars(select(Registration).where(Registration.case_id == case.id)).one()
        event = make_event(session, case.subject_id, "escaped", at=now, made_at=now)
        make_notice(session, own, event, made_at=now, next_attempt_at=now)


def test_new_phone_takes_over_what_was_agreed_once_the_caller_asks_for_it(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    changes(phone, case, "2", "4", "1", "2", "2", "2", "2", "3", "1").hangs_up()
    code_key = registration(hotline).code_key
    is_unsafe(hotline, case, CALLER)
    is_confirmed(hotline, case, SECOND)
    hotline.clock.passes(hours=80)

    caller = calls(phone, case, *ASK, from_=SECOND)

    assert caller.hears(NONE_CALLED, "For calls only to this phone, press 1.")
    assert caller.hears("For calls to all your phones, press 2. To leave it as it is, press 3.")
    assert caller.does_not_hear("A person can add one")
    assert consents(hotline) == []
    caller.presses("1")
    said = (
        "We will call this phone when something changes. We will call only in the morning."
        " We will not call between nine in the evening and eight in the morning."
        " When we call, we will first ask for your call code. We will leave no message."
        " A machine may record our first words. We will send no text."
        " We will call at most 3 times a day."
    )
    assert caller.hears(f"Got it. {said}", "If that is all, press 1")
    caller.hangs_up()

    assert calls(phone, case, *ASK, from_=SECOND).hears(said, "To change how we call, press 2")
    (consent,) = consents(hotline)
    assert (consent.phone_id, consent.cap_per_day) == (phone_id(hotline, SECOND), 3)
    assert consent.words.startswith(said)
    assert registration(hotline).code_key == code_key
    hotline.clock.passes(hours=16)
    escapes(hotline, case)
    sweeps(hotline)
    called = phone.another().answers(ringing(hotline, SECOND))
    called.presses("1")
    called.presses(CODE)
    assert called.hears("news that may be hard to hear")


def test_new_phone_is_not_called_before_the_person_asked_for_it(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    is_unsafe(hotline, case, CALLER)
    is_confirmed(hotline, case, SECOND)
    hotline.clock.passes(hours=80)

    calls(phone, case, *ASK, "3", from_=SECOND).hangs_up()
    escapes(hotline, case)

    assert sweeps(hotline) == []
    assert [one.task for one in hotline.rows(select(Notice))] == ["no_phone"]


def test_phone_that_was_marked_unsafe_by_mistake_is_asked_for_again_in_one_key(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    changes(phone, case, "2", "3", "1").hangs_up()
    is_unsafe(hotline, case, CALLER)
    is_confirmed(hotline, case, CALLER, new=False)

    caller = calls(phone, case, *ASK)
    assert caller.hears(NONE_CALLED)
    caller.presses("2")

    assert caller.hears("Got it. We will call this phone when something changes. If they get out")
    assert caller.hears("For other changes, we will call only in the morning")
    (row,) = hotline.rows(select(PhoneRow))
    assert row.window_ends == time(12)


def test_caller_hears_when_the_calls_to_a_phone_that_replaces_an_unsafe_one_begin(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    is_unsafe(hotline, case, CALLER)
    is_confirmed(hotline, case, SECOND)

    caller = calls(phone, case, *ASK, "1", from_=SECOND)

    assert caller.hears(
        "We will call this phone when something changes."
        " Calls to a new phone begin on Saturday, November 28 at 10:00 AM."
    )
    hotline.clock.passes(hours=80)
    assert calls(phone, case, *ASK, from_=SECOND).does_not_hear("Calls to a new phone begin")


def test_person_without_a_code_chooses_one_for_the_new_phone(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    changes(phone, case, "4", "1", "2").hangs_up()
    assert registration(hotline).code_key is None
    is_unsafe(hotline, case, CALLER)
    is_confirmed(hotline, case, SECOND)
    hotline.clock.passes(hours=80)

    caller = calls(phone, case, *ASK, "1", from_=SECOND)
    assert caller.hears("First choose a call code. The other choices come after it.")
    for keys in (CODE, CODE):
        caller.presses(keys)

    assert caller.hears(
        "Got it. We will call this phone", "When we call, we will first ask for your call code"
    )
    assert [one.phone_id for one in consents(hotline)] == [phone_id(hotline, SECOND)]


def test_caller_without_any_safe_phone_hears_of_the_way_to_a_person_and_of_no_choice_that_fails(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    is_unsafe(hotline, case, CALLER)

    caller = calls(phone, case, *ASK, from_="+12025550166")

    assert caller.hears("We have no phone left to call. A person can add one. For a person, press 0.")
    assert caller.hears("To leave it as it is, press 1. To pause or stop these calls, press 2.")
    assert caller.does_not_hear("To change how we call")


@pytest.mark.parametrize("paused", [True, False], ids=["paused", "ended"])
def test_calls_that_do_not_come_now_are_told_with_the_new_phone(
    phone: Phone, case: MadeCase, hotline: Hotline, paused: bool
) -> None:
    registers(phone, case).hangs_up()
    if paused:
        calls(phone, case, *ASK, "3", "1").hangs_up()
    is_unsafe(hotline, case, CALLER)
    is_confirmed(hotline, case, SECOND)
    hotline.clock.passes(hours=80) if paused else hotline.clock.passes(days=366)
    caller = calls(phone, case, *(("2",) if paused else ()), *ASK, from_=SECOND)
    assert caller.hears("We will not call", NONE_CALLED)

    caller.presses("1")

    if paused:
        assert caller.hears("Got it. We will not call about changes for now.", "After that, this is how we")
    else:
        assert caller.hears("Got it. We will call this phone when something changes.")
        assert caller.does_not_hear("have ended")


def test_spanish_caller_hears_that_no_phone_is_called_and_how_to_have_this_one_called(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    is_unsafe(hotline, case, CALLER)
    is_confirmed(hotline, case, SECOND)
    caller = phone.another()
    opens_the_case(caller, case, language="2", from_=SECOND)
    for key in ASK:
        caller.presses(key)

    assert caller.hears(
        "Ahora no llamamos a ninguno de sus teléfonos cuando algo cambia. Lo demás que eligió sigue igual.",
        "Para llamadas solo a este teléfono, oprima 1.",
    )


def test_later_call_with_the_duress_pin_hears_the_same_of_an_unsafe_phone(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case, now=hotline.clock.now)
    registers(phone, case).hangs_up()
    registers(phone, duress).hangs_up()
    is_unsafe(hotline, case, CALLER)
    is_confirmed(hotline, case, CALLER, new=False)

    alone, beside_them = calls(phone, case, *ASK), calls(phone, duress, *ASK)

    assert alone.heard == beside_them.heard
    assert beside_them.hears(NONE_CALLED)
    standing = select(Consent).where(Consent.registration_id.is_not(None), Consent.withdrawn_at.is_(None))
    assert hotline.rows(standing) == []

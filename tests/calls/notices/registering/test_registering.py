"""Calls of people who ask to be called when custody changes, and who may not (R28, R30)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Case, Registrant, Registration
from models import Phone as PhoneRow
from models.audit.audit import AuditEntry
from models.notices.notice_code import is_right
from models.store.database import keyring_of
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, ringing, sweeps
from tests.calls.notices.registering.conftest import ASK, calls, changes, consents, registers, registration
from tests.calls.notices.registering.test_new_phone import escapes
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase, make_duress_pin
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]


def test_three_keys_and_a_code_register_with_the_safest_choices(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = calls(phone, case, "2")
    assert caller.hears("For calls when something changes, press 4")
    caller.presses("4")
    assert caller.hears(
        "We will call this phone", "at any hour", "no message", "no text", "To agree, press 1"
    )
    assert caller.hears("We may not be able to tell you of every change. No call does not mean no change")
    caller.presses("1")
    caller.presses(CODE)
    caller.presses(CODE)

    assert caller.hears("It is saved")
    made = registration(hotline)
    assert (made.case_id, made.state, made.made_by) == (case.id, "standing", "caller")
    (row,) = hotline.rows(select(PhoneRow))
    assert (row.night_allowed, row.voicemail_allowed) == (True, False)
    with hotline.database.reading() as session:
        assert is_right(keyring_of(session), case.id, made.code_key or "", CODE)


def test_consent_has_the_words_that_the_caller_heard(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    heard = calls(phone, case, *ASK)
    offer = heard.heard
    for keys in ("1", CODE, CODE):
        heard.presses(keys)

    (consent,) = consents(hotline)
    assert consent.words in " ".join(offer.split())
    assert "We will call this phone when something changes." in consent.words
    assert (consent.channel, consent.cap_per_day) == ("voice", 8)


def test_consent_of_a_spanish_call_is_in_spanish(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    caller = phone.another()
    caller.dials_in(from_=CALLER)
    for keys in ("2", "1", case.number, case.pin, *ASK, "1", CODE, CODE):
        caller.presses(keys)

    (consent,) = consents(hotline)
    assert "Si no llamamos, no quiere decir que nada cambió." in consent.words


@pytest.mark.parametrize("stored", ["en", "es"])
def test_calls_come_in_the_language_in_which_they_were_agreed_to(
    phone: Phone, make_case: MakeCase, hotline: Hotline, stored: str
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER, language="en" if stored == "es" else "es")
    caller = phone.another()
    opens_the_case(caller, case, {"en": "1", "es": "2"}[stored])
    for keys in (*ASK, "1", CODE, CODE):
        caller.presses(keys)
    assert caller.hears({"en": "It is saved", "es": "Está guardado"}[stored])
    caller.hangs_up()
    hotline.clock.passes(minutes=30)
    escapes(hotline, case)
    sweeps(hotline)

    called = phone.another().answers(ringing(hotline, CALLER))

    # In that call no key changes the language.
    assert called.hears({"en": "Is this a good time", "es": "¿Es buen momento"}[stored])
    called.presses("1")
    called.presses(CODE)
    assert called.hears({"en": "To hear it now, press 1", "es": "Para oírla ahora, oprima 1"}[stored])


@pytest.mark.parametrize(
    ("first", "keys", "said"),
    [
        ((), ("2", "3", "1", "1"), "No dejaremos mensaje"),
        (("3", "1"), ("1", "2", "4", "2", "1"), "Así queda"),
        (("3", "1"), ("2", "2", "4", "1"), "La pausa terminó"),
    ],
    ids=["changed", "resumed when asked", "resumed"],
)
def test_calls_come_in_the_language_in_which_they_were_last_agreed_to(
    phone: Phone, case: MadeCase, hotline: Hotline, first: tuple[str, ...], keys: tuple[str, ...], said: str
) -> None:
    registers(phone, case).hangs_up()
    if first:
        calls(phone, case, *ASK, *first).hangs_up()
    hotline.clock.passes(hours=1)

    opens_the_case(phone, case, "2")
    for key in keys if first else (*ASK, *keys):
        phone.presses(key)

    assert phone.hears(said)
    assert hotline.row(select(Registrant.language)) == "es"


def test_duress_pin_changes_no_language_of_the_calls(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case, now=hotline.clock.now)
    registers(phone, case).hangs_up()

    opens_the_case(phone, duress, "2")
    for keys in (*ASK, "1", CODE, CODE):
        phone.presses(keys)

    assert phone.hears("Está guardado")
    language = select(Registrant.language).where(Registrant.id == case.registrant_id)
    assert hotline.row(language) == "en"


def test_code_that_others_would_guess_and_two_that_differ_are_asked_again(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = calls(phone, case, *ASK, "1", "1234")
    assert caller.hears("too easy to guess", "parts of your phone or case number")
    assert caller.does_not_hear("card")
    caller.presses(CODE)
    caller.presses("2222")
    assert caller.hears("did not match")
    assert hotline.rows(select(Registration)) == []
    caller.presses(CODE)
    caller.presses(CODE)

    assert caller.hears("It is saved")


def test_caller_who_declines_is_not_registered(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    caller = calls(phone, case, *ASK, "3")

    assert caller.hears("We will not call you about changes")
    assert hotline.rows(select(Registration)) == []


def test_caller_with_an_open_callback_reaches_it_after_leaving_the_callback(
    phone: Phone, case: MadeCase
) -> None:
    calls(phone, case, "2", "1").hangs_up()

    again = calls(phone, case, "2", "1")

    assert again.hears("For calls when something changes, press 3")
    again.presses("3")
    assert again.hears("We will call this phone")


def test_new_standing_phone_is_bound_with_a_person(phone: Phone, case: MadeCase) -> None:
    caller = changes(phone, case, "2", "1", "3")

    assert caller.hears("No one can answer right now", "To have us call this phone as soon as we can")


def test_person_with_a_new_pin_can_neither_hear_nor_change_what_stands_for_72_hours(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    with hotline.database.transaction() as session:
        session.get_one(Case, case.id).changes_held_until = hotline.clock.now + timedelta(hours=72)

    caller = calls(phone, case, *ASK)

    assert caller.hears("for now we cannot change phone numbers or times")
    assert "ask for your call code" not in caller.heard_so_far
    assert registration(hotline).state == "standing"


def test_stranger_without_the_pin_cannot_reach_any_of_it(phone: Phone, case: MadeCase) -> None:
    registers(phone, case).hangs_up()
    stranger = phone.another()
    stranger.dials_in(from_="+12025550199")
    for key in ("1", "2", "1", "4"):
        stranger.presses(key)

    assert "something changes" not in stranger.heard_so_far


def test_case_without_a_phone_is_sent_to_a_person(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")

    caller = calls(phone, case, *ASK, from_=CALLER)

    assert caller.hears("We have no phone of yours to call yet. A person can add one")


def test_no_code_and_no_key_is_in_the_audit(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    registers(phone, case).hangs_up()

    entries = hotline.rows(select(AuditEntry).where(AuditEntry.target.startswith("registration:")))
    assert [entry.action for entry in entries] == ["register_for_notices"]
    assert not [entry for entry in entries if CODE in f"{entry.actor} {entry.target} {entry.facts}"]
    assert hotline.rows(select(Callback)) == []

"""The partner line, for people who asked to be called about hard news while nobody here can talk (R19)."""

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from config.office import Office
from hotline.office_settings import OfficeSettings
from ivr_flows.prompts import Prompts
from models import Callback, Registrant, Staff
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    OPENING,
    TELLING,
    Registered,
    is_called,
    misses,
    picks_up,
    ringing,
    sweeps,
    the_notice,
)
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase, make_office
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]

PARTNER = "+18007997233"
OFFERED = "A person from our team will call you. No one here can talk right now."
TALK = "To talk with the domestic violence hotline now, press 1"
PROMISED = "A person from our team will call you. Goodbye."


@pytest.fixture
def office() -> Office:
    """The shipped office in its hours, which names the domestic violence hotline as its partner."""
    return make_office(partner="domestic_violence", always_open=False)


@pytest.fixture
def at_night(hotline: Hotline) -> None:
    """It is eleven at night."""
    hotline.clock.passes(hours=13)


@pytest.fixture
def discreet(registered: Registering, hotline: Hotline) -> Registered:
    """A registrant who chose to be called from the discreet number."""
    made = registered("released")
    made.changes(Registrant, line=hotline.office.discreet_lines[0])
    made.is_due()
    assert sweeps(hotline) == [FIRST]
    return made


def asks_for_a_person(phone: Phone, hotline: Hotline, *, first: str = "1", then: str = "2") -> Phone:
    """The phone that rings is answered, the code is entered, and a person is asked for."""
    called = picks_up(phone, hotline)
    called.presses(first)
    called.presses(CODE)
    for key in then:
        called.presses(key)
    return called


def is_promised(hotline: Hotline) -> bool:
    """Whether an urgent callback about the news stands, and the line itself calls no more."""
    callback = hotline.row(select(Callback))
    assert (callback.state, callback.urgency, callback.reason) == ("requested", "urgent", "hard_news")
    notice = the_notice(hotline)
    return (notice.state, notice.outcome) == ("left_for_staff", "asked_person")


def test_registrant_whom_nobody_here_can_talk_to_talks_with_the_partner_and_is_still_called(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_dialed()

    called = asks_for_a_person(phone, hotline)
    assert called.hears("Until we talk, please act as if this person may be out", OFFERED, TALK)
    assert called.does_not_hear("released")
    assert is_promised(hotline)
    called.presses("1")
    assert called.hears("I am connecting you to the domestic violence hotline")
    assert called.is_rung(PARTNER)
    partner = called.answers()
    assert called.is_talking
    partner.hangs_up()

    assert called.hears("Your call with them is over", PROMISED)
    assert called.is_over
    assert is_promised(hotline)


def test_registrant_who_heard_the_news_and_asks_for_a_person_is_offered_the_partner(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("escaped").is_dialed("escaped")

    called = asks_for_a_person(phone, hotline, then="12")

    assert called.hears(OFFERED, TALK)
    assert is_promised(hotline)
    assert the_notice(hotline).heard_at is not None


def test_registrant_who_would_not_hear_of_a_death_from_a_machine_is_offered_the_partner(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("deceased").is_dialed("deceased")

    called = asks_for_a_person(phone, hotline, then="1")

    assert called.hears(OFFERED, TALK)
    assert called.does_not_hear("died")


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed"])
def test_partner_who_does_not_answer_leaves_its_number_and_our_promise(
    phone: Phone, registered: Registering, hotline: Hotline, status: str
) -> None:
    registered("released").is_dialed()
    called = asks_for_a_person(phone, hotline)
    called.presses("1")

    called.declines(status=status)

    assert called.hears("I could not reach them. Their number is", PROMISED)
    assert called.is_over
    assert is_promised(hotline)


def test_registrant_who_does_not_want_the_partner_hangs_up_or_says_nothing(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_dialed()
    called = asks_for_a_person(phone, hotline)

    called.says_nothing()
    assert called.hears(TALK)
    called.says_nothing()

    assert called.hears("Goodbye")
    assert called.is_over
    assert called.rings == ()
    assert is_promised(hotline)


def test_star_repeats_the_offer_of_the_partner(
    phone: Phone, registered: Registering, hotline: Hotline, make_staff: MakeStaff
) -> None:
    registered("released").is_dialed()
    called = asks_for_a_person(phone, hotline)

    make_staff()
    called.presses("*")

    assert called.hears(OFFERED, TALK)
    called.presses("1")
    assert called.is_rung(PARTNER)


def test_registrant_is_offered_no_partner_while_a_liaison_is_free(
    phone: Phone, registered: Registering, hotline: Hotline, make_staff: MakeStaff
) -> None:
    registered("released").is_dialed()
    make_staff()

    called = asks_for_a_person(phone, hotline)

    assert called.hears(PROMISED)
    assert called.does_not_hear("domestic violence hotline", "No one here")
    assert called.is_over


def test_registrant_is_offered_the_partner_while_every_liaison_is_busy(
    phone: Phone, registered: Registering, hotline: Hotline, make_staff: MakeStaff, make_case: MakeCase
) -> None:
    make_staff()
    other = phone.another()
    opens_the_case(other, make_case(custody_status="in_custody"))
    other.presses("0")
    hotline.accepts(phone)
    registered("released").is_dialed()

    called = asks_for_a_person(phone, hotline)

    assert called.hears(OFFERED, TALK)


@pytest.mark.usefixtures("at_night")
def test_registrant_is_offered_the_partner_at_night_although_somebody_is_on_shift(
    phone: Phone, registered: Registering, hotline: Hotline, make_staff: MakeStaff
) -> None:
    make_staff()
    registered("released").is_due()
    assert sweeps(hotline) == [FIRST]

    called = asks_for_a_person(phone, hotline)

    assert called.hears(OFFERED, TALK)
    assert is_promised(hotline)


def test_registrant_hears_of_the_partner_in_spanish(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released", language="es").is_dialed()

    called = asks_for_a_person(phone, hotline)

    assert called.hears(
        "Una persona de nuestro equipo le llamará. Ahora nadie puede atenderle.",
        "Para hablar con la línea de violencia doméstica ahora, oprima 1",
    )
    called.presses("1")
    assert called.hears("Le comunico con la línea de violencia doméstica")
    called.lets_ring()
    assert called.hears("No pude comunicarle", "Una persona de nuestro equipo le llamará. Adiós.")


def test_registrant_who_cannot_talk_is_connected_to_nobody_who_would_ask_them_to(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_dialed()

    called = asks_for_a_person(phone, hotline, first="5")

    assert called.hears(PROMISED)
    assert called.does_not_hear("domestic violence hotline")
    assert hotline.row(select(Callback)).silent


def test_silence_before_hard_news_is_offered_no_partner(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("released"), "1", CODE)

    called.says_nothing()
    called.says_nothing()

    assert called.is_over
    assert called.hears("If you are in danger", PROMISED)
    assert called.does_not_hear("domestic violence hotline")


@pytest.mark.usefixtures("discreet")
def test_stranger_who_answers_learns_of_no_partner(phone: Phone, hotline: Hotline) -> None:
    assert ringing(hotline).line == hotline.office.discreet_lines[0]
    called = picks_up(phone, hotline)
    assert called.hears(OPENING)
    called.presses("1")
    for code in ("1111", "2222", "3333"):
        called.presses(code)

    assert called.is_over
    heard = called.heard_so_far.casefold()
    assert not [word for word in (*TELLING, "violence", "crisis") if word in heard]


@pytest.mark.usefixtures("discreet")
def test_registrant_of_a_discreet_number_hears_of_the_partner_after_the_code(
    phone: Phone, hotline: Hotline
) -> None:
    called = asks_for_a_person(phone, hotline)

    assert called.hears(OFFERED, TALK)


@ON_SQLITE
def test_call_back_during_the_talk_with_the_partner_costs_no_try(
    phone: Phone, registered: Registering, hotline: Hotline, make_staff: MakeStaff
) -> None:
    registered("released").is_dialed()
    called = asks_for_a_person(phone, hotline)
    called.presses("1")
    partner = called.answers()
    make_staff()
    hotline.sweeps()
    liaison = hotline.accepts(phone)

    misses(phone, hotline, status="busy")
    hotline.jobs.works_off()

    assert liaison.is_over
    callback = hotline.row(select(Callback))
    assert (callback.state, callback.caller_tries) == ("requested", 0)
    partner.hangs_up()
    sweeps(hotline, minutes=3)
    hotline.accepts(phone)
    assert ringing(hotline).to == FIRST


def test_partner_whose_line_the_office_replaced_after_it_was_named_is_not_rung(
    phone: Phone, registered: Registering, hotline: Hotline, app: Flask
) -> None:
    registered("released").is_dialed()
    called = asks_for_a_person(phone, hotline)
    assert called.hears(TALK)
    look = app.extensions["hotline.current_line"].look
    settings = OfficeSettings(hotline.office, hotline.database, Prompts.load(hotline.office.languages), look)
    name = {"en": "the safety line", "es": "la línea de seguridad"}
    settings.change(
        "services", [{"key": "domestic_violence", "name": name, "phone": "+12025550160"}],
        seen=0, reason="The suite.", actor="ruth", now=hotline.clock.now,
    )  # fmt: skip

    called.presses("1")

    assert called.hears(PROMISED)
    assert called.rings == ()


# On the line, where hard news is told or a call promised in the same words.


@pytest.mark.usefixtures("at_night")
def test_caller_at_night_is_promised_a_call_about_the_news_and_then_talks_with_the_partner(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="released"))
    assert phone.hears("No one here can talk right now", "To have us call you soon, press 2")
    phone.presses("2")

    assert phone.hears("We will call you no later than", "That is all", TALK)
    assert hotline.row(select(Callback)).reason == "hard_news"
    phone.presses("1")
    assert phone.is_rung(PARTNER)
    phone.declines()
    assert phone.hears("I could not reach them", "To try again, press 1")
    phone.presses("1")
    assert phone.is_rung(PARTNER)


def test_caller_on_a_discreet_line_hears_of_the_partner_after_the_promise(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="escaped")
    phone.dials_in(to=hotline.office.discreet_lines[0])
    for keys in ("1", case.number, case.pin, "2"):
        phone.presses(keys)

    assert phone.hears("We will call you", TALK, "To go back, press 2")


def test_caller_who_cannot_talk_is_offered_no_partner(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="released"))
    phone.presses("5")
    phone.presses("2")

    assert phone.hears("We will call you no later than", "To go back to your case, press 1")
    assert phone.does_not_hear("domestic violence hotline now")


def test_callback_about_anything_else_offers_no_partner(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")

    assert phone.hears("We will call you no later than", "To go back to your case, press 1")
    assert phone.does_not_hear("domestic violence hotline")


class TestWithoutPartner:
    """An office that names no partner."""

    @pytest.fixture
    def office(self, office: Office) -> Office:
        """The shipped office."""
        return dataclasses.replace(office, partner=None)

    def test_registrant_who_asks_for_a_person_is_promised_a_call_and_no_more(
        self, phone: Phone, registered: Registering, hotline: Hotline
    ) -> None:
        registered("released").is_dialed()

        called = asks_for_a_person(phone, hotline)

        assert called.hears(PROMISED)
        assert called.does_not_hear("No one here", "domestic violence hotline")
        assert called.is_over

    def test_caller_who_wants_to_be_called_about_the_news_is_promised_a_call_and_no_more(
        self, phone: Phone, make_case: MakeCase
    ) -> None:
        opens_the_case(phone, make_case(custody_status="released"))
        phone.presses("2")

        assert phone.hears("We will call you no later than", "To go back to your case, press 1")
        assert phone.does_not_hear("domestic violence hotline")

"""How a registrant wants to be called: each choice is said back and kept (R28, R29)."""

from collections.abc import Callable
from datetime import time

import pytest
from sqlalchemy import select

from models import Case, Registrant
from models import Phone as PhoneRow
from models.store.database import keyring_of
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE
from tests.calls.notices.registering.conftest import ASK, calls, changes, consents, registration
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]


@pytest.mark.parametrize(
    ("keys", "said", "column", "value"),
    [
        (
            ("2", "2", "2"),
            "We will not call between nine in the evening and eight in the morning",
            "night_allowed",
            False,
        ),
        (("2", "2", "1"), "at any hour", "night_allowed", True),
        (("2", "3", "1"), "in the morning", "window_ends", time(12)),
        (("2", "3", "4"), "By day, we will call at any hour", "window_starts", None),
        (("3", "1", "2"), "asks you to call us", "voicemail_text", "please_call"),
        (("3", "1", "1"), "leave no message", "voicemail_allowed", False),
    ],
)
def test_choice_is_said_back_and_kept(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    keys: tuple[str, ...],
    said: str,
    column: str,
    value: object,
) -> None:
    caller = changes(phone, case, *keys)

    assert caller.hears("Got it", said)
    (row,) = hotline.rows(select(PhoneRow))
    assert getattr(row, column) == value
    assert said in consents(hotline)[0].words


@pytest.mark.parametrize("key", ["1", "2"])
def test_person_who_has_one_phone_hears_of_one_phone_whichever_they_choose(
    phone: Phone, case: MadeCase, hotline: Hotline, key: str
) -> None:
    """ "One after another" would let them count on another phone that rings, too (R28)."""
    caller = changes(phone, case, "2", "1", key)

    assert caller.hears("Got it. We will call this phone when something changes. If that is all")
    assert "one after another" not in consents(hotline)[0].words


@pytest.mark.parametrize(
    ("language", "key", "said"),
    [
        ("1", "For calls only to the phone number you gave us, press 1", "We will call the phone number you"),
        (
            "2",
            "Para llamadas solo al teléfono que usted nos dio, oprima 1",
            "llamaremos al teléfono que usted",
        ),
    ],
)
def test_key_for_one_phone_names_the_phone_that_is_called(
    phone: Phone, case: MadeCase, language: str, key: str, said: str
) -> None:
    changes(phone, case).hangs_up()

    opens_the_case(phone, case, language, from_="+12025550166")
    for one in (*ASK, "2", "2", "1"):
        phone.presses(one)

    assert phone.hears(key)
    phone.presses("1")
    assert phone.hears(said)


@pytest.mark.parametrize(
    ("language", "nights", "said"),
    [
        ("1", "1", "at any hour. If they get out, we will call at any hour."),
        ("1", "2", "at any hour. We will not call between nine in the evening and eight in the morning."),
        (
            "2",
            "2",
            "De día, llamaremos a cualquier hora. "
            "No llamaremos entre las nueve de la noche y las ocho de la mañana.",
        ),
    ],
)
def test_choice_of_any_time_says_also_what_holds_at_night(
    phone: Phone, case: MadeCase, hotline: Hotline, language: str, nights: str, said: str
) -> None:
    """ "A cualquier hora del día" was all that was heard, and kept, of a person who had said no to nights."""
    changes(phone, case, "2", "2", nights).hangs_up()
    opens_the_case(phone, case, language)
    for key in (*ASK, "2", "2", "3", "4"):
        phone.presses(key)

    assert phone.hears(said)
    assert said in consents(hotline)[-1].words


def test_way_back_from_the_choices_leads_to_what_stands_now(phone: Phone, case: MadeCase) -> None:
    caller = changes(phone, case)

    caller.presses("#")

    # Who has agreed is not asked again, and hears what the options are about.
    assert caller.hears("We will call this phone when something changes", "To leave it as it is, press 1")
    assert caller.does_not_hear("To agree")
    for key in ("3", "1"):
        caller.presses(key)
    assert caller.hears("We will not call about changes for now")
    caller.presses("#")
    assert caller.hears("We will not call about changes for now", "To start these calls again, press 1")
    caller.presses("#")
    assert caller.hears("For calls when something changes, press 4")


def test_texts_are_off_until_chosen_after_their_risk_was_said(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = changes(phone, case, "3", "2")
    assert caller.hears("The phone company keeps a list of texts", "For no texts, press 1")
    assert [one.channel for one in consents(hotline)] == ["voice"]

    caller.presses("2")

    assert [one.channel for one in consents(hotline)] == ["voice", "text"]


def test_key_alone_comes_after_its_risk_and_never_with_only_me(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = changes(phone, case, "4", "1")
    assert caller.hears("anyone who answers and presses a key hears the news")

    caller.presses("2")

    assert caller.hears("We will ask for no code. Anyone there may take the call")
    (row,) = hotline.rows(select(PhoneRow))
    assert (registration(hotline).code_key, row.may_answer) == (None, "anyone")


def test_new_code_after_a_key_alone_ends_that_anyone_may_take_the_call(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = changes(phone, case, "4", "1", "2")
    for keys in ("4", "1", "1", CODE, CODE):
        caller.presses(keys)

    assert caller.hears("When we call, we will first ask for your call code. We will speak only with you")
    (row,) = hotline.rows(select(PhoneRow))
    assert row.may_answer == "only_me"
    assert "We will speak only with you" in consents(hotline)[0].words


def test_second_phone_after_a_key_alone_is_called_once_a_code_was_chosen(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    with hotline.database.transaction() as session:
        keyring = keyring_of(session)
        second = PhoneRow(
            registrant_id=case.registrant_id, position=2, confirmed_at=hotline.clock.now,
            number_sealed=keyring.seal("phone.number", "+12025550166"),
            phone_key=keyring.index("phone", "+12025550166"),
        )  # fmt: skip
        session.add(second)
    caller = changes(phone, case, "4", "1", "2")

    for key in ("2", "1", "2"):
        caller.presses(key)
    assert caller.hears("First choose a call code", "Choose a call code of four digits")
    for keys in (CODE, CODE, "2", "1", "2"):
        caller.presses(keys)

    assert caller.hears("We will call your phones one after another")
    assert len(consents(hotline)) == 2
    assert registration(hotline).code_key is not None


@pytest.mark.parametrize("number", ["anonymous", "+12025550166"])
def test_caller_from_another_phone_takes_the_code_from_no_call(
    phone: Phone, case: MadeCase, hotline: Hotline, number: str
) -> None:
    changes(phone, case).hangs_up()
    elsewhere = phone.another()
    elsewhere.dials_in(from_=number)
    for keys in ("1", "1", case.number, case.pin, *ASK, "2", "4", "1", "2"):
        elsewhere.presses(keys)

    assert elsewhere.hears("You can choose this only from a phone that we call", "press 1")
    assert registration(hotline).code_key is not None


def test_cap_is_the_one_that_was_chosen(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    caller = changes(phone, case, "2", "4", "1")

    assert caller.hears("at most 3 times a day")
    assert [one.cap_per_day for one in consents(hotline)] == [3]


def test_person_who_wants_no_limit_hears_that_they_set_none(phone: Phone, case: MadeCase) -> None:
    caller = changes(phone, case, "2", "4")
    assert caller.hears("For no limit, press 3")

    caller.presses("3")

    assert caller.hears("Got it. You set no limit on calls in a day.")


def test_number_that_shows_and_the_zone_are_the_registrants(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = changes(phone, case, "4", "2", "2")
    assert caller.hears("Your phone will show our main number")
    for key in ("4", "3", "1"):
        caller.presses(key)

    (row,) = hotline.rows(select(Registrant))
    assert row.line == hotline.office.lines[0]
    assert row.time_zone == "America/New_York"


def test_calls_go_to_all_safe_phones_or_to_one(phone: Phone, make_case: MakeCase, hotline: Hotline) -> None:
    case = make_case(phone=CALLER)
    with hotline.database.transaction() as session:
        registrant = session.get_one(Case, case.id).registrant
        keyring = keyring_of(session)
        for position, (number, stopped) in enumerate((("+12025550131", None), ("+12025550132", True)), 2):
            registrant.phones.append(
                PhoneRow(
                    position=position, number_sealed=keyring.seal("phone.number", number),
                    phone_key=keyring.index("phone", number), confirmed_at=hotline.clock.now,
                    stopped_at=hotline.clock.now if stopped else None,
                    stop_told_at=hotline.clock.now if stopped else None,
                )
            )  # fmt: skip

    caller = changes(phone, case, "2", "1", "2")

    assert caller.hears("your phones one after another")
    assert len(consents(hotline)) == 2
    for key in ("2", "1", "1"):
        caller.presses(key)
    assert caller.hears("We will call this phone")
    assert len(consents(hotline)) == 1


def test_phone_that_is_added_keeps_the_no_to_nights_and_the_hours_that_were_chosen_before(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(phone=CALLER)
    with hotline.database.transaction() as session:
        keyring = keyring_of(session)
        added = PhoneRow(
            position=2, number_sealed=keyring.seal("phone.number", "+12025550131"),
            phone_key=keyring.index("phone", "+12025550131"), confirmed_at=hotline.clock.now,
            voicemail_allowed=True, voicemail_text="hello",
        )  # fmt: skip
        registrant = session.get_one(Case, case.id).registrant
        registrant.phones.append(added)

    caller = changes(phone, case, "2", "2", "2", "2", "3", "3", "2", "1", "2")
    caller.hangs_up()

    rows = hotline.rows(select(PhoneRow).order_by(PhoneRow.position))
    assert [row.night_allowed for row in rows] == [False, False]
    assert [row.window_starts for row in rows] == [time(17), time(17)]
    assert [row.voicemail_allowed for row in rows] == [False, False]
    assert calls(phone, case, *ASK).hears("not call between nine in the evening", "We will leave no message")


def test_spanish_offer_and_consent_name_the_phone_once(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = phone.another()
    caller.dials_in(from_=CALLER)
    for keys in ("2", "1", case.number, case.pin, *ASK, "2", CODE, CODE, "2", "1"):
        caller.presses(keys)

    assert "Cuando algo cambie, llamaremos a este teléfono." in caller.heard_so_far
    assert caller.hears("Para llamadas solo a este teléfono, oprima 1.")
    assert "llamaremos a este teléfono." in consents(hotline)[0].words


def test_spanish_no_to_nights_and_yes_to_the_evening_do_not_contradict_each_other(
    phone: Phone, case: MadeCase
) -> None:
    caller = phone.another()
    caller.dials_in(from_=CALLER)
    for keys in ("2", "1", case.number, case.pin, *ASK, "2", CODE, CODE, "2", "2", "2", "2", "3", "3"):
        caller.presses(keys)

    assert caller.hears(
        "Llamaremos solo después de las cinco de la tarde."
        " No llamaremos entre las nueve de la noche y las ocho de la mañana."
    )
    assert caller.does_not_hear("No llamaremos de noche")


def test_spanish_caller_hears_that_we_call_at_any_hour_if_the_person_is_let_out_or_escapes(
    phone: Phone, case: MadeCase
) -> None:
    caller = phone.another()
    caller.dials_in(from_=CALLER)
    for keys in ("2", "1", case.number, case.pin, *ASK):
        caller.presses(keys)
    assert caller.hears("Si la persona queda en libertad o se escapa, llamaremos a cualquier hora.")
    for keys in ("2", CODE, CODE, "2", "2"):
        caller.presses(keys)
    assert caller.hears("Si la persona queda en libertad o se escapa de noche, ¿debemos llamar de noche?")

"""Calls of people who ask to be called when custody changes, and who change, pause and stop it (R28)."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from sqlalchemy import select

from models import Callback, Case, Consent, Registrant, Registration
from models import Phone as PhoneRow
from models.audit.audit import AuditEntry
from models.notices.notice_code import is_right
from models.store.database import keyring_of
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
CODE = "2593"
#: From the case menu: to be called, about changes.
ASK = ("2", "4")


@pytest.fixture
def case(make_case: MakeCase) -> MadeCase:
    """The case of a person who calls from their own phone."""
    return make_case(custody_status="in_custody", facility="Stewart", phone=CALLER)


def calls(phone: Phone, case: MadeCase, *keys: str, from_: str = CALLER) -> Phone:
    """A call that opens the case and goes on with these keys; it is still on the line."""
    caller = phone.another()
    opens_the_case(caller, case, from_=from_)
    for key in keys:
        caller.presses(key)
    return caller


def registers(phone: Phone, case: MadeCase, *more: str) -> Phone:
    """A whole express call: three keys of menus, and the code twice."""
    return calls(phone, case, *ASK, "1", CODE, CODE, *more)


def registration(hotline: Hotline) -> Registration:
    """The only registration."""
    found: Registration = hotline.row(select(Registration))
    return found


def consents(hotline: Hotline) -> list[Consent]:
    """The consents to notices that stand."""
    standing = select(Consent).where(Consent.registration_id.is_not(None), Consent.withdrawn_at.is_(None))
    return list(hotline.rows(standing.order_by(Consent.id)))


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
    assert (row.night_allowed, row.voicemail_allowed, row.text_allowed) == (True, False, False)
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


def test_code_that_others_would_guess_and_two_that_differ_are_asked_again(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = calls(phone, case, *ASK, "1", "1234")
    assert caller.hears("too easy to guess")
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


def test_next_call_reads_it_back_and_leaves_it_as_it_is(phone: Phone, case: MadeCase) -> None:
    registers(phone, case).hangs_up()

    again = calls(phone, case, *ASK)

    assert again.hears(
        "We will call this phone", "at any hour", "ask for your call code", "at most 8 times a day"
    )
    assert again.hears("No call does not mean no change")
    again.presses("1")
    assert again.hears("We will keep it that way")


def test_caller_with_an_open_callback_reaches_it_after_leaving_the_callback(
    phone: Phone, case: MadeCase
) -> None:
    calls(phone, case, "2", "1").hangs_up()

    again = calls(phone, case, "2", "1")

    assert again.hears("For calls when something changes, press 3")
    again.presses("3")
    assert again.hears("We will call this phone")


def changes(phone: Phone, case: MadeCase, *keys: str) -> Phone:
    """Register, and go on to a choice in the same call's menus."""
    caller = calls(phone, case, *ASK, "2", CODE, CODE)
    assert caller.hears("If that is all, press 1")
    for key in keys:
        caller.presses(key)
    return caller


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
        (("2", "3", "4"), "any time of day", "window_starts", None),
        (("3", "1", "2"), "asks you to call us", "voicemail_text", "please_call"),
        (("3", "1", "1"), "leave no message", "voicemail_allowed", False),
        (("3", "2", "2"), "We may send a text", "text_allowed", True),
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


def test_new_standing_phone_is_bound_with_a_person(phone: Phone, case: MadeCase) -> None:
    caller = changes(phone, case, "2", "1", "3")

    assert caller.hears("No one can answer right now", "To have us call this phone as soon as we can")


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


def test_pause_ends_by_itself_and_can_be_ended(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    registers(phone, case).hangs_up()
    caller = calls(phone, case, *ASK, "3", "1")
    assert caller.hears("We will not call about changes for now")
    caller.hangs_up()
    assert registration(hotline).paused_until == hotline.clock.now + timedelta(days=7)

    # The next call asks about the pause by itself.
    again = calls(phone, case, "1")
    assert again.hears("We will not call about changes for now", "To start these calls again, press 1")
    again.presses("1")

    assert again.hears("The pause is over")
    assert registration(hotline).state == "standing"


def test_stopped_calls_can_be_asked_for_again(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    registers(phone, case).hangs_up()
    caller = calls(phone, case, *ASK, "3", "3")
    assert caller.hears("We will not call you about changes. You can start again at any time")
    caller.hangs_up()
    assert consents(hotline) == []

    # The next call asks about the stop by itself.
    calls(phone, case, "1", "1", CODE, CODE)

    assert [one.state for one in hotline.rows(select(Registration).order_by(Registration.id))] == [
        "stopped",
        "standing",
    ]


@pytest.mark.parametrize("keys", [("3",), ("1",)], ids=["stopped for good", "paused for a week"])
def test_calls_that_somebody_with_the_pin_turned_off_are_noticed_by_staff_and_in_the_next_call(
    phone: Phone, case: MadeCase, hotline: Hotline, keys: tuple[str, ...]
) -> None:
    registers(phone, case).hangs_up()
    abuser = calls(phone, case, *ASK, "3", *keys, from_="+12025550166")
    # In the call itself they know.
    for key in ("#", "1"):
        abuser.presses(key)
    assert "were stopped or paused" not in abuser.heard_so_far
    abuser.hangs_up()
    hotline.clock.passes(hours=2)
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now)
    (task,) = hotline.rows(select(Callback).where(Callback.reason == "calls_stopped"))
    assert (task.state, task.urgency, task.registrant_id) == ("left_for_staff", "other", case.registrant_id)

    caller = calls(phone, case)

    assert caller.hears(
        "The calls about changes were stopped or paused today. It may have been you."
        " To have these calls again, press 1. To leave it as it is, press 2."
    )
    caller.presses("1")
    assert caller.hears("To agree, press 1" if keys == ("3",) else "To start these calls again, press 1")
    caller.hangs_up()
    assert "were stopped or paused" not in calls(phone, case).heard_so_far


def test_caller_who_leaves_the_calls_stopped_is_told_once_and_staff_have_one_task(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "1").hangs_up()
    calls(phone, case, "2", *ASK, "3").hangs_up()
    hotline.clock.passes(hours=2)
    for _ in range(2):
        sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now)
        hotline.clock.passes(hours=2)

    caller = calls(phone, case)

    assert caller.hears("were stopped or paused")
    caller.presses("2")
    assert caller.hears("Your PIN was last used", "To choose a new PIN, press 4")
    caller.hangs_up()
    assert "were stopped or paused" not in calls(phone, case).heard_so_far
    assert len(hotline.rows(select(Callback).where(Callback.reason == "calls_stopped"))) == 1


def test_consent_that_ends_is_asked_for_again_in_the_next_call(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    assert "still want calls" not in calls(phone, case).heard_so_far
    hotline.clock.passes(days=366)

    caller = calls(phone, case)
    assert caller.hears("Please tell us soon if you still want calls about changes", "press 2")
    for key in ASK:
        caller.presses(key)

    assert caller.hears(
        "have ended. We will not call until you choose to keep them", "To keep these calls, press 1"
    )
    caller.presses("1")
    assert caller.hears("We will go on calling you")
    assert "still want calls" not in calls(phone, case).heard_so_far
    assert registration(hotline).lapses_at == hotline.clock.now + timedelta(days=365)


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


@pytest.mark.parametrize("ends", [timedelta(0), timedelta(days=366)], ids=["paused", "ended"])
def test_read_back_of_calls_that_do_not_come_now_says_how_they_come_later(
    phone: Phone, case: MadeCase, hotline: Hotline, ends: timedelta
) -> None:
    registers(phone, case).hangs_up()
    if not ends:
        calls(phone, case, *ASK, "3", "1").hangs_up()
    hotline.clock.now += ends

    caller = calls(phone, case, "1") if not ends else calls(phone, case, *ASK)

    assert caller.hears(
        "After that, this is how we will call. We will call this phone when something changes."
    )


def test_read_back_has_the_hours_that_were_chosen(phone: Phone, case: MadeCase) -> None:
    changes(phone, case, "2", "3", "2").hangs_up()

    again = calls(phone, case, *ASK)

    assert again.hears(
        "If they get out, we will call at any hour. For other changes, we will call only in the afternoon."
    )


def test_no_to_nights_keeps_every_call_in_the_hours_that_were_chosen(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = changes(phone, case, "2", "2", "2", "2", "3")
    assert caller.hears("If they get out, we will call at any hour, unless you said no to nights")
    caller.presses("1")
    assert caller.hears(
        "We will call only in the morning. "
        "We will not call between nine in the evening and eight in the morning."
    )
    caller.hangs_up()

    assert "any hour" not in calls(phone, case, *ASK).heard
    with hotline.database.transaction() as session:
        session.scalars(select(PhoneRow)).one().night_allowed = None
    assert calls(phone, case, *ASK).hears(
        "By day, we will call only in the morning. If they get out at night, we will call then too."
    )


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
        "Llamaremos solo por la noche. No llamaremos entre las nueve de la noche y las ocho de la mañana."
    )
    assert caller.does_not_hear("No llamaremos de noche")


@pytest.mark.parametrize(
    ("language", "once"),
    [("1", "We will call at most once a day."), ("2", "Llamaremos como máximo una vez al día.")],
)
def test_one_call_a_day_is_said_in_the_singular(
    phone: Phone, case: MadeCase, hotline: Hotline, language: str, once: str
) -> None:
    registers(phone, case).hangs_up()
    with hotline.database.transaction() as session:
        session.scalars(select(Consent).where(Consent.registration_id.is_not(None))).one().cap_per_day = 1

    caller = phone.another()
    caller.dials_in(from_=CALLER)
    for keys in (language, "1", case.number, case.pin, *ASK):
        caller.presses(keys)

    assert caller.hears(once)


def test_spanish_caller_hears_that_we_call_at_any_hour_if_the_person_is_let_out(
    phone: Phone, case: MadeCase
) -> None:
    caller = phone.another()
    caller.dials_in(from_=CALLER)
    for keys in ("2", "1", case.number, case.pin, *ASK):
        caller.presses(keys)
    assert caller.hears("Si la persona queda en libertad, llamaremos a cualquier hora.")
    for keys in ("2", CODE, CODE, "2", "2"):
        caller.presses(keys)
    assert caller.hears("Si la persona queda en libertad de noche, ¿debemos llamar de noche?")

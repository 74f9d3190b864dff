"""Calls of people who choose a new PIN, or must replace one that came by letter."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import AuditEntry, Call, Callback, Case, Staff
from models.cases.case import rotate_pin
from models.overview.pin_request import PinRequestError, approve_pin, request_pin
from models.overview.refusals import PinRequestRefusal
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import (
    document_of,
    is_asked_for_a_number,
    opens_the_case,
    wrong,
)
from tests.factories import HASHER, MadeCase
from tests.models.staff.staff_people import Someone
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
NEW = "583961"


def is_asked_for_a_new_pin(phone: Phone, case: MadeCase, **how: str) -> None:
    opens_the_case(phone, case, **how)
    phone.presses("4")
    phone.presses(case.pin)


def chooses(phone: Phone, pin: str) -> None:
    """Key a new PIN, twice."""
    phone.presses(pin)
    phone.presses(pin)


def opens(phone: Phone, case: MadeCase, pin: str) -> bool:
    """Whether a separate call with this PIN hears the status."""
    caller = phone.another()
    is_asked_for_a_number(caller)
    caller.presses(case.number)
    caller.presses(pin)
    return "in custody" in caller.heard


@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize("entries", [0, 1])
def test_caller_who_pressed_4_by_mistake_keeps_the_pin_with_pound(
    phone: Phone, make_case: MakeCase, language: str, entries: int
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case, language=language)
    assert phone.hears(
        "To keep your PIN, press pound. Please enter a new"
        if language == "1"
        else "Para conservar su PIN, oprima numeral. Marque un PIN nuevo"
    )
    for _ in range(entries):
        phone.presses(NEW)

    phone.presses("#")

    assert phone.hears("press 1" if language == "1" else "oprima 1")
    assert phone.does_not_hear("does not work", "no funciona", "PIN has", "PIN tiene")
    assert opens(phone, case, case.pin)
    assert not opens(phone, case, NEW)


def test_new_pin_keyed_twice_works_at_once_and_the_old_one_is_dead(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    assert phone.hears("To choose a new PIN, press 4")
    phone.presses("4")
    assert phone.hears("Please enter your PIN once more")
    phone.presses(case.pin)
    assert phone.hears("Please enter a new 6-digit PIN")

    phone.presses(NEW)
    assert phone.hears("Please enter the new PIN again")
    phone.presses(NEW)

    assert phone.hears("Your PIN is changed. Please use the new one from now on", "To hear it again, press 1")
    assert not opens(phone, case, case.pin)
    assert opens(phone, case, NEW)
    phone.presses("1")
    assert phone.hears("in custody")
    entry = hotline.row(select(AuditEntry).where(AuditEntry.action == "change_pin"))
    assert entry.facts is None
    assert hotline.rows(select(Call.new_pin_hash).where(Call.new_pin_hash.is_not(None))) == []


def test_another_call_that_the_old_pin_opened_is_closed(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    other = phone.another()
    opens_the_case(other, case)
    clock.passes(seconds=5)
    is_asked_for_a_new_pin(phone, case)
    chooses(phone, NEW)

    other.presses("1")

    assert other.hears("PIN")
    assert other.does_not_hear("in custody")


@pytest.mark.parametrize("pin", ["123456", "111222", "121212", "010203", "112390", "199512", "047291"])
def test_pin_that_others_would_try_first_is_refused_in_a_plain_sentence(
    phone: Phone, make_case: MakeCase, pin: str
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)

    phone.presses(pin)

    assert phone.hears("That PIN is too easy to guess", "Please enter a new 6-digit PIN")
    chooses(phone, NEW)
    assert phone.hears("Your PIN is changed")


@pytest.mark.parametrize(
    ("language", "told"), [("1", "A PIN has six digits."), ("2", "Un PIN tiene seis dígitos.")]
)
def test_caller_whose_new_pin_is_too_short_hears_its_length(
    phone: Phone, make_case: MakeCase, language: str, told: str
) -> None:
    is_asked_for_a_new_pin(phone, make_case(custody_status="in_custody"), language=language)
    phone.presses("583")
    assert phone.hears(told)
    phone.presses(NEW)

    phone.presses("583")

    assert phone.hears(told)
    assert phone.does_not_hear("key", "tecla")


def test_caller_cannot_choose_the_current_pin_again(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)

    phone.presses(case.pin)

    assert phone.hears("That is the PIN you already have", "Please enter a new 6-digit PIN")


def test_two_different_entries_change_nothing(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)
    phone.presses(NEW)

    phone.presses(wrong(NEW))

    assert phone.hears("The two PINs did not match", "Please enter a new 6-digit PIN")
    phone.hangs_up()
    assert opens(phone, case, case.pin)


@pytest.mark.parametrize("often", [1, 2])
def test_caller_who_hangs_up_in_between_keeps_the_old_pin(
    phone: Phone, make_case: MakeCase, often: int
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)
    if often == 2:
        phone.presses(NEW)

    phone.hangs_up()

    assert opens(phone, case, case.pin)


@pytest.mark.parametrize("keys", ["12", "58396", None])
def test_slips_and_silence_at_a_new_pin_lead_to_a_person(
    phone: Phone, make_case: MakeCase, keys: str | None
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)

    for _ in range(4):
        phone.presses(keys) if keys else phone.says_nothing()

    assert not phone.is_over
    assert phone.hears("press 1")
    phone.hangs_up()
    assert opens(phone, case, case.pin)


def test_new_pin_sent_twice_is_hashed_once(phone: Phone, make_case: MakeCase, hotline: Hotline) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)
    phone.presses(NEW)
    first = document_of(phone)
    assert phone.raw(phone.redelivers_last()) == first
    runs = HASHER.runs
    phone.presses(NEW)
    said = document_of(phone)

    assert phone.raw(phone.redelivers_last()) == said
    assert HASHER.runs == runs + 1
    assert len(hotline.rows(select(AuditEntry).where(AuditEntry.action == "change_pin"))) == 1


def test_new_pin_while_staff_give_another_changes_nothing(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)
    phone.presses(NEW)
    clock.passes(seconds=5)
    with hotline.database.transaction() as session:
        theirs = rotate_pin(session, HASHER, case.number, clock.now)

    phone.presses(NEW)

    assert phone.hears("PIN")
    assert not opens(phone, case, NEW)
    assert opens(phone, case, theirs)


def test_pin_that_a_caller_chose_opens_after_an_older_request_of_staff_is_approved(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    asker, approver = make_staff(on_shift=False), make_staff(role="supervisor", on_shift=False)
    with hotline.database.transaction() as session:
        request_id = request_pin(
            session, Someone(asker.id, asker.email, "liaison"), session.get_one(Case, case.id),
            evidence="met_in_person", delivery="handed_over", now=hotline.clock.now,
            policies=hotline.policies,
        ).id  # fmt: skip
    hotline.clock.passes(hours=2)
    is_asked_for_a_new_pin(phone, case)
    chooses(phone, NEW)
    assert phone.hears("Your PIN is changed. Please use the new one from now on")
    phone.hangs_up()
    hotline.clock.passes(hours=20)

    second, staffs_own = Someone(approver.id, approver.email, "supervisor"), HASHER.hash("739482")
    with (
        pytest.raises(PinRequestError, match=PinRequestRefusal.OUTDATED),
        hotline.database.transaction() as session,
    ):
        approve_pin(session, second, request_id, staffs_own, hotline.clock.now, hotline.policy)

    assert opens(phone, case, NEW)


def test_new_pin_is_in_no_row_and_no_url(phone: Phone, make_case: MakeCase, hotline: Hotline) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)
    phone.presses(NEW)

    (kept,) = hotline.rows(select(Call.new_pin_hash))
    assert kept.startswith("$argon2id$")
    phone.presses(NEW)
    assert not any(NEW in path for path in hotline.requests)
    with hotline.database.reading() as session:
        for row in session.scalars(select(Call)).all():
            assert NEW not in repr({name: getattr(row, name) for name in Call.__table__.columns.keys()})  # noqa: SIM118


def test_caller_chooses_a_new_pin_in_spanish(phone: Phone, make_case: MakeCase) -> None:
    is_asked_for_a_new_pin(phone, make_case(custody_status="in_custody"), language="2")
    assert phone.hears("marque un PIN nuevo")
    phone.presses("123456")
    assert phone.hears("Ese PIN es fácil de adivinar")
    chooses(phone, NEW)

    assert phone.hears("Su PIN quedó cambiado")


def test_caller_can_also_choose_a_new_pin_after_hard_news(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="released")
    opens_the_case(phone, case)
    phone.presses("1")
    assert phone.hears("To choose a new PIN, press 4")

    phone.presses("4")
    phone.presses(case.pin)
    chooses(phone, NEW)

    assert phone.hears("Your PIN is changed")


# A PIN that came by letter (R02).


def by_letter(hotline: Hotline, case: MadeCase) -> str:
    with hotline.database.transaction() as session:
        expires_at = hotline.clock.now + timedelta(days=21)
        return rotate_pin(session, HASHER, case.number, hotline.clock.now, expires_at=expires_at)


def keys_the_letters_pin(phone: Phone, case: MadeCase, mailed: str) -> None:
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    phone.presses(mailed)


def test_pound_does_not_keep_a_mailed_pin(phone: Phone, make_case: MakeCase, hotline: Hotline) -> None:
    case = make_case(custody_status="in_custody")
    keys_the_letters_pin(phone, case, by_letter(hotline, case))
    assert phone.does_not_hear("To keep your PIN")

    phone.presses("#")

    assert phone.hears("A PIN has six digits. Please enter a new 6-digit PIN")
    assert phone.does_not_hear("in custody", "To be called back")


@pytest.mark.parametrize("status", ["in_custody", "released", None])
def test_mailed_pin_opens_only_the_choice_of_an_own_pin_and_the_status_follows(
    phone: Phone, make_case: MakeCase, hotline: Hotline, status: str | None
) -> None:
    case = make_case(custody_status=status)
    mailed = by_letter(hotline, case)
    keys_the_letters_pin(phone, case, mailed)

    assert phone.hears("Before we go on, please choose your own PIN", "Please enter a new 6-digit PIN")
    assert phone.does_not_hear("custody", "released", "record", "news")
    phone.presses(mailed)
    assert phone.hears("That is the PIN you already have")
    chooses(phone, NEW)

    assert phone.hears("Your PIN is changed")
    assert phone.hears({"in_custody": "in custody", "released": "news"}.get(status or "", "cannot confirm"))
    row = hotline.row(select(Case))
    assert (row.pin_kind, row.pin_expires_at) == ("standing", None)
    again = phone.another()
    keys_the_letters_pin(again, case, mailed)
    assert again.does_not_hear("custody", "own PIN")


def test_mailed_pin_tells_nothing_to_callers_who_hang_up_and_opens_five_times(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    mailed = by_letter(hotline, case)
    for _ in range(5):
        caller = phone.another()
        keys_the_letters_pin(caller, case, mailed)
        assert caller.hears("please choose your own PIN")
        caller.hangs_up()
        assert "in custody" not in caller.heard_so_far

    keys_the_letters_pin(phone, case, mailed)

    assert phone.does_not_hear("own PIN", "in custody")


def test_mailed_pin_gives_no_person_and_no_callback_of_the_case_before_an_own_pin_is_chosen(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    mailed = by_letter(hotline, case)
    keys_the_letters_pin(phone, case, mailed)

    phone.presses("0")
    phone.presses("1")

    assert phone.hears("we will call you")
    (asked,) = hotline.rows(select(Callback).where(Callback.reason != "letter_pin_used"))
    assert (asked.case_id, asked.verified) == (None, False)


@pytest.mark.parametrize("calls", [1, 2])
def test_callers_own_slip_before_a_mailed_pin_is_not_reported_as_a_wrong_try(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock, calls: int
) -> None:
    case = make_case(custody_status="in_custody")
    mailed = by_letter(hotline, case)
    for _ in range(calls):
        clock.passes(minutes=1)
        phone = phone.another()
        keys_the_letters_pin(phone, case, wrong(mailed))
        phone.presses(mailed)
        assert phone.hears("please choose your own PIN")
    chooses(phone, NEW)
    assert phone.does_not_hear("wrong PIN")

    clock.passes(hours=1)
    again = phone.another()
    keys_the_letters_pin(again, case, NEW)

    assert again.hears("in custody")
    assert again.does_not_hear("wrong PIN")


def test_caller_hears_of_a_strangers_wrong_tries_after_a_mailed_pin_and_not_of_their_own_slip(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    mailed = by_letter(hotline, case)
    clock.passes(minutes=1)
    stranger = phone.another()
    is_asked_for_a_number(stranger, from_="+12025550145")
    stranger.presses(case.number)
    stranger.presses(wrong(mailed))
    clock.passes(minutes=1)
    keys_the_letters_pin(phone, case, wrong(mailed))
    phone.presses(mailed)
    phone.hangs_up()

    again = phone.another()
    keys_the_letters_pin(again, case, mailed)
    chooses(again, NEW)

    assert again.hears("Someone entered a wrong PIN for your case")


def test_first_use_of_a_mailed_pin_is_told_to_every_confirmed_phone_once(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone="+12025550155")
    mailed = by_letter(hotline, case)
    for _ in range(2):
        caller = phone.another()
        keys_the_letters_pin(caller, case, mailed)
        caller.hangs_up()

    told = hotline.row(select(Callback))
    assert (told.reason, told.verified, told.case_id) == ("letter_pin_used", True, None)


def test_registrant_is_told_when_a_finder_of_the_letter_uses_the_mailed_pin_after_them(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody", phone=CALLER)
    mailed = by_letter(hotline, case)
    dropped = phone.another()
    keys_the_letters_pin(dropped, case, mailed)
    dropped.hangs_up()
    hotline.sweeps()
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    called.hangs_up()
    liaison.hangs_up()
    hotline.jobs.works_off()
    clock.passes(days=3)

    keys_the_letters_pin(phone, case, mailed)
    chooses(phone, NEW)

    told = hotline.rows(select(Callback).order_by(Callback.id))
    assert [(one.reason, one.state) for one in told] == [
        ("letter_pin_used", "reached"), ("letter_pin_used", "requested"),
    ]  # fmt: skip


def test_mailed_pin_is_dead_after_21_days(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    mailed = by_letter(hotline, case)
    clock.passes(days=21)

    assert not opens(phone, case, mailed)


# What happened since the last call (R04).

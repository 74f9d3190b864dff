"""Calls of people who choose a new PIN, hear what came since their last call, or lost their PIN."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import AuditEntry, Call, Callback, Case, Staff
from models.callback_request import request_callback
from models.caller_state import load_by_sid
from models.case import new_number, rotate_pin
from models.lost_pin import replace_lost_pin
from models.registrant import Phone as RegisteredPhone
from tests.calls.conftest import Clock, House
from tests.calls.stories import (
    document_of,
    is_asked_for_a_number,
    opens_the_case,
    reaches_the_first_menu,
    wrong,
)
from tests.factories import HASHER, MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
NEW = "583961"
SAFE, OTHER = "+12025550155", "+12025550156"


def is_asked_for_a_new_pin(phone: Phone, case: MadeCase, **how: str) -> None:
    opens_the_case(phone, case, **how)
    phone.presses("4")


def chooses(phone: Phone, pin: str) -> None:
    """Key a new PIN, twice."""
    phone.presses(pin)
    phone.presses(pin)


def opens(phone: Phone, case: MadeCase, pin: str) -> bool:
    """Whether a call of its own with this PIN hears the status."""
    caller = phone.another()
    is_asked_for_a_number(caller)
    caller.presses(case.number)
    caller.presses(pin)
    return "in custody" in caller.heard


def test_a_new_pin_keyed_twice_is_in_force_at_once_and_the_old_one_is_dead(
    phone: Phone, make_case: MakeCase, house: House
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    assert phone.hears("To choose a new PIN, press 4")
    phone.presses("4")
    assert phone.hears("Please key a new PIN of six digits")

    phone.presses(NEW)
    assert phone.hears("Please key the new PIN once more")
    phone.presses(NEW)

    assert phone.hears("Your new PIN works from now on. The old one does not", "To hear it again, press 1")
    assert not opens(phone, case, case.pin)
    assert opens(phone, case, NEW)
    phone.presses("1")
    assert phone.hears("in custody")
    entry = house.row(select(AuditEntry).where(AuditEntry.action == "change_pin"))
    assert entry.facts is None
    assert house.rows(select(Call.new_pin_hash).where(Call.new_pin_hash.is_not(None))) == []


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
def test_a_pin_that_others_would_try_first_is_refused_in_a_plain_sentence(
    phone: Phone, make_case: MakeCase, pin: str
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)

    phone.presses(pin)

    assert phone.hears("That PIN is too easy to guess", "Please key a new PIN of six digits")
    chooses(phone, NEW)
    assert phone.hears("Your new PIN works")


def test_the_pin_in_force_is_no_new_pin(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)

    phone.presses(case.pin)

    assert phone.hears("That is the PIN you have now", "Please key a new PIN")


def test_two_different_entries_change_nothing(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)
    phone.presses(NEW)

    phone.presses(wrong(NEW))

    assert phone.hears("The two were not the same", "Please key a new PIN of six digits")
    phone.hangs_up()
    assert opens(phone, case, case.pin)


@pytest.mark.parametrize("often", [1, 2])
def test_who_hangs_up_between_keeps_the_old_pin(phone: Phone, make_case: MakeCase, often: int) -> None:
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


def test_a_new_pin_sent_twice_is_worked_once(phone: Phone, make_case: MakeCase, house: House) -> None:
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
    assert len(house.rows(select(AuditEntry).where(AuditEntry.action == "change_pin"))) == 1


def test_a_new_pin_while_staff_give_another_changes_nothing(
    phone: Phone, make_case: MakeCase, house: House, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)
    phone.presses(NEW)
    clock.passes(seconds=5)
    with house.database.transaction() as session:
        theirs = rotate_pin(session, HASHER, case.number, clock.now)

    phone.presses(NEW)

    assert phone.hears("PIN")
    assert not opens(phone, case, NEW)
    assert opens(phone, case, theirs)


def test_the_new_pin_stands_in_no_row_and_no_url(phone: Phone, make_case: MakeCase, house: House) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_new_pin(phone, case)
    phone.presses(NEW)

    (kept,) = house.rows(select(Call.new_pin_hash))
    assert kept.startswith("$argon2id$")
    phone.presses(NEW)
    assert not any(NEW in path for path in house.requests)
    with house.database.reading() as session:
        for row in session.scalars(select(Call)).all():
            assert NEW not in repr({name: getattr(row, name) for name in Call.__table__.columns.keys()})  # noqa: SIM118


def test_a_new_pin_in_spanish(phone: Phone, make_case: MakeCase) -> None:
    is_asked_for_a_new_pin(phone, make_case(custody_status="in_custody"), language="2")
    assert phone.hears("marque un PIN nuevo")
    phone.presses("123456")
    assert phone.hears("Ese PIN es fácil de adivinar")
    chooses(phone, NEW)

    assert phone.hears("Su PIN nuevo sirve desde ahora")


def test_after_hard_news_a_new_pin_can_be_chosen_as_well(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="released"))
    phone.presses("1")
    assert phone.hears("To choose a new PIN, press 4")

    phone.presses("4")
    chooses(phone, NEW)

    assert phone.hears("Your new PIN works")


# A PIN that came by letter (R02).


def by_letter(house: House, case: MadeCase) -> str:
    with house.database.transaction() as session:
        expires_at = house.clock.now + timedelta(days=21)
        return rotate_pin(session, HASHER, case.number, house.clock.now, expires_at=expires_at)


@pytest.mark.parametrize("status", ["in_custody", "released", None])
def test_a_mailed_pin_opens_once_to_the_status_and_is_then_replaced(
    phone: Phone, make_case: MakeCase, house: House, status: str | None
) -> None:
    case = make_case(custody_status=status)
    mailed = by_letter(house, case)
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    phone.presses(mailed)
    if status == "released":
        phone.presses("1")

    assert phone.hears("The PIN in your letter works only until you choose your own", "Please key a new PIN")
    phone.presses(mailed)
    assert phone.hears("That is the PIN you have now")
    chooses(phone, NEW)

    assert phone.hears("Your new PIN works from now on", "To hear it again, press 1")
    row = house.row(select(Case))
    assert (row.pin_kind, row.pin_expires_at) == ("standing", None)
    again = phone.another()
    is_asked_for_a_number(again)
    again.presses(case.number)
    again.presses(mailed)
    assert again.hears("I could not open a case")


def test_a_mailed_pin_is_dead_after_21_days(
    phone: Phone, make_case: MakeCase, house: House, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    mailed = by_letter(house, case)
    clock.passes(days=21)

    assert not opens(phone, case, mailed)


# What happened since the last call (R04).


def test_after_the_status_the_line_says_when_the_last_call_was_and_of_wrong_tries(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    clock.passes(minutes=30)
    stranger = phone.another()
    is_asked_for_a_number(stranger, from_="+12025550166")
    stranger.presses(case.number)
    stranger.presses(wrong(case.pin))
    clock.passes(minutes=5)

    opens_the_case(phone, case)

    assert phone.hears(
        "Someone keyed a wrong PIN for your case. The last call with your PIN was on Wednesday, November 25",
        "at 10:00 AM. If that was not you, choose a new PIN. To hear it again, press 1",
        "To choose a new PIN, press 4",
    )
    assert phone.heard.index("in custody") < phone.heard.index("Someone keyed")
    phone.presses("1")
    assert phone.does_not_hear("Someone keyed", "The last call")
    phone.hangs_up()
    later = phone.another()
    opens_the_case(later, case)
    assert later.hears("The last call with your PIN")
    assert later.does_not_hear("Someone keyed")


def test_the_first_call_hears_nothing_of_a_call_before(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))

    assert phone.does_not_hear("The last call", "Someone keyed")


def test_ones_own_slip_in_the_same_call_is_no_news(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    phone.presses(wrong(case.pin))
    phone.presses(case.number)
    phone.presses(case.pin)

    assert phone.hears("The last call with your PIN")
    assert phone.does_not_hear("Someone keyed")


def test_star_says_it_again_and_hard_news_comes_first(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="released")
    opens_the_case(phone.another(), case)
    opens_the_case(phone, case)
    assert phone.does_not_hear("The last call")

    phone.presses("1")
    assert phone.hears("let out", "The last call with your PIN")
    phone.presses("*")

    assert phone.hears("The last call with your PIN")


def test_what_happened_since_in_spanish(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    opens_the_case(phone, case, language="2")

    assert phone.hears("La última llamada con su PIN fue el miércoles")


# A lost PIN (R08).


def reports_a_lost_pin(phone: Phone, number: str, from_: str = CALLER) -> None:
    reaches_the_first_menu(phone, from_=from_)
    phone.presses("2")
    assert phone.hears("If you have lost your PIN, press 3")
    phone.presses("3")
    assert phone.hears("Please key your case number")
    phone.presses(number)


def test_a_lost_pin_is_for_staff_who_ring_a_confirmed_phone_and_never_the_one_that_called(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    reports_a_lost_pin(phone, case.number)

    assert phone.hears("If we find your case, we will call the phone you gave us for it")
    asked = house.row(select(Callback))
    assert (asked.reason, asked.state, asked.verified, asked.case_id) == (
        "lost_pin",
        "requested",
        False,
        None,
    )
    make_staff()
    house.jobs.works_off()
    liaison = phone.answers(house.carrier.ringing[-1])
    liaison.presses("1")
    house.jobs.works_off()
    assert house.carrier.ringing[-1].to == SAFE


def test_an_unknown_number_sounds_the_same_and_leaves_nothing(
    phone: Phone, make_case: MakeCase, house: House
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    known, unknown = phone.another(), phone.another()
    reports_a_lost_pin(known, case.number)
    reports_a_lost_pin(unknown, next(n for n in iter(new_number, "") if n != case.number))

    assert known.heard == unknown.heard
    assert len(house.rows(select(Callback))) == 1


@pytest.mark.parametrize("barred", ["none", "unsafe", "unconfirmed"])
def test_without_a_safe_phone_a_lost_pin_is_left_for_staff(
    phone: Phone, make_case: MakeCase, house: House, clock: Clock, barred: str
) -> None:
    case = make_case(custody_status="in_custody", phone=None if barred == "none" else SAFE)
    with house.database.transaction() as session:
        for one in session.scalars(select(RegisteredPhone)).all():
            if barred == "unsafe":
                one.unsafe_since = clock.now
            else:
                one.confirmed_at = None

    reports_a_lost_pin(phone, case.number)

    assert phone.hears("If we find your case, we will call the phone you gave us for it")
    left = house.row(select(Callback))
    assert (left.reason, left.state) == ("lost_pin", "left_for_staff")
    assert house.jobs.waiting == []


def test_a_lost_pin_reported_again_and_again_rings_the_phone_once(
    phone: Phone, make_case: MakeCase, house: House
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    for number in range(4):
        caller = phone.another()
        reports_a_lost_pin(caller, case.number, from_=f"+1202555013{number}")
        assert caller.hears("If we find your case")
    phone.redelivers_last() if phone.last_request else None

    assert len(house.rows(select(Callback))) == 1


def test_after_three_wrong_pins_a_lost_pin_needs_no_number_again(
    phone: Phone, make_case: MakeCase, house: House
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    is_asked_for_a_number(phone)
    for _ in range(3):
        phone.presses(case.number)
        phone.presses(wrong(case.pin))
    assert phone.hears("If you have lost your PIN, press 4")

    phone.presses("4")

    assert phone.hears("If we find your case")
    assert house.row(select(Callback)).reason == "lost_pin"


def test_a_lost_pin_in_spanish_and_with_a_mistyped_number(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    reaches_the_first_menu(phone, language="2")
    phone.presses("2")
    assert phone.hears("Si perdió su PIN, oprima 3")
    phone.presses("3")
    phone.presses(wrong(case.number))
    assert phone.hears("Perdón, no entendí", "marque su número de caso")
    phone.presses(case.number)

    assert phone.hears("Si encontramos su caso")


@pytest.fixture
def replaced(make_case: MakeCase, make_staff: MakeStaff, house: House) -> tuple[MadeCase, str]:
    """A case whose lost PIN staff have just replaced, with a safe phone; and the new PIN."""
    case = make_case(custody_status="in_custody", phone=SAFE)
    for email in ("lea@office.example.org", "sam@office.example.org"):
        make_staff(email=email, on_shift=False)
    with house.database.transaction() as session:
        pin, told = replace_lost_pin(
            session, HASHER, case.number, evidence="agency_vouched", by="lea@office.example.org",
            and_by="sam@office.example.org", hold=timedelta(hours=72), office=house.office,
            now=house.clock.now,
        )  # fmt: skip
    assert told == 1
    return case, pin


def opens_with(phone: Phone, case: MadeCase, pin: str) -> None:
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    phone.presses(pin)


def test_for_72_hours_after_a_replaced_pin_status_yes_phones_and_times_no(
    phone: Phone, replaced: tuple[MadeCase, str], house: House, clock: Clock
) -> None:
    case, pin = replaced
    opens_with(phone, case, pin)
    assert phone.hears("in custody")
    phone.presses("2")
    assert phone.hears("For a call to the phone we have for you")

    phone.presses("2")
    assert phone.hears("For now we change no phones and no times", "For a call to the phone we have for you")
    phone.presses("1")
    assert phone.hears("We will call you")
    asked = house.row(select(Callback).where(Callback.reason == "asked"))
    with house.database.reading() as session:
        same = session.scalars(select(RegisteredPhone.number_key)).one()
    assert asked.number_key == same

    clock.passes(hours=72)
    later = phone.another()
    opens_with(later, case, pin)
    later.presses("2")
    later.presses("2")
    assert later.hears("For a call in the morning, press 1")


def test_in_the_hold_no_other_phone_is_called_for_the_case_though_the_pin_was_keyed_long_ago(
    phone: Phone,
    replaced: tuple[MadeCase, str],
    make_case: MakeCase,
    make_staff: MakeStaff,
    house: House,
    clock: Clock,
) -> None:
    case, pin = replaced
    make_staff()
    talker = phone.another()
    opens_the_case(talker, make_case(custody_status="in_custody"), from_="+12025550149")
    talker.presses("0")
    house.accepts(talker)
    is_asked_for_a_number(phone, from_=OTHER)
    phone.presses(case.number)
    phone.presses(pin)
    phone.presses("0")
    assert phone.hears("No one is free right now")
    for _ in range(3):
        clock.passes(minutes=5)
        phone.says_nothing()

    phone.presses("1")

    assert phone.hears("We will call you")
    kept = house.row(select(Callback).where(Callback.reason == "waited"))
    assert kept.number_key == house.database.keyring.index("phone", SAFE)


def test_in_the_hold_a_time_zone_told_before_the_pin_moves_no_window(
    phone: Phone, replaced: tuple[MadeCase, str], house: House
) -> None:
    case, pin = replaced
    reaches_the_first_menu(phone)
    for key in ("2", "1", "2"):
        phone.presses(key)
    assert phone.hears("Is it about")
    phone.presses("2")
    phone.presses("1")
    phone.presses("4")
    phone.presses("1")
    phone.presses("1")
    phone.presses("1")
    phone.presses(case.number)
    phone.presses(pin)
    assert phone.hears("in custody")
    phone.presses("2")
    phone.presses("1")

    mine = house.row(select(Callback).where(Callback.case_id == case.id))
    assert mine.time_zone == "America/New_York"


def test_in_the_hold_a_callback_may_be_cancelled_and_neither_moved_nor_made_otherwise(
    phone: Phone, replaced: tuple[MadeCase, str], house: House
) -> None:
    case, pin = replaced
    opens_with(phone, case, pin)
    phone.presses("2")
    phone.presses("1")
    before = house.row(select(Callback).where(Callback.case_id == case.id))
    again = phone.another()
    opens_with(again, case, pin)
    again.presses("2")
    for key in ("2", "4"):
        again.presses(key)
        assert again.hears("For now we change no phones and no times", "You have asked us to call")
    stands = house.row(select(Callback).where(Callback.case_id == case.id))
    for name in ("window_starts", "window_ends", "time_zone", "number_key", "voicemail_text", "may_answer"):
        assert getattr(stands, name) == getattr(before, name)

    again.presses("3")

    assert again.hears("We will not call you")
    assert house.row(select(Callback.state).where(Callback.case_id == case.id)) == "cancelled"


def test_in_the_hold_a_caller_hears_in_spanish_that_nothing_is_changed(
    phone: Phone, replaced: tuple[MadeCase, str]
) -> None:
    case, pin = replaced
    is_asked_for_a_number(phone, language="2")
    phone.presses(case.number)
    phone.presses(pin)
    phone.presses("2")

    phone.presses("2")

    assert phone.hears("no cambiamos")


@pytest.mark.parametrize("away", ["another phone", "a window"])
def test_the_list_itself_refuses_another_phone_or_window_in_the_hold(
    phone: Phone, replaced: tuple[MadeCase, str], house: House, clock: Clock, away: str
) -> None:
    case, pin = replaced
    opens_with(phone, case, pin)
    window = (clock.now, clock.now + timedelta(hours=1)) if away == "a window" else None
    with house.database.transaction() as session:
        call = load_by_sid(session, phone.call_sid, clock.now)
        assert call is not None
        assert (
            request_callback(
                session, call=call, number=SAFE if window else OTHER, urgency="other", reason="asked",
                due_at=clock.now + timedelta(days=1), next_attempt_at=clock.now, window=window,
                time_zone="America/New_York", verified=True, now=clock.now,
            )
            is None
        )  # fmt: skip


def test_the_owner_of_the_safe_phone_is_told_by_a_call(
    phone: Phone, replaced: tuple[MadeCase, str], house: House
) -> None:
    told = house.row(select(Callback))

    assert (told.reason, told.state, told.verified, told.case_id) == ("pin_changed", "requested", True, None)
    assert (told.window_starts, told.urgency) == (None, "other")

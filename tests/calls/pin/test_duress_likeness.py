"""Something changes for a person who has a duress PIN: both PINs still sound alike (R10, R13)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Callback, Case, Staff
from models import Phone as PhoneRow
from models.callbacks.shown_line import shown_line
from models.callbacks.wishes import Wishes
from models.calls.pacing import Pace
from models.overview.case_change import Details, change_details
from models.overview.case_opening import Grounds
from models.overview.lost_pin import replace_lost_pin
from models.overview.phone_list import (
    PhoneWishes,
    add_phone,
    confirm_phone,
    give_code,
    keep_wishes,
    mark_unsafe,
)
from models.overview.phone_stop import stop_phone
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import sweeps
from tests.calls.stories import asks_very_soon, opens_the_case
from tests.factories import HASHER, MadeCase, make_duress_pin, make_staff
from tests.models.staff.staff_people import Someone, someone
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
FIRST, MAIN, DISCREET = "+12025550144", "+12025550100", "+12025550101"
#: From the case: a callback, and calls about changes with a code.
CALLBACK, NOTICES = ("2", "1"), ("2", "4", "1", "4826", "4826")


@pytest.fixture
def case(make_case: MakeCase) -> MadeCase:
    """A denied case, in which the own PIN and the duress PIN say the same."""
    return make_case(custody_status="in_custody", record={"releasable": False}, phone=FIRST)


def hears(phone: Phone, case: MadeCase, keys: tuple[str, ...], from_: str, language: str = "1") -> str:
    """All that a caller with this PIN hears in a whole call."""
    caller = phone.another()
    opens_the_case(caller, case, language, from_=from_)
    for key in keys:
        caller.presses(key)
    caller.hangs_up()
    return caller.heard_so_far


def sound_alike(phone: Phone, case: MadeCase, duress: MadeCase, from_: str) -> str:
    """Whole calls with either PIN, and what is heard in them."""
    heard = ""
    for keys in (CALLBACK, NOTICES):
        own = hears(phone, case, keys, from_)
        assert hears(phone, duress, keys, from_) == own
        heard += own
    return heard


def marks_unsafe(session: Session, hotline: Hotline, case: MadeCase, me: Someone) -> None:
    real = session.get_one(Case, case.id)
    mark_unsafe(session, me, real, real.registrant.phones[0].id, hotline.clock.now, hotline.policy.numbers)


def adds_phone(session: Session, hotline: Hotline, me: Someone, case: Case, number: str) -> PhoneRow:
    now = hotline.clock.now
    grounds = Grounds("verification", "met_in_person", now + timedelta(hours=1))
    added = add_phone(session, me, case, number, grounds, now)
    code = give_code(session, me, case, added.id, grounds, now)
    assert confirm_phone(session, me, case, added.id, code, grounds, now, hotline.policy)
    return added


@pytest.mark.parametrize("is_marked_before", [True, False])
def test_coercer_at_a_phone_that_was_marked_unsafe_hears_the_same_after_both_pins(
    phone: Phone, case: MadeCase, hotline: Hotline, is_marked_before: bool
) -> None:
    with hotline.database.transaction() as session:
        me = someone(session)
        if is_marked_before:
            marks_unsafe(session, hotline, case, me)
        duress = make_duress_pin(session, case, now=hotline.clock.now)
        if not is_marked_before:
            marks_unsafe(session, hotline, case, me)

    assert "cannot call this number back" in sound_alike(phone, case, duress, FIRST)


@pytest.mark.parametrize("is_told", [False, True], ids=["waits", "with the liaison"])
def test_coercer_whose_callback_is_for_a_phone_that_staff_mark_unsafe_hears_the_same_after_both_pins(
    phone: Phone, case: MadeCase, hotline: Hotline, is_told: bool
) -> None:
    """Only the duress PIN still told of that callback, and no phone could ring for it."""
    with hotline.database.transaction() as session:
        me = someone(session)
        duress = make_duress_pin(session, case, now=hotline.clock.now)
    for one in (case, duress):
        hears(phone, one, CALLBACK, FIRST)
    if is_told:
        sweeps(hotline, minutes=1)
    with hotline.database.transaction() as session:
        marks_unsafe(session, hotline, case, me)
    sweeps(hotline, minutes=1)

    of_duress = select(Callback.outcome, Callback.staff_id).where(Callback.case_id == duress.id)
    with hotline.database.reading() as session:
        assert session.execute(of_duress).one() == ("cannot_dial", me.staff_id)
    own, coerced = (hears(phone, one, CALLBACK, CALLER) for one in (case, duress))
    assert coerced == own
    assert "already have a callback" not in coerced


def test_coercer_with_a_new_pin_that_staff_gave_cannot_change_phones_after_either_pin(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    with hotline.database.transaction() as session:
        one, other = someone(session, "supervisor"), someone(session, "supervisor")
        duress = make_duress_pin(session, case, now=hotline.clock.now)
        pin, _told = replace_lost_pin(
            session, HASHER, case.number, evidence="met_in_person", by=one.email, and_by=other.email,
            hold=timedelta(hours=72), policy=hotline.policy, now=hotline.clock.now,
        )  # fmt: skip
    hotline.clock.passes(minutes=1)
    own = hears(phone, replace(case, pin=pin), NOTICES, CALLER)

    assert "To agree, press 1" not in own
    assert hears(phone, duress, NOTICES, CALLER) == own


def test_stop_of_a_phone_that_was_added_after_the_duress_pin_is_told_after_both_pins(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        me = someone(session)
        duress = make_duress_pin(session, case, now=now)
        real = session.get_one(Case, case.id)
        added = adds_phone(session, hotline, me, real, CALLER)
        stop_phone(session, added.phone_key, now, hotline.policy)

    assert "stopped calling" in sound_alike(phone, case, duress, CALLER)


def test_phone_that_a_colleague_added_in_a_duress_call_comes_after_the_phones_of_the_person(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    with hotline.database.transaction() as session:
        me = someone(session)
        duress = make_duress_pin(session, case, now=hotline.clock.now)
        adds_phone(session, hotline, me, session.get_one(Case, duress.id), CALLER)
        for number in ("+12025550145", "+12025550146"):
            adds_phone(session, hotline, me, session.get_one(Case, case.id), number)
        kept = select(PhoneRow).where(PhoneRow.registrant_id == duress.registrant_id)
        keys = [one.phone_key for one in session.scalars(kept.order_by(PhoneRow.position))]
        numbers = (FIRST, "+12025550145", "+12025550146", CALLER)
        assert keys == [hotline.database.keyring.index("phone", number) for number in numbers]

    assert hears(phone, duress, CALLBACK, "") == hears(phone, case, CALLBACK, "")


SHOWN = {"1": "Your phone will show the number that you called", "2": "verá el número al que llamó"}
NO_HOUR = {"1": "we cannot say when", "2": "no podemos decir cuándo"}


def staff_note_the_number(
    phone: Phone, hotline: Hotline, case: MadeCase, language: str, line: str | None = DISCREET
) -> None:
    """Staff save that the person is to see this number of ours."""
    with hotline.database.transaction() as session:
        real = session.get_one(Case, case.id)
        person = real.registrant
        details = Details(None, person.language, person.time_zone, person.pace, person.mail_safe, line)
        grounds = Grounds("verification", "met_in_person", None)
        change_details(session, someone(session), real, details, grounds, hotline.clock.now)


def registers_on_the_discreet_line(phone: Phone, hotline: Hotline, case: MadeCase, language: str) -> None:
    """The person asks there for calls about changes, so these show that number."""
    caller = phone.another()
    caller.dials_in(from_=FIRST, to=DISCREET)
    for key in (language, case.number, case.pin, "2", "4", "2", "4826", "4826"):
        caller.presses(key)
    caller.hangs_up()


def promised(phone: Phone, case: MadeCase, language: str) -> str:
    """The words of a promise, without the time of the last call."""
    caller = phone.another()
    opens_the_case(caller, case, language, from_=FIRST)
    for key in CALLBACK:
        caller.presses(key)
    heard = caller.heard
    caller.hangs_up()
    return heard


Chooses = Callable[[Phone, Hotline, MadeCase, str], None]


@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize("chooses", [staff_note_the_number, registers_on_the_discreet_line])
def test_number_that_the_person_chose_after_the_duress_pin_is_told_and_shown_after_both_pins(
    phone: Phone, case: MadeCase, hotline: Hotline, chooses: Chooses, language: str
) -> None:
    """The coerced callback would have shown the main number, and the words told the two PINs apart."""
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case, now=hotline.clock.now)
    chooses(phone, hotline, case, language)

    own, coerced = (promised(phone, one, language) for one in (case, duress))

    assert coerced == own
    assert SHOWN[language] not in coerced
    with hotline.database.reading() as session:
        for asked in session.scalars(select(Callback)):
            assert shown_line(session, asked, hotline.office.lines) == DISCREET


@pytest.mark.parametrize("language", ["1", "2"])
def test_number_that_the_carrier_refuses_has_no_hour_after_both_pins(
    phone: Phone, case: MadeCase, hotline: Hotline, language: str
) -> None:
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case, now=hotline.clock.now)
    staff_note_the_number(phone, hotline, case, language)
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        session.add(Pace(name=DISCREET, next_at=now, refused_at=now, refused_code=21210))

    own, coerced = (hears(phone, one, CALLBACK, FIRST, language) for one in (case, duress))

    assert coerced == own
    assert NO_HOUR[language] in coerced


def test_number_that_was_chosen_after_the_duress_pin_stays_when_the_person_chooses_another(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    """The later calls of the coercer agree with what they chose."""
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case, now=hotline.clock.now)
    registers_on_the_discreet_line(phone, hotline, duress, "1")

    for line in (MAIN, None):
        staff_note_the_number(phone, hotline, case, "1", line)

    assert SHOWN["1"] not in hears(phone, duress, CALLBACK, FIRST)
    assert SHOWN["1"] in hears(phone, case, CALLBACK, FIRST)


@pytest.mark.parametrize("keys", [("2", "3"), (*CALLBACK,), ("2", "2", "1")], ids=["hour", "day", "morning"])
def test_zone_and_pace_that_staff_correct_after_the_duress_pin_are_heard_after_both_pins(
    phone: Phone, case: MadeCase, hotline: Hotline, keys: tuple[str, ...]
) -> None:
    """Only the real PIN was told the hour where the person is, and given the time to press a key."""
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case, now=hotline.clock.now)
        real = session.get_one(Case, case.id)
        details = Details(None, "en", "America/Denver", "slow", real.registrant.mail_safe, None)
        grounds = Grounds("verification", "met_in_person", None)
        change_details(session, someone(session), real, details, grounds, hotline.clock.now)

    own, coerced = (hears(phone, one, keys, FIRST) for one in (case, duress))

    assert coerced == own
    zones = select(Callback.time_zone).where(Callback.case_id == duress.id)
    assert hotline.rows(zones) == ["America/Denver"]


def test_wishes_that_staff_agree_on_after_the_duress_pin_are_heard_after_both_pins(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    """The coerced callback was to leave a message, for a person who had told staff to leave none."""
    staff_agree(hotline, case, Wishes("ask_for_me", "please_call"), time(9), time(12))
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case, now=hotline.clock.now)
    staff_agree(hotline, case, Wishes(), time(17), time(20))

    own, coerced = (hears(phone, one, ("2", "2", "3", "1"), FIRST) for one in (case, duress))

    assert coerced == own
    assert "We will leave no message" in coerced
    messages = select(PhoneRow.voicemail_allowed, PhoneRow.window_starts)
    with hotline.database.reading() as session:
        assert {tuple(row) for row in session.execute(messages)} == {(False, time(17))}


def test_wishes_of_a_phone_that_were_chosen_after_the_duress_pin_stay(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case, now=hotline.clock.now)
    hears(phone, duress, (*NOTICES[:2], "2", "4826", "4826", "2", "3", "1"), FIRST)
    staff_agree(hotline, case, Wishes(), time(17), time(20))

    starts = select(PhoneRow.window_starts).where(PhoneRow.registrant_id == duress.registrant_id)
    assert hotline.rows(starts) == [time(8)]


def staff_agree(hotline: Hotline, case: MadeCase, wishes: Wishes, *hours: time) -> None:
    """Staff save on the page of the phone how and when to call it."""
    with hotline.database.transaction() as session:
        real = session.get_one(Case, case.id)
        grounds = Grounds("verification", "met_in_person", None)
        own, agreed = real.registrant.phones[0], PhoneWishes(wishes, *hours)
        keep_wishes(session, someone(session), real, own.id, agreed, grounds, hotline.clock.now)


def test_callback_that_the_coercer_asked_for_rings_by_the_zone_that_staff_correct(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case, now=hotline.clock.now)
    for one in (case, duress):
        hears(phone, one, CALLBACK, FIRST)
    with hotline.database.transaction() as session:
        real = session.get_one(Case, case.id)
        details = Details(None, "en", "Pacific/Honolulu", "usual", real.registrant.mail_safe, None)
        grounds = Grounds("verification", "met_in_person", None)
        change_details(session, someone(session), real, details, grounds, hotline.clock.now)

    assert hotline.rows(select(Callback.time_zone)) == ["Pacific/Honolulu"] * 2


def test_callback_that_one_liaison_has_is_told_like_any_other_that_waits(
    phone: Phone, case: MadeCase, hotline: Hotline, make_case: MakeCase
) -> None:
    """Only the denied case heard the true moment; the one with the duress PIN heard "we are late"."""
    denied = make_case(custody_status="in_custody", record={"releasable": False}, phone=CALLER)
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case, now=hotline.clock.now)
        liaison = make_staff(session, phone="+12025550170")
    for one, number in ((duress, FIRST), (denied, CALLER)):
        assert "no later than today" in hears(phone, one, ("2", "3"), number)
    with hotline.database.transaction() as session:
        session.get_one(Staff, liaison.id).on_shift = False
    sweeps(hotline, minutes=1)
    states = select(Callback.state).order_by(Callback.id)
    assert hotline.rows(states) == ["claimed", "requested"], "the one liaison who was told has it"
    hotline.clock.passes(hours=2)

    coerced, other = hears(phone, duress, ("2",), FIRST), hears(phone, denied, ("2",), CALLER)

    assert coerced == other
    assert "cannot call you by the time that we told you" in coerced


def test_moment_is_the_same_after_both_pins_when_the_last_liaison_leaves_during_the_call(
    phone: Phone, case: MadeCase, hotline: Hotline, make_case: MakeCase
) -> None:
    """Only the duress PIN was told that we cannot call by the hour that the same call had promised."""
    denied = make_case(custody_status="in_custody", record={"releasable": False}, phone=CALLER)
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case, now=hotline.clock.now)
        liaison = make_staff(session, phone="+12025550170")
    calls = [phone.another(), phone.another()]
    for caller, one, number in zip(calls, (duress, denied), (FIRST, CALLER), strict=True):
        asks_very_soon(caller, one, from_=number)
        assert caller.hears("no later than today")
    hotline.clock.passes(seconds=20)
    with hotline.database.transaction() as session:
        session.get_one(Staff, liaison.id).on_shift = False

    for key in ("1", "2"):
        for caller in calls:
            caller.presses(key)
        assert calls[0].heard == calls[1].heard

    assert calls[1].hears("cannot call you by the time that we told you")

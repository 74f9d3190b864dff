"""Ten minutes without a key end a verification, and only the right PIN begins another (R11)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Call, Callback, Case, QueuedCall, Staff, Talk
from models.calls.call_state import CallState
from models.overview.caller_state import load_by_sid
from models.overview.case_opening import case_in_talk
from models.talks.call_queue import first_waiting
from models.talks.shown_talk import shown_talk
from tests.calls.at_0.waiting import OTHER
from tests.calls.conftest import Clock, Hotline
from tests.calls.pin.lapses import asks_for_a_morning, waits, waits_for_a_person
from tests.calls.pin.test_new_pin import by_letter, keys_the_letters_pin
from tests.calls.stories import asks_very_soon, opens_the_case, wrong
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
IN_CUSTODY = "This person is in custody"


def is_asked_for_the_pin_after_a_rest(phone: Phone, case: MadeCase, clock: Clock) -> None:
    """Number and PIN, eleven minutes of nothing, and a key."""
    opens_the_case(phone, case)
    clock.passes(minutes=11)
    phone.presses("1")
    assert phone.hears("PIN")


def screen_shows_a_case(hotline: Hotline) -> bool:
    """Whether the console opens a case to the liaison who talks, or talked a moment ago."""
    with hotline.database.reading() as session:
        talk = session.scalars(select(Talk).order_by(Talk.id.desc())).first()
        assert talk is not None
        assert talk.staff_id is not None
        shown = shown_talk(session, talk.id, talk.staff_id, "liaison", hotline.clock.now, hotline.policies)
        assert shown is not None
        opened = case_in_talk(session, _Signed(talk.staff_id), hotline.clock.now, hotline.policies)
        assert shown.case_id == opened
        return opened is not None


class _Signed:
    """A signed-in liaison."""

    email, role = "lea@office.example.org", "liaison"

    def __init__(self, staff_id: int) -> None:
        self.staff_id = staff_id


def test_key_ten_minutes_after_a_letters_pin_lets_nobody_choose_a_pin(
    phone: Phone, make_case: MakeCase, hotline: Hotline, busy: Phone, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    keys_the_letters_pin(phone, case, by_letter(hotline, case))
    phone.presses("0")
    waits(phone, clock)

    phone.presses("#")

    assert phone.does_not_hear("PIN", "custody")
    with hotline.database.transaction() as session:
        leg = session.scalars(select(Call).where(Call.letter_at.is_not(None))).one()
        state = load_by_sid(session, str(leg.call_sid), clock.now)
    assert isinstance(state, CallState)
    assert not state.may_choose_pin(clock.now), "the key began no other ten minutes"


def test_stranger_who_leaves_the_queue_after_ten_minutes_is_asked_for_the_pin(
    phone: Phone, make_case: MakeCase, busy: Phone, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    waits_for_a_person(phone, case, clock)

    phone.presses("#")

    assert phone.hears("PIN")
    assert phone.does_not_hear("custody")
    phone.presses(wrong(case.pin))
    assert phone.does_not_hear("custody")
    phone.presses(case.pin)
    assert phone.hears(IN_CUSTODY)


def test_caller_who_leaves_the_queue_within_ten_minutes_is_back_at_the_case_menu(
    phone: Phone, make_case: MakeCase, busy: Phone, clock: Clock
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    waits(phone, clock, 9)

    phone.presses("#")
    phone.presses("1")

    assert phone.hears(IN_CUSTODY)


@ON_SQLITE
@pytest.mark.parametrize("keys", ["*", "9", "3", "0", "5"])
def test_no_key_in_the_queue_revives_the_verification(
    phone: Phone, make_case: MakeCase, busy: Phone, clock: Clock, keys: str
) -> None:
    waits_for_a_person(phone, make_case(custody_status="in_custody"), clock)

    phone.presses(keys)
    phone.presses("#")

    assert phone.hears("PIN")
    phone.presses("1")
    assert phone.does_not_hear("custody")


def test_way_from_the_pin_question_through_the_queue_tells_no_status(
    phone: Phone, make_case: MakeCase, busy: Phone, clock: Clock
) -> None:
    is_asked_for_the_pin_after_a_rest(phone, make_case(custody_status="in_custody"), clock)

    phone.presses("0")
    assert phone.hears("No one can answer right now")
    for keys in ("#", "1", "#", "#", "1"):
        phone.presses(keys)
        assert phone.does_not_hear("custody")


def test_way_from_the_pin_question_to_the_callbacks_tells_and_changes_none(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    asks_for_a_morning(phone, case)
    before = hotline.row(select(Callback.__table__.c.state)), hotline.row(select(Callback.due_at))
    is_asked_for_the_pin_after_a_rest(phone, case, clock)

    for keys in ("#", "#", "2", "1"):
        phone.presses(keys)

    assert phone.does_not_hear("to cancel", "morning", "already")
    phone.presses("3")
    assert hotline.rows(select(Callback.state).where(Callback.case_id == case.id)) == [before[0]]
    assert hotline.rows(select(Callback.due_at).where(Callback.case_id == case.id)) == [before[1]]


def test_caller_who_answers_late_whether_to_cancel_an_urgent_callback_is_asked_for_the_pin(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    asks_very_soon(phone, case)
    phone.hangs_up()
    opens_the_case(phone, case)
    for key in ("2", "4"):
        phone.presses(key)
    assert phone.hears("Do you want to cancel your callback?")

    clock.passes(minutes=11)
    phone.presses("2")

    assert phone.hears("PIN")
    assert phone.does_not_hear("cancel")
    assert hotline.rows(select(Callback.state)) == ["requested"]


def test_caller_is_asked_for_the_pin_on_the_way_back_to_the_case_after_a_long_talk_with_a_service(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    for keys in ("3", "1"):
        phone.presses(keys)
    service = phone.answers()
    clock.passes(minutes=12)
    service.hangs_up()

    phone.presses("#")
    phone.presses("#")

    assert phone.hears("PIN")
    phone.presses(case.pin)
    assert phone.hears(IN_CUSTODY)


def test_key_7_after_ten_minutes_in_the_queue_leaves_the_callback_of_the_case_unchanged(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    """Somebody who had the phone by then put off a call that was to ring another phone of the case."""
    case = make_case(custody_status="in_custody")
    elsewhere = phone.another()
    opens_the_case(elsewhere, case, from_=OTHER)
    for key in ("2", "2", "1"):
        elsewhere.presses(key)
    elsewhere.hangs_up()
    waits_for_a_person(phone, case, clock)
    moment = select(Callback.next_attempt_at).where(Callback.case_id == case.id)
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(next_attempt_at=clock.now + timedelta(minutes=5)))
    before = hotline.row(moment)

    phone.presses("7")
    phone.hangs_up()

    assert hotline.row(moment) == before


@ON_BOTH
def test_liaison_of_a_caller_who_went_to_0_from_the_pin_question_sees_no_case(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    is_asked_for_the_pin_after_a_rest(phone, make_case(custody_status="in_custody"), clock)

    phone.presses("0")
    hotline.accepts(phone)

    assert phone.is_talking
    assert hotline.row(select(QueuedCall.verified)) is False
    assert not screen_shows_a_case(hotline)


def test_liaison_of_a_caller_with_three_wrong_pins_after_ten_minutes_of_nothing_sees_no_case(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    is_asked_for_the_pin_after_a_rest(phone, case, clock)

    for _ in range(3):
        phone.presses(wrong(case.pin))
    hotline.accepts(phone)

    assert phone.is_talking
    assert not screen_shows_a_case(hotline)


def test_liaison_of_a_caller_who_waited_long_sees_the_case_that_was_open_when_the_wait_began(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    waits_for_a_person(phone, make_case(custody_status="in_custody"), clock)
    busy.hangs_up()
    clock.passes(minutes=1)
    phone.says_nothing()

    hotline.accepts(phone)

    assert phone.is_talking
    assert screen_shows_a_case(hotline)


def test_call_later_after_a_talk_without_the_pin_is_no_callback_of_the_case(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    is_asked_for_the_pin_after_a_rest(phone, make_case(custody_status="in_custody"), clock)
    phone.presses("0")
    liaison = hotline.accepts(phone)
    clock.passes(minutes=1)

    phone.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("3")
    assert liaison.hears("It is saved")

    promised = hotline.row(select(Callback))
    assert (promised.case_id, promised.verified) == (None, False)


def test_caller_cut_off_after_their_ten_minutes_gets_two_callbacks_a_day_like_one_without_a_pin(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    for number in range(3):
        caller = phone.another()
        is_asked_for_the_pin_after_a_rest(caller, case, clock)
        caller.presses("0")
        liaison = hotline.accepts(caller)
        caller.hangs_up()
        hotline.jobs.works_off()
        liaison.presses("1")
        hotline.jobs.works_off()
        with hotline.database.transaction() as session:
            for row in session.scalars(select(Callback).where(Callback.state == "requested")):
                assert (row.case_id, row.verified) == (None, False)
                row.state = "cancelled"
        assert len(hotline.rows(select(Callback))) == min(number + 1, 2)
        clock.passes(minutes=1)


def test_caller_whose_pin_was_replaced_is_not_verified_in_the_queue(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    clock.passes(minutes=1)
    with hotline.database.transaction() as session:
        session.get_one(Case, case.id).pin_issued_at = clock.now
    phone.presses("1")
    assert phone.hears("PIN")

    phone.presses("0")

    own = select(QueuedCall.verified).join(Call, Call.id == QueuedCall.call_id).where(Call.case_id == case.id)
    assert hotline.row(own) is False


def test_caller_who_keys_wrong_keys_in_the_queue_is_still_there(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    waits_for_a_person(phone, make_case(custody_status="in_custody"), clock)
    for keys in ("3", "*", "9"):
        clock.passes(seconds=59)
        phone.presses(keys)

    with hotline.database.reading() as session:
        assert len(first_waiting(session, clock.now, 5)) == 1


@pytest.mark.parametrize(
    ("key", "language", "words"),
    [
        ("7", "1", "The number you have reached is not available"),
        ("7", "2", "El número que marcó no está disponible"),
        ("0", "1", "No one can answer right now"),
        ("0", "2", "En este momento nadie puede atenderle"),
        ("5", "1", "You do not have to talk"),
        ("5", "2", "no tiene que hablar"),
    ],
)
def test_keys_0_5_and_7_work_after_ten_minutes_without_a_key_and_without_the_pin(
    phone: Phone, make_case: MakeCase, clock: Clock, key: str, language: str, words: str
) -> None:
    # In the slow pace the menu of a case waits for minutes; then somebody walks in.
    opens_the_case(phone, make_case(custody_status="in_custody"), language=language)
    clock.passes(minutes=11)

    phone.presses(key)

    assert phone.hears(words)
    assert phone.does_not_hear("I need your PIN", "necesito su PIN", IN_CUSTODY, "en custodia")


@pytest.mark.parametrize("language", ["1", "2"])
def test_key_0_again_and_again_is_a_person_also_where_a_new_pin_was_asked_ten_minutes_ago(
    phone: Phone, make_case: MakeCase, clock: Clock, language: str
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"), language=language)
    phone.presses("4")
    clock.passes(minutes=11)

    phone.presses("000")

    assert phone.hears({"1": "No one can answer right now", "2": "nadie puede atenderle"}[language])
    assert phone.does_not_hear("I need your PIN", "necesito su PIN")

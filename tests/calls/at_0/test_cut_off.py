"""A caller who is cut off, held too long, or away at the moment of a key gets a person or a callback."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import AuditEntry, Callback, QueuedCall, Staff, Subject
from models.calls.staff_secret import issue_code
from tests.calls.at_0.talking import FIRST, SECOND, held_legs, talks
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.conftest import ON_BOTH
from tests.factories import HASHER, MadeCase, make_custody_record
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_caller_whose_liaison_is_lost_on_hold_is_told_and_gets_the_next_one_in_the_same_call(
    talk: tuple[Phone, Phone], hotline: Hotline, make_staff: MakeStaff, clock: Clock
) -> None:
    liaison, caller = talk
    make_staff(phone=SECOND)
    liaison.presses("*")
    caller.says_nothing()

    liaison.hangs_up()
    hotline.jobs.works_off()

    assert caller.hears("we lost the person who was helping you", "I am calling someone for you")
    other = hotline.accepts(caller)
    assert (other.is_talking, caller.is_talking) == (True, True)
    assert [one.is_over for one in talks(hotline)] == [True, False]
    clock.passes(seconds=30)
    other.hangs_up()
    hotline.jobs.works_off()
    assert caller.is_over


def test_caller_who_was_cut_off_and_hangs_up_while_they_wait_again_is_called_back(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody", phone=CALLER))
    phone.presses("0")
    liaison = hotline.accepts(phone)
    clock.passes(minutes=5)
    liaison.presses("*")
    phone.says_nothing()
    liaison.hangs_up()
    hotline.jobs.works_off()
    assert phone.hears("we lost the person who was helping you")
    clock.passes(seconds=30)

    phone.hangs_up()

    wait = hotline.row(select(QueuedCall))
    assert (wait.outcome, (wait.ended_at - wait.since).total_seconds()) == ("abandoned", 30)
    assert [row.reason for row in hotline.rows(select(Callback))] == ["abandoned"]


def test_caller_who_hangs_up_while_told_that_they_were_cut_off_is_called_back_after_fresh_news_too(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    case = make_case(custody_status="in_custody", phone=CALLER)
    opens_the_case(phone, case)
    phone.presses("0")
    liaison = hotline.accepts(phone)
    clock.passes(minutes=5)
    liaison.presses("*")
    phone.says_nothing()
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, case.subject_id)
        make_custody_record(session, subject, "escaped", releasable=True, as_of=clock.now)
    phone.hears_out = False
    liaison.hangs_up()
    hotline.jobs.works_off()
    assert phone.hears("we lost the person who was helping you")
    assert phone.does_not_hear("If you are in danger", "I am calling someone")

    phone.hangs_up()

    assert hotline.row(select(QueuedCall.outcome)) == "abandoned"
    assert [row.reason for row in hotline.rows(select(Callback))] == ["abandoned"]


@pytest.mark.parametrize(
    "lost", ["before they met", "before they met, the liaison first", "without a word of it", "on hold"]
)
def test_caller_who_is_cut_off_before_they_met_or_were_told_is_called_back(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock, lost: str
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody", phone=CALLER))
    phone.presses("0")
    liaison = hotline.answers(phone)
    clock.passes(seconds=20)
    liaison.presses("1")
    if lost == "on hold":
        hotline.jobs.works_off()
        clock.passes(minutes=5)
        liaison.presses("*")
        phone.says_nothing()
    if lost == "without a word of it":
        hotline.carrier.carries(phone)
        phone.call.leg.ends("completed")
    if lost != "before they met":
        liaison.hangs_up()

    phone.hangs_up()
    hotline.jobs.works_off()

    (callback,) = hotline.rows(select(Callback))
    assert (callback.reason, callback.verified) == ("abandoned", True)
    assert hotline.row(select(QueuedCall.outcome)) == ("talked" if lost == "on hold" else "abandoned")
    assert [one.is_over for one in talks(hotline)] == [True]
    assert held_legs(hotline) == []


@pytest.mark.parametrize("ends", ["the caller", "the caller, on hold"])
@pytest.mark.parametrize("given", ["a PIN", "no PIN"])
def test_caller_whose_own_call_dies_in_the_first_seconds_or_on_hold_is_called_back(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    clock: Clock,
    given: str,
    ends: str,
) -> None:
    make_staff(phone=FIRST)
    if given == "a PIN":
        opens_the_case(phone, make_case(custody_status="in_custody", phone=CALLER))
    else:
        reaches_the_first_menu(phone)
    phone.presses("0")
    liaison = hotline.accepts(phone)
    assert phone.is_talking
    clock.passes(seconds=300 if "hold" in ends else 2)
    if "hold" in ends:
        liaison.presses("*")
        phone.says_nothing()

    phone.hangs_up()
    hotline.jobs.works_off()

    (callback,) = hotline.rows(select(Callback))
    assert (callback.state, callback.verified) == ("requested", given == "a PIN")
    assert callback.phone_key == hotline.database.keyring.index("phone", CALLER)
    assert callback.next_attempt_at >= clock.now + timedelta(minutes=1)
    assert liaison.hears("How did it end?")
    if "hold" in ends:
        assert liaison.hears("The call ended while the caller was on hold. We will call them again.")


def test_caller_without_a_pin_who_is_cut_off_often_gets_two_callbacks_a_day(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    for number in range(3):
        caller = phone.another()
        reaches_the_first_menu(caller)
        caller.presses("0")
        liaison = hotline.accepts(caller)
        caller.hangs_up()
        hotline.jobs.works_off()
        liaison.presses("1")
        hotline.jobs.works_off()
        with hotline.database.transaction() as session:
            for row in session.scalars(select(Callback).where(Callback.state == "requested")):
                row.state = "cancelled"
        assert len(hotline.rows(select(Callback))) == min(number + 1, 2)
        clock.passes(minutes=1)


def test_strangers_requests_for_that_number_take_no_callback_from_a_caller_who_is_cut_off(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    for _ in range(2):
        stranger = phone.another()
        reaches_the_first_menu(stranger)
        for key in ("2", "1", "3"):
            stranger.presses(key)
        assert stranger.hears("We will call you")
        stranger.hangs_up()
        with hotline.database.transaction() as session:
            for row in session.scalars(select(Callback)):
                row.state = "cancelled"
    hotline.jobs.waiting.clear()
    make_staff(phone=FIRST)
    reaches_the_first_menu(phone)
    phone.presses("0")
    hotline.accepts(phone)
    clock.passes(seconds=2)

    phone.hangs_up()
    hotline.jobs.works_off()

    assert [row.reason for row in hotline.rows(select(Callback)) if row.state == "requested"] == ["cut_off"]


def test_caller_whose_liaison_is_lost_in_the_first_seconds_gets_the_next_one_in_the_same_call(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    make_staff(phone=SECOND)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = hotline.accepts(phone)
    clock.passes(seconds=1)

    liaison.hangs_up()
    hotline.jobs.works_off()

    assert phone.hears("we lost the person who was helping you", "I am calling someone for you")
    other = hotline.accepts(phone)
    assert (other.is_talking, phone.is_talking) == (True, True)


@ON_BOTH
def test_caller_who_lost_a_liaison_before_they_met_hears_the_end_of_the_next_talk_at_once(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    make_staff(phone=SECOND)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    lost = hotline.answers(phone)
    lost.presses("1")
    lost.hangs_up()
    hotline.jobs.works_off()
    liaison = hotline.accepts(phone)
    liaison.presses("*")
    phone.says_nothing()

    liaison.presses("4")
    hotline.jobs.works_off()

    assert phone.hears("Goodbye")
    assert phone.is_over


def test_caller_who_is_held_too_long_is_told_and_gets_the_next_liaison(
    talk: tuple[Phone, Phone], hotline: Hotline, clock: Clock
) -> None:
    liaison, caller = talk
    liaison.presses("*")
    caller.says_nothing()
    clock.passes(seconds=181)
    caller.says_nothing()

    assert caller.hears("we lost the person who was helping you")
    assert not caller.is_over
    hotline.jobs.works_off()
    assert liaison.hears("The call is over. How did it end?")


def test_key_7_on_hold_says_harmless_words_and_ends_the_call(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, caller = talk
    liaison.presses("*")
    caller.presses("7")

    assert caller.hears("not available")
    assert caller.is_over
    hotline.jobs.works_off()
    assert liaison.hears("How did it end?")
    again = hotline.row(select(Callback))
    assert again.next_attempt_at == hotline.clock.now + timedelta(minutes=30), (
        "nobody rings beside a listener"
    )


def test_long_talk_without_a_pin_does_not_count_as_no_progress_on_hold(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    reaches_the_first_menu(phone)
    phone.presses("0")
    liaison = hotline.accepts(phone)
    clock.passes(minutes=40)
    liaison.presses("*")
    phone.says_nothing()

    assert phone.hears("You are on hold")


def test_callback_chosen_just_before_the_accept_key_replaces_the_talk(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = hotline.answers(phone)
    phone.presses("1")
    assert phone.hears("We will call you")

    liaison.presses("1")

    assert liaison.hears("This call is no longer waiting")
    assert talks(hotline) == []
    assert len(hotline.rows(select(Callback))) == 1


def test_callers_key_just_after_the_accept_key_joins_them_and_promises_nothing(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = hotline.answers(phone)
    liaison.presses("1")

    phone.presses("1")

    assert (liaison.is_talking, phone.is_talking) == (True, True)
    assert hotline.rows(select(Callback)) == []


@ON_BOTH
def test_liaison_whose_caller_left_while_they_listened_is_told(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = hotline.answers(phone)

    phone.hangs_up()
    hotline.jobs.works_off()

    assert liaison.hears("This call is no longer waiting")
    assert liaison.is_over
    assert held_legs(hotline) == []


def test_personal_phone_joins_by_the_code_and_not_by_the_key_alone(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    person = make_staff(phone=FIRST, office_phone=False, email="ana@office.example.org")
    with hotline.database.transaction() as session:
        issue_code(session, person.email, HASHER.hash("5207"), "the suite", clock.now)
    reaches_the_first_menu(phone)
    phone.presses("0")
    liaison = hotline.accepts(phone)
    assert liaison.hears("Please enter your code")
    assert not phone.is_talking

    liaison.presses("5207#")
    hotline.jobs.works_off()

    assert (liaison.is_talking, phone.is_talking) == (True, True)


def test_every_key_of_a_talk_at_0_may_be_delivered_twice(talk: tuple[Phone, Phone], hotline: Hotline) -> None:
    liaison, caller = talk
    liaison.redelivers_last()
    for who, key in ((liaison, "*"), (caller, ""), (liaison, "1")):
        if key:
            who.presses(key)
        else:
            who.says_nothing()
        who.redelivers_last()
        hotline.jobs.works_off()

    assert (liaison.is_talking, caller.is_talking) == (True, True)
    assert len(talks(hotline)) == 1
    actions = hotline.rows(select(AuditEntry.action))
    assert actions.count("begin_talk") == actions.count("hold_talk") == actions.count("resume_talk") == 1


@pytest.fixture
def next_talk(
    talk: tuple[Phone, Phone], hotline: Hotline, make_staff: MakeStaff, clock: Clock
) -> tuple[Phone, Phone, Phone]:
    """A colleague led a talk on and held the caller too long; the caller talks with the next liaison.

    Answers the colleague, who still hears the question for the outcome, the caller, and the next liaison.
    """
    liaison, caller = talk
    make_staff(phone=SECOND)
    liaison.presses("*")
    liaison.presses("2")
    colleague = hotline.accepts(caller)
    liaison.hangs_up()
    hotline.jobs.works_off()
    caller.says_nothing()
    colleague.presses("*")
    caller.says_nothing()
    clock.passes(seconds=181)
    caller.says_nothing()
    hotline.jobs.works_off()
    assert caller.hears("we lost the person who was helping you")
    assert colleague.hears("How did it end?")
    other = hotline.accepts(caller)
    assert (other.is_talking, caller.is_talking) == (True, True)
    return colleague, caller, other


def test_caller_in_the_next_talk_is_not_told_that_the_colleague_of_the_last_one_joins(
    next_talk: tuple[Phone, Phone, Phone], hotline: Hotline
) -> None:
    _, caller, other = next_talk
    other.presses("*")
    caller.says_nothing()

    other.presses("1")
    hotline.jobs.works_off()

    assert caller.hears("Thank you for waiting")
    assert caller.does_not_hear("Someone else from our team is joining")


def test_colleague_of_the_last_talk_does_not_lead_the_next_one_when_its_liaison_is_lost(
    next_talk: tuple[Phone, Phone, Phone], hotline: Hotline, clock: Clock
) -> None:
    """The caller waited on hold for somebody who was only asked how the last talk ended."""
    colleague, caller, other = next_talk
    other.presses("*")
    caller.says_nothing()
    other.presses("1")
    hotline.jobs.works_off()
    clock.passes(minutes=5)

    other.hangs_up()
    hotline.jobs.works_off()

    assert caller.hears("This call is over. If we were cut off, call again")
    assert [one.is_over for one in talks(hotline)] == [True, True]
    colleague.presses("1")
    assert colleague.hears("It is saved")

"""A talk at 0: star, joining, the end, and what the caller is promised then."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import AuditEntry, Call, Callback, Staff
from models.overview.outcome import note_outcome
from tests.calls.at_0.talking import FIRST, INTERPRETER, SECOND, held_legs, talks
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_star_puts_a_caller_at_0_on_hold_and_the_liaison_goes_back(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, caller = talk
    liaison.presses("*")
    assert liaison.hears("The caller is on hold", "To go back to the caller, press 1")
    assert caller.hears("Please stay on the line")
    caller.says_nothing()
    assert caller.hears("You are on hold")

    liaison.presses("1")
    hotline.jobs.works_off()

    assert caller.hears("Thank you for waiting. Our team is on the line with you")
    assert (liaison.is_talking, caller.is_talking) == (True, True)
    assert {"begin_talk", "hold_talk", "resume_talk"} <= set(hotline.rows(select(AuditEntry.action)))


def test_caller_is_joined_at_their_next_poll_when_redis_goes_down_after_the_key(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = hotline.answers(phone)
    hotline.jobs.is_down = True
    liaison.presses("1")
    assert not phone.is_talking

    phone.says_nothing()

    assert (liaison.is_talking, phone.is_talking) == (True, True)
    liaison.presses("*")
    phone.says_nothing()
    liaison.presses("1")
    phone.says_nothing()
    assert (liaison.is_talking, phone.is_talking) == (True, True)


def test_colleague_is_announced_and_the_first_liaison_leaves_the_caller_to_them(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, caller = talk
    make_staff(phone=SECOND)
    liaison.presses("*")
    liaison.presses("2")
    assert hotline.rung() == [SECOND]
    colleague = phone.answers(hotline.carrier.ringing[-1])
    assert colleague.hears("A colleague asks you to join a call")
    colleague.presses("1")
    hotline.jobs.works_off()
    assert caller.hears("Someone else from our team is joining the call")
    assert colleague.is_talking

    liaison.presses("*")
    liaison.presses("2")
    hotline.jobs.works_off()
    for one in (caller, colleague):
        if not one.is_talking:
            one.says_nothing()

    assert liaison.is_over
    assert (colleague.is_talking, caller.is_talking) == (True, True)
    caller.hangs_up()
    hotline.jobs.works_off()
    assert colleague.hears("How did it end?")
    assert [one.is_over for one in talks(hotline)] == [True]
    assert held_legs(hotline) == []


def test_interpreter_is_announced_and_joins(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline
) -> None:
    liaison, caller = talk
    liaison.presses("*")
    liaison.presses("3")
    assert hotline.rung() == [INTERPRETER]
    interpreter = phone.answers(hotline.carrier.ringing[-1])
    interpreter.presses("1")
    hotline.jobs.works_off()

    assert caller.hears("An interpreter is joining the call")
    assert (liaison.is_talking, caller.is_talking, interpreter.is_talking) == (True, True, True)
    caller.hangs_up()
    hotline.jobs.works_off()
    assert interpreter.is_over


def test_liaison_ends_the_talk_and_keys_its_outcome_and_a_break(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, caller = talk
    liaison.presses("*")
    liaison.presses("4")
    hotline.jobs.works_off()
    caller.says_nothing() if not caller.is_over else None

    assert caller.hears("This call is over. If we were cut off, call again. Take care. Goodbye")
    assert liaison.hears("How did it end?", "press 8")
    liaison.presses("8")
    assert liaison.hears("How did the call end?")
    assert liaison.does_not_hear("press 8")
    for wrong in "13":
        liaison.presses("2")
        liaison.presses(wrong)
        assert liaison.hears("This person called us.", "How did the call end?")
    liaison.presses("2")
    liaison.presses("2")
    assert liaison.hears("It is saved")
    (row,) = talks(hotline)
    assert row.outcome == "nobody_there"
    person = hotline.row(select(Staff))
    assert person.resting_until is not None
    assert "note_outcome" in hotline.rows(select(AuditEntry.action))


def test_call_me_later_makes_a_callback_of_the_case_and_the_supervisors_one_is_left_for_staff(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, caller = talk
    caller.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("3")
    assert liaison.hears("It is saved")

    later = hotline.row(select(Callback))
    assert (later.state, later.reason, later.verified) == ("requested", "call_later", True)
    assert later.case_id == hotline.row(select(Call.case_id).where(Call.role == "caller"))
    assert later.phone_key == hotline.database.keyring.index("phone", CALLER)


@pytest.mark.parametrize("from_", [CALLER, "anonymous"])
def test_supervisors_callback_without_a_pin_needs_a_phone_that_called(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock, from_: str
) -> None:
    make_staff(phone=FIRST)
    reaches_the_first_menu(phone, from_=from_)
    phone.presses("0")
    liaison = hotline.accepts(phone)
    clock.passes(seconds=30)
    phone.hangs_up()
    hotline.jobs.works_off()

    liaison.presses("4")

    if from_ == CALLER:
        left = hotline.row(select(Callback))
        assert (left.state, left.outcome, left.verified) == ("left_for_staff", "to_supervisor", False)
        assert liaison.does_not_hear("No phone")
    else:
        assert hotline.rows(select(Callback)) == []
        assert liaison.hears("There is no phone number that we can call", "It is saved")


@pytest.mark.parametrize(("key", "reason"), [("3", "call_later"), ("4", "to_supervisor")])
def test_case_without_a_phone_to_call_is_left_to_staff_until_the_outcome_is_corrected(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, key: str, reason: str
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"), from_="anonymous")
    phone.presses("0")
    liaison = hotline.accepts(phone)
    hotline.clock.passes(seconds=30)
    phone.hangs_up()
    hotline.jobs.works_off()

    liaison.presses(key)

    assert liaison.hears("There is no phone number that we can call", "It is saved")
    left = hotline.row(select(Callback))
    assert (left.state, left.reason, left.outcome) == ("left_for_staff", reason, "no_safe_phone")
    assert left.case_id is not None
    with hotline.database.transaction() as session:
        talk = session.merge(talks(hotline)[0])
        assert talk.staff_id is not None
        note_outcome(session, talk, "reached", talk.staff_id, hotline.clock.now, hotline.policy)
    assert hotline.row(select(Callback.state)) == "cancelled"


def test_either_leg_closes_the_talk(talk: tuple[Phone, Phone], hotline: Hotline) -> None:
    liaison, caller = talk
    liaison.hangs_up()
    hotline.jobs.works_off()

    assert caller.hears("This call is over. If we were cut off, call again. Take care. Goodbye")
    assert caller.is_over
    assert [one.is_over for one in talks(hotline)] == [True]
    assert held_legs(hotline) == []

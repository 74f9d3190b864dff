"""A talk at 0 that is run from the console: a click of its leader does what star does on the phone (Legs)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import AuditEntry, Callback, Staff, Talk
from models.overview.outcome import note_outcome
from models.store.job import Job
from models.store.refusal import RefusedError
from models.talks import talk_controls
from models.talks.refusals import TalkRefusal
from tests.calls.at_0.talking import SECOND, held_legs, passes, talks
from tests.calls.conftest import Hotline
from tests.phone import Phone

MakeStaff = Callable[..., Staff]


def clicks(hotline: Hotline, what: Callable[..., Any], *more: Any) -> None:
    """The leader of the last talk clicks; the jobs are done at once."""
    talk_id, staff_id = talks(hotline)[-1].id, talks(hotline)[-1].staff_id
    assert staff_id is not None
    with hotline.database.transaction() as session:
        talk = talk_controls.led_at_0(session, talk_id, staff_id)
        jobs = what(session, talk, staff_id, hotline.clock.now, *more)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)
    hotline.jobs.works_off()


def test_click_puts_a_caller_at_0_on_hold_with_words_and_another_click_brings_them_back(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, caller = talk

    clicks(hotline, talk_controls.hold)
    assert caller.hears("Please stay on the line")
    assert not caller.is_talking
    clicks(hotline, talk_controls.resume)

    assert caller.hears("Thank you for waiting")
    assert (liaison.is_talking, caller.is_talking) == (True, True)


@pytest.mark.parametrize("waits", [0, 2])
def test_click_ends_a_hold_that_the_liaison_began_by_star(
    talk: tuple[Phone, Phone], hotline: Hotline, waits: int
) -> None:
    """Nobody came back by the click: liaison and caller went on hearing that the caller is on hold."""
    liaison, caller = talk
    liaison.presses("*")
    caller.says_nothing()
    assert caller.hears("You are on hold")
    for _ in range(waits):
        liaison.says_nothing()

    for _ in range(2):
        clicks(hotline, talk_controls.resume)

    assert liaison.hears("You are connected")
    assert caller.hears("Thank you for waiting")
    assert (liaison.is_talking, caller.is_talking) == (True, True)
    liaison.presses("*")
    assert liaison.hears("The caller is on hold")


@pytest.mark.parametrize("lost", ["the job", "the move"])
def test_caller_put_on_hold_by_a_click_leaves_the_conference_within_seconds_when_the_first_try_is_lost(
    talk: tuple[Phone, Phone], hotline: Hotline, lost: str
) -> None:
    """The console said "on hold", and the caller heard every word in the conference until the talk ended."""
    liaison, caller = talk
    hotline.jobs.is_down = lost == "the job"
    hotline.carrier.loses_next_move = lost == "the move"
    clicks(hotline, talk_controls.hold)
    assert (liaison.is_talking, caller.is_talking) == (True, True)

    for _ in range(2):
        passes(hotline, 2)
        hotline.jobs.works_off()

    assert caller.hears("You are on hold. The person helping you will be right back")
    assert not caller.is_talking
    hotline.jobs.is_down = False
    clicks(hotline, talk_controls.resume)
    assert caller.hears("Thank you for waiting")
    assert (liaison.is_talking, caller.is_talking) == (True, True)


def test_click_leaves_the_caller_at_0_with_a_colleague_who_was_announced_to_them(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, caller = talk
    second = make_staff(phone=SECOND, name="Luis Demo")
    clicks(hotline, talk_controls.ring_colleague)
    colleague = phone.answers(hotline.carrier.ringing[-1])
    colleague.presses("1")
    hotline.jobs.works_off()
    assert caller.hears("Someone else from our team is joining the call")

    clicks(hotline, talk_controls.hand_over)

    assert liaison.hears("Your colleague goes on with the call")
    caller.says_nothing()
    assert (colleague.is_talking, caller.is_talking) == (True, True)
    assert talks(hotline)[-1].staff_id == second.id


def test_click_ends_the_talk_and_its_outcome_promises_the_next_call(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    _, caller = talk
    clicks(hotline, talk_controls.end, hotline.policies)
    assert caller.is_over
    assert held_legs(hotline) == []
    (over,) = talks(hotline)
    assert (over.outcome, over.is_over) == ("reached", True)

    with hotline.database.transaction() as session:
        talk = talk_controls.led_at_0(session, over.id, over.staff_id or 0)
        note_outcome(session, talk, "call_later", talk.staff_id or 0, hotline.clock.now, hotline.policy)

    assert talks(hotline)[-1].outcome == "call_later"
    assert hotline.row(select(Callback.reason)) == "call_later"
    noted = select(AuditEntry.target).where(AuditEntry.action == "note_outcome")
    assert hotline.row(noted) == f"talk:{over.id}"


def test_outcome_of_a_talk_at_0_that_is_saved_by_a_click_lets_go_of_the_phone_that_asks_for_it(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, caller = talk
    caller.hangs_up()
    hotline.jobs.works_off()
    assert liaison.hears("How did it end?")
    liaison.presses("2")

    def saves(session: Session, talk: Talk, staff_id: int, now: datetime) -> list[Job]:
        return note_outcome(session, talk, "reached", staff_id, now, hotline.policy)[1]

    clicks(hotline, saves)

    assert liaison.hears("Thank you. It is saved. Goodbye.")
    assert liaison.is_over
    assert talks(hotline)[-1].outcome == "reached"
    assert held_legs(hotline) == []


def test_only_the_leader_of_a_talk_at_0_can_click_into_it(
    talk: tuple[Phone, Phone], hotline: Hotline, make_staff: MakeStaff
) -> None:
    stranger = make_staff(phone=SECOND, name="Luis Demo").id
    with (
        hotline.database.transaction() as session,
        pytest.raises(RefusedError, match=f"^{TalkRefusal.NOT_LED}$"),
    ):
        talk_controls.led_at_0(session, talks(hotline)[-1].id, stranger)

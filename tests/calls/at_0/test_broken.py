"""Talks at 0 while Redis, workers or the carrier fail, and with random events."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select

from models import Call, Staff
from tests.calls.at_0.talking import FIRST, SECOND, held_legs, passes, talks
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.calls.talks.talking import Stage
from tests.conftest import ON_SQLITE, in_turn
from tests.factories import MadeCase, make_callback, make_case
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_sweeper_rings_the_liaison_within_10_s_when_redis_is_down_from_the_first_key(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    hotline.jobs.is_down = True
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")

    assert phone.hears("I am calling someone for you")
    assert phone.does_not_hear("problem", "sorry")
    assert phone.rings == ()
    for _ in range(4):
        passes(hotline, 2)
    phone.says_nothing()
    assert phone.hears("still calling someone")
    assert [call.to for call in hotline.carrier.ringing] == [FIRST]
    liaison = phone.answers(hotline.carrier.ringing[0])
    assert liaison.hears("A caller is waiting to speak with someone", "To accept, press 1")
    liaison.presses("1")
    phone.says_nothing()
    assert (liaison.is_talking, phone.is_talking) == (True, True)
    hotline.clock.passes(seconds=30)
    liaison.hangs_up()
    assert phone.hears("This call is over. If we were cut off, call again. Take care. Goodbye")
    assert held_legs(hotline) == []
    assert len(hotline.carrier.placed) == 1


@pytest.mark.parametrize("until", ["wrap_up_until", "resting_until"])
def test_liaisons_break_still_ends_while_workers_and_sweeper_are_dead(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock, until: str
) -> None:
    make_staff(phone=FIRST, **{until: clock.now + timedelta(seconds=30)})
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    assert phone.hears("No one can answer right now")
    clock.passes(seconds=31)

    phone.says_nothing()

    assert phone.hears("calling someone")
    assert len(held_legs(hotline)) == 1
    # Nothing rings the liaison, so the office's number rings for the caller.
    clock.passes(seconds=16)
    phone.says_nothing()
    assert phone.rings == (hotline.office.person_number,)
    phone.answers()
    assert phone.is_talking


def test_caller_at_0_is_put_through_to_the_office_while_the_carrier_refuses_our_account(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    with hotline.database.transaction() as session:
        for _ in range(2):
            make_callback(session, make_case(session), due_at=clock.now + timedelta(hours=1))
    hotline.carrier.refuses_calls = 21210
    passes(hotline, 4)
    hotline.jobs.works_off()
    assert hotline.carrier.refused == 1
    reaches_the_first_menu(phone)
    phone.presses("0")
    assert phone.hears("I am calling someone for you")
    for _ in range(8):
        passes(hotline, 2)
        hotline.jobs.works_off()
    phone.says_nothing()

    assert phone.rings == (hotline.office.person_number,)
    phone.answers()
    assert phone.is_talking


@in_turn("fault", ["away", "overloaded"])
def test_caller_at_0_is_put_through_to_the_office_while_the_carrier_takes_no_call_of_ours(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, fault: str
) -> None:
    """They heard "no one can answer right now", although a liaison was free and no phone had rung."""
    make_staff(phone=FIRST)
    hotline.carrier.is_away = fault == "away"
    hotline.carrier.is_overloaded = fault == "overloaded"
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    assert phone.hears("I am calling someone for you")
    for _ in range(8):
        for _ in range(2):
            passes(hotline, 4)
            hotline.jobs.works_off()
        if not phone.rings:
            phone.says_nothing()
    assert phone.does_not_hear("No one can answer")
    assert phone.rings == (hotline.office.person_number,)
    phone.answers()
    assert phone.is_talking
    assert (held_legs(hotline), hotline.rows(select(Staff.missed_offers))) == ([], [0])


@pytest.mark.parametrize("fault", ["away", "overloaded", "refused"])
def test_liaison_hears_that_the_talk_is_over_once_the_carrier_can_be_asked_again(
    talk: tuple[Phone, Phone], hotline: Hotline, fault: str
) -> None:
    """They sat alone in silence: the carrier that could not be asked was taken for a call that is over."""
    liaison, caller = talk
    hotline.carrier.is_away = fault == "away"
    hotline.carrier.is_overloaded = fault == "overloaded"
    hotline.carrier.refuses_all = 20003 if fault == "refused" else None
    caller.hangs_up()
    hotline.jobs.works_off()
    assert liaison.call.state == "alone"

    hotline.carrier.is_away = hotline.carrier.is_overloaded = False
    hotline.carrier.refuses_all = None
    for _ in range(2):
        passes(hotline, 4)
        hotline.jobs.works_off()

    assert liaison.hears("The call is over. How did it end?")


def test_sweeper_finds_a_lost_job(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    hotline.jobs.waiting.clear()

    passes(hotline, 4)

    assert hotline.rung() == [FIRST]
    hotline.jobs.waiting.append(
        ("ring_direct", hotline.row(select(Call.id).where(Call.role == "liaison_at_0")))
    )
    assert hotline.rung() == [FIRST]
    hotline.accepts(phone)
    assert phone.is_talking


def test_caller_at_0_loses_nothing_by_a_call_that_the_carrier_certainly_did_not_place(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    hotline.carrier.refuses_next()
    phone.presses("0")

    assert hotline.rung() == [FIRST]
    assert hotline.carrier.refused == 1
    hotline.accepts(phone)
    assert phone.is_talking


@pytest.mark.parametrize("dialled", [True, False])
def test_caller_hears_words_for_the_length_of_one_ring_when_nobody_knows_whether_the_liaison_rings(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, dialled: bool
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    hotline.carrier.loses_next_answer(dialled=dialled)
    phone.presses("0")
    hotline.jobs.works_off()
    if dialled:
        hotline.accepts(phone)
        assert phone.is_talking, "the leg's first document proves it"
        return
    for _ in range(6):
        passes(hotline, 8)
        phone.says_nothing()
        assert phone.hears("calling someone for you")
        hotline.jobs.works_off()

    assert hotline.rung() == [FIRST], "freed after one ring, and rung again"
    hotline.accepts(phone)
    assert phone.is_talking


def test_sweeper_tells_the_liaison_of_the_end_when_the_job_for_it_is_lost(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, caller = talk
    caller.hangs_up()
    hotline.jobs.waiting.clear()
    assert liaison.is_talking
    assert held_legs(hotline) == []

    passes(hotline, 4)
    hotline.jobs.works_off()

    assert liaison.hears("The call is over. How did it end?")


@ON_SQLITE
def test_talk_whose_end_event_was_lost_is_closed_within_a_minute_after_asking_the_carrier(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    hotline.carrier.placed[-1].status = "completed"
    hotline.carrier.placed[-1].ended_at = hotline.clock.now
    for _ in range(6):
        passes(hotline, 10)

    assert [one.is_over for one in talks(hotline)] == [True]
    assert held_legs(hotline) == []


@ON_SQLITE
def test_sweeper_leaves_an_ongoing_talk_alone(talk: tuple[Phone, Phone], hotline: Hotline) -> None:
    for _ in range(12):
        passes(hotline, 10)
    hotline.jobs.works_off()

    assert [one.is_over for one in talks(hotline)] == [False]
    assert all(one.is_talking for one in talk)
    assert len(held_legs(hotline)) == 1


def test_caller_at_0_still_gets_the_last_liaison_whose_phone_rings_as_they_leave_their_shift(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = hotline.answers(phone)
    with hotline.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = False
    phone.says_nothing()
    assert phone.hears("still calling someone")

    liaison.presses("1")
    hotline.jobs.works_off()

    assert phone.is_talking


def test_interpreter_speaks_the_callers_language_and_is_not_offered_without_a_number(
    talk: tuple[Phone, Phone], hotline: Hotline, app: object
) -> None:
    line = app.extensions["hotline.line"]  # type: ignore[attr-defined]
    object.__setattr__(line, "rules", replace(line.rules, office=replace(hotline.office, interpreters={})))
    liaison, _ = talk
    liaison.presses("*")
    liaison.presses("3")

    assert liaison.hears("No interpreter can be called now")


@in_turn("seed", range(6))
def test_caller_at_0_is_never_left_alone_in_silence_whatever_anybody_does(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff, clock: Clock, seed: int
) -> None:
    make_staff(phone=SECOND)
    liaison, caller = talk
    chance, stage = Random(seed), Stage(phone.another(), hotline, clock, liaison, caller)
    deeds = [
        stage.presses, stage.stars, stage.is_silent, stage.hangs_up, stage.answers, stage.works_off,
        stage.works_off, stage.sweeps, stage.redelivers,
    ]  # fmt: skip

    for _ in range(25):
        chance.choice(deeds)(chance)
    stage.comes_to_rest()

    staff_talk = any(one.is_talking for one in stage.staff)
    if caller.is_talking:
        assert staff_talk, caller.transcript
    elif caller.is_over:
        assert not staff_talk, "someone of staff waits for nobody"
    else:
        # The caller hears words, or the ringing of the phone that their own call dials.
        assert caller.rings or "on the line" in caller.heard or "hold" in caller.heard, caller.transcript
    assert len(held_legs(hotline)) == len(set(held_legs(hotline)))
    dialled = [placed.leg_id for placed in hotline.carrier.placed]
    assert len(dialled) == len(set(dialled))
    assert [one.is_over for one in talks(hotline)][:-1] == [True] * (len(talks(hotline)) - 1)

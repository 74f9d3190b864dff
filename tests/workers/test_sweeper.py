"""What the sweeper mends: lost jobs, dead workers, lost answers and events, a Redis that is down."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Guard, Staff
from models.talks import leg as legs
from models.talks.dispatch import claim_callback
from models.talks.liaison_at_0 import take_liaison_for
from tests.callback_desk import CallbackDesk, accept
from tests.factories import make_call, make_callback, make_case, make_staff
from workers import sweeper


def test_a_request_whose_job_was_lost_is_offered_again(desk: CallbackDesk) -> None:
    desk.jobs.waiting.clear()
    desk.sweeps(seconds=2)
    assert [name for name, _ in desk.jobs.waiting] == ["dial_liaison"]
    desk.works_off()
    assert desk.state() == "ringing_liaison"


def test_with_redis_down_the_sweeper_rings_both_legs_itself(desk: CallbackDesk) -> None:
    desk.jobs.waiting.clear()
    desk.jobs.is_down = True
    desk.sweeps()
    (liaison,) = desk.carrier.placed
    desk.answers(liaison)
    desk.presses(liaison, legs.accept_by_liaison)
    desk.sweeps(seconds=3)
    assert [call.to for call in desk.carrier.placed] == ["+12025550170", "+12025550110"]
    desk.hangs_up(desk.carrier.placed[1], "no-answer")
    desk.sweeps(seconds=2)
    assert desk.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]
    desk.sweeps(seconds=2)
    assert len(desk.carrier.redirected) == 1


def test_only_as_many_are_offered_as_liaisons_are_free_verified_and_urgent_first(
    empty_desk: CallbackDesk,
) -> None:
    with empty_desk.database.transaction() as session:
        for _ in range(2):
            make_staff(session)
        make_callback(session, phone="+12025550120")
        late = make_callback(session, make_case(session), due_at=empty_desk.now)
        make_callback(session, make_case(session), due_at=empty_desk.now + timedelta(hours=3))
        urgent = make_callback(session, make_case(session), urgency="urgent")
        make_callback(session, make_case(session), next_attempt_at=empty_desk.now + timedelta(hours=1))
    empty_desk.sweeps(seconds=1)
    offered = [job for job in empty_desk.jobs.waiting if job[0] == "dial_liaison"]
    assert offered == [("dial_liaison", late.id), ("dial_liaison", urgent.id)]
    waiting = list(empty_desk.jobs.waiting)
    empty_desk.sweeps(seconds=2)
    assert empty_desk.jobs.waiting == waiting, "a queue that nobody works does not grow"


def test_of_equal_callbacks_the_verified_one_goes_first_whatever_the_job_was_for(
    empty_desk: CallbackDesk,
) -> None:
    with empty_desk.database.transaction() as session:
        unverified = make_callback(session, phone="+12025550120")
        verified = make_callback(session, make_case(session))
        make_staff(session)
    empty_desk.sweeps()
    empty_desk.jobs.waiting.clear()
    empty_desk.dialler.dial_liaison(unverified.id)
    (ringing,) = empty_desk.rows(Callback, Callback.state == "ringing_liaison")
    assert ringing.id == verified.id


def test_a_worker_that_died_after_its_claim_leaves_a_callback_that_is_requested_again(
    desk: CallbackDesk,
) -> None:
    row = desk.callback()
    with desk.database.transaction() as session:
        assert claim_callback(session, row.id, desk.now, desk.policy)
    desk.sweeps(seconds=11)
    assert desk.state() == "claimed"
    desk.sweeps(seconds=2)
    assert desk.state() == "requested"
    desk.works_off()
    assert len(desk.carrier.placed) == 1


@pytest.mark.parametrize("dialled", [True, False])
def test_a_liaison_call_that_nobody_proves_is_left_for_staff_and_never_dialled_again(
    desk: CallbackDesk, dialled: bool
) -> None:
    desk.carrier.loses_next_answer(dialled=dialled)
    desk.works_off()
    placed = len(desk.carrier.placed)
    desk.sweeps(seconds=31)
    assert desk.state() == "ringing_liaison"
    desk.sweeps(seconds=2)
    row = desk.callback()
    assert (row.state, row.outcome) == ("left_for_staff", "unknown_offer")
    assert desk.busy() == 0
    desk.sweeps(minutes=60)
    desk.works_off()
    assert len(desk.carrier.placed) == placed


def test_a_caller_call_that_nobody_proves_is_left_for_staff_and_the_liaison_is_told(
    desk: CallbackDesk,
) -> None:
    desk.works_off()
    (liaison,) = desk.carrier.placed
    desk.answers(liaison)
    desk.presses(liaison, legs.accept_by_liaison)
    desk.carrier.loses_next_answer()
    desk.works_off()
    desk.sweeps(minutes=3)
    desk.works_off()
    assert desk.state() == "left_for_staff"
    assert desk.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]
    assert len(desk.carrier.placed) == 2
    late = desk.carrier.placed[1]
    desk.tells(late, "in-progress", leg_id=late.leg_id)
    assert desk.presses(late, legs.join_caller) == "gone"
    assert desk.state() == "left_for_staff"


def test_an_end_whose_event_was_lost_is_proven_by_the_carrier(desk: CallbackDesk) -> None:
    desk.works_off()
    desk.carrier.placed[0].status = "no-answer"
    desk.sweeps(seconds=111)
    assert (desk.state(), desk.busy(), desk.callback().liaison_tries) == ("requested", 0, 1)


def test_a_liaison_who_listens_for_long_keeps_the_callback(desk: CallbackDesk) -> None:
    desk.works_off()
    desk.answers(desk.carrier.placed[0])
    desk.sweeps(seconds=111)
    assert desk.state() == "ringing_liaison"
    assert desk.callback().lease_until == desk.now + timedelta(seconds=12)


def test_a_carrier_that_cannot_be_asked_is_asked_again_before_a_person_must_decide(
    desk: CallbackDesk,
) -> None:
    desk.works_off()
    desk.carrier.is_deaf = True
    desk.sweeps(seconds=34)
    assert desk.state() == "ringing_liaison"
    desk.sweeps(seconds=4)
    assert desk.state() == "left_for_staff"


def test_an_accepted_callback_whose_job_was_lost_is_dialled_within_one_sweep(desk: CallbackDesk) -> None:
    desk.works_off()
    desk.presses(desk.carrier.placed[0], legs.accept_by_liaison)
    desk.jobs.waiting.clear()
    desk.sweeps(seconds=3)
    desk.works_off()
    assert len(desk.carrier.placed) == 2
    desk.sweeps(seconds=3)
    desk.works_off()
    assert len(desk.carrier.placed) == 2


def test_a_talk_whose_end_was_never_told_is_closed_by_the_carriers_word(desk: CallbackDesk) -> None:
    _, caller = accept(desk)
    desk.answers(caller)
    desk.presses(caller, legs.join_caller)
    desk.sweeps(minutes=30)
    assert desk.state() == "talking"
    caller.status = "completed"
    desk.sweeps(minutes=2)
    assert (desk.state(), desk.busy()) == ("reached", 0)


def test_a_talk_that_nobody_can_tell_of_is_closed_after_four_hours(desk: CallbackDesk) -> None:
    _, caller = accept(desk)
    desk.answers(caller)
    desk.presses(caller, legs.join_caller)
    desk.carrier.is_deaf = True
    desk.sweeps(hours=3)
    assert desk.state() == "talking"
    desk.sweeps(hours=1, minutes=5)
    assert (desk.state(), desk.busy()) == ("reached", 0)


def test_a_liaison_held_by_a_leg_that_should_be_over_is_freed(desk: CallbackDesk) -> None:
    liaison, caller = accept(desk)
    desk.hangs_up(caller, "no-answer")
    desk.works_off()
    assert desk.busy() == 1
    desk.sweeps(seconds=210)
    assert desk.carrier.ended == [liaison.call_sid], "told to end once more"
    desk.sweeps(seconds=2)
    assert desk.busy() == 0


def test_a_liaison_who_declined_is_free_within_a_minute_when_the_end_was_never_told(
    desk: CallbackDesk,
) -> None:
    desk.works_off()
    (liaison,) = desk.carrier.placed
    desk.answers(liaison)
    desk.presses(liaison, legs.decline_by_liaison, desk.policy)
    desk.sweeps(seconds=35)
    assert desk.carrier.ended == [], "one who still listens is not cut off"
    liaison.status = "completed"

    desk.sweeps(seconds=2)

    assert not any(staff.busy_call_id == 1 for staff in desk.rows(Staff))


@pytest.mark.parametrize("ends", ["never answered", "hung up"])
def test_a_liaison_rung_for_a_caller_who_is_gone_is_freed(empty_desk: CallbackDesk, ends: str) -> None:
    with empty_desk.database.transaction() as session:
        make_staff(session)
        call = make_call(session, leg_id="0" * 32)
    state = empty_desk.leg("0" * 32)
    with empty_desk.database.transaction() as session:
        assert take_liaison_for(session, state, empty_desk.now, verified=True)
    if ends == "hung up":
        empty_desk.tells(call, "completed")
        assert empty_desk.busy() == 0
        return
    empty_desk.sweeps(seconds=31)
    assert empty_desk.busy() == 1
    empty_desk.sweeps(seconds=2)
    assert empty_desk.busy() == 0


def test_a_number_that_no_key_opens_does_not_hold_up_those_behind_it(empty_desk: CallbackDesk) -> None:
    with empty_desk.database.transaction() as session:
        make_staff(session)
        broken = make_callback(session, make_case(session), due_at=empty_desk.now)
        broken.number_sealed = broken.number_sealed[:-4] + "AAA="
        good = make_callback(session, make_case(session), due_at=empty_desk.now + timedelta(hours=3))
        ids = broken.id, good.id

    for _ in range(3):
        empty_desk.sweeps(seconds=2)
        empty_desk.works_off()

    with empty_desk.database.reading() as session:
        states = [session.get_one(Callback, row_id).state for row_id in ids]
    assert states == ["left_for_staff", "ringing_liaison"]


def test_a_fault_in_one_part_stops_no_other_and_tells_nothing_but_its_class(
    desk: CallbackDesk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a part of the sweep, +12025550110")

    monkeypatch.setattr(sweeper, "give_back_lapsed", fails)
    monkeypatch.setattr(sweeper, "resume", fails)
    desk.jobs.waiting.clear()
    with caplog.at_level(logging.INFO):
        desk.sweeps()
    assert [name for name, _ in desk.jobs.waiting] == ["dial_liaison"]
    assert [record.getMessage() for record in caplog.records] == ["A part of the sweep failed."] * 2
    assert len(desk.rows(Guard)) == 1


def test_the_guard_against_spraying_is_measured_once_a_minute(empty_desk: CallbackDesk) -> None:
    start = empty_desk.now
    empty_desk.sweeps()
    empty_desk.sweeps(seconds=30)
    with empty_desk.database.reading() as session:
        assert session.scalar(select(Guard.measured_at)) == start
    empty_desk.sweeps(seconds=31)
    with empty_desk.database.reading() as session:
        assert session.scalar(select(Guard.measured_at)) == empty_desk.now


def test_a_liaison_who_went_off_shift_is_not_offered_anything(desk: CallbackDesk) -> None:
    desk.jobs.waiting.clear()
    with desk.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = False
    desk.sweeps()
    assert desk.jobs.waiting == []
    assert desk.rows(Callback)[0].state == "requested"

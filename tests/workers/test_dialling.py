"""Both legs of a callback, from the list to the end of the talk, and what goes wrong on the way."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models import Callback, Staff
from models.audit.audit import verify
from models.calls.pacing import REST, rest
from models.talks import leg as legs
from models.talks.dispatch import claim_callback, ring_first, take_turn
from models.talks.hold import staff_left, staff_returns
from tests.callback_desk import CallbackDesk, accept
from tests.factories import make_callback, make_case, make_office, make_staff


def test_a_callback_rings_the_liaison_then_the_caller_and_two_keys_join_them(desk: CallbackDesk) -> None:
    desk.works_off()
    (liaison,) = desk.carrier.placed
    assert (liaison.to, liaison.ring_seconds, desk.state()) == ("+12025550170", 20, "ringing_liaison")

    desk.answers(liaison)
    assert desk.presses(liaison, legs.accept_by_liaison) == "accepted"
    assert desk.state() == "ringing_caller"
    desk.works_off()
    caller = desk.carrier.placed[1]
    assert (caller.to, caller.ring_seconds) == ("+12025550110", 30)

    desk.answers(caller)
    assert desk.presses(caller, legs.join_caller) == "joined"
    row = desk.callback()
    assert (row.state, row.talking_at) == ("talking", desk.now)
    assert desk.presses(liaison, staff_returns)[0] == row.conference

    desk.hangs_up(caller)
    row = desk.callback()
    assert (row.state, row.outcome, row.closed_at) == ("reached", "reached", desk.now)
    assert desk.busy() == 0
    desk.hangs_up(liaison)
    desk.works_off()
    assert desk.state() == "reached"
    assert len(desk.carrier.placed) == 2
    assert desk.audited()[1:] == [
        "ring_liaison_callback", "accept_callback", "join_callback", "reach_callback",
    ]  # fmt: skip
    with desk.database.reading() as session:
        assert verify(session) is None


@pytest.mark.parametrize("who", ["liaison", "caller"])
def test_either_leg_that_leaves_first_closes_the_callback_as_reached(desk: CallbackDesk, who: str) -> None:
    liaison, caller = accept(desk)
    desk.answers(caller)
    desk.presses(caller, legs.join_caller)
    first = liaison if who == "liaison" else caller

    desk.hangs_up(first)
    assert desk.state() == "reached"
    assert desk.busy() == 0
    desk.works_off()
    assert [call_sid for call_sid, _ in desk.carrier.redirected] == [
        (caller if who == "liaison" else liaison).call_sid
    ]


def test_a_job_that_runs_twice_rings_nobody_twice(desk: CallbackDesk) -> None:
    row = desk.callback()
    for _ in range(2):
        desk.dialler.dial_liaison(row.id)
    assert len(desk.carrier.placed) == 1
    desk.presses(desk.carrier.placed[0], legs.accept_by_liaison)
    assert desk.presses(desk.carrier.placed[0], legs.accept_by_liaison) == "accepted"
    for _ in range(3):
        desk.dialler.dial_caller(row.id)
    assert len(desk.carrier.placed) == 2
    assert len(desk.legs("called_back")) == 1


def test_nobody_is_rung_while_no_liaison_is_free_and_the_place_is_kept(empty_desk: CallbackDesk) -> None:
    with empty_desk.database.transaction() as session:
        callback = make_callback(session, make_case(session))
    empty_desk.dialler.dial_liaison(callback.id)
    row = empty_desk.callback()
    assert (row.state, row.requested_at, row.liaison_tries) == ("requested", callback.requested_at, 0)
    assert empty_desk.carrier.placed == []


def test_a_callback_that_is_in_hand_is_offered_to_nobody_else(desk: CallbackDesk) -> None:
    policy = desk.policy
    row = desk.callback()
    with desk.database.transaction() as session:
        assert claim_callback(session, row.id, desk.now, policy)
        assert not claim_callback(session, row.id, desk.now, policy)
    with desk.database.transaction() as session:
        assert ring_first(session, desk.now, policy) is None
    assert desk.state() == "claimed"
    assert desk.busy() == 0


def test_a_callback_whose_liaison_left_while_the_carriers_pace_was_waited_for_keeps_its_place(
    desk: CallbackDesk,
) -> None:
    policy = desk.policy
    row = desk.callback()
    with desk.database.transaction() as session:
        rest(session, desk.now - REST + timedelta(milliseconds=500))
    with desk.database.transaction() as session:
        slot, dial = take_turn(session, row.id, desk.now, policy)
    assert slot is not None
    assert (slot.at > desk.now, dial) == (True, None)
    with desk.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = False
    with desk.database.transaction() as session:
        assert ring_first(session, slot.at, policy) is None
    assert (desk.state(), desk.callback().lease_until) == ("requested", None)


def test_a_liaison_who_misses_two_offers_is_set_away_and_the_callback_keeps_its_place(
    desk: CallbackDesk,
) -> None:
    for rung in range(1, 3):
        desk.works_off()
        desk.sweeps(seconds=16)
        desk.works_off()
        assert len(desk.carrier.placed) == rung
        desk.hangs_up(desk.carrier.placed[-1], "no-answer")
        assert desk.busy() == 0
    for _ in range(40):
        desk.sweeps(seconds=16)
        desk.works_off()
    row = desk.callback()
    assert (row.state, row.place, row.caller_tries) == ("requested", 1, 0)
    assert len(desk.carrier.placed) == 2
    (liaison,) = desk.rows(Staff)
    assert (liaison.on_shift, liaison.set_away_at is not None) == (False, True)


def test_a_declined_callback_goes_to_the_next_liaison(desk: CallbackDesk) -> None:
    with desk.database.transaction() as session:
        make_staff(session, phone="+12025550171")
    desk.works_off()
    (first,) = desk.carrier.placed
    desk.answers(first)
    desk.presses(first, legs.decline_by_liaison, desk.policy)
    assert desk.state() == "requested"
    assert desk.busy() == 1, "the liaison still hears the last words"
    desk.sweeps(seconds=16)
    assert desk.carrier.redirected == []
    desk.works_off()
    assert {call.to for call in desk.carrier.placed} == {"+12025550170", "+12025550171"}
    desk.hangs_up(first)
    assert desk.state() == "ringing_liaison"
    assert desk.presses(first, legs.accept_by_liaison) == "gone"


def test_a_machine_that_answers_the_liaison_leg_accepts_nothing(desk: CallbackDesk) -> None:
    desk.works_off()
    desk.answers(desk.carrier.placed[0])
    desk.hangs_up(desk.carrier.placed[0])
    assert (desk.state(), desk.busy()) == ("requested", 0)
    assert len(desk.carrier.placed) == 1


def test_a_caller_who_is_not_reached_goes_back_to_the_list_and_the_liaison_is_told(
    desk: CallbackDesk,
) -> None:
    liaison, caller = accept(desk)
    desk.hangs_up(caller, "no-answer")
    row = desk.callback()
    assert (row.state, row.caller_tries) == ("requested", 1)
    assert row.next_attempt_at == desk.now + timedelta(minutes=30)
    desk.works_off()
    assert desk.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]
    assert desk.presses(liaison, staff_left)[0] == "not_reached"
    assert desk.busy() == 1
    desk.hangs_up(liaison)
    assert (desk.busy(), desk.callback().caller_tries) == (0, 1)


def every_try_is_missed(desk: CallbackDesk, how: str) -> None:
    """Three calls half an hour apart, each ended by the person's phone in this way, the carrier's word."""
    for _ in range(3):
        liaison, caller = accept(desk)
        desk.hangs_up(caller, how)
        desk.works_off()
        desk.hangs_up(liaison)
        desk.sweeps(minutes=31)


def test_after_the_last_try_the_callback_ends_as_not_answered(desk: CallbackDesk) -> None:
    every_try_is_missed(desk, "busy")
    row = desk.callback()
    assert (row.state, row.caller_tries, row.outcome) == ("no_answer", 3, "no_answer")


def test_a_frightened_caller_who_answers_none_of_the_tries_is_left_for_a_person_at_its_place(
    desk: CallbackDesk,
) -> None:
    with desk.database.transaction() as session:
        session.get_one(Callback, 1).urgency = "urgent"
    every_try_is_missed(desk, "no-answer")
    row = desk.callback()
    assert (row.state, row.outcome, row.place) == ("left_for_staff", "no_answer", 0)


def test_a_person_who_cannot_talk_now_is_called_later(desk: CallbackDesk) -> None:
    liaison, caller = accept(desk)
    desk.answers(caller)
    desk.presses(caller, legs.put_off, desk.policy)
    row = desk.callback()
    assert (row.state, row.caller_tries) == ("requested", 1)
    assert row.next_attempt_at == desk.now + timedelta(minutes=30)
    desk.works_off()
    desk.sweeps(seconds=3)
    desk.works_off()
    assert desk.carrier.redirected == [(liaison.call_sid, liaison.leg_id)], (
        "the caller hears their last words"
    )
    assert desk.presses(caller, legs.join_caller) == "later"


def test_a_liaison_who_hangs_up_before_the_caller_joined_loses_the_callback(desk: CallbackDesk) -> None:
    liaison, caller = accept(desk)
    desk.hangs_up(liaison)
    assert (desk.state(), desk.busy()) == ("requested", 0)
    desk.works_off()
    assert desk.carrier.ended == [caller.call_sid], "a phone that still rings stops"
    assert desk.presses(caller, legs.join_caller) == "later"


def test_a_liaison_who_hangs_up_before_the_caller_was_dialled_has_nobody_rung(desk: CallbackDesk) -> None:
    desk.works_off()
    (liaison,) = desk.carrier.placed
    desk.presses(liaison, legs.accept_by_liaison)
    desk.hangs_up(liaison)
    desk.works_off()
    assert len(desk.carrier.placed) == 1


def test_a_refused_liaison_is_passed_over_and_a_busy_carrier_counts_for_nobody(desk: CallbackDesk) -> None:
    desk.carrier.refuses_next()
    desk.works_off()
    row = desk.callback()
    assert (row.state, row.liaison_tries, desk.busy()) == ("requested", 1, 0)
    assert row.next_attempt_at == desk.now + timedelta(seconds=15)


def test_a_refused_caller_counts_as_a_try_and_the_liaison_is_told(desk: CallbackDesk) -> None:
    desk.works_off()
    (liaison,) = desk.carrier.placed
    desk.answers(liaison)
    desk.presses(liaison, legs.accept_by_liaison)
    desk.carrier.refuses_next()
    desk.works_off()
    assert (desk.state(), desk.callback().caller_tries) == ("requested", 1)
    assert desk.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]


def test_an_event_that_comes_before_the_call_was_recorded_is_applied_when_it_is(desk: CallbackDesk) -> None:
    desk.carrier.at_place = lambda: desk.tells(desk.carrier.placed[-1], "busy")
    desk.works_off()
    assert (desk.state(), desk.busy(), desk.callback().liaison_tries) == ("requested", 0, 1)
    (leg,) = desk.legs("liaison")
    assert (leg.call_sid, leg.call_status) == (desk.carrier.placed[0].call_sid, "busy")


def test_a_call_whose_answer_was_lost_is_proven_by_its_first_event(desk: CallbackDesk) -> None:
    desk.carrier.loses_next_answer()
    desk.works_off()
    (call,) = desk.carrier.placed
    assert desk.legs("liaison")[0].call_sid is None
    desk.tells(call, "ringing", leg_id=call.leg_id)
    assert desk.legs("liaison")[0].call_sid == call.call_sid
    desk.sweeps(minutes=3)
    assert desk.state() == "ringing_liaison"
    desk.hangs_up(call, "no-answer")
    assert desk.state() == "requested"


def test_a_window_that_closed_while_the_liaison_was_rung_puts_the_caller_off(desk: CallbackDesk) -> None:
    desk.office = make_office(always_open=False)
    desk.works_off()
    (liaison,) = desk.carrier.placed
    desk.answers(liaison)
    desk.presses(liaison, legs.accept_by_liaison)
    desk.now = desk.now.replace(day=26, hour=2)  # Nine in the evening in New York.
    desk.works_off()
    row = desk.callback()
    assert (row.state, row.caller_tries, len(desk.carrier.placed)) == ("requested", 0, 1)
    assert row.next_attempt_at == desk.now.replace(day=27, hour=13), "Thanksgiving is no day of work"
    assert desk.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]


def test_a_callback_that_comes_up_outside_its_window_is_put_off_and_an_urgent_one_is_not(
    desk: CallbackDesk,
) -> None:
    desk.office = make_office(always_open=False)
    desk.now = desk.now.replace(day=26, hour=2)
    desk.works_off()
    assert (desk.state(), desk.carrier.placed) == ("requested", [])
    assert desk.callback().next_attempt_at == desk.now.replace(day=27, hour=13)
    with desk.database.transaction() as session:
        row = session.scalars(select(Callback)).one()
        row.urgency, row.next_attempt_at = "urgent", desk.now
    desk.dialler.dial_liaison(row.id)
    assert len(desk.carrier.placed) == 1


def test_a_number_that_may_not_be_dialled_any_more_is_left_for_staff(empty_desk: CallbackDesk) -> None:
    with empty_desk.database.transaction() as session:
        make_staff(session)
        callback = make_callback(session, phone="+19005550123")
    empty_desk.dialler.dial_liaison(callback.id)
    row = empty_desk.callback()
    assert (row.state, row.outcome) == ("left_for_staff", "cannot_dial")
    assert empty_desk.carrier.placed == []


@pytest.mark.parametrize("how", ["refused", "failed"])
def test_a_verified_person_whose_phone_the_carrier_never_rang_is_left_for_a_person(
    desk: CallbackDesk, how: str
) -> None:
    """It ended as "no answer" after an hour in which no phone of theirs rang, and nobody was told."""
    for _ in range(3):
        desk.works_off()
        liaison = desk.carrier.placed[-1]
        desk.answers(liaison)
        assert desk.presses(liaison, legs.accept_by_liaison) == "accepted"
        if how == "refused":
            desk.carrier.refuses_next()
        desk.works_off()
        if how == "failed":
            desk.hangs_up(desk.carrier.placed[-1], "failed")
        desk.hangs_up(liaison)
        desk.sweeps(minutes=31)

    row = desk.callback()
    assert (row.state, row.outcome, row.caller_tries) == ("left_for_staff", "cannot_dial", 3)


def test_legs_carry_opaque_ids_and_no_number_in_the_clear(desk: CallbackDesk) -> None:
    accept(desk)
    rows: list[Any] = desk.legs("liaison") + desk.legs("called_back")
    for leg in rows:
        assert len(leg.leg_id) == 32
        assert int(leg.leg_id, 16)
        assert "0255501" not in f"{leg.leg_id} {leg.trail}"
        # A line is the office's own number and nobody's secret.
        assert leg.line in ("", desk.office.lines[0])
        assert "12025550" not in str(leg.phone_sealed)
    conference = desk.callback().conference
    assert conference is not None
    assert int(conference, 16)

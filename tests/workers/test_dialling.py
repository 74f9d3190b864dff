"""Both legs of a callback, from the list to the end of the talk, and what goes wrong on the way."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from models import Callback, Staff
from models.audit.audit import verify
from models.calls.pacing import REST, rest
from models.talks import leg as legs
from models.talks.dispatch import claim_callback, ring_first, ring_next
from models.talks.hold import staff_left, staff_returns
from tests.call_center import CallCenter, accept
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import make_callback, make_case, make_office, make_staff
from workers.callbacks import Dialler


def test_callback_rings_the_liaison_then_the_caller_and_two_keys_join_them(call_center: CallCenter) -> None:
    call_center.works_off()
    (liaison,) = call_center.carrier.placed
    assert (liaison.to, liaison.ring_seconds, call_center.state()) == ("+12025550170", 20, "ringing_liaison")

    call_center.answers(liaison)
    assert call_center.presses(liaison, legs.accept_by_liaison) == "accepted"
    assert call_center.state() == "ringing_caller"
    call_center.works_off()
    caller = call_center.carrier.placed[1]
    assert (caller.to, caller.ring_seconds) == ("+12025550110", 30)

    call_center.answers(caller)
    assert call_center.presses(caller, legs.join_caller) == "joined"
    row = call_center.callback()
    assert (row.state, row.talking_at) == ("talking", call_center.now)
    assert call_center.presses(liaison, staff_returns)[0] == call_center.talk().conference

    call_center.hangs_up(caller)
    row = call_center.callback()
    assert (row.state, row.outcome, row.closed_at) == ("reached", "reached", call_center.now)
    assert call_center.busy() == 0
    call_center.hangs_up(liaison)
    call_center.works_off()
    assert call_center.state() == "reached"
    assert len(call_center.carrier.placed) == 2
    assert call_center.audited()[1:] == [
        "ring_liaison_callback", "accept_callback", "join_callback", "reach_callback",
    ]  # fmt: skip
    with call_center.database.reading() as session:
        assert verify(session) is None


@pytest.mark.parametrize("who", ["liaison", "caller"])
def test_first_leg_that_leaves_closes_the_callback_as_reached(call_center: CallCenter, who: str) -> None:
    liaison, caller = accept(call_center)
    call_center.answers(caller)
    call_center.presses(caller, legs.join_caller)
    first = liaison if who == "liaison" else caller

    call_center.hangs_up(first)
    assert call_center.state() == "reached"
    assert call_center.busy() == 0
    call_center.works_off()
    assert [call_sid for call_sid, _ in call_center.carrier.redirected] == [
        (caller if who == "liaison" else liaison).call_sid
    ]


def test_job_that_runs_twice_rings_nobody_twice(call_center: CallCenter) -> None:
    row = call_center.callback()
    for _ in range(2):
        call_center.dialler.dial_liaison(row.id)
    assert len(call_center.carrier.placed) == 1
    call_center.presses(call_center.carrier.placed[0], legs.accept_by_liaison)
    assert call_center.presses(call_center.carrier.placed[0], legs.accept_by_liaison) == "accepted"
    for _ in range(3):
        call_center.dialler.dial_caller(row.id)
    assert len(call_center.carrier.placed) == 2
    assert len(call_center.legs("called_back")) == 1


def test_nobody_is_rung_while_no_liaison_is_free_and_the_place_is_kept(empty_call_center: CallCenter) -> None:
    with empty_call_center.database.transaction() as session:
        callback = make_callback(session, make_case(session))
    empty_call_center.dialler.dial_liaison(callback.id)
    row = empty_call_center.callback()
    assert (row.state, row.requested_at, row.liaison_tries) == ("requested", callback.requested_at, 0)
    assert empty_call_center.carrier.placed == []


def test_claimed_callback_is_offered_to_nobody_else(call_center: CallCenter) -> None:
    policy = call_center.policy
    row = call_center.callback()
    with call_center.database.transaction() as session:
        assert claim_callback(session, row.id, call_center.now, policy)
        assert not claim_callback(session, row.id, call_center.now, policy)
    with call_center.database.transaction() as session:
        assert ring_first(session, call_center.now, policy) is None
    assert call_center.state() == "claimed"
    assert call_center.busy() == 0


def test_callback_keeps_its_place_when_its_liaison_leaves_during_the_wait_for_the_carriers_pace(
    call_center: CallCenter,
) -> None:
    policy = call_center.policy
    row = call_center.callback()
    with call_center.database.transaction() as session:
        rest(session, call_center.now - REST + timedelta(milliseconds=500))
    with call_center.database.transaction() as session:
        slot, dial = ring_next(session, row.id, call_center.now, policy)
    assert slot is not None
    assert (slot.at > call_center.now, dial) == (True, None)
    with call_center.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = False
    with call_center.database.transaction() as session:
        assert ring_first(session, slot.at, policy) is None
    assert (call_center.state(), call_center.callback().lease_until) == ("requested", None)


def test_liaison_is_rung_at_once_when_the_carriers_pace_allowed_it_while_the_database_was_slow(
    call_center: CallCenter,
) -> None:
    """The job slept for less than no time, which failed, and nobody was rung until a later sweep."""
    with call_center.database.transaction() as session:
        rest(session, call_center.now - REST + timedelta(milliseconds=500))
    reads = count()
    dialler = Dialler(
        call_center.database, call_center.carrier, call_center.office, call_center.jobs,
        lambda: call_center.now + timedelta(seconds=next(reads)),
    )  # fmt: skip

    dialler.dial_liaison(call_center.callback().id)

    assert call_center.state() == "ringing_liaison"
    assert len(call_center.carrier.placed) == 1


@ON_SQLITE
def test_liaison_who_misses_two_offers_is_set_away_and_the_callback_keeps_its_place(
    call_center: CallCenter,
) -> None:
    for rung in range(1, 3):
        call_center.works_off()
        call_center.sweeps(seconds=16)
        call_center.works_off()
        assert len(call_center.carrier.placed) == rung
        call_center.hangs_up(call_center.carrier.placed[-1], "no-answer")
        assert call_center.busy() == 0
    for _ in range(5):
        call_center.sweeps(seconds=128)
        call_center.works_off()
    row = call_center.callback()
    assert (row.state, row.rank, row.caller_tries) == ("requested", 1, 0)
    assert len(call_center.carrier.placed) == 2
    (liaison,) = call_center.rows(Staff)
    assert (liaison.on_shift, liaison.set_away_at is not None) == (False, True)


def test_declined_callback_goes_to_the_next_liaison(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        make_staff(session, phone="+12025550171")
    call_center.works_off()
    (first,) = call_center.carrier.placed
    call_center.answers(first)
    call_center.presses(first, legs.decline_by_liaison, call_center.policy)
    assert call_center.state() == "requested"
    assert call_center.busy() == 1, "the liaison still hears the last words"
    call_center.sweeps(seconds=16)
    assert call_center.carrier.redirected == []
    call_center.works_off()
    assert {call.to for call in call_center.carrier.placed} == {"+12025550170", "+12025550171"}
    call_center.hangs_up(first)
    assert call_center.state() == "ringing_liaison"
    assert call_center.presses(first, legs.accept_by_liaison) == "gone"


def test_machine_that_answers_the_liaison_leg_accepts_nothing(call_center: CallCenter) -> None:
    call_center.works_off()
    call_center.answers(call_center.carrier.placed[0])
    call_center.hangs_up(call_center.carrier.placed[0])
    assert (call_center.state(), call_center.busy()) == ("requested", 0)
    assert len(call_center.carrier.placed) == 1


def test_caller_who_is_not_reached_goes_back_to_the_list_and_the_liaison_is_told(
    call_center: CallCenter,
) -> None:
    liaison, caller = accept(call_center)
    call_center.hangs_up(caller, "no-answer")
    row = call_center.callback()
    assert (row.state, row.caller_tries) == ("requested", 1)
    assert row.next_attempt_at == call_center.now + timedelta(minutes=30)
    call_center.works_off()
    assert call_center.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]
    assert call_center.presses(liaison, staff_left)[0] == "not_reached"
    assert call_center.busy() == 1
    call_center.hangs_up(liaison)
    assert (call_center.busy(), call_center.callback().caller_tries) == (0, 1)


def every_try_is_missed(call_center: CallCenter, how: str) -> None:
    """Three calls half an hour apart, each ended by the person's phone in this way, named by the carrier."""
    for _ in range(3):
        liaison, caller = accept(call_center)
        call_center.hangs_up(caller, how)
        call_center.works_off()
        call_center.hangs_up(liaison)
        call_center.sweeps(minutes=31)


def test_callback_ends_as_not_answered_after_the_last_try(call_center: CallCenter) -> None:
    every_try_is_missed(call_center, "busy")
    row = call_center.callback()
    assert (row.state, row.caller_tries, row.outcome) == ("no_answer", 3, "no_answer")


def test_frightened_caller_who_answers_none_of_the_tries_is_left_for_a_person_at_its_place(
    call_center: CallCenter,
) -> None:
    with call_center.database.transaction() as session:
        session.get_one(Callback, 1).urgency = "urgent"
    every_try_is_missed(call_center, "no-answer")
    row = call_center.callback()
    assert (row.state, row.outcome, row.rank) == ("left_for_staff", "no_answer", 0)


def test_person_who_cannot_talk_now_is_called_later(call_center: CallCenter) -> None:
    liaison, caller = accept(call_center)
    call_center.answers(caller)
    call_center.presses(caller, legs.put_off, call_center.policy)
    row = call_center.callback()
    assert (row.state, row.caller_tries) == ("requested", 1)
    assert row.next_attempt_at == call_center.now + timedelta(minutes=30)
    call_center.works_off()
    call_center.sweeps(seconds=3)
    call_center.works_off()
    assert call_center.carrier.redirected == [(liaison.call_sid, liaison.leg_id)], (
        "the caller hears their last words"
    )
    assert call_center.presses(caller, legs.join_caller) == "later"


def test_liaison_who_hangs_up_before_the_caller_joined_loses_the_callback(call_center: CallCenter) -> None:
    liaison, caller = accept(call_center)
    call_center.hangs_up(liaison)
    assert (call_center.state(), call_center.busy()) == ("requested", 0)
    call_center.works_off()
    assert call_center.carrier.ended == [caller.call_sid], "a phone that still rings stops"
    assert call_center.presses(caller, legs.join_caller) == "later"


def test_nobody_is_rung_for_a_liaison_who_hangs_up_before_the_caller_was_dialed(
    call_center: CallCenter,
) -> None:
    call_center.works_off()
    (liaison,) = call_center.carrier.placed
    call_center.presses(liaison, legs.accept_by_liaison)
    call_center.hangs_up(liaison)
    call_center.works_off()
    assert len(call_center.carrier.placed) == 1


def test_refused_liaison_is_skipped_and_a_busy_carrier_costs_nobody_a_try(
    call_center: CallCenter,
) -> None:
    call_center.carrier.refuses_next()
    call_center.works_off()
    row = call_center.callback()
    assert (row.state, row.liaison_tries, call_center.busy()) == ("requested", 1, 0)
    assert row.next_attempt_at == call_center.now + timedelta(seconds=15)


def test_refused_caller_counts_as_a_try_and_the_liaison_is_told(call_center: CallCenter) -> None:
    call_center.works_off()
    (liaison,) = call_center.carrier.placed
    call_center.answers(liaison)
    call_center.presses(liaison, legs.accept_by_liaison)
    call_center.carrier.refuses_next()
    call_center.works_off()
    assert (call_center.state(), call_center.callback().caller_tries) == ("requested", 1)
    assert call_center.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]


def test_event_that_arrives_before_the_call_was_recorded_is_applied_then(
    call_center: CallCenter,
) -> None:
    call_center.carrier.at_place = lambda: call_center.tells(call_center.carrier.placed[-1], "busy")
    call_center.works_off()
    assert (call_center.state(), call_center.busy(), call_center.callback().liaison_tries) == (
        "requested",
        0,
        1,
    )
    (leg,) = call_center.legs("liaison")
    assert (leg.call_sid, leg.call_status) == (call_center.carrier.placed[0].call_sid, "busy")


@ON_BOTH
def test_call_whose_answer_was_lost_is_proven_by_its_first_event(call_center: CallCenter) -> None:
    call_center.carrier.loses_next_answer()
    call_center.works_off()
    (call,) = call_center.carrier.placed
    assert call_center.legs("liaison")[0].call_sid is None
    call_center.tells(call, "ringing", leg_id=call.leg_id)
    assert call_center.legs("liaison")[0].call_sid == call.call_sid
    call_center.sweeps(minutes=3)
    assert call_center.state() == "ringing_liaison"
    call_center.hangs_up(call, "no-answer")
    assert call_center.state() == "requested"


def test_caller_is_put_off_when_the_window_closed_while_the_liaison_was_rung(call_center: CallCenter) -> None:
    call_center.office = make_office(always_open=False)
    call_center.works_off()
    (liaison,) = call_center.carrier.placed
    call_center.answers(liaison)
    call_center.presses(liaison, legs.accept_by_liaison)
    call_center.now = call_center.now.replace(day=26, hour=2)  # Nine in the evening in New York.
    call_center.works_off()
    row = call_center.callback()
    assert (row.state, row.caller_tries, len(call_center.carrier.placed)) == ("requested", 0, 1)
    assert row.next_attempt_at == call_center.now.replace(day=27, hour=13), "Thanksgiving is no day of work"
    assert call_center.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]


def test_callback_outside_its_window_is_put_off_and_an_urgent_one_is_not(
    call_center: CallCenter,
) -> None:
    call_center.office = make_office(always_open=False)
    call_center.now = call_center.now.replace(day=26, hour=2)
    call_center.works_off()
    assert (call_center.state(), call_center.carrier.placed) == ("requested", [])
    assert call_center.callback().next_attempt_at == call_center.now.replace(day=27, hour=13)
    with call_center.database.transaction() as session:
        row = session.scalars(select(Callback)).one()
        row.urgency, row.next_attempt_at = "urgent", call_center.now
    call_center.dialler.dial_liaison(row.id)
    assert len(call_center.carrier.placed) == 1


def test_number_that_may_no_longer_be_dialed_is_left_for_staff(empty_call_center: CallCenter) -> None:
    with empty_call_center.database.transaction() as session:
        make_staff(session)
        callback = make_callback(session, phone="+19005550123")
    empty_call_center.dialler.dial_liaison(callback.id)
    row = empty_call_center.callback()
    assert (row.state, row.outcome) == ("left_for_staff", "cannot_dial")
    assert empty_call_center.carrier.placed == []


@pytest.mark.parametrize("how", ["refused", "failed"])
def test_verified_person_whose_phone_the_carrier_never_rang_is_left_for_a_person(
    call_center: CallCenter, how: str
) -> None:
    """It ended as "no answer" after an hour in which no phone of theirs rang, and nobody was told."""
    for _ in range(3):
        call_center.works_off()
        liaison = call_center.carrier.placed[-1]
        call_center.answers(liaison)
        assert call_center.presses(liaison, legs.accept_by_liaison) == "accepted"
        if how == "refused":
            call_center.carrier.refuses_next()
        call_center.works_off()
        if how == "failed":
            call_center.hangs_up(call_center.carrier.placed[-1], "failed")
        call_center.hangs_up(liaison)
        call_center.sweeps(minutes=31)

    row = call_center.callback()
    assert (row.state, row.outcome, row.caller_tries) == ("left_for_staff", "cannot_dial", 3)


def test_legs_carry_opaque_ids_and_no_number_in_the_clear(call_center: CallCenter) -> None:
    accept(call_center)
    rows: list[Any] = call_center.legs("liaison") + call_center.legs("called_back")
    for leg in rows:
        assert len(leg.leg_id) == 32
        assert int(leg.leg_id, 16)
        assert "0255501" not in f"{leg.leg_id} {leg.trail}"
        # A line is the office's own number and nobody's secret.
        assert leg.line in ("", call_center.office.lines[0])
        assert "12025550" not in str(leg.phone_sealed)
    call_center.answers(call_center.carrier.placed[1])
    assert call_center.presses(call_center.carrier.placed[1], legs.join_caller) == "joined"
    conference = call_center.talk().conference
    assert len(conference) == 32
    assert int(conference, 16)

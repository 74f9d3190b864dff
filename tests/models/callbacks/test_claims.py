"""Claims of staff that others respect, the calls they ask for, and two at once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from config.office import Office
from hotline.refusals.wording import in_english
from models import Callback, Staff
from models.callbacks.appointment import cancel
from models.callbacks.callback import cancel_callback
from models.callbacks.claim import release
from models.callbacks.refusals import CallbackRefusal
from models.staff.rest import begin_rest
from models.staff.set_away import note_miss
from models.staff.staff import change_shift
from models.store.refusal import RefusedError
from models.talks import leg as legs
from models.talks.dispatch import claim_callback
from models.talks.refusals import TalkRefusal
from tests.call_center import CallCenter
from tests.conftest import ON_BOTH
from tests.factories import make_call, make_callback, make_case, make_office
from tests.models.callbacks.console import Console, left


def test_claimed_callback_is_offered_to_nobody_and_goes_back_by_itself(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)
    call_center.jobs.enqueue("dial_liaison", callback.id)
    call_center.works_off()
    call_center.sweeps(minutes=14)
    call_center.works_off()

    assert call_center.carrier.placed == []
    assert (call_center.callback().state, call_center.callback().staff_id) == ("claimed", ana.id)

    call_center.sweeps(minutes=2)
    assert call_center.state() == "requested"
    call_center.sweeps()
    call_center.works_off()
    assert call_center.state() == "ringing_liaison"
    assert "give_back_callback" in call_center.audited()


def _ends_shift(call_center: CallCenter, person: Staff) -> None:
    with call_center.database.transaction() as session:
        change_shift(session, person.email, on_shift=False, actor=f"staff:{person.id}", now=call_center.now)


def _is_set_away(call_center: CallCenter, person: Staff) -> None:
    with call_center.database.transaction() as session:
        for _ in range(2):
            note_miss(session, person.id, call_center.now, call_center.policies)


def _takes_break(call_center: CallCenter, person: Staff) -> None:
    with call_center.database.transaction() as session:
        begin_rest(session, person.id, call_center.now, call_center.policies)


@ON_BOTH
@pytest.mark.parametrize("leaves", [_ends_shift, _is_set_away, _takes_break])
def test_liaisons_claim_is_offered_to_others_once_their_shift_ends_or_a_break_begins(
    call_center: CallCenter,
    console: Console,
    ana: Staff,
    luis: Staff,
    callback: Callback,
    leaves: Callable[[CallCenter, Staff], None],
) -> None:
    console.claims(callback, ana)
    call_center.sweeps(minutes=1)
    assert call_center.state() == "claimed"

    leaves(call_center, ana)
    call_center.sweeps(seconds=2)
    call_center.works_off()

    assert [call.to for call in call_center.carrier.placed] == ["+12025550171"]


@pytest.mark.parametrize("leaves", [_ends_shift, _takes_break])
def test_claim_of_somebody_who_is_not_on_shift_or_on_a_break_stays_theirs(
    call_center: CallCenter,
    console: Console,
    ana: Staff,
    luis: Staff,
    callback: Callback,
    leaves: Callable[[CallCenter, Staff], None],
) -> None:
    leaves(call_center, ana)
    call_center.now += timedelta(minutes=1)
    console.claims(callback, ana)

    call_center.sweeps(seconds=2)

    assert (call_center.state(), call_center.callback().staff_id) == ("claimed", ana.id)


@pytest.mark.parametrize("minutes", [1, 60])
def test_claim_made_on_a_break_stays_when_breaks_get_another_length(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff, callback: Callback, minutes: int
) -> None:
    """Its beginning was told from its length, so that a shorter one returned what was claimed in it."""
    _takes_break(call_center, ana)
    call_center.now += timedelta(minutes=2)
    console.claims(callback, ana)
    changed = {"carrier_calls_per_second": 100, "hard_call_minutes": minutes}

    call_center.office = make_office(policies=changed)
    call_center.sweeps(seconds=2)

    assert (call_center.state(), call_center.callback().staff_id) == ("claimed", ana.id)


def test_one_of_two_who_claim_wins_and_the_other_is_told_who_and_when(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)

    with pytest.raises(RefusedError) as refused:
        console.claims(callback, luis)

    assert in_english(refused.value) == "Ana Demo claimed this callback on 2026-11-25 15:00 UTC."
    assert call_center.callback().staff_id == ana.id
    assert call_center.audited().count("claim_callback") == 1


def test_claim_that_is_sent_twice_is_made_once(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)
    until = call_center.callback().lease_until
    call_center.now += timedelta(minutes=5)
    console.claims(callback, ana)

    assert call_center.callback().lease_until == until
    assert call_center.audited().count("claim_callback") == 1


def test_late_worker_rings_nobody_for_a_callback_that_a_person_has_claimed(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    with call_center.database.transaction() as session:
        assert claim_callback(session, callback.id, call_center.now, call_center.policy)
    call_center.sweeps(seconds=60)
    console.claims(callback, ana)
    call_center.jobs.enqueue("dial_liaison", callback.id)
    call_center.works_off()

    assert call_center.carrier.placed == []
    assert (call_center.callback().state, call_center.callback().staff_id) == ("claimed", ana.id)


def test_call_now_rings_my_phone_and_then_the_caller_and_nobody_else(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    console.claims(callback, luis)
    console.calls_now(callback, luis)
    console.calls_now(callback, luis)
    call_center.works_off()

    assert [call.to for call in call_center.carrier.placed] == ["+12025550171"]
    mine = call_center.carrier.placed[0]
    call_center.answers(mine)
    assert call_center.presses(mine, legs.accept_by_liaison) == "accepted"
    call_center.works_off()
    assert [call.to for call in call_center.carrier.placed] == ["+12025550171", "+12025550110"]
    theirs = call_center.carrier.placed[1]
    call_center.answers(theirs)
    assert call_center.presses(theirs, legs.join_caller) == "joined"
    assert (call_center.state(), call_center.callback().staff_id) == ("talking", luis.id)


@ON_BOTH
def test_call_now_needs_no_claim_first_and_no_queue(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    call_center.jobs.is_down = True
    console.calls_now(callback, ana)
    call_center.sweeps(seconds=4)

    assert [call.to for call in call_center.carrier.placed] == ["+12025550170"]
    assert call_center.audited()[-2:] == ["claim_callback", "ring_liaison_callback"]


def test_missed_own_call_keeps_the_claim_for_two_minutes_and_spends_no_try(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    for _ in range(2):
        console.calls_now(callback, luis)
        call_center.works_off()
        call_center.hangs_up(call_center.carrier.placed[-1], "no-answer")
        call_center.works_off()

    mine = call_center.callback()
    assert (mine.state, mine.staff_id, mine.missed_by_id) == ("claimed", luis.id, luis.id)
    assert mine.lease_until == call_center.now + timedelta(minutes=2)
    assert (mine.liaison_tries, mine.caller_tries) == (0, 0)
    assert [call.to for call in call_center.carrier.placed] == ["+12025550171"] * 2
    assert call_center.audited()[-1] == "miss_own_call_callback"
    assert all(one.on_shift for one in call_center.rows(Staff))

    call_center.sweeps(seconds=121)
    call_center.sweeps()
    call_center.works_off()
    assert call_center.carrier.placed[-1].to == "+12025550170"


def test_call_now_is_refused_outside_the_hours_of_the_person(
    call_center: CallCenter, console: Console, ana: Staff, office: Office
) -> None:
    import dataclasses

    call_center.office = dataclasses.replace(call_center.office, always_open=False)
    call_center.now = datetime(2026, 11, 25, 11, 30, tzinfo=call_center.now.tzinfo)  # 6:30 a.m. there
    with call_center.database.transaction() as session:
        early = make_callback(session, make_case(session))

    with pytest.raises(RefusedError) as refused:
        console.calls_now(early, ana)
    assert in_english(refused.value) == (
        "This person cannot be called now. Their next hours begin on 2026-11-25 13:00 UTC."
    )
    assert call_center.state() == "requested"
    assert call_center.busy() == 0


def test_call_now_is_refused_to_a_liaison_in_a_call_or_on_a_break(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    with call_center.database.transaction() as session:
        call = make_call(session)
        session.execute(update(Staff).values(busy_call_id=call.id, busy_since=call_center.now))
    with pytest.raises(RefusedError, match=f"^{TalkRefusal.PHONE_IN_CALL}$"):
        console.calls_now(callback, ana)
    with call_center.database.transaction() as session:
        session.execute(
            update(Staff).values(busy_call_id=None, resting_until=call_center.now + timedelta(minutes=9))
        )
    with pytest.raises(RefusedError, match=f"^{TalkRefusal.RESTING}$"):
        console.calls_now(callback, ana)

    assert call_center.state() == "requested"


@ON_BOTH
def test_callback_cancelled_before_my_phone_rings_frees_me_and_rings_nobody(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    console.calls_now(callback, ana)
    with call_center.database.transaction() as session:
        assert cancel_callback(session, callback.id, call_center.now)
    call_center.sweeps(seconds=4)
    call_center.works_off()

    assert call_center.carrier.placed == []
    assert call_center.busy() == 0


def test_nothing_dials_a_callback_that_was_left_for_staff_until_a_person_claims_it(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    left(call_center, callback)
    call_center.jobs.enqueue("dial_liaison", callback.id)
    call_center.works_off()
    call_center.sweeps(minutes=30)
    call_center.works_off()
    assert call_center.carrier.placed == []

    console.calls_now(callback, ana)
    call_center.works_off()

    assert [call.to for call in call_center.carrier.placed] == ["+12025550170"]
    assert "take_up_callback" in call_center.audited()


def test_callback_that_was_claimed_again_and_not_used_is_left_for_staff_again_and_not_in_the_list(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    left(call_center, callback)
    console.claims(callback, ana)
    call_center.sweeps(minutes=16)
    assert (call_center.state(), call_center.callback().outcome) == ("left_for_staff", "unknown")

    console.claims(callback, ana)
    console.does(release, callback.id, ana, call_center.now)
    assert (call_center.state(), call_center.callback().outcome) == ("left_for_staff", "unknown")

    console.calls_now(callback, ana)
    call_center.works_off()
    call_center.hangs_up(call_center.carrier.placed[-1], "no-answer")
    call_center.sweeps(minutes=30)
    call_center.works_off()
    assert (call_center.state(), call_center.callback().outcome) == ("left_for_staff", "unknown")
    assert [call.to for call in call_center.carrier.placed] == ["+12025550170"]


def test_events_of_the_old_legs_change_nothing_after_the_callback_was_claimed_again(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    call_center.jobs.enqueue("dial_liaison", callback.id)
    call_center.works_off()
    old = call_center.carrier.placed[0]
    call_center.answers(old)
    call_center.carrier.loses_next_answer()
    call_center.presses(old, legs.accept_by_liaison)
    call_center.works_off()
    lost = call_center.carrier.placed[1]
    call_center.hangs_up(old)
    assert call_center.state() == "left_for_staff"

    console.claims(callback, ana)
    call_center.tells(lost, "in-progress", leg_id=lost.leg_id)
    assert call_center.presses(lost, legs.join_caller) == "gone"
    call_center.tells(lost, "completed", leg_id=lost.leg_id)

    assert (call_center.state(), call_center.callback().staff_id) == ("claimed", ana.id)


def test_caller_who_asked_again_has_one_open_callback_and_the_old_one_is_only_closed(
    call_center: CallCenter, console: Console, ana: Staff
) -> None:
    with call_center.database.transaction() as session:
        case = make_case(session)
        old = make_callback(session, case, state="left_for_staff", closed_at=call_center.now)
        make_callback(session, case)

    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.HAS_NEWER}$"):
        console.claims(old, ana)
    console.does(cancel, old.id, ana, "duplicate", call_center.now, call_center.policies)

    closed, newer = call_center.rows(Callback)
    assert (closed.state, closed.outcome, newer.state) == ("cancelled", "duplicate", "requested")
    assert call_center.audited()[-1] == "close_left_callback"

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
from models.staff.set_away import note_miss
from models.staff.staff import change_shift
from models.store.refusal import RefusedError
from models.talks import leg as legs
from models.talks.dispatch import claim_callback
from models.talks.refusals import TalkRefusal
from tests.callback_desk import CallbackDesk
from tests.factories import make_call, make_callback, make_case
from tests.models.claims.console import Console, left


def test_a_claimed_callback_is_offered_to_nobody_and_goes_back_by_itself(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)
    desk.jobs.enqueue("dial_liaison", callback.id)
    desk.works_off()
    desk.sweeps(minutes=14)
    desk.works_off()

    assert desk.carrier.placed == []
    assert (desk.callback().state, desk.callback().staff_id) == ("claimed", ana.id)

    desk.sweeps(minutes=2)
    assert desk.state() == "requested"
    desk.sweeps()
    desk.works_off()
    assert desk.state() == "ringing_liaison"
    assert "give_back_callback" in desk.audited()


def _ends_shift(desk: CallbackDesk, person: Staff) -> None:
    with desk.database.transaction() as session:
        change_shift(session, person.email, on_shift=False, actor=f"staff:{person.id}", now=desk.now)


def _is_set_away(desk: CallbackDesk, person: Staff) -> None:
    with desk.database.transaction() as session:
        for _ in range(2):
            note_miss(session, person.id, desk.now, desk.policies)


@pytest.mark.parametrize("leaves", [_ends_shift, _is_set_away])
def test_what_a_liaison_claimed_is_offered_to_others_once_their_shift_ends(
    desk: CallbackDesk,
    console: Console,
    ana: Staff,
    luis: Staff,
    callback: Callback,
    leaves: Callable[[CallbackDesk, Staff], None],
) -> None:
    console.claims(callback, ana)
    desk.sweeps(minutes=1)
    assert desk.state() == "claimed"

    leaves(desk, ana)
    desk.sweeps(seconds=2)
    desk.works_off()

    assert [call.to for call in desk.carrier.placed] == ["+12025550171"]


def test_what_is_claimed_by_somebody_who_is_not_on_shift_stays_theirs(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    _ends_shift(desk, ana)
    desk.now += timedelta(minutes=1)
    console.claims(callback, ana)

    desk.sweeps(seconds=2)

    assert (desk.state(), desk.callback().staff_id) == ("claimed", ana.id)


def test_of_two_who_claim_one_wins_and_the_other_is_told_who_and_when(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)

    with pytest.raises(RefusedError) as refused:
        console.claims(callback, luis)

    assert in_english(refused.value) == "Ana Demo claimed this callback on 2026-11-25 15:00 UTC."
    assert desk.callback().staff_id == ana.id
    assert desk.audited().count("claim_callback") == 1


def test_a_claim_that_is_sent_twice_is_made_once(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)
    until = desk.callback().lease_until
    desk.now += timedelta(minutes=5)
    console.claims(callback, ana)

    assert desk.callback().lease_until == until
    assert desk.audited().count("claim_callback") == 1


def test_a_worker_that_comes_late_rings_nobody_for_what_a_person_has_claimed(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    with desk.database.transaction() as session:
        assert claim_callback(session, callback.id, desk.now, desk.policy)
    desk.sweeps(seconds=60)
    console.claims(callback, ana)
    desk.jobs.enqueue("dial_liaison", callback.id)
    desk.works_off()

    assert desk.carrier.placed == []
    assert (desk.callback().state, desk.callback().staff_id) == ("claimed", ana.id)


def test_call_now_rings_my_phone_and_then_the_caller_and_nobody_else(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    console.claims(callback, luis)
    console.calls_now(callback, luis)
    console.calls_now(callback, luis)
    desk.works_off()

    assert [call.to for call in desk.carrier.placed] == ["+12025550171"]
    mine = desk.carrier.placed[0]
    desk.answers(mine)
    assert desk.presses(mine, legs.accept_by_liaison) == "accepted"
    desk.works_off()
    assert [call.to for call in desk.carrier.placed] == ["+12025550171", "+12025550110"]
    theirs = desk.carrier.placed[1]
    desk.answers(theirs)
    assert desk.presses(theirs, legs.join_caller) == "joined"
    assert (desk.state(), desk.callback().staff_id) == ("talking", luis.id)


def test_call_now_needs_no_claim_first_and_no_queue(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    desk.jobs.is_down = True
    console.calls_now(callback, ana)
    desk.sweeps(seconds=4)

    assert [call.to for call in desk.carrier.placed] == ["+12025550170"]
    assert desk.audited()[-2:] == ["claim_callback", "ring_liaison_callback"]


def test_a_missed_own_call_keeps_the_claim_for_two_minutes_and_spends_no_try(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    for _ in range(2):
        console.calls_now(callback, luis)
        desk.works_off()
        desk.hangs_up(desk.carrier.placed[-1], "no-answer")
        desk.works_off()

    mine = desk.callback()
    assert (mine.state, mine.staff_id, mine.missed_by_id) == ("claimed", luis.id, luis.id)
    assert mine.lease_until == desk.now + timedelta(minutes=2)
    assert (mine.liaison_tries, mine.caller_tries) == (0, 0)
    assert [call.to for call in desk.carrier.placed] == ["+12025550171"] * 2
    assert desk.audited()[-1] == "miss_own_call_callback"
    assert all(one.on_shift for one in desk.rows(Staff))

    desk.sweeps(seconds=121)
    desk.sweeps()
    desk.works_off()
    assert desk.carrier.placed[-1].to == "+12025550170"


def test_call_now_is_refused_outside_the_hours_of_the_person(
    desk: CallbackDesk, console: Console, ana: Staff, office: Office
) -> None:
    import dataclasses

    desk.office = dataclasses.replace(desk.office, always_open=False)
    desk.now = datetime(2026, 11, 25, 11, 30, tzinfo=desk.now.tzinfo)  # 6:30 a.m. there
    with desk.database.transaction() as session:
        early = make_callback(session, make_case(session))

    with pytest.raises(RefusedError) as refused:
        console.calls_now(early, ana)
    assert in_english(refused.value) == (
        "This person cannot be called now. Their next hours begin on 2026-11-25 13:00 UTC."
    )
    assert desk.state() == "requested"
    assert desk.busy() == 0


def test_call_now_is_refused_to_who_is_in_a_call_or_rests(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    with desk.database.transaction() as session:
        call = make_call(session)
        session.execute(update(Staff).values(busy_call_id=call.id, busy_since=desk.now))
    with pytest.raises(RefusedError, match=f"^{TalkRefusal.PHONE_IN_CALL}$"):
        console.calls_now(callback, ana)
    with desk.database.transaction() as session:
        session.execute(
            update(Staff).values(busy_call_id=None, resting_until=desk.now + timedelta(minutes=9))
        )
    with pytest.raises(RefusedError, match=f"^{TalkRefusal.RESTING}$"):
        console.calls_now(callback, ana)

    assert desk.state() == "requested"


def test_a_callback_that_is_cancelled_before_my_phone_rings_frees_me_and_rings_nobody(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    console.calls_now(callback, ana)
    with desk.database.transaction() as session:
        assert cancel_callback(session, callback.id, desk.now)
    desk.sweeps(seconds=4)
    desk.works_off()

    assert desk.carrier.placed == []
    assert desk.busy() == 0


def test_what_was_left_for_staff_is_dialled_by_nothing_and_taken_up_by_a_person(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    left(desk, callback)
    desk.jobs.enqueue("dial_liaison", callback.id)
    desk.works_off()
    desk.sweeps(minutes=30)
    desk.works_off()
    assert desk.carrier.placed == []

    console.calls_now(callback, ana)
    desk.works_off()

    assert [call.to for call in desk.carrier.placed] == ["+12025550170"]
    assert "take_up_callback" in desk.audited()


def test_what_was_taken_up_and_not_used_is_left_for_staff_again_and_never_in_the_line(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    left(desk, callback)
    console.claims(callback, ana)
    desk.sweeps(minutes=16)
    assert (desk.state(), desk.callback().outcome) == ("left_for_staff", "unknown")

    console.claims(callback, ana)
    console.does(release, callback.id, ana, desk.now)
    assert (desk.state(), desk.callback().outcome) == ("left_for_staff", "unknown")

    console.calls_now(callback, ana)
    desk.works_off()
    desk.hangs_up(desk.carrier.placed[-1], "no-answer")
    desk.sweeps(minutes=30)
    desk.works_off()
    assert (desk.state(), desk.callback().outcome) == ("left_for_staff", "unknown")
    assert [call.to for call in desk.carrier.placed] == ["+12025550170"]


def test_news_of_the_old_legs_changes_nothing_of_what_was_taken_up_again(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    desk.jobs.enqueue("dial_liaison", callback.id)
    desk.works_off()
    old = desk.carrier.placed[0]
    desk.answers(old)
    desk.carrier.loses_next_answer()
    desk.presses(old, legs.accept_by_liaison)
    desk.works_off()
    lost = desk.carrier.placed[1]
    desk.hangs_up(old)
    assert desk.state() == "left_for_staff"

    console.claims(callback, ana)
    desk.tells(lost, "in-progress", leg_id=lost.leg_id)
    assert desk.presses(lost, legs.join_caller) == "gone"
    desk.tells(lost, "completed", leg_id=lost.leg_id)

    assert (desk.state(), desk.callback().staff_id) == ("claimed", ana.id)


def test_who_asked_again_meanwhile_has_one_open_callback_and_the_old_one_is_only_closed(
    desk: CallbackDesk, console: Console, ana: Staff
) -> None:
    with desk.database.transaction() as session:
        case = make_case(session)
        old = make_callback(session, case, state="left_for_staff", closed_at=desk.now)
        make_callback(session, case)

    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.HAS_NEWER}$"):
        console.claims(old, ana)
    console.does(cancel, old.id, ana, "duplicate", desk.now, desk.policies)

    closed, newer = desk.rows(Callback)
    assert (closed.state, closed.outcome, newer.state) == ("cancelled", "duplicate", "requested")
    assert desk.audited()[-1] == "close_left_callback"

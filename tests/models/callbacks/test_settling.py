"""What staff change of a callback: whose it is, when it is called, that it is canceled, and notes."""

from datetime import datetime, timedelta

import pytest

from models import AuditEntry, Call, Callback, Case, Staff
from models.callbacks.appointment import cancel, reveal_number
from models.callbacks.callback import cancel_callback, move_callback
from models.callbacks.callback_request import request_callback
from models.callbacks.claim import hand, release
from models.callbacks.note import keep_note, note_of
from models.callbacks.refusals import CallbackRefusal
from models.overview.staff_record import let_go
from models.store.free_text import TextRefusal
from models.store.refusal import RefusedError
from tests.call_center import CallCenter
from tests.conftest import ON_BOTH
from tests.factories import make_call, make_callback, make_case, make_staff
from tests.models.callbacks.console import Console, left


def test_callback_that_a_colleague_does_not_begin_in_five_minutes_goes_back_to_the_list(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff
) -> None:
    with call_center.database.transaction() as session:
        callback = make_callback(session, make_case(session), due_at=call_center.now + timedelta(minutes=40))
    console.does(hand, callback.id, ana, luis.id, call_center.now, call_center.policies)

    found = call_center.callback()
    assert (found.state, found.staff_id) == ("claimed", luis.id)
    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.CLAIMED}$"):
        console.claims(callback, ana)
    call_center.sweeps(minutes=4, seconds=59)
    assert call_center.state() == "claimed"
    call_center.sweeps(seconds=2)
    assert call_center.state() == "requested"


def test_callback_is_assigned_only_to_a_person_on_shift(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    with call_center.database.transaction() as session:
        session.get_one(Staff, luis.id).on_shift = False
    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.OFF_SHIFT}$"):
        console.does(hand, callback.id, ana, luis.id, call_center.now, call_center.policies)
    assert call_center.callback().staff_id is None


def test_callback_is_handed_to_nobody_who_rests_after_a_hard_call(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    with call_center.database.transaction() as session:
        session.get_one(Staff, luis.id).resting_until = call_center.now + timedelta(minutes=10)
    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.ON_BREAK}$"):
        console.does(hand, callback.id, ana, luis.id, call_center.now, call_center.policies)
    assert call_center.callback().staff_id is None


def test_only_an_overseer_takes_a_callback_out_of_somebody_elses_hands(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    with call_center.database.transaction() as session:
        ruth = make_staff(session, role="supervisor", on_shift=False)
    console.claims(callback, ana)
    for what in (
        lambda: console.does(release, callback.id, luis, call_center.now),
        lambda: console.does(hand, callback.id, luis, luis.id, call_center.now, call_center.policies),
        lambda: console.does(cancel, callback.id, luis, "duplicate", call_center.now, call_center.policies),
        lambda: console.reschedules(callback, luis, call_center.now + timedelta(hours=2)),
        lambda: console.does(reveal_number, callback.id, luis, call_center.now),
        lambda: console.does(keep_note, callback.id, luis, "calls back at noon", call_center.now),
    ):
        with pytest.raises(RefusedError):
            what()

    console.does(hand, callback.id, ruth, luis.id, call_center.now, call_center.policies)
    assert call_center.callback().staff_id == luis.id
    console.does(release, callback.id, ruth, call_center.now)
    assert call_center.state() == "requested"


def test_new_time_is_inside_the_hours_of_the_person_or_is_refused_with_the_next_one(
    call_center: CallCenter, console: Console, ana: Staff
) -> None:
    import dataclasses

    call_center.office = dataclasses.replace(call_center.office, always_open=False)
    with call_center.database.transaction() as session:
        callback = make_callback(session, make_case(session))
    friday_noon = datetime(2026, 11, 27, 17, 0, tzinfo=call_center.now.tzinfo)

    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.OUTSIDE_HOURS}$"):
        console.reschedules(callback, ana, datetime(2026, 11, 26, 8, 0, tzinfo=call_center.now.tzinfo))
    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.TIME_OUT_OF_RANGE}$"):
        console.reschedules(callback, ana, call_center.now)
    console.claims(callback, ana)
    console.reschedules(callback, ana, friday_noon)

    found = call_center.callback()
    assert (found.state, found.staff_id, found.next_attempt_at) == ("requested", None, friday_noon)
    assert found.due_at > friday_noon
    assert call_center.audited()[-1] == "reschedule_callback"


@ON_BOTH
def test_callback_that_was_left_goes_back_to_the_list_for_a_time_that_staff_set(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    left(call_center, callback, "not_safe")
    at = call_center.now + timedelta(hours=1)
    console.reschedules(callback, ana, at)

    assert (call_center.state(), call_center.callback().next_attempt_at) == ("requested", at)


@pytest.mark.parametrize("state", ["requested", "left_for_staff", "claimed"])
def test_staff_cancel_with_a_reason(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback, state: str
) -> None:
    if state == "left_for_staff":
        left(call_center, callback)
    if state == "claimed":
        console.claims(callback, ana)
    console.does(cancel, callback.id, ana, "settled_otherwise", call_center.now, call_center.policies)

    assert (call_center.state(), call_center.callback().outcome) == ("cancelled", "settled_otherwise")
    (entry,) = call_center.rows(AuditEntry, AuditEntry.action == "cancel_callback")
    assert (entry.actor, entry.facts) == (f"staff:{ana.id}", {"reason": "settled_otherwise"})


def test_caller_may_change_their_mind_while_somebody_merely_has_their_callback(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)
    later = call_center.now + timedelta(hours=3)
    with call_center.database.transaction() as session:
        assert move_callback(session, callback.id, next_attempt_at=later, due_at=later, now=call_center.now)
    assert (call_center.state(), call_center.callback().next_attempt_at) == ("claimed", later)
    with call_center.database.transaction() as session:
        assert cancel_callback(session, callback.id, call_center.now)


def test_caller_who_asks_again_because_they_are_afraid_does_not_wait_for_the_person_who_claimed_it(
    call_center: CallCenter, console: Console, ana: Staff
) -> None:
    with call_center.database.transaction() as session:
        case = make_case(session)
        callback = make_callback(session, case)
        call = make_call(session, phone="+12025550110", case_id=case.id, leg_id="a" * 32)
    console.claims(callback, ana)
    state = call_center.leg(str(call.leg_id))
    with call_center.database.transaction() as session:
        request_callback(
            session, call=state, number="+12025550110", urgency="urgent", reason="afraid",
            now=call_center.now, due_at=call_center.now + timedelta(hours=1),
            next_attempt_at=call_center.now, time_zone="America/New_York",
            policy=call_center.policy,
        )  # fmt: skip

    assert (call_center.state(), call_center.callback().urgency, call_center.callback().staff_id) == (
        "requested",
        "urgent",
        None,
    )


def test_note_is_stored_sealed_and_refused_when_it_has_forbidden_content(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)
    console.does(keep_note, callback.id, ana, "  Prefers   mornings. ", call_center.now)
    with pytest.raises(RefusedError, match=f"^{TextRefusal.PHONE}$"):
        console.does(keep_note, callback.id, ana, "ring 202 555 0110", call_center.now)

    with call_center.database.reading() as session:
        row = session.get_one(Callback, callback.id)
        assert note_of(session, row) == "Prefers mornings."
        assert "mornings" not in str(row.note_sealed)
    assert not any("mornings" in str(entry.facts) for entry in call_center.rows(AuditEntry))


def test_whole_number_is_an_entry_each_time(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.NUMBER_HIDDEN}$"):
        console.does(reveal_number, callback.id, ana, call_center.now)
    console.claims(callback, ana)
    console.does(reveal_number, callback.id, ana, call_center.now)
    console.does(reveal_number, callback.id, ana, call_center.now)

    assert call_center.audited().count("reveal_number") == 2


def test_unknown_id_is_refused_in_one_sentence(console: Console, ana: Staff) -> None:
    nothing = Callback(id=4711)
    for what in (lambda: console.claims(nothing, ana), lambda: console.calls_now(nothing, ana)):
        with pytest.raises(RefusedError, match=f"^{CallbackRefusal.UNKNOWN}$"):
            what()


def test_leg_that_nobody_dialed_is_not_dialed_twice(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    console.calls_now(callback, ana)
    (leg,) = call_center.rows(Call, Call.role == "liaison")
    call_center.dialler.ring_taker(leg.id)
    call_center.dialler.ring_taker(leg.id)

    assert len(call_center.carrier.placed) == 1


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("stopped", CallbackRefusal.PHONE_STOPPED),
        ("promised_anew", CallbackRefusal.PROMISED_ANEW),
    ],
)
def test_phone_that_said_stop_is_not_rung_and_a_callback_promised_again_is_not_claimed(
    call_center: CallCenter,
    console: Console,
    ana: Staff,
    callback: Callback,
    outcome: str,
    code: CallbackRefusal,
) -> None:
    left(call_center, callback, outcome)
    with pytest.raises(RefusedError, match=f"^{code}$"):
        console.calls_now(callback, ana)
    with pytest.raises(RefusedError, match=f"^{code}$"):
        console.reschedules(callback, ana, call_center.now + timedelta(hours=1))

    assert (call_center.state(), call_center.callback().outcome) == ("left_for_staff", outcome)
    assert call_center.carrier.placed == []


def test_callback_of_a_closed_case_is_called_like_any_other(
    call_center: CallCenter, console: Console, ana: Staff, callback: Callback
) -> None:
    left(call_center, callback)
    with call_center.database.transaction() as session:
        session.get_one(Case, callback.case_id).closed_at = call_center.now

    console.calls_now(callback, ana)

    assert call_center.state() == "ringing_liaison"


@pytest.mark.parametrize("left", [False, True])
def test_claim_of_a_deactivated_account_goes_back_at_once(
    call_center: CallCenter, console: Console, ana: Staff, luis: Staff, left: bool
) -> None:
    with call_center.database.transaction() as session:
        boss = make_staff(session, name="Bea Demo", phone="+12025550172", role="administrator")
        state = {"state": "left_for_staff", "closed_at": call_center.now} if left else {}
        callback = make_callback(session, **state)
    console.claims(callback, luis)
    console.does(hand, callback.id, luis, ana.id, call_center.now, call_center.policies)

    with call_center.database.transaction() as session:
        let_go(session, ana.id, by_id=boss.id, actor="bea@office.example.org", now=call_center.now)

    assert call_center.state() == ("left_for_staff" if left else "requested")
    call_center.sweeps(seconds=2)
    call_center.works_off()
    assert [call.to for call in call_center.carrier.placed] == ([] if left else ["+12025550171"])

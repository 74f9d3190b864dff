"""What staff settle of a callback: whose it is, when it is called, that it is cancelled, and notes."""

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
from tests.callback_desk import CallbackDesk
from tests.factories import make_call, make_callback, make_case, make_staff
from tests.models.claims.console import Console, left


def test_what_a_colleague_does_not_begin_in_five_minutes_goes_back_to_the_list(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff
) -> None:
    with desk.database.transaction() as session:
        callback = make_callback(session, make_case(session), due_at=desk.now + timedelta(minutes=40))
    console.does(hand, callback.id, ana, luis.id, desk.now, desk.policies)

    found = desk.callback()
    assert (found.state, found.staff_id) == ("claimed", luis.id)
    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.CLAIMED}$"):
        console.claims(callback, ana)
    desk.sweeps(minutes=4, seconds=59)
    assert desk.state() == "claimed"
    desk.sweeps(seconds=2)
    assert desk.state() == "requested"


def test_a_callback_is_handed_to_nobody_who_is_not_on_shift(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    with desk.database.transaction() as session:
        session.get_one(Staff, luis.id).on_shift = False
    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.OFF_SHIFT}$"):
        console.does(hand, callback.id, ana, luis.id, desk.now, desk.policies)
    assert desk.callback().staff_id is None


def test_only_an_overseer_takes_a_callback_out_of_somebody_elses_hands(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    with desk.database.transaction() as session:
        ruth = make_staff(session, role="supervisor", on_shift=False)
    console.claims(callback, ana)
    for what in (
        lambda: console.does(release, callback.id, luis, desk.now),
        lambda: console.does(hand, callback.id, luis, luis.id, desk.now, desk.policies),
        lambda: console.does(cancel, callback.id, luis, "duplicate", desk.now, desk.policies),
        lambda: console.reschedules(callback, luis, desk.now + timedelta(hours=2)),
        lambda: console.does(reveal_number, callback.id, luis, desk.now),
        lambda: console.does(keep_note, callback.id, luis, "calls back at noon", desk.now),
    ):
        with pytest.raises(RefusedError):
            what()

    console.does(hand, callback.id, ruth, luis.id, desk.now, desk.policies)
    assert desk.callback().staff_id == luis.id
    console.does(release, callback.id, ruth, desk.now)
    assert desk.state() == "requested"


def test_a_new_time_lies_inside_the_hours_of_the_person_or_is_refused_with_the_next_one(
    desk: CallbackDesk, console: Console, ana: Staff
) -> None:
    import dataclasses

    desk.office = dataclasses.replace(desk.office, always_open=False)
    with desk.database.transaction() as session:
        callback = make_callback(session, make_case(session))
    friday_noon = datetime(2026, 11, 27, 17, 0, tzinfo=desk.now.tzinfo)

    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.OUTSIDE_HOURS}$"):
        console.reschedules(callback, ana, datetime(2026, 11, 26, 8, 0, tzinfo=desk.now.tzinfo))
    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.TIME_OUT_OF_RANGE}$"):
        console.reschedules(callback, ana, desk.now)
    console.claims(callback, ana)
    console.reschedules(callback, ana, friday_noon)

    found = desk.callback()
    assert (found.state, found.staff_id, found.next_attempt_at) == ("requested", None, friday_noon)
    assert found.due_at > friday_noon
    assert desk.audited()[-1] == "reschedule_callback"


def test_what_was_left_is_put_back_into_the_line_for_a_time_that_staff_settled(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    left(desk, callback, "not_safe")
    at = desk.now + timedelta(hours=1)
    console.reschedules(callback, ana, at)

    assert (desk.state(), desk.callback().next_attempt_at) == ("requested", at)


@pytest.mark.parametrize("state", ["requested", "left_for_staff", "claimed"])
def test_staff_cancel_with_a_reason(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback, state: str
) -> None:
    if state == "left_for_staff":
        left(desk, callback)
    if state == "claimed":
        console.claims(callback, ana)
    console.does(cancel, callback.id, ana, "settled_otherwise", desk.now, desk.policies)

    assert (desk.state(), desk.callback().outcome) == ("cancelled", "settled_otherwise")
    (entry,) = desk.rows(AuditEntry, AuditEntry.action == "cancel_callback")
    assert (entry.actor, entry.facts) == (f"staff:{ana.id}", {"reason": "settled_otherwise"})


def test_a_caller_may_change_their_mind_while_somebody_merely_keeps_their_callback(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)
    later = desk.now + timedelta(hours=3)
    with desk.database.transaction() as session:
        assert move_callback(session, callback.id, next_attempt_at=later, due_at=later, now=desk.now)
    assert (desk.state(), desk.callback().next_attempt_at) == ("claimed", later)
    with desk.database.transaction() as session:
        assert cancel_callback(session, callback.id, desk.now)


def test_who_asks_again_because_they_are_afraid_does_not_wait_for_who_claimed_them(
    desk: CallbackDesk, console: Console, ana: Staff
) -> None:
    with desk.database.transaction() as session:
        case = make_case(session)
        callback = make_callback(session, case)
        call = make_call(session, phone="+12025550110", case_id=case.id, leg_id="a" * 32)
    console.claims(callback, ana)
    state = desk.leg(str(call.leg_id))
    with desk.database.transaction() as session:
        request_callback(
            session, call=state, number="+12025550110", urgency="urgent", reason="afraid", now=desk.now,
            due_at=desk.now + timedelta(hours=1), next_attempt_at=desk.now, time_zone="America/New_York",
        )  # fmt: skip

    assert (desk.state(), desk.callback().urgency, desk.callback().staff_id) == ("requested", "urgent", None)


def test_a_note_is_kept_sealed_and_refused_when_it_holds_what_must_stand_nowhere(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)
    console.does(keep_note, callback.id, ana, "  Prefers   mornings. ", desk.now)
    with pytest.raises(RefusedError, match=f"^{TextRefusal.PHONE}$"):
        console.does(keep_note, callback.id, ana, "ring 202 555 0110", desk.now)

    with desk.database.reading() as session:
        row = session.get_one(Callback, callback.id)
        assert note_of(session, row) == "Prefers mornings."
        assert "mornings" not in str(row.note_sealed)
    assert not any("mornings" in str(entry.facts) for entry in desk.rows(AuditEntry))


def test_the_whole_number_is_an_entry_each_time(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.NUMBER_HIDDEN}$"):
        console.does(reveal_number, callback.id, ana, desk.now)
    console.claims(callback, ana)
    console.does(reveal_number, callback.id, ana, desk.now)
    console.does(reveal_number, callback.id, ana, desk.now)

    assert desk.audited().count("reveal_number") == 2


def test_an_id_that_no_callback_has_is_refused_in_one_sentence(console: Console, ana: Staff) -> None:
    nothing = Callback(id=4711)
    for what in (lambda: console.claims(nothing, ana), lambda: console.calls_now(nothing, ana)):
        with pytest.raises(RefusedError, match=f"^{CallbackRefusal.UNKNOWN}$"):
            what()


def test_a_leg_that_nobody_dialled_is_not_dialled_twice(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    console.calls_now(callback, ana)
    (leg,) = desk.rows(Call, Call.role == "liaison")
    desk.dialler.ring_taker(leg.id)
    desk.dialler.ring_taker(leg.id)

    assert len(desk.carrier.placed) == 1


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("stopped", CallbackRefusal.PHONE_STOPPED),
        ("promised_anew", CallbackRefusal.PROMISED_ANEW),
    ],
)
def test_a_phone_that_said_stop_is_not_rung_and_what_was_promised_anew_is_not_taken_up(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback, outcome: str, code: CallbackRefusal
) -> None:
    left(desk, callback, outcome)
    with pytest.raises(RefusedError, match=f"^{code}$"):
        console.calls_now(callback, ana)
    with pytest.raises(RefusedError, match=f"^{code}$"):
        console.reschedules(callback, ana, desk.now + timedelta(hours=1))

    assert (desk.state(), desk.callback().outcome) == ("left_for_staff", outcome)
    assert desk.carrier.placed == []


def test_a_callback_of_a_closed_case_is_called_like_any_other(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    left(desk, callback)
    with desk.database.transaction() as session:
        session.get_one(Case, callback.case_id).closed_at = desk.now

    console.calls_now(callback, ana)

    assert desk.state() == "ringing_liaison"


@pytest.mark.parametrize("left", [False, True])
def test_what_somebody_who_is_let_go_kept_for_themselves_goes_back_at_once(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, left: bool
) -> None:
    with desk.database.transaction() as session:
        boss = make_staff(session, name="Bea Demo", phone="+12025550172", role="administrator")
        state = {"state": "left_for_staff", "closed_at": desk.now} if left else {}
        callback = make_callback(session, **state)
    console.claims(callback, luis)
    console.does(hand, callback.id, luis, ana.id, desk.now, desk.policies)

    with desk.database.transaction() as session:
        let_go(session, ana.id, by_id=boss.id, actor="bea@office.example.org", now=desk.now)

    assert desk.state() == ("left_for_staff" if left else "requested")
    desk.sweeps(seconds=2)
    desk.works_off()
    assert [call.to for call in desk.carrier.placed] == ([] if left else ["+12025550171"])

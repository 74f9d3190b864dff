"""Staff and the list: claims that others respect, calls they ask for, times they settle, and two at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from config.office import Office
from models import AuditEntry, Call, Callback, Case, Staff
from models import leg as legs
from models.appointment import cancel, reschedule, reveal_number
from models.callback import cancel_callback, move_callback
from models.callback_policy import CallbackPolicy
from models.callback_request import request_callback
from models.claim import claim, hand, release
from models.database import Database
from models.dispatch import claim_callback
from models.note import keep_note, note_of
from models.own_call import call_now
from models.refusal import RefusedError
from models.staff_record import let_go
from tests.callback_desk import CallbackDesk
from tests.factories import make_call, make_callback, make_case, make_office, make_staff


class Console:
    """What staff do, each in a transaction of its own; the jobs go to the desk's queue."""

    def __init__(self, desk: CallbackDesk) -> None:
        self.desk = desk

    def does(self, what: Callable[..., Any], *words: Any) -> Any:
        with self.desk.database.transaction() as session:
            found = what(session, *words)
        self.desk.take(found if isinstance(found, list) else [])
        return found

    def claims(self, callback: Callback, who: Staff) -> None:
        self.does(claim, callback.id, who.id, self.desk.now, self.desk.office)

    def calls_now(self, callback: Callback, who: Staff) -> None:
        policy = CallbackPolicy.of(self.desk.office)
        self.does(call_now, callback.id, who.id, self.desk.now, policy, self.desk.office)

    def reschedules(self, callback: Callback, who: Staff, at: datetime) -> None:
        policy = CallbackPolicy.of(self.desk.office)
        self.does(reschedule, callback.id, who, at, self.desk.now, policy, self.desk.office)


@pytest.fixture
def desk(database: Database, now: datetime) -> CallbackDesk:
    return CallbackDesk(database, make_office(policies={"carrier_calls_per_second": 100}), now)


@pytest.fixture
def console(desk: CallbackDesk) -> Console:
    return Console(desk)


@pytest.fixture
def ana(desk: CallbackDesk) -> Staff:
    with desk.database.transaction() as session:
        return make_staff(session, name="Ana Demo", phone="+12025550170")


@pytest.fixture
def luis(desk: CallbackDesk) -> Staff:
    with desk.database.transaction() as session:
        return make_staff(session, name="Luis Demo", phone="+12025550171")


@pytest.fixture
def callback(desk: CallbackDesk) -> Callback:
    with desk.database.transaction() as session:
        return make_callback(session, make_case(session), urgency="urgent")


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


def test_of_two_who_claim_one_wins_and_the_other_is_told_who_and_when(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)

    with pytest.raises(RefusedError) as refused:
        console.claims(callback, luis)

    assert str(refused.value) == "Ana Demo took this callback on 2026-11-25 15:00 UTC."
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
        assert claim_callback(session, callback.id, desk.now, CallbackPolicy.of(desk.office))
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


def test_call_now_is_refused_outside_the_hours_of_the_person(
    desk: CallbackDesk, console: Console, ana: Staff, office: Office
) -> None:
    import dataclasses

    desk.office = dataclasses.replace(desk.office, always_open=False)
    desk.now = datetime(2026, 11, 25, 11, 30, tzinfo=desk.now.tzinfo)  # 6:30 a.m. there
    with desk.database.transaction() as session:
        early = make_callback(session, make_case(session))

    with pytest.raises(
        RefusedError, match="may not be rung now; their next hours begin on 2026-11-25 13:00 UTC"
    ):
        console.calls_now(early, ana)
    assert desk.state() == "requested"
    assert desk.busy() == 0


def test_call_now_is_refused_to_who_is_in_a_call_or_rests(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    with desk.database.transaction() as session:
        call = make_call(session)
        session.execute(update(Staff).values(busy_call_id=call.id, busy_since=desk.now))
    with pytest.raises(RefusedError, match="Your phone is in a call"):
        console.calls_now(callback, ana)
    with desk.database.transaction() as session:
        session.execute(
            update(Staff).values(busy_call_id=None, resting_until=desk.now + timedelta(minutes=9))
        )
    with pytest.raises(RefusedError, match="You rest until"):
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


def _left(desk: CallbackDesk, callback: Callback, outcome: str = "unknown") -> None:
    with desk.database.transaction() as session:
        found = session.get_one(Callback, callback.id)
        found.state, found.outcome, found.closed_at = "left_for_staff", outcome, desk.now


def test_what_was_left_for_staff_is_dialled_by_nothing_and_taken_up_by_a_person(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    _left(desk, callback)
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
    _left(desk, callback)
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

    with pytest.raises(RefusedError, match="has a newer callback"):
        console.claims(old, ana)
    console.does(cancel, old.id, ana, "duplicate", desk.now, desk.office)

    closed, newer = desk.rows(Callback)
    assert (closed.state, closed.outcome, newer.state) == ("cancelled", "duplicate", "requested")
    assert desk.audited()[-1] == "close_left_callback"


def test_a_callback_is_handed_to_a_colleague_who_is_not_on_shift_and_comes_back_in_time(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff
) -> None:
    with desk.database.transaction() as session:
        callback = make_callback(session, make_case(session), due_at=desk.now + timedelta(minutes=40))
        session.get_one(Staff, luis.id).on_shift = False
    console.does(hand, callback.id, ana, luis.id, desk.now, desk.office)

    found = desk.callback()
    assert (found.state, found.staff_id) == ("claimed", luis.id)
    assert found.lease_until == desk.now + timedelta(minutes=40), "never past the moment promised"
    with pytest.raises(RefusedError, match="Luis Demo took"):
        console.claims(callback, ana)
    desk.sweeps(minutes=41)
    assert desk.state() == "requested"


def test_only_an_overseer_takes_a_callback_out_of_somebody_elses_hands(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, callback: Callback
) -> None:
    with desk.database.transaction() as session:
        ruth = make_staff(session, role="supervisor", on_shift=False)
    console.claims(callback, ana)
    for what in (
        lambda: console.does(release, callback.id, luis, desk.now),
        lambda: console.does(hand, callback.id, luis, luis.id, desk.now, desk.office),
        lambda: console.does(cancel, callback.id, luis, "duplicate", desk.now, desk.office),
        lambda: console.reschedules(callback, luis, desk.now + timedelta(hours=2)),
        lambda: console.does(reveal_number, callback.id, luis, desk.now),
        lambda: console.does(keep_note, callback.id, luis, "calls back at noon", desk.now),
    ):
        with pytest.raises(RefusedError):
            what()

    console.does(hand, callback.id, ruth, luis.id, desk.now, desk.office)
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

    with pytest.raises(RefusedError, match="outside this person's hours; the next moment inside is"):
        console.reschedules(callback, ana, datetime(2026, 11, 26, 8, 0, tzinfo=desk.now.tzinfo))
    with pytest.raises(RefusedError, match="must lie ahead"):
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
    _left(desk, callback, "not_safe")
    at = desk.now + timedelta(hours=1)
    console.reschedules(callback, ana, at)

    assert (desk.state(), desk.callback().next_attempt_at) == ("requested", at)


@pytest.mark.parametrize("state", ["requested", "left_for_staff", "claimed"])
def test_staff_cancel_with_a_reason(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback, state: str
) -> None:
    if state == "left_for_staff":
        _left(desk, callback)
    if state == "claimed":
        console.claims(callback, ana)
    console.does(cancel, callback.id, ana, "settled_otherwise", desk.now, desk.office)

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
            verified=True,
        )  # fmt: skip

    assert (desk.state(), desk.callback().urgency, desk.callback().staff_id) == ("requested", "urgent", None)


def test_a_note_is_kept_sealed_and_refused_when_it_holds_what_must_stand_nowhere(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    console.claims(callback, ana)
    console.does(keep_note, callback.id, ana, "  Prefers   mornings. ", desk.now)
    with pytest.raises(RefusedError, match="looks like a phone number"):
        console.does(keep_note, callback.id, ana, "ring 202 555 0110", desk.now)

    with desk.database.reading() as session:
        row = session.get_one(Callback, callback.id)
        assert note_of(session, row) == "Prefers mornings."
        assert "mornings" not in str(row.note_sealed)
    assert not any("mornings" in str(entry.facts) for entry in desk.rows(AuditEntry))


def test_the_whole_number_is_an_entry_each_time(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    with pytest.raises(RefusedError, match="claim it first"):
        console.does(reveal_number, callback.id, ana, desk.now)
    console.claims(callback, ana)
    console.does(reveal_number, callback.id, ana, desk.now)
    console.does(reveal_number, callback.id, ana, desk.now)

    assert desk.audited().count("reveal_number") == 2


def test_an_id_that_no_callback_has_is_refused_in_one_sentence(console: Console, ana: Staff) -> None:
    nothing = Callback(id=4711)
    for what in (lambda: console.claims(nothing, ana), lambda: console.calls_now(nothing, ana)):
        with pytest.raises(RefusedError, match=r"^There is no such callback\.$"):
            what()


def test_a_leg_that_nobody_dialled_is_not_dialled_twice(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    console.calls_now(callback, ana)
    (leg,) = desk.rows(Call, Call.flow == "liaison_callback")
    desk.dialler.ring_taker(leg.id)
    desk.dialler.ring_taker(leg.id)

    assert len(desk.carrier.placed) == 1


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [("stopped", "asked for no more calls"), ("promised_anew", "promised anew already")],
)
def test_a_phone_that_said_stop_is_not_rung_and_what_was_promised_anew_is_not_taken_up(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback, outcome: str, sentence: str
) -> None:
    _left(desk, callback, outcome)
    with pytest.raises(RefusedError, match=sentence):
        console.calls_now(callback, ana)
    with pytest.raises(RefusedError, match=sentence):
        console.reschedules(callback, ana, desk.now + timedelta(hours=1))

    assert (desk.state(), desk.callback().outcome) == ("left_for_staff", outcome)
    assert desk.carrier.placed == []


def test_nobody_of_a_closed_case_is_called(
    desk: CallbackDesk, console: Console, ana: Staff, callback: Callback
) -> None:
    _left(desk, callback)
    with desk.database.transaction() as session:
        session.get_one(Case, callback.case_id).closed_at = desk.now

    with pytest.raises(RefusedError, match="is closed"):
        console.calls_now(callback, ana)


@pytest.mark.parametrize("left", [False, True])
def test_what_somebody_who_is_let_go_kept_for_themselves_goes_back_at_once(
    desk: CallbackDesk, console: Console, ana: Staff, luis: Staff, left: bool
) -> None:
    with desk.database.transaction() as session:
        boss = make_staff(session, name="Bea Demo", phone="+12025550172", role="administrator")
        state = {"state": "left_for_staff", "closed_at": desk.now} if left else {}
        callback = make_callback(session, **state)
    console.claims(callback, luis)
    console.does(hand, callback.id, luis, ana.id, desk.now, desk.office)

    with desk.database.transaction() as session:
        let_go(session, ana.id, by_id=boss.id, actor="bea@office.example.org", now=desk.now)

    assert desk.state() == ("left_for_staff" if left else "requested")
    desk.sweeps(seconds=2)
    desk.works_off()
    assert [call.to for call in desk.carrier.placed] == ([] if left else ["+12025550171"])

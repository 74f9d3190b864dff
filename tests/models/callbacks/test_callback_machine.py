"""The state table and the real rows, driven by random events in random order beside a simple model."""

import secrets
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, update

from models import AuditEntry, Call, Callback, Staff
from models.callbacks.appointment import cancel, reschedule
from models.callbacks.callback import cancel_callback, move_callback
from models.callbacks.callback_request import request_callback
from models.callbacks.callback_state import FINAL_STATES, MOVES, OPEN_STATES, OWED_STATES
from models.callbacks.claim import claim, hand, release
from models.store.base import Base
from models.store.database import Database
from models.store.refusal import RefusedError
from models.talks import leg as legs
from models.talks.hold import staff_left
from models.talks.own_call import call_now
from tests.call_center import CallCenter
from tests.conftest import ON_SQLITE
from tests.factories import NOW, make_call, make_case, make_office, make_staff

STATUSES = ("initiated", "ringing", "in-progress", "completed", "busy", "no-answer", "failed", "canceled")
#: The states that may follow each state, by the table alone.
FOLLOWS = {(before, move.after) for move in MOVES.values() for before in move.before}
#: The states that may follow by several moves between two looks.
REACHABLE = set(FOLLOWS)
for _ in OPEN_STATES:
    REACHABLE |= {(a, d) for a, b in REACHABLE for c, d in FOLLOWS if b == c}


class Hotline(RuleBasedStateMachine):
    """Three cases, two liaisons, a supervisor; callers, phones, workers and the carrier do as they like."""

    database: Database

    @initialize()
    def opens(self) -> None:
        self.call_center = CallCenter(
            self.database, make_office(policies={"carrier_calls_per_second": 100}), NOW
        )
        self.call_center.jobs.is_down = False
        with self.database.transaction() as session:
            self.cases = [make_case(session) for _ in range(3)]
            self.staff = [make_staff(session, phone=f"+1202555017{last}").id for last in range(2)]
            make_staff(session, phone="+12025550172", role="supervisor", on_shift=False)
        # Entries stay, so the trail of the examples before is still there.
        self.audited_before = max((entry.id for entry in self.call_center.rows(AuditEntry)), default=0)
        self.before: dict[int, str] = {}
        self.ended: dict[int, tuple[str, str | None]] = {}
        self.told: list[tuple[Any, str]] = []

    # Callers.

    @rule(which=st.integers(0, 2), urgency=st.sampled_from(("urgent", "other")))
    def a_caller_asks(self, which: int, urgency: str) -> None:
        case, now = self.cases[which], self.call_center.now
        with self.database.transaction() as session:
            call = make_call(session, phone="+12025550110", case_id=case.id, leg_id=secrets.token_hex(16))
        state = self.call_center.leg(str(call.leg_id))
        with self.database.transaction() as session:
            made = request_callback(
                session, call=state, number="+12025550110", urgency=urgency, reason="asked", now=now,
                due_at=now + timedelta(hours=1), next_attempt_at=now, time_zone="America/New_York",
                policy=self.call_center.policy,
            )  # fmt: skip
        assert made is not None
        self.call_center.jobs.enqueue("dial_liaison", made.id)

    @precondition(lambda self: self.before)
    @rule(data=st.data(), moves=st.booleans())
    def a_caller_cancels_or_moves(self, data: st.DataObject, moves: bool) -> None:
        callback_id = data.draw(st.sampled_from(sorted(self.before)))
        later = self.call_center.now + timedelta(minutes=1)
        with self.database.transaction() as session:
            if moves:
                move_callback(
                    session, callback_id, next_attempt_at=later, due_at=later, now=self.call_center.now
                )
            else:
                cancel_callback(session, callback_id, self.call_center.now)

    # Staff at the console.

    @precondition(lambda self: self.before)
    @rule(
        data=st.data(),
        who=st.integers(0, 1),
        what=st.sampled_from(("claim", "release", "call now", "hand", "reschedule", "cancel")),
    )
    def somebody_clicks(self, data: st.DataObject, who: int, what: str) -> None:
        callback_id = data.draw(st.sampled_from(sorted(self.before)))
        call_center, policy = self.call_center, self.call_center.policy
        jobs: list[Any] = []
        try:
            with self.database.transaction() as session:
                me, other = (session.get_one(Staff, self.staff[n]) for n in (who, 1 - who))
                match what:
                    case "claim":
                        claim(session, callback_id, me.id, call_center.now, call_center.policies)
                    case "release":
                        release(session, callback_id, me, call_center.now)
                    case "call now":
                        jobs = call_now(session, callback_id, me.id, call_center.now, policy)
                    case "hand":
                        hand(session, callback_id, me, other.id, call_center.now, call_center.policies)
                    case "reschedule":
                        at = call_center.now + timedelta(minutes=1)
                        reschedule(session, callback_id, me, at, call_center.now, policy)
                    case _:
                        cancel(session, callback_id, me, "duplicate", call_center.now, call_center.policies)
        except RefusedError:
            return
        # What was left for staff is open again, by their own hand.
        self.ended.pop(callback_id, None)
        call_center.take(jobs)

    # Phones.

    @precondition(lambda self: self.call_center.carrier.placed)
    @rule(
        data=st.data(),
        key=st.sampled_from(("accept", "pass", "safe", "not safe", "leaves")),
    )
    def somebody_presses(self, data: st.DataObject, key: str) -> None:
        call = data.draw(st.sampled_from(self.call_center.carrier.placed))
        keys: dict[str, tuple[Callable[..., Any], tuple[Any, ...], str]] = {
            "accept": (legs.accept_by_liaison, (), "liaison"),
            "pass": (legs.decline_by_liaison, (self.call_center.policy,), "liaison"),
            "safe": (legs.join_caller, (), "called_back"),
            "not safe": (legs.put_off, (self.call_center.policy,), "called_back"),
            "leaves": (staff_left, (), "liaison"),
        }
        press, more, role = keys[key]
        if self.call_center.leg(call.leg_id).role.startswith(role or ""):
            self.call_center.presses(call, press, *more)

    @precondition(lambda self: self.call_center.carrier.placed)
    @rule(data=st.data(), status=st.sampled_from(STATUSES), again=st.booleans())
    def the_carrier_tells(self, data: st.DataObject, status: str, again: bool) -> None:
        call = data.draw(st.sampled_from(self.call_center.carrier.placed))
        if call.status == "ringing" and status not in ("initiated", "ringing"):
            call.status = status
        self.call_center.tells(call, status, leg_id=call.leg_id)
        self.told.append((call, status))
        if again:
            old, word = data.draw(st.sampled_from(self.told))
            self.call_center.tells(old, word, sequence=0, leg_id=old.leg_id)

    # The hotline.

    @precondition(lambda self: self.call_center.jobs.waiting)
    @rule(data=st.data(), twice=st.booleans())
    def a_worker_does_a_job(self, data: st.DataObject, twice: bool) -> None:
        """In any order, lost, or twice."""
        name, row_id = data.draw(st.sampled_from(sorted(self.call_center.jobs.waiting)))
        self.call_center.jobs.waiting.remove((name, row_id))
        for _ in range(1 + twice):
            self.call_center.dialler.do(name, row_id)

    @rule(fate=st.sampled_from(("refused", "lost", "lost before dialling")))
    def the_next_answer_goes_wrong(self, fate: str) -> None:
        self.call_center.carrier._next = [fate]

    @rule(is_down=st.booleans(), is_deaf=st.booleans())
    def redis_and_the_carrier_come_and_go(self, is_down: bool, is_deaf: bool) -> None:
        self.call_center.jobs.is_down, self.call_center.carrier.is_deaf = is_down, is_deaf
        self.call_center.jobs.waiting.clear()

    @rule(seconds=st.sampled_from((1, 3, 20, 70, 1900)))
    def time_passes_and_the_sweeper_looks(self, seconds: int) -> None:
        self.call_center.sweeps(seconds=seconds)

    # What is always true.

    @invariant()
    def no_final_state_changes_and_every_move_is_one_of_the_table(self) -> None:
        rows = self.call_center.rows(Callback)
        for row in rows:
            before = self.before.get(row.id, "requested")
            assert before == row.state or (before, row.state) in REACHABLE
            if row.id in self.ended:
                assert (row.state, row.outcome) == self.ended[row.id]
            elif row.state in FINAL_STATES:
                assert row.closed_at is not None
                self.ended[row.id] = (row.state, row.outcome)
        self.before = {row.id: row.state for row in rows}

    @invariant()
    def a_case_is_owed_one_callback(self) -> None:
        cases = Counter(
            row.case_id for row in self.call_center.rows(Callback, Callback.state.in_(OWED_STATES))
        )
        assert all(count == 1 for count in cases.values())

    @invariant()
    def nobody_is_held_by_two_and_no_leg_serves_two(self) -> None:
        held = Counter(
            one.busy_call_id for one in self.call_center.rows(Staff, Staff.busy_call_id.is_not(None))
        )
        assert all(count == 1 for count in held.values())
        rows = self.call_center.rows(
            Callback, Callback.state.in_(("ringing_liaison", "ringing_caller", "talking"))
        )
        serving = Counter(row.liaison_call_id for row in rows)
        assert all(leg is not None and count == 1 for leg, count in serving.items())
        assert all(row.lease_until is not None or row.state == "talking" for row in rows)

    @invariant()
    def what_was_left_is_in_the_line_by_the_hand_of_staff_alone(self) -> None:
        for row in self.call_center.rows(Callback, Callback.state == "requested"):
            assert row.taken_up_at is None
            assert row.claimed_at is None

    @invariant()
    def nobody_is_rung_twice_for_one_acceptance(self) -> None:
        accepted = Counter(
            entry.target
            for entry in self.call_center.rows(
                AuditEntry, AuditEntry.action == "accept_callback", AuditEntry.id > self.audited_before
            )
        )
        made = Counter(f"callback:{leg.callback_id}" for leg in self.call_center.legs("called_back"))
        assert made == accepted
        dialled = Counter(call.leg_id for call in self.call_center.carrier.placed)
        assert all(count == 1 for count in dialled.values())

    def teardown(self) -> None:
        if not hasattr(self, "call_center"):
            return
        # Rows left by one example would change the next one, which then could not be repeated.
        with self.database.transaction() as session:
            session.execute(update(Staff).values(busy_call_id=None))
            session.execute(update(Call).values(callback_id=None, staff_id=None, parent_call_id=None))
            for table in reversed(Base.metadata.sorted_tables):
                if not table.name.startswith("audit"):
                    session.execute(delete(table))


@ON_SQLITE
@pytest.mark.timeout(300)
def test_random_events_in_random_order_keep_every_promise_in_one_hand(database: Database) -> None:
    machine = type("OnThisDatabase", (Hotline,), {"database": database})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=5,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

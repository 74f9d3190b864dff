"""Asks the carrier for a call that somebody has the right to dial, and records what is known of it.

Callbacks and notices share it: the carrier's refusals, the pace and the circuit breaker are the office's.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import time as wall_clock
from typing import Protocol

from config.office import Office
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.lone_refusal import judge_refusal, note_taken, pause_of_number, rest_phone
from models.calls import pacing
from models.calls.call import Call
from models.calls.outbound_leg import take_back_dialling
from models.calls.pacing import is_refused
from models.calls.role import NOTIFIED
from models.store.database import Database
from models.store.job import Job
from models.talks.call_event import record_call_sid
from models.talks.leg_end import leg_ended
from workers.carrier import CarrierRefused, CarrierUnknown
from workers.office_rules import callback_policy_of
from workers.queue import Jobs

log = logging.getLogger(__name__)


class DialledLeg(Protocol):
    """A leg that only its holder may dial now (``models.talks.dispatch.Dial``)."""

    @property
    def call_id(self) -> int: ...
    @property
    def leg_id(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def ring_seconds(self) -> int: ...
    @property
    def line(self) -> str | None: ...
    @property
    def taken_at(self) -> float: ...


class PlacingCarrier(Protocol):
    """What placing a call uses of the carrier."""

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int, line: str | None = None) -> str: ...
    def send_text(self, *, to: str, body: str, line: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Placer:
    """Places calls, with everything that needs. ``wait`` sleeps for a number of seconds."""

    database: Database
    carrier: PlacingCarrier
    office: Office
    jobs: Jobs
    clock: Callable[[], datetime]
    wait: Callable[[float], None]
    policy: CallbackPolicy = field(repr=False)

    @classmethod
    def of(
        cls,
        database: Database,
        carrier: PlacingCarrier,
        office: Office,
        jobs: Jobs,
        clock: Callable[[], datetime],
        wait: Callable[[float], None],
    ) -> "Placer":
        """The same, with the office's policy."""
        return cls(database, carrier, office, jobs, clock, wait, callback_policy_of(office))

    def place(self, dial: DialledLeg | None) -> None:
        """Ask the carrier with no transaction open, and then record what is known about the call."""
        if dial is None:
            return
        if abs(wall_clock() - dial.taken_at) > dial.ring_seconds:
            # The lease of a leg is longer than its ring. After it the sweeper leaves the callback to staff,
            # who may call that person themselves.
            log.warning("A worker was halted before it dialed.", extra={"call_id": dial.call_id})
            with self.database.transaction() as session:
                jobs = leg_ended(
                    session, dial.call_id, "failed", self.clock(), self.policy, actor="worker", counted=False
                )
            self.hand_on(jobs)
            return
        try:
            call_sid = self.carrier.place_call(
                to=dial.number, leg_id=dial.leg_id, ring_seconds=dial.ring_seconds, line=dial.line
            )
        except CarrierRefused as refused:
            extra = {"call_id": dial.call_id, "code": refused.code}
            log.warning("The carrier refused a call.", extra=extra)
            jobs = self._refused(dial, refused)
        except CarrierUnknown:
            # It may be ringing. An event or the leg's first document may still prove it; the sweeper decides.
            log.warning("It is not known whether a call was placed.", extra={"call_id": dial.call_id})
            with self.database.transaction() as session:
                pacing.rest(session, self.clock())
            return
        else:
            with self.database.transaction() as session:
                jobs = record_call_sid(session, dial.call_id, call_sid, self.clock(), self.policy)
                if dial.line is not None:
                    note_taken(session, dial.line)
        self.hand_on(jobs)

    def waits_until(self, slot: datetime) -> bool:
        """Wait for a slot; False if the carrier refused the account meanwhile."""
        # It may be over: the database took its time since the slot was found to be ahead.
        self.wait(max(0.0, (slot - self.clock()).total_seconds()))
        with self.database.reading() as session:
            return not is_refused(session)

    def hand_on(self, jobs: list[Job]) -> None:
        """Enqueue jobs."""
        for name, row_id in jobs:
            self.jobs.enqueue(name, row_id)

    def _refused(self, dial: DialledLeg, refused: CarrierRefused) -> list[Job]:
        """Nothing was dialed. Only a number that cannot be called counts as a try (R39)."""
        now, call_id, pause, rests = self.clock(), dial.call_id, None, None
        with self.database.transaction() as session:
            is_given_back = False
            if refused.about == "account":
                line = None if dial.line == self.office.lines[0] else dial.line
                is_alone, pause = judge_refusal(session, call_id, line, refused.code, now)
                rests = pause
                is_notice = session.get_one(Call, call_id).role == NOTIFIED
                source: pacing.Source = "notices" if is_notice else "callbacks"
                if not is_alone:
                    pacing.open_breaker(session, pacing.CALLS, refused.code, now, call_id, source)
                elif is_refused(session):
                    pacing.note_probe(session, pacing.CALLS, now, call_id, source)
                is_given_back = take_back_dialling(session, call_id)
            elif refused.about == "number":
                rests = pause_of_number(session, call_id, now)
            else:
                pacing.rest(session, now, refused.code)
            jobs = [] if is_given_back else leg_ended(
                session, call_id, "failed", now, self.policy,
                actor="worker", counted=refused.about == "number", pause=pause,
            )  # fmt: skip
            if rests is not None:
                rest_phone(session, call_id, now + rests)
            return jobs

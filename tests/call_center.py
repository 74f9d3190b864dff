"""The callback list as its tests use it: rows, a carrier that dials nobody, jobs that wait, and keys."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from config.office import Office
from models import AuditEntry, Call, Callback, CallEvent, Staff, Talk
from models.callbacks.callback_policy import CallbackPolicy
from models.calls.call_state import CallState
from models.overview.caller_state import load_by_leg
from models.store.database import Database
from models.store.job import Job
from models.store.policies import Policies
from models.talks import leg as legs
from models.talks.call_event import record_call_event
from tests.factories import NOW
from tests.fake_carrier import FakeCarrier
from workers.callbacks import Dialler
from workers.carrier import CarrierCall, CarrierRefused, CarrierUnknown
from workers.office_rules import callback_policy_of
from workers.sweeper import sweep


class CallCenterCarrier(FakeCarrier):
    """Also redirects calls and forgets statuses; ``at_place`` runs at the very moment of dialing."""

    def __init__(self) -> None:
        super().__init__()
        self.redirected: list[tuple[str, str]] = []
        self.ended: list[str] = []
        self.is_deaf = False
        self.at_place: Callable[[], None] = lambda: None

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int, line: str | None = None) -> str:
        call_sid = super().place_call(to=to, leg_id=leg_id, ring_seconds=ring_seconds, line=line)
        self.at_place()
        return call_sid

    def fetch_call(self, call_sid: str) -> CarrierCall:
        if self.is_deaf:
            raise CarrierUnknown("The carrier did not answer.")
        return super().fetch_call(call_sid)

    def redirect_call(self, call_sid: str, leg_id: str) -> None:
        if self._find(call_sid).status != "in-progress":
            raise CarrierRefused("The call is not in progress: 400.")
        self.redirected.append((call_sid, leg_id))

    def end_call(self, call_sid: str) -> None:
        self.ended.append(call_sid)
        super().end_call(call_sid)
        call = self._find(call_sid)
        call.status = "completed" if call.status == "in-progress" else call.status


class WaitingJobs:
    """A queue that a test works off; ``is_down`` is a Redis that is down."""

    def __init__(self, clock: Callable[[], datetime] = lambda: NOW) -> None:
        self.waiting: list[Job] = []
        self.is_down = False
        self._clock, self._since = clock, dict[Job, datetime]()

    def enqueue(self, name: str, row_id: int) -> bool:
        if not self.is_down:
            if (name, row_id) not in self.waiting:
                self._since[name, row_id] = self._clock()
            self.waiting.append((name, row_id))
        return not self.is_down

    def take_untaken(self, seconds: float) -> Job | None:
        """The oldest job, if no worker has taken it for ``seconds``."""
        if self.is_down or not self.waiting:
            return None
        if self._clock() - self._since[self.waiting[0]] < timedelta(seconds=seconds):
            return None
        return self.waiting.pop(0)

    def depth(self) -> int | None:
        return None if self.is_down else len(self.waiting)

    def is_up(self) -> bool:
        return not self.is_down


class CallCenter:
    """One hotline's list. ``now`` is its clock, which a test moves."""

    def __init__(self, database: Database, office: Office, now: datetime) -> None:
        self.database, self.office, self.now = database, office, now
        self.carrier, self.jobs = CallCenterCarrier(), WaitingJobs(lambda: self.now)
        #: The seconds that the carrier's pace asked workers to wait; a test does not wait.
        self.waited: list[float] = []
        self._sequence = 0

    @property
    def policy(self) -> CallbackPolicy:
        return callback_policy_of(self.office)

    @property
    def policies(self) -> Policies:
        return self.policy.numbers

    # What the workers do.

    @property
    def dialler(self) -> Dialler:
        return Dialler(
            self.database,
            self.carrier,
            self.office,
            self.jobs,
            lambda: self.now,
            self.waited.append,  # type: ignore[arg-type]
        )

    def works_off(self) -> None:
        """Do every job that waits, and those that these bring."""
        while self.jobs.waiting:
            name, row_id = self.jobs.waiting.pop(0)
            self.dialler.do(name, row_id)

    def sweeps(self, **later: float) -> None:
        """Let time pass and sweep once, without doing the jobs that it queues."""
        self.now += timedelta(**later)
        sweep(self.database, self.jobs, self.carrier, self.office, self.now, self.waited.append)  # type: ignore[arg-type]

    # What people do.

    def answers(self, call: Any) -> None:
        """Someone picks up: the leg's first document is fetched."""
        call.status = "in-progress"
        self.tells(call, "in-progress")
        with self.database.transaction() as session:
            leg = session.scalars(select(Call).where(Call.leg_id == call.leg_id)).one()
            leg.said, leg.turn = "something", leg.turn or 1

    def presses(self, call: Any, key: Callable[..., Any], *more: Any) -> Any:
        """A key on a leg; jobs that it brings wait for a worker."""
        with self.database.transaction() as session:
            leg = load_by_leg(session, call.leg_id, self.now)
            assert leg is not None
            found = key(session, leg, self.now, *more)
            callback_id = leg.callback_id
        if key is legs.accept_by_liaison and found == "accepted" and callback_id is not None:
            self.jobs.enqueue("dial_caller", callback_id)
        jobs = found[1] if isinstance(found, tuple) else found
        if isinstance(jobs, list):
            self.take(jobs)
        return found

    def leg(self, leg_id: str) -> CallState:
        with self.database.transaction() as session:
            found = load_by_leg(session, leg_id, self.now)
            assert found is not None
            return found

    def hangs_up(self, call: Any, status: str = "completed") -> None:
        call.status = status
        self.tells(call, status)

    def tells(
        self, call: Any, status: str, sequence: int | None = None, *, leg_id: str | None = None
    ) -> None:
        """The carrier reports the status of a call."""
        self._sequence += 1
        values = {
            "CallSid": call.call_sid,
            "CallStatus": status,
            "SequenceNumber": str(self._sequence if sequence is None else sequence),
        }
        with self.database.transaction() as session:
            self.take(record_call_event(session, values, self.now, self.policy, leg_id))

    def take(self, jobs: list[Job]) -> None:
        for name, row_id in jobs:
            self.jobs.enqueue(name, row_id)

    # What the rows tell.

    def rows(self, kind: type[Any], *where: Any) -> list[Any]:
        with self.database.reading() as session:
            found = list(session.scalars(select(kind).where(*where).order_by(*kind.__table__.primary_key)))
            # Detached: the rows keep their values after the end of the session.
            session.expunge_all()
            return found

    def callback(self) -> Callback:
        (found,) = self.rows(Callback)
        assert isinstance(found, Callback)
        return found

    def talk(self) -> Talk:
        (found,) = self.rows(Talk)
        assert isinstance(found, Talk)
        return found

    def state(self) -> str:
        return self.callback().state

    def busy(self) -> int:
        return len(self.rows(Staff, Staff.busy_call_id.is_not(None)))

    def legs(self, role: str) -> list[Call]:
        return self.rows(Call, Call.role == role)

    def audited(self) -> list[str]:
        return [entry.action for entry in self.rows(AuditEntry)]

    def events(self) -> list[CallEvent]:
        return self.rows(CallEvent)


def accept(call_center: CallCenter) -> tuple[Any, Any]:
    """Ring a liaison who accepts, then the caller; returns the two calls placed last."""
    call_center.works_off()
    liaison = call_center.carrier.placed[-1]
    call_center.answers(liaison)
    assert call_center.presses(liaison, legs.accept_by_liaison) == "accepted"
    call_center.works_off()
    return liaison, call_center.carrier.placed[-1]

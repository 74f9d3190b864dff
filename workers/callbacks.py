"""The jobs of the callback list. Each takes one row's id, and asks the carrier with no transaction open."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import configure_mappers

from config.office import Office
from config.settings import Settings
from models.call import CALLS
from models.call_event import record_call_sid
from models.call_status import LEAVING, bring_forward
from models.callback_policy import CallbackPolicy
from models.database import Database
from models.dispatch import Dial, claim_callback, ring_caller, ring_liaison
from models.joiner import dial_joiner
from models.keyring import Keyring
from models.leg_end import Job, leg_ended
from workers.carrier import Carrier, CarrierRefused, CarrierUnknown
from workers.queue import Jobs

log = logging.getLogger(__name__)


class CallCarrier(Protocol):
    """What a worker asks of the carrier; ``workers.carrier.Carrier`` and the suite's fake both do it."""

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int) -> str: ...
    def fetch_status(self, call_sid: str) -> str: ...
    def end_call(self, call_sid: str) -> None: ...
    def redirect_call(self, call_sid: str, leg_id: str) -> None: ...


class Dialler:
    """Does the jobs, with everything they need at hand; run twice, each job rings nobody twice."""

    def __init__(
        self,
        database: Database,
        carrier: CallCarrier,
        office: Office,
        jobs: Jobs,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._carrier, self._office = database, carrier, office
        self._jobs, self._clock = jobs, clock
        self._policy = CallbackPolicy.of(office)

    def dial_liaison(self, callback_id: int) -> None:
        """Claim a due callback, hold the liaison whose turn it is, and ring them."""
        with self._database.transaction() as session:
            if not claim_callback(session, callback_id, self._clock(), self._policy):
                return
        with self._database.transaction() as session:
            dial = ring_liaison(session, callback_id, self._clock(), self._policy)
        self._place(dial)

    def dial_caller(self, callback_id: int) -> None:
        """Ring the person of an accepted callback, once for one acceptance."""
        with self._database.transaction() as session:
            dial, jobs = ring_caller(session, callback_id, self._clock(), self._policy)
        self._hand_on(jobs)
        self._place(dial)

    def ring_joiner(self, call_id: int) -> None:
        """Ring a colleague or an interpreter into a talk that goes on, once."""
        with self._database.transaction() as session:
            found = dial_joiner(session, call_id)
        if found is not None:
            leg_id, number = found
            self._place(Dial(call_id, leg_id, number, self._policy.liaison_ring_seconds))

    def move_leg(self, call_id: int) -> None:
        """Send a leg that goes on to its own address, where it hears how its talk stands now."""
        with self._database.reading() as session:
            leg = session.execute(
                select(CALLS.c.call_sid, CALLS.c.leg_id).where(
                    CALLS.c.id == call_id, CALLS.c.ended_at.is_(None)
                )
            ).first()
        if leg is None or leg.call_sid is None or leg.leg_id is None:
            return
        try:
            self._carrier.redirect_call(leg.call_sid, leg.leg_id)
        except (CarrierRefused, CarrierUnknown):
            # The leg looks by itself soon, or its end is told.
            log.info("A leg could not be moved.", extra={"call_id": call_id})

    def release_leg(self, call_id: int) -> None:
        """Let go of a leg whose callback went on without it: who answered hears so, else it stops ringing."""
        with self._database.transaction() as session:
            leg = session.execute(select(CALLS).where(CALLS.c.id == call_id)).first()
            if leg is None or leg.call_sid is None or not bring_forward(session, call_id, LEAVING):
                return
        try:
            if leg.said:
                self._carrier.redirect_call(leg.call_sid, leg.leg_id)
                return
        except CarrierRefused:
            log.info("A leg was not in progress and is ended instead.")
        try:
            self._carrier.end_call(leg.call_sid)
        except CarrierRefused:
            log.info("A leg was over before it could be ended.")

    def _place(self, dial: Dial | None) -> None:
        """Ask the carrier, with no transaction open, and record what is known of the call afterwards."""
        if dial is None:
            return
        try:
            call_sid = self._carrier.place_call(
                to=dial.number, leg_id=dial.leg_id, ring_seconds=dial.ring_seconds
            )
        except CarrierRefused as refused:
            log.warning("The carrier refused a call.", extra={"call_id": dial.call_id})
            with self._database.transaction() as session:
                jobs = leg_ended(
                    session, dial.call_id, "failed", self._clock(), self._office,
                    actor="worker", counted=refused.counts,
                )  # fmt: skip
        except CarrierUnknown:
            # It may be ringing. An event or the leg's first document may still prove it; the sweeper decides.
            log.warning("It is not known whether a call was placed.", extra={"call_id": dial.call_id})
            return
        else:
            with self._database.transaction() as session:
                jobs = record_call_sid(session, dial.call_id, call_sid, self._clock(), self._office)
        self._hand_on(jobs)

    def _hand_on(self, jobs: list[Job]) -> None:
        for name, row_id in jobs:
            self._jobs.enqueue(name, row_id)


def dial_liaison(callback_id: int) -> None:
    """Job: ring the next liaison for a callback."""
    _run(lambda: _dialler().dial_liaison(callback_id), "dial_liaison", callback_id)


def dial_caller(callback_id: int) -> None:
    """Job: ring the person of an accepted callback."""
    _run(lambda: _dialler().dial_caller(callback_id), "dial_caller", callback_id)


def ring_joiner(call_id: int) -> None:
    """Job: ring a colleague or an interpreter into a talk."""
    _run(lambda: _dialler().ring_joiner(call_id), "ring_joiner", call_id)


def move_leg(call_id: int) -> None:
    """Job: take a leg to where the rows say it belongs."""
    _run(lambda: _dialler().move_leg(call_id), "move_leg", call_id)


def release_leg(call_id: int) -> None:
    """Job: let go of a leg whose callback went on without it."""
    _run(lambda: _dialler().release_leg(call_id), "release_leg", call_id)


def equip(settings: Settings) -> None:
    """Tell this process, before it forks for a job, what its jobs will need. Opens no connection.

    What every job would otherwise read or build anew in its own process is made here once.
    """
    configure_mappers()
    Carrier.warm_up()
    _equipment.clear()
    _equipment.append((settings, Office.load(settings.office_file, settings.office_always_open)))


def _run(job: Callable[[], None], name: str, row_id: int) -> None:
    try:
        job()
    except Exception:
        # Nothing is raised to RQ: it would keep the message, which may quote a person's data, in Redis.
        # The row is the policy: whatever is left undone is found there by the sweeper.
        log.exception("A job failed.", extra={"job": name, "row_id": row_id})


_equipment: list[tuple[Settings, Office]] = []


@lru_cache(maxsize=1)
def _dialler() -> Dialler:
    """Made in the process that does the job, since no connection may be shared across a fork."""
    settings, office = _equipment[-1]
    keyring = Keyring(settings.field_keys, settings.secret_key)
    database = Database(settings.database_url, keyring, pool_size=1)
    return Dialler(database, Carrier(settings, office.lines[0]), office, Jobs(settings.queue_url))

"""The jobs of the callback list. Each gets one row's id, and asks the carrier with no transaction open."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.office import Office
from models.callbacks.callback import CALLBACKS
from models.calls import pacing
from models.calls.call import CALLS
from models.calls.call_status import FINAL_CALL_STATUSES, LEAVING, LONG_AGO, bring_forward, take_back_leaving
from models.calls.outbound_leg import mark_dialling
from models.calls.pacing import is_refused
from models.calls.role import CALLED_BACK, NOTIFIED
from models.store.database import Database
from models.store.job import Job
from models.talks import own_call, queue_turn
from models.talks.dispatch import (
    CALLER_PATIENCE,
    Dial,
    ring_caller,
    ring_first,
    ring_next,
    take_caller_slot,
    undialled_caller,
)
from models.talks.joiner import MISSED, TOLD, dial_joiner, missed_in, take_joiner_slot
from models.talks.left_behind import is_left_behind
from models.talks.leg_end import leg_ended
from models.talks.queue_ring import dial_direct
from workers.alerts import AlertSender
from workers.carrier import NO_SUCH_CODE, CarrierCall, CarrierRefused, CarrierUnknown
from workers.notices import NoticeCaller
from workers.office_rules import callback_policy_of
from workers.office_watch import OfficeWatch
from workers.placing import Placer
from workers.queue import Jobs

log = logging.getLogger(__name__)


class CallCarrier(Protocol):
    """What a worker uses of the carrier; both ``workers.carrier.Carrier`` and the tests' fake provide it."""

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int, line: str | None = None) -> str: ...
    def fetch_call(self, call_sid: str) -> CarrierCall: ...
    def end_call(self, call_sid: str) -> None: ...
    def redirect_call(self, call_sid: str, leg_id: str) -> None: ...
    def tell_missed(self, call_sid: str, conference: str, leg_id: str) -> None: ...
    def send_text(self, *, to: str, body: str, line: str | None = None) -> None: ...


class Dialler:
    """Does the jobs, with everything they need; a job that runs twice calls nobody twice."""

    def __init__(
        self,
        database: Database,
        carrier: CallCarrier,
        office: Office,
        jobs: Jobs,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait: Callable[[float], None] = time.sleep,
        patience: timedelta = CALLER_PATIENCE,
    ) -> None:
        """``wait`` sleeps for a number of seconds, until the slot that the carrier's pace allows.

        ``patience``: how far in the future a slot for a caller's leg may be.
        """
        self._database, self._carrier, self._office = database, carrier, office
        self._jobs, self._clock, self._wait, self._patience = jobs, clock, wait, patience
        self._policy = callback_policy_of(office)
        self._placer = Placer(database, carrier, office, jobs, clock, wait, self._policy)
        self._notices = NoticeCaller(self._placer)

    def with_office(self, office: Office) -> "Dialler":
        """The same for the office as it is now."""
        return Dialler(
            self._database, self._carrier, office, self._jobs, self._clock, self._wait, self._patience
        )

    def do(self, name: str, row_id: int) -> None:
        """Do one job by its name."""
        METHODS[name](self, row_id)

    def dial_liaison(self, callback_id: int) -> None:
        """Reserve the liaison whose turn it is for the first callback on the list, and call them.

        The id is a hint that this callback may be due: the list decides who is served first.
        """
        now = self._clock()
        with self._database.transaction() as session:
            slot, dial = ring_next(session, callback_id, now, self._policy)
        if slot is not None and slot.at > now and self._placer.waits_until(slot.at):
            with self._database.transaction() as session:
                dial = ring_first(session, self._clock(), self._policy)
        self._placer.place(dial)

    def dial_caller(self, callback_id: int) -> None:
        """Call the person of an accepted callback, once per acceptance."""
        now, dial, jobs = self._clock(), None, list[Job]()
        with self._database.transaction() as session:
            slot = take_caller_slot(session, callback_id, now, self._policy, self._patience)
            if slot is not None and slot.at <= now:
                dial, jobs = ring_caller(session, callback_id, now, self._policy)
            elif slot is None and is_refused(session):
                jobs = self._give_back(session, undialled_caller(session, callback_id))
        if slot is not None and slot.at > now:
            may_dial = self._placer.waits_until(slot.at)
            with self._database.transaction() as session:
                if may_dial:
                    dial, jobs = ring_caller(session, callback_id, self._clock(), self._policy)
                else:
                    jobs = self._give_back(session, undialled_caller(session, callback_id))
        self._placer.hand_on(jobs)
        self._placer.place(dial)

    def ring_taker(self, call_id: int) -> None:
        """Call a staff member who asked to be called for a callback, once."""
        now = self._clock()
        with self._database.transaction() as session:
            wanted = own_call.is_wanted(session, call_id)
            slot = (
                pacing.take_slot(session, now, self._policy.call_interval, self._patience) if wanted else None
            )
            jobs = (
                self._give_back(session, call_id) if wanted and slot is None and is_refused(session) else []
            )
        self._placer.hand_on(jobs)
        if slot is None or (slot > now and not self._placer.waits_until(slot)):
            return
        with self._database.transaction() as session:
            dial = own_call.dial_taker(session, call_id, self._clock(), self._policy)
        self._placer.place(dial)

    def ring_joiner(self, call_id: int) -> None:
        """Call a colleague or an interpreter into a current talk, once."""
        self._ring_for_waiting(call_id, dial_joiner)

    def ring_direct(self, call_id: int) -> None:
        """Call a liaison for a caller who waits at 0, once."""
        self._ring_for_waiting(call_id, dial_direct)

    def _ring_for_waiting(self, call_id: int, take: Callable[[Session, int], tuple[str, str] | None]) -> None:
        now, found = self._clock(), None
        with self._database.transaction() as session:
            slot = take_joiner_slot(session, call_id, now, self._policy.call_interval, self._patience)
            if slot is not None and slot <= now:
                found = take(session, call_id)
        if slot is not None and slot > now and self._placer.waits_until(slot):
            with self._database.transaction() as session:
                found = take(session, call_id)
        if found is not None:
            leg_id, number = found
            self._placer.place(Dial(call_id, leg_id, number, self._policy.numbers.liaison_ring_seconds))

    def move_leg(self, call_id: int) -> None:
        """Send a leg in progress to its own address, where it hears the current state of its talk."""
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
        except CarrierRefused:
            self._end_if_over(call_id, leg.call_sid)
        except CarrierUnknown:
            # The leg polls soon by itself, its end is reported, or the sweeper moves it.
            log.info("A leg could not be moved.", extra={"call_id": call_id})

    def tell_missed(self, call_id: int) -> None:
        """Tell staff in a talk, and not the caller, that someone called into it is not coming."""
        with self._database.transaction() as session:
            found = missed_in(session, call_id)
        if found is None:
            return
        leg_id, conference, staff = found
        try:
            for call_sid in staff:
                self._carrier.tell_missed(call_sid, conference, leg_id)
        except (CarrierRefused, CarrierUnknown):
            # They hear so at their next star.
            log.info("Staff could not be told who does not come.", extra={"call_id": call_id})
            return
        with self._database.transaction() as session:
            session.execute(
                update(CALLS)
                .where(CALLS.c.id == call_id, CALLS.c.missed_state == MISSED)
                .values(missed_state=TOLD)
            )

    def fetch_caller(self, call_id: int) -> None:
        """Connect a caller at the head of the call queue to a free liaison, and tell them who is called."""
        now = self._clock()
        with self._database.transaction() as session:
            found = queue_turn.fetch(session, call_id, now, is_open=self._policy.is_open(now))
        if found is None:
            return
        try:
            self._carrier.redirect_call(*found)
        except CarrierRefused:
            self._end_if_over(call_id, found[0])
        except CarrierUnknown:
            # The caller's leg polls by itself in some seconds.
            log.info("A caller in the call queue could not be fetched.", extra={"call_id": call_id})

    def _end_if_over(self, call_id: int, call_sid: str) -> None:
        """A call that cannot be moved may be over without an event; the consequences must not wait."""
        try:
            call = self._carrier.fetch_call(call_sid)
        except (CarrierRefused, CarrierUnknown):
            log.info("It is not known how a call stands that could not be moved.", extra={"call_id": call_id})
            return
        if call.status in FINAL_CALL_STATUSES:
            with self._database.transaction() as session:
                jobs = leg_ended(
                    session, call_id, call.status, self._clock(), self._policy, actor="worker",
                    ended_at=call.ended_at or LONG_AGO,
                )  # fmt: skip
            self._placer.hand_on(jobs)

    def release_leg(self, call_id: int) -> None:
        """Release a leg whose callback went on without it: tell a person who answered, else stop the ringing.

        A person called back who pressed no key hears nothing more: a machine would record it (R31). A leg
        that is still in use is left alone, whoever asked for its release.
        """
        with self._database.transaction() as session:
            if not is_left_behind(session, call_id):
                return
            leg = session.execute(
                select(CALLS, CALLBACKS.c.talking_at)
                .outerjoin(CALLBACKS, CALLBACKS.c.id == CALLS.c.callback_id)
                .where(CALLS.c.id == call_id)
            ).first()
            if leg is None or leg.call_sid is None or not bring_forward(session, call_id, LEAVING):
                return
        try:
            may_be_machine = leg.role == NOTIFIED or (leg.role == CALLED_BACK and leg.talking_at is None)
            is_told = bool(leg.said) and not may_be_machine
            self._let_go(leg.call_sid, leg.leg_id, is_told=is_told)
        except (CarrierRefused, CarrierUnknown):
            # A person on it may be waiting in an empty conference and was not told yet; the next pass tells
            # them.
            log.warning("It is not known whether a leg was let go of.", extra={"call_id": call_id})
            with self._database.transaction() as session:
                take_back_leaving(session, call_id)

    def _let_go(self, call_sid: str, leg_id: str, *, is_told: bool) -> None:
        """Raises CarrierUnknown, and CarrierRefused when the leg may go on: the carrier did not do it now."""
        try:
            if is_told:
                self._carrier.redirect_call(call_sid, leg_id)
                return
        except CarrierRefused as refused:
            if refused.is_for_now:
                raise
            log.info("A leg was not in progress and is ended instead.")
        try:
            self._carrier.end_call(call_sid)
        except CarrierRefused as refused:
            # An account that is refused says nothing about the call: a phone may ring, or somebody may wait.
            if refused.is_for_now or not self._is_over(call_sid):
                raise
            log.info("A leg was over before it could be ended.")

    def _is_over(self, call_sid: str) -> bool:
        """Raises CarrierRefused or CarrierUnknown when the carrier does not tell."""
        try:
            return self._carrier.fetch_call(call_sid).status in FINAL_CALL_STATUSES
        except CarrierRefused as refused:
            if refused.code != NO_SUCH_CODE:
                raise
            return True

    def dial_notice(self, notice_id: int) -> None:
        """Call a registrant about a notice, or the next of their phones."""
        self._notices.dial(notice_id)

    def text_notice(self, notice_phone_id: int) -> None:
        """Text a phone to call the line, once for each notice."""
        self._notices.text(notice_phone_id)

    def send_alert(self, alert_id: int) -> None:
        """Tell a staff member once that promises are at risk."""
        sender = AlertSender(self._database, self._carrier, self._office, self._clock, self._wait)
        self._placer.hand_on(sender.send(alert_id))

    def _give_back(self, session: Session, call_id: int | None) -> list[Job]:
        """While the account is refused nobody waits for a leg; its callback is returned, no try counted."""
        if call_id is None or not mark_dialling(session, call_id):
            return []
        return leg_ended(
            session, call_id, "failed", self._clock(), self._policy, actor="worker", counted=False
        )


#: The method for each job of ``workers.own_job.JOBS``.
METHODS: dict[str, Callable[[Dialler, int], None]] = {
    "dial_liaison": Dialler.dial_liaison,
    "dial_caller": Dialler.dial_caller,
    "ring_direct": Dialler.ring_direct,
    "ring_taker": Dialler.ring_taker,
    "ring_joiner": Dialler.ring_joiner,
    "move_leg": Dialler.move_leg,
    "release_leg": Dialler.release_leg,
    "send_alert": Dialler.send_alert,
    "fetch_caller": Dialler.fetch_caller,
    "tell_missed": Dialler.tell_missed,
    "dial_notice": Dialler.dial_notice,
    "text_notice": Dialler.text_notice,
}


def do_job(name: str, row_id: int) -> None:
    """Do one job of the queue; the only function that RQ calls."""
    try:
        _dialler().do(name, row_id)
    except Exception:
        # Nothing is raised to RQ: it would store the message, which may quote a person's data, in Redis. The
        # row is the policy: the sweeper finds any unfinished work there.
        log.exception("A job failed.", extra={"job": name, "row_id": row_id})


def take_equipment(dialler: Dialler, watch: OfficeWatch) -> None:
    """Set what the jobs of this process work with; see ``workers/equipment.py``."""
    _equipment[:] = [(dialler, watch)]


_equipment: list[tuple[Dialler, OfficeWatch]] = []


def _dialler() -> Dialler:
    """For the office as it is now, by one look-up by key.

    After a restart of the database this look is the one that fails, and raises nothing: the job has a new
    connection.
    """
    dialler, watch = _equipment[-1]
    if watch.look():
        dialler = dialler.with_office(watch.office)
        take_equipment(dialler, watch)
    return dialler

"""Asks the carrier about legs without news in time, and applies what it reports."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from config.office import Office
from models.callbacks.callback import Callback, locked
from models.callbacks.callback_state import RINGING_STATES
from models.callbacks.liaison import free_liaison
from models.callbacks.lone_refusal import rest_if_failed
from models.callbacks.next_try import leave_for_staff
from models.calls.call import Call
from models.calls.call_status import DIALLING, FINAL_CALL_STATUSES, LONG_AGO
from models.notices import leg_over
from models.notices.placing import live_legs
from models.store.database import Database
from models.store.job import Job
from models.talks.leg_end import leg_ended
from models.talks.stranded import LiveLeg, legs_of
from workers.callbacks import CallCarrier
from workers.carrier import CarrierCall, CarrierRefused, CarrierUnknown
from workers.office_rules import callback_policy_of

log = logging.getLogger(__name__)

#: How long the carrier is asked again if it cannot report a lapsed leg's state; then a person decides.
ASK_AGAIN = timedelta(seconds=5)


class LegEnd(NamedTuple):
    """The end of a leg as the carrier reports it; of several the earlier one sorts first."""

    ended_at: datetime
    leg_id: int
    call_status: str


class Mender:
    """Repairs callbacks one at a time, with no transaction open while the carrier is asked."""

    def __init__(
        self,
        database: Database,
        carrier: CallCarrier,
        office: Office,
        now: datetime,
        hand_on: Callable[[Job], None],
    ) -> None:
        self._database, self._carrier, self._office, self._now = database, carrier, office, now
        self._hand_on = hand_on
        self._policy = callback_policy_of(office)

    def look_after(self, callback_id: int) -> None:
        """Find the state of a lapsed callback's legs: ended, live, or unknown and left for a person."""
        with self._database.reading() as session:
            callback = session.get(Callback, callback_id)
            if callback is None or callback.state not in RINGING_STATES:
                return
            is_long_lapsed = self._is_long_lapsed(callback)
            legs = legs_of(session, callback)
        calls = [(leg.id, self._call_of(leg)) for leg in legs if not leg.is_over]
        over = [end for leg_id, call in calls if (end := _end_of(leg_id, call)) is not None]
        for end in sorted(over):
            self.apply_end(end)
        if over:
            return
        words = {call.status for _, call in calls}
        if "unknown" in words or ("no news" in words and is_long_lapsed):
            self._leave(callback_id)
        elif "no news" not in words:
            self._extend(callback_id)

    def look_after_notice(self, notice_id: int) -> None:
        """Find the state of a lapsed notice's legs: ended, live, or unknown.

        One that is unknown counts as a call that nobody answered: had somebody, their key would have told us.
        A notice is repeated until it is confirmed, so the next try follows at its usual time (R28).
        """
        with self._database.reading() as session:
            legs = [self._row(session, call_id) for call_id in live_legs(session, notice_id)]
            is_long_lapsed = notice_id in leg_over.lapsed_notices(session, self._now - ASK_AGAIN)
        calls = [(leg.id, self._call_of(leg)) for leg in legs]
        if any(call.status == "unknown" for _, call in calls):
            log.warning(
                "A call's fate is unknown; it counts as a try of its notice.", extra={"row_id": notice_id}
            )
            calls = [
                (leg_id, CarrierCall("no-answer") if call.status == "unknown" else call)
                for leg_id, call in calls
            ]
        over = [end for leg_id, call in calls if (end := _end_of(leg_id, call)) is not None]
        for end in sorted(over):
            self.apply_end(end)
        words = {call.status for _, call in calls if call.status not in FINAL_CALL_STATUSES}
        with self._database.transaction() as session:
            if words and ("no news" not in words or is_long_lapsed):
                leg_over.go_on(session, notice_id, self._now, self._policy)
            elif not words:
                leg_over.resume_forgotten(session, notice_id, self._now, self._policy)

    def find_end(self, call_id: int) -> LegEnd | None:
        """The end of a leg that may be over, to be applied; None when the carrier knows of none."""
        return _end_of(call_id, self._call_of(self._leg(call_id)))

    def apply_end(self, end: LegEnd) -> None:
        """Apply the consequences of a leg's end."""
        with self._database.transaction() as session:
            jobs = leg_ended(
                session, end.leg_id, end.call_status, self._now, self._policy, actor="sweeper",
                ended_at=end.ended_at,
            )  # fmt: skip
            if end.call_status == "failed":
                rest_if_failed(session, end.leg_id, self._now)
        self._hand_on_all(jobs)

    def end_forgotten(self, call_id: int) -> None:
        """Check a leg that was told to end long ago and still reserves a liaison; if live, end it again."""
        leg = self._leg(call_id)
        end = _end_of(call_id, self._call_of(leg))
        if end is not None:
            self.apply_end(end)
        elif leg.call_sid is not None:
            try:
                self._carrier.end_call(leg.call_sid)
            except CarrierUnknown:
                log.info("A leg that should be over could not be ended; the next pass tells it again.")
            except CarrierRefused as refused:
                if refused.is_for_now:
                    log.info(
                        "A leg that should be over could not be ended now; the next pass tells it again."
                    )
                    return
                # The leg is not in progress, so it reserves nobody. Freeing a liaison calls nobody.
                with self._database.transaction() as session:
                    free_liaison(session, call_id, self._now)

    def _leg(self, call_id: int) -> LiveLeg:
        with self._database.reading() as session:
            return self._row(session, call_id)

    @staticmethod
    def _row(session: Session, call_id: int) -> LiveLeg:
        row = session.get_one(Call, call_id)
        return LiveLeg(row.id, row.call_sid, row.call_status, row.ended_at is not None)

    def _call_of(self, leg: LiveLeg) -> CarrierCall:
        """The leg's call; status ``unknown`` if never confirmed, ``no news`` if it must be asked again."""
        if leg.call_sid is None:
            return CarrierCall("unknown" if leg.call_status == DIALLING else "not dialled")
        try:
            return self._carrier.fetch_call(leg.call_sid)
        except (CarrierRefused, CarrierUnknown):
            return CarrierCall("no news")

    def _leave(self, callback_id: int) -> None:
        """Nobody knows whether somebody was called: a person decides, and nobody is called again (Legs)."""
        with self._database.transaction() as session:
            callback = locked(session, callback_id)
            if callback is None or not self._has_lapsed(callback):
                return
            liaison_leg = callback.liaison_call_id
            outcome = "unknown_offer" if callback.caller_call_id is None else "unknown_call"
            jobs = leave_for_staff(session, callback, self._now, "sweeper", outcome)
            leg = session.get(Call, liaison_leg) if liaison_leg is not None else None
            if jobs and leg is not None and leg.call_sid is None:
                # The carrier never reported this call, so it will not report its end either.
                free_liaison(session, leg.id, self._now)
        log.warning(
            "A call's fate is unknown; its callback is left for staff.", extra={"row_id": callback_id}
        )
        self._hand_on_all(jobs)

    def _extend(self, callback_id: int) -> None:
        with self._database.transaction() as session:
            callback = locked(session, callback_id)
            if callback is not None and self._has_lapsed(callback):
                callback.lease_until = self._now + self._policy.lease

    def _has_lapsed(self, callback: Callback) -> bool:
        ringing = callback.state in RINGING_STATES
        return ringing and callback.lease_until is not None and callback.lease_until < self._now

    def _is_long_lapsed(self, callback: Callback) -> bool:
        return callback.lease_until is not None and callback.lease_until + ASK_AGAIN < self._now

    def _hand_on_all(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._hand_on(job)


def _end_of(leg_id: int, call: CarrierCall) -> LegEnd | None:
    over = call.status in FINAL_CALL_STATUSES
    return LegEnd(call.ended_at or LONG_AGO, leg_id, call.status) if over else None

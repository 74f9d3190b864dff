"""Sends one alert to a staff member, by text or by call, with no transaction open meanwhile."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol

from config.office import Office
from ivr_flows.prompts import Prompts
from models.callbacks.lone_refusal import judge_refusal, rest_phone
from models.calls import pacing
from models.calls.alert_sending import Ending, Sending, begin_alert, channel_of, end_alert
from models.notices.escalation import untell
from models.staff.alert import prompt_of
from models.store.database import Database
from models.store.job import Job
from models.talks.call_event import record_call_sid
from models.talks.leg_end import leg_ended
from workers.carrier import CarrierRefused, CarrierUnknown
from workers.office_rules import callback_policy_of

log = logging.getLogger(__name__)

_PATIENCE = timedelta(seconds=1)


class AlertCarrier(Protocol):
    """What sending an alert uses of the carrier."""

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int) -> str: ...
    def send_text(self, *, to: str, body: str) -> None: ...


class AlertSender:
    """Sends alerts; an alert that is run twice is sent once."""

    def __init__(
        self,
        database: Database,
        carrier: AlertCarrier,
        office: Office,
        clock: Callable[[], datetime],
        wait: Callable[[float], None],
    ) -> None:
        self._database, self._carrier, self._office = database, carrier, office
        self._policy = callback_policy_of(office)
        self._clock, self._wait = clock, wait

    def send(self, alert_id: int) -> list[Job]:
        """Send it, unless it was already begun or the carrier's pace has no slot for its call now."""
        now = self._clock()
        with self._database.transaction() as session:
            channel = channel_of(session, alert_id)
            slot: datetime | None = now
            if channel == "text" and not pacing.may_text(session, now):
                slot = None
            if channel == "call":
                interval = self._policy.call_interval
                slot = pacing.take_slot(session, now, interval, _PATIENCE)
        if channel is None or slot is None:
            return []
        if slot > now:
            self._wait((slot - now).total_seconds())
        with self._database.transaction() as session:
            sending = begin_alert(session, alert_id, self._clock())
        return [] if sending is None else self._deliver(sending)

    def _deliver(self, sending: Sending) -> list[Job]:
        call_sid = ""
        try:
            if sending.leg_id is None:
                self._carrier.send_text(to=sending.number, body=self._text(sending))
            else:
                call_sid = self._carrier.place_call(
                    to=sending.number,
                    leg_id=sending.leg_id,
                    ring_seconds=self._policy.numbers.liaison_ring_seconds,
                )
        except CarrierRefused as refused:
            log.warning("The carrier refused an alert.", extra={"alert_id": sending.alert_id})
            is_of_phone = refused.about == "number" or self._slow_down(sending, refused)
            how: Ending = "refused" if is_of_phone else "not asked"
            return self._end(sending, how, code=refused.code)
        except CarrierUnknown:
            log.warning("It is not known whether an alert was sent.", extra={"alert_id": sending.alert_id})
            with self._database.transaction() as session:
                pacing.rest(session, self._clock(), kind=_kind_of(sending))
            return self._end(sending, "unknown")
        return self._end(sending, "sent", call_sid)

    def _end(
        self, sending: Sending, how: Ending, call_sid: str = "", *, code: int | None = None
    ) -> list[Job]:
        now = self._clock()
        with self._database.transaction() as session:
            if end_alert(session, sending.alert_id, how, now, code=code):
                untell(session, sending.level)
            if sending.call_id is None:
                if how == "sent":
                    pacing.close_breaker(session, pacing.TEXTS, now)
                return []
            if call_sid:
                return record_call_sid(session, sending.call_id, call_sid, now, self._policy)
            if how != "unknown":
                return leg_ended(session, sending.call_id, "failed", now, self._policy, actor="worker")
            return []

    def _slow_down(self, sending: Sending, refused: CarrierRefused) -> bool:
        """The account is refused, or the carrier accepts nothing now (R39); True if it is only this phone."""
        kind, now = _kind_of(sending), self._clock()
        with self._database.transaction() as session:
            if refused.about != "account":
                pacing.rest(session, now, refused.code, kind)
                return False
            pause = None
            if sending.call_id is not None:
                _, pause = judge_refusal(session, sending.call_id, None, refused.code, now)
            if sending.call_id is None or pause is None:
                pacing.open_breaker(session, kind, refused.code, now, sending.call_id, "alerts")
                return False
            rest_phone(session, sending.call_id, now + pause)
            return True

    def _text(self, sending: Sending) -> str:
        language = sending.language
        if language not in self._office.languages:
            language = self._office.languages[0]
        opening = _prompts(self._office.languages).text(
            language, "alert.opening", line=self._office.neutral_name[language]
        )
        return f"{opening} " + _prompts(self._office.languages).text(
            language, prompt_of(sending.level, sending.promises), count=str(sending.promises)
        )


def _kind_of(sending: Sending) -> pacing.Kind:
    return pacing.TEXTS if sending.call_id is None else pacing.CALLS


@lru_cache(maxsize=1)
def _prompts(languages: tuple[str, ...]) -> Prompts:
    return Prompts.load(languages)

"""Hears the STOP of a text that the line has missed, and stops that phone (R33).

The carrier sends a text to the line once: if the web or the database is down at that moment, or its token is
wrong, nobody hears it, and the phone would be called on. The sweeper asks the carrier for the texts of late.
"""

import logging
from datetime import datetime, timedelta
from typing import Protocol

from config.office import Office
from models.calls.heard_text import hear_once, unheard
from models.calls.pacing import CALLS, SIGN_IN_CODE, forget_refusals, refusals, taking_none
from models.calls.stop_words import stop_language
from models.overview.phone_stop import is_let_ring_since, stop_phone
from models.store.database import Database
from models.store.job import Job
from workers.carrier import CarrierRefused, CarrierUnknown, ReceivedText
from workers.office_rules import callback_policy_of

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(minutes=2)
#: How far back the first time: also over the texts since a backup that was restored.
REACH = timedelta(days=3)
#: How far back of the time before: a text may be listed late.
OVERLAP = timedelta(hours=1)


class TextCarrier(Protocol):
    """The part of ``workers.carrier.Carrier`` that lists texts."""

    def texts_since(self, line: str, since: datetime) -> list[ReceivedText]: ...


class Queue(Protocol):
    """Where jobs go; a job that is lost is found by the sweep."""

    def enqueue(self, name: str, row_id: int) -> bool: ...


class MissedTexts:
    """The sweeper's part: asks every two minutes, unless the carrier refuses our calls for another reason
    than that it does not let us in: an answer shows that it does again.

    Until the carrier's first answer it asks before every pass: after a power cut the network may come up
    later than the line.
    """

    def __init__(self, database: Database, carrier: TextCarrier, jobs: Queue) -> None:
        self._database, self._carrier, self._jobs = database, carrier, jobs
        self._next_look: datetime | None = None
        self._heard_until: datetime | None = None
        self._is_answered = False
        self._failure_is_logged = False

    def look(self, office: Office, now: datetime) -> None:
        """Hear what was missed, if it is time. An error leaves it to the next time."""
        # A clock that was set back since ends the wait.
        if self._next_look is not None and now < self._next_look <= now + LOOK_EVERY:
            return
        self._next_look = now + LOOK_EVERY
        try:
            with self._database.reading() as session:
                found = refusals(session)
                if any(one.kind == CALLS and one.code != SIGN_IN_CODE for one in found):
                    return
                is_in_trouble = bool(found) or taking_none(session) is not None
            since = self._since(now)
            are_heard = [
                self._hear(self._carrier.texts_since(line, since), office, now) for line in office.lines
            ]
            if is_in_trouble:
                with self._database.transaction() as session:
                    forget_refusals(session, now)
        except (CarrierRefused, CarrierUnknown) as fault:
            # Once until it works again: before the carrier's first answer it is asked at every pass.
            if not self._failure_is_logged:
                log.warning("The texts of late could not be listed (%s).", type(fault).__name__)
            self._failure_is_logged = True
            if not self._is_answered and getattr(fault, "code", None) != SIGN_IN_CODE:
                self._next_look = None
        except Exception:
            # Whatever the error was: the sweeper's pass comes next.
            log.exception("The texts of late could not be heard.")
        else:
            self._is_answered, self._failure_is_logged = True, False
            if all(are_heard):
                self._heard_until = now

    def _since(self, now: datetime) -> datetime:
        if self._heard_until is None:
            return now - REACH
        return min(self._heard_until, now) - OVERLAP

    def _hear(self, texts: list[ReceivedText], office: Office, now: datetime) -> bool:
        """Whether each of them is heard now; one that cannot be is tried again, and stops no other."""
        stops = {one.sid: one for one in texts if stop_language(one.body) is not None}
        if not stops:
            return True
        with self._database.reading() as session:
            missed = unheard(session, stops)
        is_heard = True
        for sid in sorted(missed):
            try:
                jobs = self._stop(stops[sid], office, now)
            except Exception:
                # As in the web, where it ends one request: the sweeper goes on, whatever the error was.
                log.exception("A text that the line has missed could not be heard.")
                is_heard = False
                continue
            for job in jobs:
                self._jobs.enqueue(*job)
        return is_heard

    def _stop(self, text: ReceivedText, office: Office, now: datetime) -> list[Job]:
        phone_key = self._database.keyring.index("phone", text.phone)
        with self._database.transaction() as session:
            # The line itself may have heard it in this moment. What was lifted after it was sent stays so.
            if not hear_once(session, text.sid, now) or is_let_ring_since(session, phone_key, text.sent_at):
                return []
            return stop_phone(session, phone_key, now, callback_policy_of(office))

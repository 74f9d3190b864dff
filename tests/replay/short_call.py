"""A call about a notice without its documents: keys go to the models, and events come from the carrier.

A month of 30,000 registrants has some ten thousand calls. Most of them are short ones; the others are whole
calls with every document (``tests/phone.py``), and a person acts alike in both.
"""

from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Call
from models.notices import answering
from models.store.job import Job
from models.talks.call_event import record_call_event
from tests.calls.conftest import Hotline
from tests.phone import PlacedCall
from workers.office_rules import heard_rules_of

ASK_CODE = "Please enter your 4-digit call code."
HEAR_NOW = "To hear it now, press"
CONFIRM = "To confirm that you heard this, press"
PERSON = "To have a person call you, press"
_SEQUENCE = count(1)


class ShortCall:
    """``heard`` has the words that a person looks for since their last key, as in a whole call."""

    def __init__(self, hotline: Hotline, placed: PlacedCall) -> None:
        self._hotline, self._placed = hotline, placed
        self.heard, self.is_over, self._step = "", False, "opening"
        placed.status = "in-progress"
        tells(hotline, placed, "in-progress")
        with hotline.database.transaction() as session:
            leg = self._leg(session)
            # Its first document was fetched.
            leg.turn, leg.said = 1, "something"

    def presses(self, keys: str) -> None:
        """One answer to what was asked."""
        hotline, jobs = self._hotline, list[Job]()
        with hotline.database.transaction() as session:
            leg = self._leg(session)
            now, policy, rules = hotline.clock.now, hotline.policy, heard_rules_of(hotline.office)
            self.heard = ""
            if self._step == "opening" and keys == "1":
                begun = answering.begin(session, leg, now, rules)
                self._goes_on({"code": "code", "key": "choose", "gone": "over"}[begun])
            elif self._step == "opening" and keys == "2":
                answering.put_off(session, leg, now, policy)
                self._goes_on("over")
            elif self._step == "code" and keys == "#":
                answering.has_no_code(session, leg, now)
                self._goes_on("over")
            elif self._step == "code":
                tried = answering.try_code(session, leg, keys, now, policy)
                self._goes_on({"right": "choose", "wrong": "code"}.get(tried, "over"))
            elif self._step == "confirm" and keys == "1":
                jobs += answering.confirm_in_call(session, leg, now) or []
                self._goes_on("over")
            elif self._step == "confirm":
                answering.ask_person(session, leg, now, policy.due_at("urgent", now), policy)
                self._goes_on("over")
            if self._step == "choose":
                news = answering.news(session, leg, now, rules)
                if news is None:
                    self._goes_on("over")
                else:
                    answering.note_heard(session, leg, now, is_status=news.heard.status is not None)
                    self._step, self.heard = "confirm", f"{CONFIRM} 1. {PERSON} 2."
        for name, row_id in jobs:
            hotline.jobs.enqueue(name, row_id)
        if self.is_over:
            self.hangs_up()

    def says_nothing(self) -> None:
        """Silence; the line ends the call after its opening."""
        with self._hotline.database.transaction() as session:
            answering.leave_message(
                session, self._leg(session), self._hotline.clock.now, self._hotline.policy
            )
        self.hangs_up()

    def hangs_up(self) -> None:
        """The end of the call."""
        self.is_over = True
        if self._placed.status == "in-progress":
            self._placed.status = "completed"
            tells(self._hotline, self._placed, "completed")

    def _leg(self, session: Session) -> Any:
        """The call's row; the line itself reads it with more facts, and writes back what changed."""
        return session.scalars(select(Call).where(Call.leg_id == self._placed.leg_id)).one()

    def _goes_on(self, step: str) -> None:
        self._step = step
        self.is_over = step == "over"
        self.heard = {"code": ASK_CODE}.get(step, "")


def tells(hotline: Hotline, placed: PlacedCall, status: str) -> None:
    """The carrier reports the status of a call."""
    values = {"CallSid": placed.call_sid, "CallStatus": status, "SequenceNumber": str(next(_SEQUENCE))}
    with hotline.database.transaction() as session:
        jobs = record_call_event(session, values, hotline.clock.now, hotline.policy, placed.leg_id)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)

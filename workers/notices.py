"""The jobs of notices: each gets one row's id, and asks the carrier with no transaction open.

Notices have a pace of their own, a part of that of all calls, and take a slot only when it is free: callers
and callbacks, for whom somebody waits on the phone, go first (R36).
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from time import time

from ivr_flows.prompts import Prompts
from models.calls import pacing
from models.notices import texting
from models.notices.placing import NoticeDial, claim, due_notices, is_urgent, take_leg
from workers.carrier import CarrierRefused, CarrierUnknown
from workers.office_rules import heard_rules_of
from workers.placing import Placer

log = logging.getLogger(__name__)

#: How far ahead a notice's own turn may be; its job waits for it.
TURN_PATIENCE = timedelta(seconds=2)
#: How far ahead the slot of an urgent notice may be: as for a liaison's leg, and less than for a caller's.
#: An ordinary notice takes only a slot that nobody else has asked for.
URGENT_PATIENCE = timedelta(seconds=1)
#: How many due notices are tried in one turn until one of them may ring.
MOST_IN_A_TURN = 20


@dataclass(frozen=True, slots=True)
class _Dial:
    """A notice's leg, with how long it rings."""

    call_id: int
    leg_id: str
    number: str = field(repr=False)
    ring_seconds: int
    line: str | None
    taken_at: float = field(default_factory=time)


@dataclass(frozen=True, slots=True)
class NoticeCaller:
    """Calls and texts registrants; a job that runs twice calls nobody twice."""

    placer: Placer

    def dial(self, notice_id: int) -> None:
        """Claim a due notice and dial one of its legs; the others are jobs of their own.

        A notice that may not ring now, because it is night there or no phone is left, gives its turn to the
        next one that is due. Otherwise many of those would keep all behind them waiting at the line's pace.
        """
        if not self._has_turn(notice_id):
            return
        placer = self.placer
        for _ in range(MOST_IN_A_TURN):
            dial = self._claim(notice_id)
            if dial is not None:
                placer.place(self._with_ring(dial))
                return
            with placer.database.reading() as session:
                due = due_notices(session, placer.clock(), 1)
            if not due:
                return
            notice_id = due[0]

    def _claim(self, notice_id: int) -> NoticeDial | None:
        placer, rules = self.placer, heard_rules_of(self.placer.office)
        now, texts = placer.clock(), list[int]()
        with placer.database.transaction() as session:
            is_claimed = claim(session, notice_id, now, placer.policy, rules)
            if is_claimed or texting.is_capped(session, notice_id):
                texts = texting.add_texts(session, notice_id, now, placer.policy.numbers)
            dial, is_more = take_leg(session, notice_id, now, placer.policy)
        placer.hand_on([("text_notice", one) for one in texts])
        if is_more:
            placer.hand_on([("dial_notice", notice_id)])
        return dial

    def text(self, notice_phone_id: int) -> None:
        """Send one text that says to call the line, and no more (R28)."""
        placer, now = self.placer, self.placer.clock()
        with placer.database.transaction() as session:
            if not texting.is_unsent(session, notice_phone_id, now) or not pacing.may_text(session, now):
                return
            sending = texting.begin_text(session, notice_phone_id, now, placer.policy)
        if sending is None:
            return
        try:
            line = None if sending.line == placer.policy.lines[0] else sending.line
            placer.carrier.send_text(to=sending.number, body=self._words(sending.language), line=line)
        except CarrierRefused as refused:
            log.warning("The carrier refused a text.", extra={"row_id": notice_phone_id})
            self._text_refused(notice_phone_id, refused, now, sending.pause)
        except CarrierUnknown:
            # It may have arrived, so it is not sent twice.
            log.warning("It is not known whether a text was sent.", extra={"row_id": notice_phone_id})
            with placer.database.transaction() as session:
                pacing.rest(session, placer.clock(), kind=pacing.TEXTS)
        else:
            with placer.database.transaction() as session:
                pacing.close_breaker(session, pacing.TEXTS, placer.clock())

    def _text_refused(
        self, notice_phone_id: int, refused: CarrierRefused, now: datetime, pause: timedelta | None
    ) -> None:
        """The text was certainly not sent: later, or never if its phone takes none (R39)."""
        with self.placer.database.transaction() as session:
            if refused.about not in ("number", "account"):
                pacing.rest(session, now, refused.code, pacing.TEXTS)
                texting.text_not_taken(session, notice_phone_id)
            elif refused.about == "number":
                texting.text_barred(session, notice_phone_id)
            elif pause is not None and pacing.refusal(session, pacing.TEXTS) is None:
                # Another text closed the breaker of its last refusal: only this one is refused, or a second
                # outage begins, which the next text finds. Either way it is tried again.
                texting.text_refused(session, notice_phone_id, now + pause)
            else:
                pacing.open_breaker(session, pacing.TEXTS, refused.code, now, source="notices")
                texting.text_refused(session, notice_phone_id, None)

    def _has_turn(self, notice_id: int) -> bool:
        """Wait for the notices' own turn, and then for a slot of the line, if both are near enough."""
        placer, now = self.placer, self.placer.clock()
        numbers = placer.policy.numbers
        interval = placer.policy.call_interval * 100 / numbers.notice_calls_percent
        with placer.database.transaction() as session:
            urgent = is_urgent(session, notice_id)
            if urgent is None:
                return False
            turn = pacing.reserve_pace(session, pacing.NOTICES, now, interval, TURN_PATIENCE)
        if turn is None or (turn > now and not placer.waits_until(turn)):
            return False
        now = placer.clock()
        patience = URGENT_PATIENCE if urgent else timedelta()
        with placer.database.transaction() as session:
            slot = pacing.take_slot(session, now, placer.policy.call_interval, patience)
        return slot is not None and (slot <= now or placer.waits_until(slot))

    def _with_ring(self, dial: NoticeDial) -> _Dial:
        seconds = self.placer.policy.numbers.caller_ring_seconds
        return _Dial(dial.call_id, dial.leg_id, dial.number, seconds, dial.line)

    def _words(self, language: str) -> str:
        office = self.placer.office
        language = language if language in office.languages else office.languages[0]
        return _prompts(office.languages).text(language, "notice.text", line=office.neutral_name[language])


@lru_cache(maxsize=1)
def _prompts(languages: tuple[str, ...]) -> Prompts:
    return Prompts.load(languages)

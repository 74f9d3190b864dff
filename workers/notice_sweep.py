"""The sweeper's part in notices: makes and offers them, and looks after what a crash left (R28-R34).

Each public method is one part of a pass of `workers/sweeper.py`, which catches its errors.
"""

import hashlib
import platform
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from math import ceil

from sqlalchemy.orm import Session

from config.office import Office
from models.calls import alert_sending, pacing
from models.custody.imports.custody_import import ImportBusyError
from models.notices import gate_watch, staff_task
from models.notices.agreed.lapse import ask_to_renew
from models.notices.end_watch import ask_who_stopped
from models.notices.leg_over import lapsed_notices
from models.notices.placing import due_notices, settle_set_back, undialled_notices
from models.notices.reminders import is_any_reminder, make_reminders
from models.notices.silence import is_any_to_tell, tell_registrants
from models.notices.spreading import is_any_unspread, spread
from models.notices.taking_back.corrections import settle_corrections, watch_corrections
from models.notices.taking_back.retraction import is_any_to_retract, resume_retractions
from models.notices.texting import add_texts_alone, unsent_texts, untexted_notices
from models.outcomes.unsaved_talks import correct_unsaved, is_any_retracted_lately
from models.staff import paging
from models.staff.paging import due_pages, see_clock, take_page
from models.store.database import Database
from models.store.job import Job
from models.talks import stranded
from workers.looks import Looks
from workers.office_rules import callback_policy_of, heard_rules_of
from workers.probes import Probes
from workers.queue import Jobs

#: How long one pass makes notices of events.
SPREAD_SECONDS = 5.0
#: How many events one transaction turns into notices, and how many notices one looks at.
_SPREAD_AT_ONCE, _WATCHED_AT_ONCE = 50, 500
_OFFERED_AT_ONCE = 50
#: How many jobs may wait for a worker when notices are offered.
_OTHER_JOBS = 5
#: What the clock of this machine said in the last minute: that of another machine is no clock set back.
CLOCK = f"{paging.CLOCK}{hashlib.sha256(platform.node().encode()).hexdigest()[:16]}"
#: How many minutes apart a part does what need not be done in each pass. A hearing of tomorrow at noon may
#: come with any file, so reminders are made once an hour.
_APART = {"told_falsely": 1, "reminders": 60, "silence": 1, "notice_gate": 1, CLOCK: 1}


class NoticeSweep:
    """One pass. ``hand_on`` gives jobs to a worker; ``look_after`` decides about a notice whose lease ended.

    ``sweep_seconds`` is the time until the next pass.
    """

    def __init__(
        self,
        looks: Looks,
        database: Database,
        jobs: Jobs,
        office: Office,
        now: datetime,
        hand_on: Callable[[Iterable[Job]], None],
        look_after: Callable[[int], None],
        sweep_seconds: float,
    ) -> None:
        self._looks, self._database, self._jobs, self._office, self._now = looks, database, jobs, office, now
        self._policy = callback_policy_of(office)
        self._policies = self._policy.numbers
        self._hand_on, self._look_after = hand_on, look_after
        self._sweep_seconds = sweep_seconds
        self._due: set[str] | None = None
        self._probes = Probes(looks, now, self._policy)

    def see_clock(self) -> None:
        """Once a minute: note what the clock says, and repair what one wrote that was set back since."""
        if not self._is_due(CLOCK):
            return
        with self._looks.transaction() as session:
            ahead = see_clock(session, CLOCK, self._now)
            if ahead is not None:
                settle_set_back(session, self._now, ahead, self._policy)
                stranded.settle_set_back(session, self._now, ahead, self._policy)
                alert_sending.settle_set_back(session, self._now)
                pacing.settle_set_back(session, self._now, ahead)

    def take_back(self) -> None:
        """What two people approved in the console, or what a process that died left."""
        if not self._looks.find(is_any_to_retract):
            return
        # An import that is running goes first; the next pass tries again.
        with suppress(ImportBusyError):
            self._hand_on(resume_retractions(self._database, self._now, self._office.zone))

    def correct_unsaved(self) -> None:
        """Once a minute, after a file was taken back: what staff told of it without saving an outcome."""
        if not self._is_due("told_falsely"):
            return
        if not self._looks.find(is_any_retracted_lately, self._now):
            return
        with self._looks.transaction() as session:
            if self._takes(session, "told_falsely"):
                minutes, zone = self._policies.outcome_minutes, self._office.zone
                correct_unsaved(session, self._now, minutes, _WATCHED_AT_ONCE, zone)

    def make_reminders(self) -> None:
        """Once an hour, with the consents that end soon."""
        if not self._is_due("reminders"):
            return
        is_any = self._looks.find(is_any_reminder, self._now)
        with self._looks.transaction() as session:
            if not self._takes(session, "reminders"):
                return
            jobs: list[Job] = []
            if is_any:
                rules = heard_rules_of(self._office)
                jobs = make_reminders(session, self._now, self._policies, rules, _WATCHED_AT_ONCE)
            ask_to_renew(session, self._now, self._policies, _WATCHED_AT_ONCE)
            ask_who_stopped(session, self._now, self._policies, _WATCHED_AT_ONCE)
        self._hand_on(jobs)

    def tell_of_silence(self) -> None:
        """Once a minute, where the office decided that registered people are told."""
        if not self._is_due("silence"):
            return
        if not self._looks.find(is_any_to_tell, self._policies):
            return
        with self._looks.transaction() as session:
            if not self._takes(session, "silence"):
                return
            jobs = tell_registrants(session, self._now, self._policies, _WATCHED_AT_ONCE)
        self._hand_on(jobs)

    def spread_events(self) -> None:
        """Turn events into notices for some seconds; the rest waits for the next pass."""
        until = time.monotonic() + SPREAD_SECONDS
        while time.monotonic() < until:
            if not self._looks.find(is_any_unspread):
                return
            with self._looks.transaction() as session:
                jobs = spread(session, self._now, _SPREAD_AT_ONCE)
            self._hand_on(jobs)

    def watch_gate(self) -> None:
        if not self._is_due("notice_gate"):
            return
        if not self._looks.find(gate_watch.is_any_to_watch):
            return
        rules = heard_rules_of(self._office)
        with self._looks.transaction() as session:
            if self._takes(session, "notice_gate"):
                gate_watch.watch_gate(session, self._now, rules, _WATCHED_AT_ONCE)
        corrections = self._looks.find(watch_corrections, self._now, self._policies, rules)
        if corrections is not None:
            with self._looks.transaction() as session:
                settle_corrections(session, corrections, self._now, rules.zone)

    def look_after(self) -> None:
        found = self._looks.find(lapsed_notices, self._now)
        undialled = self._looks.find(undialled_notices, self._now)
        for notice_id in found:
            self._look_after(notice_id)
        if undialled and self._probes.has_turn("calls", "notices"):
            self._hand_on(("dial_notice", notice_id) for notice_id in undialled)

    def offer_due(self) -> None:
        """Offer due notices after the callbacks, unless jobs wait already: an unworked queue must not grow.

        No more are offered than have their turn before the next sweep: each waits for it, and what a callback
        needs waits behind them. A few jobs of others hold none back.
        """
        interval = self._policy.call_interval * 100 / self._policies.notice_calls_percent
        turns = min(_OFFERED_AT_ONCE, ceil(self._sweep_seconds / interval.total_seconds()))
        found = self._looks.find(due_notices, self._now, turns)
        if found and not self._probes.has_turn("calls", "notices"):
            found = []
        due: list[Job] = [("dial_notice", one) for one in found]
        texts = self._looks.find(unsent_texts, self._now, _OFFERED_AT_ONCE)
        if texts and not self._probes.has_turn("texts", "notices"):
            texts = []
        due += [("text_notice", one) for one in texts]
        waiting = self._jobs.depth() or 0 if due else 0
        self._hand_on(due[: max(0, turns + _OTHER_JOBS - waiting)])

    def add_texts(self) -> None:
        """While the carrier takes no calls, texts do not wait for the first one."""
        for notice_id in self._looks.find(untexted_notices, self._now, _OFFERED_AT_ONCE):
            rules = heard_rules_of(self._office)
            with self._looks.transaction() as session:
                add_texts_alone(session, notice_id, self._now, self._policy, rules)

    def keep_tasks(self) -> None:
        if not self._looks.find(staff_task.is_any_task):
            return
        with self._looks.transaction() as session:
            jobs = staff_task.keep_tasks(session, self._now, self._policy, _WATCHED_AT_ONCE)
        self._hand_on(jobs)

    def _is_due(self, part: str) -> bool:
        """Whether this part may do its work in this pass; one read for all parts."""
        if self._due is None:
            self._due = self._looks.find(due_pages, self._now, _APART)
        return part in self._due

    def _takes(self, session: Session, part: str) -> bool:
        return take_page(session, part, self._now, _APART[part])

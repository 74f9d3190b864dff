"""The sweeper: finds in the rows what a crash, a lost queue or a lost event left behind, and repairs it."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.office import Office
from config.settings import Settings
from models.callbacks.at_risk import is_any_at_risk, make_alerts
from models.callbacks.callback_list import tidy_list
from models.callbacks.lone_refusal import forget_other_lines, is_any_other_line
from models.callbacks.promised_time import newly_at_risk, warn_again
from models.calls.alert_sending import end_lost_alerts, is_any_lost, is_any_made, unsent_alerts
from models.calls.pacing import CALLS, TEXTS
from models.calls.pin_guard import SPRAYING, measure_global_failures
from models.calls.staff_line_stay import clear_lines
from models.custody.feed_silence import is_silence_untold, tell_of_silence
from models.custody.imports.custody_import import is_any_unfinished, resume
from models.custody.imports.paging import is_anything_held, page_held
from models.custody.imports.upload import tidy_uploads, uploads_over
from models.custody.unlisted import has_untold_names, tell_of_unlisted
from models.frame.in_call import see_sessions, sessions_in_calls
from models.notices.escalation import escalate, is_any_late
from models.overview.audit_watch import has_news, watch
from models.overview.duress_use import has_untold_use, tell_of_uses
from models.overview.lost_pin import settle_lost_pins
from models.overview.trouble import page_troubles, troubles
from models.staff.audit_alarm import has_untold_alarms, tell_of_alarms
from models.staff.lost_pin_report import has_new_reports, has_untold_reports, tell_of_reports
from models.staff.pin_lock import has_untold_locks, tell_of_locks
from models.staff.rest import end_rests
from models.staff.schedule import apply_schedules, is_any_change
from models.store.database import Database, is_busy
from models.store.guard import Guard
from models.store.heartbeat import is_silent, note_redis
from models.store.job import Job
from models.store.keyring import Keyring
from models.store.policies import Policies
from models.talks.abandoned_wait import end_lapsed_waits
from models.talks.dispatch import LIAISON_PATIENCE
from models.talks.left_behind import left_behind_legs
from models.talks.next_offer import first_on_list
from models.talks.queue_turn import is_a_pause_over, whose_turn
from models.talks.stranded import (
    close_forgotten,
    free_forgotten,
    give_back_lapsed,
    held_in_conference,
    lapsed_callbacks,
    passed_offers,
    talks_to_ask_about,
    undialled_at_0,
    undialled_callers,
    undialled_joiners,
    undialled_takers,
    unknown_joiners,
)
from workers.audit_heads import HeadKeeper
from workers.callbacks import CallCarrier, Dialler
from workers.carrier import Carrier
from workers.heart import Heart
from workers.in_progress import is_any_in_progress
from workers.looks import Looks
from workers.mending import LegEnd, Mender
from workers.notice_sweep import NoticeSweep
from workers.office_rules import callback_policy_of
from workers.office_watch import OfficeWatch
from workers.patience import PatientOnce
from workers.probes import Probes
from workers.queue import Jobs
from workers.records.missed_texts import MissedTexts
from workers.records.purge import NightlyPurge
from workers.rest import is_any_due, may_rest

log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
#: The longest that the sweeper waits for the carrier, because the work it looks after must not wait.
MOST_SECONDS = 5.0
#: How long a job may wait for a worker before the sweeper does it, and for how long it does so in one pass.
UNTAKEN_SECONDS = 10.0
OWN_WORK_SECONDS = 5.0
_OFFERED_AT_ONCE = 50
MEASURE_EVERY = timedelta(minutes=1)
_MEASURED_AT = select(Guard.measured_at).where(Guard.name == SPRAYING)
_USUALLY_SINCE = timedelta(seconds=2 * SWEEP_SECONDS)
_LANDING_PATIENCE = timedelta(seconds=60)
_MayBeNews = Callable[[Session, datetime, Policies], bool]
_Tell = Callable[[Session, datetime, Policies, bool], None]
#: What supervisors are told about, each in one message with a count: a check for news, and the telling.
_MATTERS: tuple[tuple[_MayBeNews, _Tell], ...] = (
    (lambda session, now, _policies: bool(troubles(session, now)), page_troubles),
    (lambda session, *_: has_untold_reports(session), tell_of_reports),
    (lambda session, *_: has_untold_locks(session), tell_of_locks),
    (lambda session, *_: has_untold_use(session), tell_of_uses),
    (lambda session, *_: is_anything_held(session), page_held),
    (lambda session, *_: has_untold_names(session), tell_of_unlisted),
    (is_silence_untold, tell_of_silence),
    (
        lambda session, *_: has_untold_alarms(session),
        lambda session, now, policies, _is_open: tell_of_alarms(session, now, policies),
    ),
)


def sweep(
    database: Database,
    jobs: Jobs,
    carrier: CallCarrier,
    office: Office,
    now: datetime,
    wait: Callable[[float], None] = time.sleep,
    *,
    since: datetime | None = None,
) -> None:
    """One pass. An error in one part, or in one row, stops no other; ``now`` is the moment of the pass.

    ``wait`` sleeps for a number of seconds, when the sweep dials by itself and the carrier's pace requires
    it. ``since`` is the moment of the previous pass, so that what became due between the two is found once.
    """
    _Pass(database, jobs, carrier, office, now, wait, since or now - _USUALLY_SINCE).run()


def run_sweeper(settings: Settings) -> None:
    """Sweep every two seconds until told to stop, and every ten while nothing is in progress."""
    database = Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key), pool_size=2)
    watch = OfficeWatch(Office.load(settings.office_file, settings.office_always_open), database)
    jobs = Jobs(settings.queue_url)
    carrier = Carrier(settings, watch.start().lines[0], MOST_SECONDS)
    heart = Heart(database, "sweeper")
    heads = HeadKeeper(database, settings.audit_head_file, settings.secret_key)
    purge, texts = NightlyPurge(database, carrier), MissedTexts(database, carrier, jobs)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    since = None
    while not stop.is_set():
        heart.beat()
        # First: a phone whose STOP came while the line was down, or since a backup, must not ring now.
        texts.look(watch.office, datetime.now(UTC))
        now = datetime.now(UTC)
        if since is None or not may_rest(database, jobs, since, now):
            watch.look()
            sweep(database, jobs, carrier, watch.office, now, since=since)
            since = now
            heads.keep(datetime.now(UTC))
        purge.work(watch.office, datetime.now(UTC))
        stop.wait(SWEEP_SECONDS)
    jobs.close()
    carrier.close()
    database.close()


class _Pass:
    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        carrier: CallCarrier,
        office: Office,
        now: datetime,
        wait: Callable[[float], None],
        since: datetime,
    ) -> None:
        self._database, self._jobs, self._office, self._now = database, jobs, office, now
        self._looks = Looks(database)
        self._since = since
        #: Whether no worker shows a sign of life, or can be given a job.
        self._is_alone = False
        self._has_told_of_database = False
        self._policy = callback_policy_of(office)
        self._policies = self._policy.numbers
        self._probes = Probes(self._looks, now, self._policy)
        carrier = PatientOnce(carrier)
        self._dialler = Dialler(
            database, carrier, office, jobs, clock=lambda: now, wait=wait, patience=LIAISON_PATIENCE
        )
        self._mender = Mender(database, carrier, office, now, self._hand_on)
        self._notices = NoticeSweep(
            self._looks,
            database,
            jobs,
            office,
            now,
            self._hand_on_all,
            self._look_after_notice,
            SWEEP_SECONDS,
        )

    def run(self) -> None:
        """Callers who wait for a leg come first, then what keeps liaisons busy, then what is due."""
        self._do_part(self._look_for_workers)
        self._do_part(self._notices.see_clock)
        self._do_part(self._do_untaken)
        if self._is_any_in_progress():
            self._do_part(self._ring_undialled_callers)
            self._do_part(self._fetch_first_in_queue)
            self._do_part(self._give_back_lapsed)
            self._do_part(self._look_after_lapsed)
            self._do_part(self._move_held_callers)
            self._do_part(self._release_left_behind)
            self._do_part(self._free_forgotten)
            self._do_part(self._end_lapsed_waits)
            self._do_part(self._keep_signed_in)
        self._do_part(self._end_rests)
        self._do_part(self._apply_schedules)
        self._do_part(self._notices.take_back)
        self._do_part(self._notices.correct_unsaved)
        self._do_part(self._notices.make_reminders)
        self._do_part(self._notices.tell_of_silence)
        self._do_part(self._notices.spread_events)
        self._do_part(self._notices.watch_gate)
        self._do_part(self._offer_due)
        self._do_part(self._notices.look_after)
        self._do_part(self._notices.add_texts)
        self._do_part(self._notices.offer_due)
        self._do_part(self._notices.keep_tasks)
        self._do_part(self._resume_imports)
        self._do_part(self._tidy_uploads)
        self._do_part(self._watch_audit)
        self._do_part(self._settle_lost_pins)
        self._do_part(self._tell_supervisors)
        self._do_part(self._warn)
        self._do_part(self._work_of_the_minute)
        self._guarded(self._looks.close)

    def _look_for_workers(self) -> None:
        is_up = self._jobs.is_up()
        with self._looks.transaction() as session:
            # No worker takes a job from a Redis that takes no write.
            self._is_alone = not is_up or is_silent(session, "worker", self._now)
            note_redis(session, self._now, is_up=is_up)

    def _do_untaken(self) -> None:
        """Do the jobs no worker took in time, for some seconds; the rest waits for the next pass (R39)."""
        until = time.monotonic() + OWN_WORK_SECONDS
        while time.monotonic() < until:
            job = self._jobs.take_untaken(0 if self._is_alone else UNTAKEN_SECONDS)
            if job is None:
                return
            self._do(job)

    def _is_any_in_progress(self) -> bool:
        """Whether the parts about legs, talks and waits may have anything to do: one read for all of them."""
        try:
            return self._looks.find(is_any_in_progress, self._now)
        except SQLAlchemyError:
            # Each part reports its own error.
            return True

    def _ring_undialled_callers(self) -> None:
        found = self._looks.find(undialled_callers, self._now)
        taking = self._looks.find(undialled_takers, self._now)
        joining = self._looks.find(undialled_joiners, self._now)
        at_0 = self._looks.find(undialled_at_0, self._now)
        self._hand_on_all(("dial_caller", callback_id) for callback_id in found)
        self._hand_on_all(("ring_taker", call_id) for call_id in taking)
        self._hand_on_all(("ring_joiner", call_id) for call_id in joining)
        self._hand_on_all(("ring_direct", call_id) for call_id in at_0)

    def _fetch_first_in_queue(self) -> None:
        """Callers in the call queue hear who is free within a sweep, without polling more often."""
        found = self._looks.find(whose_turn, self._now, is_open=self._policy.is_open(self._now))
        self._hand_on_all(("fetch_caller", call_id) for call_id in found)

    def _give_back_lapsed(self) -> None:
        with self._looks.transaction() as session:
            give_back_lapsed(session, self._now)

    def _look_after_lapsed(self) -> None:
        found = self._looks.find(lapsed_callbacks, self._now)
        for callback_id in found:
            self._guarded(lambda row_id=callback_id: self._mender.look_after(row_id))  # type: ignore[misc]

    def _look_after_notice(self, notice_id: int) -> None:
        self._guarded(lambda: self._mender.look_after_notice(notice_id))

    def _move_held_callers(self) -> None:
        found = self._looks.find(held_in_conference, self._now)
        self._hand_on_all(("move_leg", call_id) for call_id in found)

    def _release_left_behind(self) -> None:
        found = self._looks.find(left_behind_legs, self._now)
        self._hand_on_all(("release_leg", call_id) for call_id in found)

    def _free_forgotten(self) -> None:
        with self._looks.transaction() as session:
            in_question, to_end = free_forgotten(session, self._now, self._policy)
            jobs = close_forgotten(session, self._now)
        self._hand_on_all(jobs)
        for call_id in to_end:
            self._guarded(lambda row_id=call_id: self._mender.end_forgotten(row_id))  # type: ignore[misc]
        passed = self._looks.find(passed_offers, self._now)
        talks = self._looks.find(talks_to_ask_about, self._since, self._now, self._policy)
        unknown = self._looks.find(unknown_joiners, self._now, self._policy)
        self._apply_ends([*in_question, *passed, *talks])
        for call_id in unknown:
            end = LegEnd(self._now, call_id, "canceled")
            self._guarded(lambda end=end: self._mender.apply_end(end))  # type: ignore[misc]

    def _apply_ends(self, call_ids: Iterable[int]) -> None:
        """The first end of a talk's legs ended the talk, so the ends are applied in order."""
        ends: list[LegEnd] = []

        def ask_about(call_id: int) -> None:
            end = self._mender.find_end(call_id)
            if end is not None:
                ends.append(end)

        for call_id in dict.fromkeys(call_ids):
            self._guarded(lambda row_id=call_id: ask_about(row_id))  # type: ignore[misc]
        for end in sorted(ends):
            self._guarded(lambda end=end: self._mender.apply_end(end))  # type: ignore[misc]

    def _end_lapsed_waits(self) -> None:
        """End the waits of callers in the call queue whose call is over without an event from the carrier."""
        with self._looks.transaction() as session:
            jobs = end_lapsed_waits(session, self._now, self._policy)
        self._hand_on_all(jobs)

    def _keep_signed_in(self) -> None:
        """Staff who only talk press nothing in the console, and need it when the call is over."""
        idle, outcome = self._policies.console_idle_minutes, self._policies.outcome_minutes
        found = self._looks.find(sessions_in_calls, self._now, idle, outcome)
        if found:
            with self._looks.transaction() as session:
                see_sessions(session, found, self._now, outcome)

    def _end_rests(self) -> None:
        if not self._looks.find(is_a_pause_over, self._now):
            return
        with self._looks.transaction() as session:
            end_rests(session, self._now)
            clear_lines(session, self._now)

    def _apply_schedules(self) -> None:
        rules = self._now, self._office.zone, self._office.is_holiday
        if self._looks.find(is_any_change, *rules):
            with self._looks.transaction() as session:
                apply_schedules(session, *rules)

    def _offer_due(self) -> None:
        """Offer as many as people are free, minus the waiting jobs: an unworked queue must not grow."""
        if self._looks.find(is_any_other_line, self._office.lines):
            with self._looks.transaction() as session:
                forget_other_lines(session, self._office.lines)
        if not self._looks.find(is_any_due, self._now):
            return
        with self._looks.transaction() as session:
            tidy_list(session, self._now, self._policy)
        due = self._looks.find(first_on_list, self._now, self._policy, _OFFERED_AT_ONCE)
        if due and not self._probes.has_turn("calls", "callbacks"):
            return
        waiting = self._jobs.depth() or 0 if due else 0
        self._hand_on_all(("dial_liaison", callback_id) for callback_id in due[: max(0, len(due) - waiting)])

    def _resume_imports(self) -> None:
        # An import accepted a moment ago is landed by the console's own process; it would delay the sweep.
        if self._looks.find(is_any_unfinished):
            resume(self._database, self._now, _LANDING_PATIENCE)

    def _tidy_uploads(self) -> None:
        lives = timedelta(minutes=self._policies.preview_minutes)
        if self._looks.find(uploads_over, lives, self._now):
            tidy_uploads(self._database, lives, self._now)

    def _watch_audit(self) -> None:
        if not self._looks.find(has_news):
            return
        with self._looks.transaction() as session:
            watch(session, self._now, self._policies)

    def _settle_lost_pins(self) -> None:
        if not self._looks.find(has_new_reports):
            return
        keyring = self._database.keyring
        shared = {keyring.index("phone", number) for number in self._office.shared_phones}
        with self._looks.transaction() as session:
            jobs = settle_lost_pins(session, self._now, self._policy, shared)
        self._hand_on_all(jobs)

    def _tell_supervisors(self) -> None:
        """An error in one matter does not stop the others; nothing is written if there is nothing to tell."""
        for matter in _MATTERS:
            self._guarded(lambda matter=matter: self._tell(*matter))  # type: ignore[misc]

    def _tell(self, may_be_news: _MayBeNews, tell: _Tell) -> None:
        if self._looks.find(may_be_news, self._now, self._policies):
            with self._looks.transaction() as session:
                tell(session, self._now, self._policies, self._office.is_open(self._now))

    def _warn(self) -> None:
        are_notices_late = self._looks.find(is_any_late, self._now, self._policies)
        if (
            are_notices_late
            or self._looks.find(is_any_at_risk, self._now, self._policies)
            or self._looks.find(is_any_lost, self._now)
        ):
            self._make_alerts(are_notices_late)
        if not self._looks.find(is_any_made, self._now):
            return
        probes = [kind for kind in (CALLS, TEXTS) if self._probes.has_turn(kind, "alerts")]
        found = self._looks.find(unsent_alerts, self._now, _OFFERED_AT_ONCE, probes)
        waiting = self._jobs.depth() or 0 if found else 0
        self._hand_on_all(("send_alert", alert_id) for alert_id in found[: max(0, len(found) - waiting)])

    def _make_alerts(self, are_notices_late: bool) -> None:
        is_open = self._office.is_open(self._now)
        with self._looks.transaction() as session:
            if are_notices_late:
                escalate(session, self._now, self._policies, is_open)
            make_alerts(session, self._now, self._policies, is_open)
            end_lost_alerts(session, self._now)

    def _work_of_the_minute(self) -> None:
        if not self._looks.find(_is_measure_due, self._now):
            return
        with self._looks.transaction() as session:
            measure_global_failures(session, self._now, self._policies)
        found = self._looks.find(newly_at_risk, self._now, self._policy)
        if found:
            with self._looks.transaction() as session:
                warn_again(session, found)

    def _hand_on_all(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._hand_on(job)

    def _hand_on(self, job: Job) -> None:
        """Hand a job to a worker. Without Redis or a live worker, do it here: every job claims its row."""
        if self._is_alone or not self._jobs.enqueue(*job):
            self._do(job)

    def _do(self, job: Job) -> None:
        name, row_id = job
        self._guarded(lambda: self._dialler.do(name, row_id))

    def _do_part(self, part: Callable[[], None]) -> None:
        self._guarded(part)
        self._guarded(self._looks.end_part)

    def _guarded(self, part: Callable[[], None]) -> None:
        try:
            part()
        except Exception as fault:
            # Whatever the error was, the next pass starts from the rows again. While the database is away
            # every part fails alike, and one line of each pass tells it.
            if is_busy(fault):
                if self._has_told_of_database:
                    return
                self._has_told_of_database = True
            log.exception("A part of the sweep failed.")


def _is_measure_due(session: Session, now: datetime) -> bool:
    measured_at = session.scalar(_MEASURED_AT)
    return measured_at is None or now - measured_at >= MEASURE_EVERY

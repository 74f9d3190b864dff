"""The office of a replay: its clock, its feed, its carrier, its sweeper and workers, and its staff.

Everything between a file and a confirmed notice is the line's own code. The clock jumps from one moment at
which something happens to the next.
"""

import heapq
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random

from sqlalchemy import func, insert, select, update

from models import Call, Callback, CustodyImport, Notice, Staff
from models.callbacks.callback import advance
from models.callbacks.callback_state import RINGING_STATES
from models.cases.case import Case
from models.custody.imports.custody_import import ImportRules, import_custody
from models.custody.imports.held import reject, release
from models.notices.answering import confirm_by_staff
from models.notices.notice import IS_RINGING, IS_WAITING
from models.notices.registering import stop_registration
from models.overview.phone_stop import stop_phone
from models.store.heartbeat import Heartbeat
from models.store.job import Job
from tests.calls.conftest import Hotline
from tests.factories import make_court, make_staff
from tests.fake_carrier import FakeCarrier
from tests.models.custody.feed import feed_file
from tests.phone import Phone, PlacedCall
from tests.replay.month import FeedFile, Holding, Month, history
from tests.replay.people import CODE, WRONG_CODE, Person
from tests.replay.short_call import ASK_CODE, CONFIRM, HEAR_NOW, PERSON, ShortCall, tells
from workers.looks import Looks
from workers.mending import Mender
from workers.notice_sweep import NoticeSweep
from workers.sweeper import SWEEP_SECONDS, sweep

#: How long the clock may jump while nothing is due; the sweeper of an office passes every ten seconds. Less
#: than the hours between the alarm about a silent feed and the end of the month's silence.
IDLE = timedelta(hours=3)
_PASS = timedelta(seconds=SWEEP_SECONDS)
#: When people release or reject a held file, and when they take a task: minutes, at most.
_RELEASED_WITHIN, _TASK_WITHIN = (15, 55), (5, 50)
_SUPERVISORS = ("ana@office.example.org", "ben@office.example.org")
_TIED_DAYS = 30


class ReplayCarrier(FakeCarrier):
    """A carrier with very many calls; ``fresh`` are those that the replay has not looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.fresh: list[PlacedCall] = []
        self._by_sid: dict[str, PlacedCall] = {}

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int, line: str | None = None) -> str:
        """Dial, and remember the call by its sid."""
        call_sid = super().place_call(to=to, leg_id=leg_id, ring_seconds=ring_seconds, line=line)
        self._by_sid[call_sid] = self.placed[-1]
        self.fresh.append(self.placed[-1])
        return call_sid

    def _find(self, call_sid: str) -> PlacedCall:
        return self._by_sid.get(call_sid) or super()._find(call_sid)


@dataclass(frozen=True, slots=True)
class Rang:
    """A phone rang for a notice."""

    at: datetime
    number: str
    notice_id: int


@dataclass(frozen=True, slots=True)
class Held:
    """A file that the brake held; ``holding`` is None if it was right and needed nobody."""

    at: datetime
    holding: Holding | None
    reasons: tuple[str, ...]


@dataclass
class Replay:
    """One month. ``whole`` is the part of the answered calls that are whole calls."""

    hotline: Hotline
    phone: Phone
    month: Month
    people: list[Person]
    whole: float
    rang: list[Rang] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    #: Whole calls, short ones, and those that nobody answered.
    calls: dict[str, int] = field(default_factory=lambda: {"whole": 0, "short": 0, "missed": 0})
    #: When each file arrived, by the number of its import.
    arrived: dict[int, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = Random(self.month.seed)
        self._by_number = {number: person for person in self.people for number in person.numbers}
        self._next: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = count()
        self._last_notice = self._last_task = 0
        #: When the last whole pass was, and whether the next one must be one.
        self._swept_at, self._is_news = self.month.start - IDLE, True
        #: When a notice is due, and whether that may have changed.
        self._due, self._is_moved = self.month.start, True
        self._rules = ImportRules(self.hotline.office.gates, self.hotline.policies)

    def passes(self) -> None:
        """The whole month, and two days after it in which nothing happens any more."""
        clock = self.hotline.clock
        clock.now = self.month.start
        self._opens()
        files = self.month.files()
        self._at(clock.now, partial(self._receive, files))
        for person in self.people:
            if person.stops_at is not None:
                self._at(person.stops_at, partial(self._texts_stop, person))
            if person.ends_at is not None:
                self._at(person.ends_at, partial(self._ends_calls, person))
        end = self.month.ends + timedelta(days=2)
        while clock.now < end:
            self._happens()
            moments = [end, self._due, self._swept_at + IDLE, *(moment for moment, *_ in self._next[:1])]
            clock.now = max(clock.now + timedelta(milliseconds=1), min(moments))

    # The clock.

    def _at(self, moment: datetime, action: Callable[[], object]) -> None:
        heapq.heappush(self._next, (moment, next(self._order), action))

    def _happens(self) -> None:
        """What is due, then a pass of the sweeper if it has something to do, and its jobs."""
        hotline, now = self.hotline, self.hotline.clock.now
        while self._next and self._next[0][0] <= now:
            heapq.heappop(self._next)[2]()
        if self._is_news or now >= self._swept_at + IDLE:
            self._sweeps()
        elif now >= self._due:
            self._sweeps_notices()
        hotline.jobs.works_off()
        self._rings()
        if self._is_moved:
            self._is_moved = False
            self._looks_at_rows()

    def _sweeps(self) -> None:
        """A whole pass: after each file, when somebody is to be paged, and now and then."""
        hotline, now = self.hotline, self.hotline.clock.now
        with hotline.database.transaction() as session:
            session.execute(update(Heartbeat).values(seen_at=now))
        sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, now, _no_time_passes)
        self._swept_at, self._is_news, self._is_moved = now, False, True

    def _sweeps_notices(self) -> None:
        """Only the part that calls people: a whole pass takes ten times as long."""
        hotline, now = self.hotline, self.hotline.clock.now
        mender = Mender(hotline.database, hotline.carrier, hotline.office, now, self._hand_on)
        looks = Looks(hotline.database)
        part = NoticeSweep(
            looks, hotline.database, hotline.jobs, hotline.office, now, self._hand_on_all,
            mender.look_after_notice, SWEEP_SECONDS,
        )  # fmt: skip
        for each in (part.look_after, part.offer_due, part.keep_tasks):
            each()
            looks.end_part()
        looks.close()
        self._is_moved = True

    def _hand_on(self, job: Job) -> None:
        self.hotline.jobs.enqueue(*job)

    def _hand_on_all(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._hand_on(job)

    def _looks_at_rows(self) -> None:
        """When the sweeper has something to do next, who is to be paged, and who takes a task."""
        policies, now = self.hotline.policies, self.hotline.clock.now
        with self.hotline.database.reading() as session:
            due = session.scalar(select(func.min(Notice.next_attempt_at)).where(IS_WAITING))
            lapses = session.scalar(select(func.min(Notice.lease_until)).where(IS_RINGING))
            made = session.execute(
                select(Notice.id, Notice.made_at, Notice.is_urgent).where(Notice.id > self._last_notice)
            ).all()
            tasks = session.scalars(select(Callback.id).where(Callback.id > self._last_task)).all()
        soonest = min((at for at in (due, lapses) if at is not None), default=now + IDLE)
        self._due = max(soonest, now + _PASS)
        for notice_id, made_at, is_urgent in made:
            self._last_notice = max(self._last_notice, notice_id)
            if is_urgent:
                for minutes in (policies.notice_on_call_minutes, policies.notice_supervisor_minutes):
                    self._at(made_at + timedelta(minutes=minutes), self._has_news)
        for callback_id in tasks:
            self._last_task = max(self._last_task, callback_id)
            later = now + timedelta(minutes=self._random.uniform(*_TASK_WITHIN))
            self._at(later, partial(self._tells_in_person, callback_id))

    def _has_news(self) -> None:
        self._is_news = True

    # The office.

    def _opens(self) -> None:
        now = self.hotline.clock.now
        with self.hotline.database.transaction() as session:
            make_court(session, "Lumpkin Court")
            hired = now - timedelta(days=400)
            for number, email in enumerate(_SUPERVISORS):
                make_staff(
                    session, email, role="supervisor", on_shift=False, created_at=hired,
                    phone=f"+120255501{80 + number}",
                )  # fmt: skip
            make_staff(session, on_shift=False, on_call=True, created_at=hired, phone="+12025550190")
            for role in ("web", "worker", "sweeper"):
                session.add(Heartbeat(process=role, role=role, started_at=now, seen_at=now))
            before = [
                {
                    "state": "landed", "full": False, "status_changes": changes, "hold_reasons": [],
                    "started_at": at, "settled_at": at, "decided_at": at, "settled_by": [],
                }
                for at, changes in history(self.month).items()
            ]  # fmt: skip
            if before:
                session.execute(insert(CustodyImport), before)

    def _receive(self, files: Iterator[FeedFile]) -> None:
        """A file arrives; the next one is at its own moment."""
        file = next(files, None)
        if file is None:
            return
        if file.at > self.hotline.clock.now:
            self._at(file.at, partial(self._take, file, files))
            return
        self._take(file, files)

    def _take(self, file: FeedFile, files: Iterator[FeedFile]) -> None:
        self._import(file)
        self._receive(files)

    def _import(self, file: FeedFile) -> None:
        now = self.hotline.clock.now
        result = import_custody(
            self.hotline.database, feed_file(*file.rows), self._rules,
            full=file.full, dry_run=False, strict=False, now=now,
        )  # fmt: skip
        assert result.import_id is not None
        self.arrived[result.import_id] = file.at
        self._has_news()
        if result.held:
            reasons = tuple(reason.code for reason in result.hold_reasons)
            self.held.append(Held(now, file.holding, reasons))
            later = now + timedelta(minutes=self._random.uniform(*_RELEASED_WITHIN))
            self._at(later, partial(self._settle, result.import_id, file.holding))
        elif file.holding is not None:
            self.held.append(Held(now, file.holding, ()))

    def _settle(self, import_id: int, holding: Holding | None) -> None:
        self._has_news()
        database, now = self.hotline.database, self.hotline.clock.now
        if holding == "reject":
            reject(database, import_id, by=_SUPERVISORS[0], now=now)
        else:
            release(
                database, import_id, by=_SUPERVISORS[0], and_by=_SUPERVISORS[1], now=now,
                tied_days=_TIED_DAYS,
            )  # fmt: skip

    def _tells_in_person(self, callback_id: int) -> None:
        """The call of staff is not replayed: it is in tests/calls/notices/test_reach_person.py."""
        now = self.hotline.clock.now
        jobs = []
        with self.hotline.database.transaction() as session:
            callback = session.get_one(Callback, callback_id)
            if callback.state in RINGING_STATES:
                # Those on call are offered it at this moment; staff look again.
                self._at(now + timedelta(minutes=5), partial(self._tells_in_person, callback_id))
            if callback.state not in ("requested", "left_for_staff"):
                return
            staff_id = session.scalars(select(Staff.id).where(Staff.on_call)).first()
            actor = f"staff:{staff_id}"
            whose = Case.id == callback.case_id
            if callback.case_id is None:
                whose = Case.registrant_id == callback.registrant_id
            if callback.reason in ("notice", "hard_news"):
                for case_id in session.scalars(select(Case.id).where(whose)).all():
                    jobs += confirm_by_staff(session, case_id, now, now, actor)
            move = "close_left" if callback.state == "left_for_staff" else "cancel"
            advance(session, callback_id, move, actor=actor, now=now, outcome="person_told")
        for name, row_id in jobs:
            self.hotline.jobs.enqueue(name, row_id)

    # The people.

    def _texts_stop(self, person: Person) -> None:
        """Their first phone texts STOP."""
        key = self.hotline.database.keyring.index("phone", person.numbers[0])
        with self.hotline.database.transaction() as session:
            jobs = stop_phone(session, key, self.hotline.clock.now, self.hotline.policy)
        for name, row_id in jobs:
            self.hotline.jobs.enqueue(name, row_id)

    def _ends_calls(self, person: Person) -> None:
        """They stop the calls about changes for good."""
        assert person.case is not None
        with self.hotline.database.transaction() as session:
            jobs = stop_registration(
                session, person.case.id, made_by="caller", call_id=None, now=self.hotline.clock.now
            )
        for name, row_id in jobs:
            self.hotline.jobs.enqueue(name, row_id)

    def _rings(self) -> None:
        """Somebody, or nobody, takes each call that was placed."""
        carrier = self.hotline.carrier
        assert isinstance(carrier, ReplayCarrier)
        while carrier.fresh:
            placed = carrier.fresh.pop()
            with self.hotline.database.reading() as session:
                notice_id = session.scalar(select(Call.notice_id).where(Call.leg_id == placed.leg_id))
            now = self.hotline.clock.now
            person = self._by_number.get(placed.to)
            if notice_id is None or person is None:
                # A member of staff is told by phone that notices are late.
                self._at(now + timedelta(seconds=20), partial(self._misses, placed))
                continue
            self.rang.append(Rang(now, placed.to, notice_id))
            chances = person.chances(now)
            way = self._random.choices(list(chances), list(chances.values()))[0]
            if way in ("no-answer", "busy"):
                seconds = 30 if way == "no-answer" else 2
                self._at(now + timedelta(seconds=seconds), partial(self._misses, placed, way))
                continue
            picked_up = now + timedelta(seconds=self._random.uniform(6, 24))
            self._at(picked_up, partial(self._goes_on, self._talk(person, placed, way)))

    def _misses(self, placed: PlacedCall, how: str = "no-answer") -> None:
        if placed.status == "ringing":
            self.calls["missed"] += 1
            placed.status = how
            tells(self.hotline, placed, how)
            self._is_moved = True

    def _goes_on(self, talk: Iterator[float]) -> None:
        seconds = next(talk, None)
        if seconds is None:
            self._is_moved = True
        else:
            self._at(self.hotline.clock.now + timedelta(seconds=seconds), partial(self._goes_on, talk))

    def _talk(self, person: Person, placed: PlacedCall, way: str) -> Iterator[float]:
        """What the one who answers does; yields the seconds until their next key."""
        if placed.status != "ringing":
            return
        if self._random.random() < self.whole:
            self.calls["whole"] += 1
            extra = {"AnsweredBy": "machine_end_beep"} if way == "machine" else {}
            called: Phone | ShortCall = self.phone.answers(placed, **extra)
        else:
            self.calls["short"] += 1
            called = ShortCall(self.hotline, placed)
        yield 8
        if way == "machine":
            while not called.is_over:
                called.says_nothing()
            return
        if way in ("not now", "hangs up"):
            if way == "not now" and not called.is_over:
                called.presses("2")
            called.hangs_up()
            return
        yield from self._presses(called, "1")
        if ASK_CODE in called.heard:
            if way == "stranger":
                for _ in range(3):
                    if not called.is_over:
                        yield from self._presses(called, WRONG_CODE)
                called.hangs_up()
                return
            if self._random.random() < 0.05 and person.knows_code:
                yield from self._presses(called, WRONG_CODE)
            if not called.is_over:
                yield from self._presses(called, CODE if person.knows_code else "#")
        elif way == "stranger":
            # Of a key alone, anybody who answers may hear: its risk was said (R28).
            called.hangs_up()
            return
        if (key := _key(called, HEAR_NOW)) is not None:
            yield from self._presses(called, key)
            yield 20
        wants = PERSON if self._random.random() < 0.04 else CONFIRM
        if (key := _key(called, wants)) is not None and self._random.random() < 0.95:
            yield from self._presses(called, key)
        called.hangs_up()

    def _presses(self, called: Phone | ShortCall, keys: str) -> Iterator[float]:
        if not called.is_over:
            called.presses(keys)
        yield 8


def _key(called: Phone | ShortCall, words: str) -> str | None:
    """The key that these words offered."""
    found = re.search(re.escape(words) + r" (\d)", called.heard)
    return None if called.is_over or found is None else found[1]


def _no_time_passes(_seconds: float) -> None:
    """The clock of a replay moves by itself."""

"""A storm: people ask for calls and get them, others wait at 0, while the programs are killed."""

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.asker import Asker, Waiter
from tests.chaos.carrier import ChaosCarrier
from tests.chaos.crowd import Crowd
from tests.chaos.installation import POLICIES, Installation, installation
from tests.chaos.notices import AREAS, AREAS_AT_0, AREAS_NOTIFIED, registers, reports
from tests.chaos.notices_verdict import judge_notices
from tests.chaos.verdict import Verdict, judge
from tests.chaos.watch import BOUND_SECONDS, Watch

MOST_CALLBACKS = len(AREAS) * 100
MOST_WAITERS = len(AREAS_AT_0) * 100
MOST_NOTICES = len(AREAS_NOTIFIED) * 100
#: Nothing makes no progress for longer: the line's own bound and both rings.
STANDS_STILL = BOUND_SECONDS + POLICIES["liaison_ring_seconds"] + POLICIES["caller_ring_seconds"]
#: How long after the last settled callback the next one may be: several rings, and the minute between tries.
_SETTLES_SECONDS = 240.0
_AT_ONCE = 32
#: How often those who were set away are called back to work.
_AWAY_SECONDS = 10.0
#: One of this many askers says that they are afraid.
AFRAID_OF = 5


@dataclass(frozen=True, kw_only=True)
class Storm:
    """What happens; the same seed draws the same people and moments, but processes are never as punctual.

    ``waiters`` press 0 in their case. ``notices`` people registered, and the feed reports their changes.
    ``asking_seconds`` is over how long people ask, files come and things are killed. After that it ends when
    no callback or notice is open any more, or none makes progress. ``caller_tries`` is the office's policy,
    and how many calls a day each phone of a registrant allows. ``refused_seconds``: for so long the carrier
    refuses the account (21210), from the middle on.
    ``is_hard``: one liaison never picks up, and the worker hangs for good from the first third on.
    """

    callbacks: int
    waiters: int
    kills: int
    wipes: int
    restarts: int
    seed: int
    database: str
    liaisons: int
    asking_seconds: float
    caller_tries: int
    refused_seconds: float = 0.0
    is_hard: bool = False
    notices: int = 0

    def passes(self, folder: Path) -> tuple[Verdict, str]:
        """Run over an installation in an empty folder; returns the verdict and its log."""
        with installation(folder, self.database, self.caller_tries) as place:
            office_phones, cases = place.moves_in(self.liaisons, self.callbacks + self.waiters)
            notified = registers(place, self.notices, cap=self.caller_tries)
            codes = {phone: one.code for one in notified for phone in one.phones}
            carrier = ChaosCarrier(place.public_url, place.carrier_port, place.token, self.seed)
            absent = office_phones[: int(self.is_hard)]
            crowd = Crowd(carrier.board, self.seed, office_phones, absent, codes)
            watch = Watch(place.database, STANDS_STILL, self._longest_pause())
            is_over = threading.Event()
            try:
                place.opens()
                watch.begins()
                line = place.office.lines[0]
                askers = [
                    Asker(
                        carrier.board,
                        line,
                        case,
                        f"+1{AREAS[n // 100]}55501{n % 100:02d}",
                        is_afraid=n % AFRAID_OF == 0,
                    )
                    for n, case in enumerate(cases[: self.callbacks])
                ]
                for n, case in enumerate(cases[self.callbacks :]):
                    phone = f"+1{AREAS_AT_0[n // 100]}55501{n % 100:02d}"
                    chance = Random(f"{self.seed}/{phone}")
                    askers.append(Waiter(carrier.board, line, case, phone, chance))
                troubles = threading.Thread(target=self._befalls, args=(place, carrier))
                troubles.start()
                threading.Thread(target=_call_back, args=(place, absent, is_over), daemon=True).start()
                with ThreadPoolExecutor(1) as feed:
                    reported = feed.submit(reports, place, notified, self.asking_seconds)
                    self._ask(askers)
                reported.result()
                troubles.join()
                watch.waits_until_quiet()
                watch.ends()
                verdict = judge(place, carrier, askers, watch).beside(judge_notices(place, carrier, notified))
                return verdict, place.log
            finally:
                is_over.set()
                watch.ends()
                crowd.goes_home()
                carrier.closes()

    def _longest_pause(self) -> float:
        """How long nothing may be settled while the storm goes on (seconds)."""
        waits_for_notices = self.notices > 0 and self.caller_tries > 1
        return _SETTLES_SECONDS + 60 * POLICIES["notice_first_minutes"] * waits_for_notices

    def _ask(self, askers: list[Asker]) -> None:
        chance, started = Random(f"{self.seed}/asks"), time.monotonic()
        # Both kinds come in any order.
        askers = chance.sample(askers, len(askers))
        moments = sorted(chance.uniform(0, self.asking_seconds) for _ in askers)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for moment, asker in zip(moments, askers, strict=True):
                time.sleep(max(0.0, started + moment - time.monotonic()))
                pool.submit(asker.asks)

    def _befalls(self, place: Installation, carrier: ChaosCarrier) -> None:
        chance, started = Random(f"{self.seed}/troubles"), time.monotonic()
        troubles: list[Callable[[Random], None]] = [
            *[place.suffers_kill] * self.kills,
            *[place.suffers_wipe] * self.wipes,
            *[place.suffers_restart] * self.restarts,
        ]
        chance.shuffle(troubles)
        moments = sorted(chance.uniform(0, self.asking_seconds) for _ in troubles)
        timed = list(zip(moments, troubles, strict=True))
        if self.is_hard:
            timed.append((self.asking_seconds / 3, lambda _chance: place.loses_its_worker()))
        if self.refused_seconds:
            timed.append((self.asking_seconds / 2, lambda _chance: carrier.refuses()))
            timed.append((self.asking_seconds / 2 + self.refused_seconds, lambda _chance: carrier.relents()))
        for moment, trouble in sorted(timed, key=lambda one: one[0]):
            time.sleep(max(0.0, started + moment - time.monotonic()))
            trouble(chance)


def _call_back(place: Installation, absent: Collection[str], is_over: threading.Event) -> None:
    """Bring back those who were set away: in so many rings each liaison misses two in a row at some time."""
    while not is_over.wait(_AWAY_SECONDS):
        place.returns_to_work(absent)


def small_storm(database: str, restarts: int) -> Storm:
    """One that the suite has time for."""
    return Storm(
        callbacks=4,
        # A caller at 0 may wait longer than the suite does.
        waiters=0,
        kills=5,
        wipes=1,
        restarts=restarts,
        seed=4,
        database=database,
        liaisons=6,
        asking_seconds=6,
        # No second round, which would begin a minute later, or five for a notice; a person lost on hold has
        # one too.
        caller_tries=1,
        notices=8,
    )


def told(storm: Storm, verdict: Verdict) -> str:
    """The verdict as a table under its parameters, so that the storm can be repeated."""
    who = f"seed {storm.seed}, {storm.database}: {storm.callbacks} callbacks, {storm.waiters} at 0"
    what = f"{storm.notices} notices, {storm.kills} kills, {storm.wipes} wipes"
    return f"{who}, {what}, {storm.restarts} restarts of PostgreSQL\n{verdict.table()}"

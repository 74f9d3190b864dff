"""What ten thousand due notices cost callers, while worker and sweeper call them at the pace allowed."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import click
import psutil
from sqlalchemy import update

from config.settings import Settings
from models.cases.case import new_number
from models.notices.notice import IS_WAITING, NOTICES
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.bench.console import KEYS
from tests.bench.full_office import copy_rows
from tests.bench.open_consoles import calls
from tests.bench.turns import installation_environ, served
from tests.factories import make_case, make_event, make_notice, make_registration
from tests.fake_twilio import FakeTwilio, running_twilio
from tests.servers import running_valkey
from workers.queue import Jobs

DUE = 10_000
#: This many are made one by one; the rest are copies.
_FIRST = 200
#: In an order in which each row finds what it refers to; a copy shows the custody record of its first.
_COPIED = (
    "subjects", "registrants", "phones", "cases", "registrations", "consents", "custody_events", "notices",
)  # fmt: skip
_DIGITS = 12
_PATIENCE_SECONDS = 30.0
_SETTLES_SECONDS = 3.0


def calling(seconds: float, rounds: int = 6) -> float:
    """Print how far a caller's p99 moves while 10,000 notices are due; returns the ratio.

    Worker and sweeper run all the time. Slices in which no notice is due and slices in which all of them are
    follow each other, each ``seconds / rounds`` long.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="hb-")))
        twilio = stack.enter_context(running_twilio())
        # A call that the sweeper asks about has been missed.
        twilio.call_status = "no-answer"
        more = {
            "HOTLINE_DATABASE_URL": f"sqlite:///{folder / 'hotline.db'}",
            "HOTLINE_REDIS_URL": stack.enter_context(running_valkey()).url,
            "TWILIO_API_BASE_URL": twilio.url,
            **KEYS,
        }
        notices = stack.enter_context(_filled(folder, more, twilio))
        port, _ = stack.enter_context(served(folder, ["-m", "hotline.cli", "web", "--bind"], more))
        workers = stack.enter_context(
            _working(folder, {**more, "HOTLINE_PUBLIC_URL": f"http://127.0.0.1:{port}"})
        )
        alone, beside, idle, busy = list[float](), list[float](), _Work(), _Work()
        for _ in range(rounds):
            notices.wait()
            with idle.beside(workers, twilio):
                alone += calls(port, seconds / rounds).times
            notices.fall_due()
            with busy.beside(workers, twilio):
                beside += calls(port, seconds / rounds).times
    p99s = [quantiles(times, n=100)[98] for times in (alone, beside)]
    moved = p99s[1] / p99s[0]
    click.echo(
        f"  {DUE:,} due notices: worker and sweeper take {idle.part:.1%} of a core with none due and "
        f"{busy.part:.1%} with all, and place {busy.placed / busy.seconds:.2f} calls a second"
    )
    click.echo(
        f"  a caller's p99 is {p99s[0] * 1000:.1f} ms without and {p99s[1] * 1000:.1f} ms beside them: "
        f"ratio {moved:.2f}"
    )
    return moved


@dataclass
class _Work:
    """What worker and sweeper did in slices of one kind: seconds of CPU, seconds, and calls placed."""

    cpu: float = 0.0
    seconds: float = 0.0
    placed: int = 0

    @property
    def part(self) -> float:
        """The part of a core."""
        return self.cpu / self.seconds

    @contextmanager
    def beside(self, workers: Sequence[psutil.Process], twilio: FakeTwilio) -> Iterator[None]:
        """Add what they do while the block runs."""
        cpu, began, placed = _cpu(workers), monotonic(), _placed(twilio)
        yield
        self.cpu += _cpu(workers) - cpu
        self.seconds += monotonic() - began
        self.placed += _placed(twilio) - placed


def _cpu(workers: Sequence[psutil.Process]) -> float:
    """Seconds of CPU."""
    return sum(sum(worker.cpu_times()[:2]) for worker in workers)


def _placed(twilio: FakeTwilio) -> int:
    return sum(path.endswith("/Calls.json") for _method, path, _form in twilio.asked)


@dataclass(frozen=True)
class _Notices:
    database: Database
    jobs: Jobs
    twilio: FakeTwilio

    def wait(self) -> None:
        """None is due for hours, and no job is left."""
        self._move(timedelta(hours=5))
        _until(lambda: self.jobs.depth() == 0, "The queue was not worked off.")
        # A worker may be in its last job.
        sleep(_SETTLES_SECONDS)

    def fall_due(self) -> None:
        """All are due, and the first was called."""
        placed = _placed(self.twilio)
        self._move(timedelta())
        _until(lambda: _placed(self.twilio) > placed, "Nobody was called.")

    def _move(self, ahead: timedelta) -> None:
        # Those who were called have half an hour until their next try: they would be put off, not called.
        is_new = (IS_WAITING, NOTICES.c.call_id.is_(None))
        with self.database.transaction() as session:
            session.execute(update(NOTICES).where(*is_new).values(next_attempt_at=datetime.now(UTC) + ahead))


def _until(fact: Callable[[], bool], otherwise: str) -> None:
    gives_up = monotonic() + _PATIENCE_SECONDS
    while not fact():
        if monotonic() > gives_up:
            raise TimeoutError(otherwise)
        sleep(0.1)


@contextmanager
def _filled(folder: Path, more: dict[str, str], twilio: FakeTwilio) -> Iterator[_Notices]:
    """A database with the notices of ten thousand cases."""
    environ = installation_environ(folder, {"HOTLINE_PUBLIC_URL": "http://127.0.0.1:1", **more})
    settings = Settings.from_env(environ)
    database = Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key))
    upgrade(database)
    now = datetime.now(UTC)
    later = now + timedelta(hours=5)
    with database.transaction() as session:
        for number in range(_FIRST):
            phone = f"+1206555{100 + number % 100:04d}"
            case = make_case(session, "released", phone=phone, as_of=now, number=new_number(_DIGITS))
            event = make_event(session, case.subject_id, "released", at=now, made_at=now, before_id=None)
            registration = make_registration(session, case, made_at=now)
            make_notice(session, registration, event, made_at=now, next_attempt_at=later)
    with database.transaction() as session:
        for copy in range(1, DUE // _FIRST):
            copy_rows(session, _COPIED, copy)
    jobs = Jobs(settings.queue_url)
    try:
        yield _Notices(database, jobs, twilio)
    finally:
        jobs.close()
        database.close()


@contextmanager
def _working(folder: Path, more: dict[str, str]) -> Iterator[list[psutil.Process]]:
    """A worker and a sweeper."""
    environ = installation_environ(folder, more)
    with (folder / "workers.log").open("w") as log:
        running = [
            subprocess.Popen([sys.executable, "-m", "hotline.cli", role], env=environ, stdout=log, stderr=log)
            for role in ("worker", "sweeper")
        ]
    try:
        yield [psutil.Process(one.pid) for one in running]
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait()

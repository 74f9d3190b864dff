"""From a request to the liaison's ring, and what a callback costs a worker beside an empty job."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

import click
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import delete, insert, update

from config.settings import Settings
from models import Pace, Staff
from models.callbacks.callback import CALLBACKS
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.factories import make_callback, make_case, make_staff
from tests.fake_twilio import FakeTwilio, running_twilio
from tests.servers import running_valkey
from workers.own_job import FUNCTION
from workers.queue import QUEUE, Jobs

OTHERS = 10_000
_SHIPPED = Path(__file__).parents[2] / "config" / "office.toml"
_PATIENCE_SECONDS = 20.0


def request_to_ring(times: int) -> float:
    """Print how long it takes until the carrier is asked to ring; returns the 99th percentile (seconds).

    10,000 others are listed whose windows are closed. One request at a time, as the pace of an account
    requires.
    """
    with _installation() as installation:
        installation.lists_others()
        with installation.running_worker():
            taken = [installation.asks_and_waits() for _ in range(times + 3)][3:]
    worst = quantiles(taken, n=100)[98]
    click.echo(
        f"  request to ring, {OTHERS} others listed: "
        f"p50 {median(taken) * 1000:.0f} ms, p99 {worst * 1000:.0f} ms"
    )
    return worst


def overhead(jobs: int) -> None:
    """Print what a callback costs a worker beside an empty job of the same class.

    The request to the carrier is the work, not its overhead: a job that does only that is measured as well.
    It has no limit of its own: a phone rings for 20 s, and `request_to_ring` is what a caller waits.
    """
    with _installation() as installation:
        empty, asked, ours = [], [], []
        for _ in range(5):
            empty.append(installation.works_off([("tests.bench.worker.nothing", (1,))] * jobs) / jobs)
            asked.append(installation.works_off([("tests.bench.worker.ask_carrier", (1,))] * jobs) / jobs)
            ids = installation.asks_for(jobs)
            ours.append(installation.works_off([(FUNCTION, ("dial_liaison", one)) for one in ids]) / jobs)
    nothing, whole = median(empty), median(ours)
    ratio = (whole - (median(asked) - nothing)) / nothing
    click.echo(
        f"  an empty job {nothing * 1000:.1f} ms, one that asks the carrier {median(asked) * 1000:.1f} ms, "
        f"a liaison rung {whole * 1000:.1f} ms: {whole / nothing:.2f} empty jobs, "
        f"{ratio:.2f} without the carrier"
    )


class _Installation:
    def __init__(self, folder: Path, redis_url: str, twilio: FakeTwilio) -> None:
        office = folder / "office.toml"
        # An account that may place many calls a second: the bench measures ours, not the carrier's pace.
        shipped = _SHIPPED.read_text()
        pace = r"(\[policies.carrier_calls_per_second\]\nvalue = )1\n"
        office.write_text(re.sub(pace, r"\g<1>100\n", shipped))
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOTLINE_DATA_DIR": str(folder),
            "HOTLINE_REDIS_URL": redis_url,
            "HOTLINE_PUBLIC_URL": "http://127.0.0.1:1",
            "HOTLINE_SECRET_KEY": "the secret key of the bench, never of an installation",
            "HOTLINE_PIN_PEPPER": "the PIN pepper of the bench, never of an installation",
            "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "HOTLINE_OFFICE_FILE": str(office),
            "HOTLINE_OFFICE_ALWAYS_OPEN": "1",
            "TWILIO_AUTH_TOKEN": "the-token-of-the-bench",
            "TWILIO_API_BASE_URL": twilio.url,
        }
        settings = Settings.from_env(self._environ)
        self._twilio = twilio
        self._database = Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key))
        upgrade(self._database)
        self._jobs = Jobs(settings.queue_url)
        self._redis = Redis.from_url(settings.queue_url)
        self._queue = Queue(QUEUE, connection=self._redis, serializer=JSONSerializer)

    def close(self) -> None:
        self._jobs.close()
        self._redis.close()
        self._database.close()

    def lists_others(self) -> None:
        later = datetime.now(UTC) + timedelta(hours=5)
        with self._database.transaction() as session:
            row = make_callback(session, next_attempt_at=later, due_at=later)
            session.flush()
            facts = {column.name: getattr(row, column.name) for column in CALLBACKS.c if column.name != "id"}
            session.execute(insert(CALLBACKS), [facts] * (OTHERS - 1))

    def asks_for(self, count: int) -> list[int]:
        """``count`` promises, with a liaison for each and nobody busy from before."""
        now = datetime.now(UTC)
        with self._database.transaction() as session:
            session.execute(update(Staff).values(on_shift=False))
            session.execute(delete(Pace))
            return [self._promise(session, now) for _ in range(count)]

    @staticmethod
    def _promise(session, now: datetime) -> int:  # type: ignore[no-untyped-def]
        make_staff(session)
        return make_callback(
            session,
            make_case(session),
            next_attempt_at=now,
            requested_at=now,
            due_at=now + timedelta(hours=5),
        ).id

    def asks_and_waits(self) -> float:
        (callback_id,) = self.asks_for(1)
        before = len(self._twilio.asked)
        started = perf_counter()
        self._jobs.enqueue("dial_liaison", callback_id)
        while len(self._twilio.asked) == before:
            if perf_counter() - started > _PATIENCE_SECONDS:
                raise TimeoutError("Nobody was rung.")
            sleep(0.001)
        return perf_counter() - started

    def works_off(self, jobs: list[tuple[str, tuple[object, ...]]]) -> float:
        """Seconds from the first job to the last, without the worker's own start."""
        for name, args in jobs:
            self._queue.enqueue_call(name, args=args, timeout=60, result_ttl=0, failure_ttl=60)
        before = len(self._twilio.asked)
        command = [sys.executable, "-m", "tests.bench.worker"]
        worker = subprocess.Popen(command, env=self._environ)
        while self._queue.count == len(jobs):
            sleep(0.001)
        started = perf_counter()
        worker.wait()
        taken = perf_counter() - started
        if jobs[0][0].startswith("workers") and len(self._twilio.asked) - before < len(jobs):
            raise RuntimeError("Somebody was not rung.")
        return taken

    @contextmanager
    def running_worker(self) -> Iterator[None]:
        command = [sys.executable, "-m", "hotline.cli", "worker"]
        worker = subprocess.Popen(command, env=self._environ)
        try:
            yield
        finally:
            worker.terminate()
            worker.wait()


@contextmanager
def _installation() -> Iterator[_Installation]:
    with TemporaryDirectory(prefix="hb-") as folder, running_valkey() as valkey, running_twilio() as twilio:
        installation = _Installation(Path(folder), valkey.url, twilio)
        try:
            yield installation
        finally:
            installation.close()

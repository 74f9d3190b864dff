"""The queue and the worker process on a real Valkey: what is in it, and what its absence costs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from rq.utils import utcformat
from sqlalchemy import event, select

from config.office import Office
from config.settings import Settings
from models import Callback
from models.calls.call import CALLS
from models.store.database import Database
from models.store.heartbeat import Heartbeat
from tests.conftest import ON_SQLITE
from tests.factories import make_callback, make_case, make_staff
from tests.fake_twilio import FakeTwilio, running_twilio
from tests.servers import Valkey
from workers.__main__ import Vigil, _wait_for
from workers.office_watch import OfficeWatch
from workers.queue import QUEUE, Jobs

#: For processes that live by the machine's own clock.
_LONG_DUE = {"next_attempt_at": datetime(2020, 1, 1, tzinfo=UTC)}
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def jobs(redis_url: str) -> Iterator[Jobs]:
    jobs = Jobs(redis_url)
    yield jobs
    jobs.close()


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with running_twilio() as server:
        yield server


def _everything_in(url: str) -> str:
    client = Redis.from_url(url)
    found = []
    for key in client.keys("*"):
        found.append(key.decode(errors="replace"))
        match client.type(key):
            case b"hash":
                found.append(str(client.hgetall(key)))
            case b"list":
                found.append(str(client.lrange(key, 0, -1)))
            case b"zset":
                found.append(str(client.zrange(key, 0, -1)))
            case b"set":
                found.append(str(client.smembers(key)))
            case b"stream":
                found.append(str(client.xrange(key)))
            case _:
                found.append(str(client.get(key)))
    client.close()
    return "\n".join(found)


def test_job_is_a_name_and_one_row_id(jobs: Jobs, redis_url: str) -> None:
    assert jobs.enqueue("dial_liaison", 4711)
    assert jobs.depth() == 1
    client = Redis.from_url(redis_url)
    queue = Queue(QUEUE, connection=client, serializer=JSONSerializer)
    (job,) = queue.jobs
    assert (job.func_name, list(job.args), job.kwargs) == (
        "workers.callbacks.do_job",
        ["dial_liaison", 4711],
        {},
    )
    assert (job.timeout, job.result_ttl, job.failure_ttl, job.retries_left) == (60, 0, 3600, None)
    assert job.id.startswith("dial_liaison-4711-")
    client.close()


def test_job_that_no_worker_took_in_time_is_given_out_only_once(jobs: Jobs, redis_url: str) -> None:
    for row_id in (1, 2):
        jobs.enqueue("release_leg", row_id)
    assert jobs.take_untaken(60) is None
    assert jobs.depth() == 2
    assert [jobs.take_untaken(0) for _ in range(3)] == [("release_leg", 1), ("release_leg", 2), None]
    assert jobs.depth() == 0
    assert "release_leg" not in _everything_in(redis_url)


@pytest.mark.parametrize("seconds", [0, 10])
def test_job_that_a_clock_ahead_left_is_given_out_once_the_clock_is_set_right(
    jobs: Jobs, redis_url: str, seconds: float
) -> None:
    """Without a worker it lay there until that hour, and the sweeper rang nobody: it took it for an offer."""
    jobs.enqueue("dial_liaison", 1)
    with Redis.from_url(redis_url) as client:
        (job_id,) = Queue(QUEUE, connection=client, serializer=JSONSerializer).get_job_ids()
        in_an_hour = datetime.now(UTC) + timedelta(hours=1)
        client.hset(f"rq:job:{job_id}", "enqueued_at", utcformat(in_an_hour))

    assert jobs.take_untaken(seconds) == ("dial_liaison", 1)


def test_check_of_the_queue_drops_a_job_of_someone_else(jobs: Jobs, redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    Queue(QUEUE, connection=client, serializer=JSONSerializer).enqueue_call("os.system", args=("true",))
    client.close()
    jobs.enqueue("release_leg", 7)
    assert jobs.take_untaken(0) == ("release_leg", 7)
    assert jobs.depth() == 0


@pytest.mark.parametrize("field", ["status", "created_at", "enqueued_at", "data"])
def test_check_of_the_queue_skips_a_spoiled_job(jobs: Jobs, redis_url: str, field: str) -> None:
    jobs.enqueue("release_leg", 6)
    jobs.enqueue("release_leg", 7)
    with Redis.from_url(redis_url) as client:
        (first, _) = Queue(QUEUE, connection=client, serializer=JSONSerializer).get_job_ids()
        client.hset(f"rq:job:{first}", field, "nonsense")

    assert jobs.take_untaken(0) == ("release_leg", 7)
    assert jobs.depth() == 0


def test_only_jobs_that_exist_can_be_enqueued() -> None:
    with pytest.raises(ValueError, match="no job of this name"):
        Jobs("redis://127.0.0.1:1").enqueue("system", 1)


def test_redis_being_down_costs_a_turn_nothing_and_comes_back_by_itself(
    valkey: Valkey, redis_url: str
) -> None:
    hour = [0.0]
    jobs = Jobs(redis_url, clock=lambda: hour[0])
    assert jobs.enqueue("dial_liaison", 1)
    valkey.stop()
    assert not jobs.enqueue("dial_liaison", 2)
    assert jobs.depth() is None
    valkey.start()
    assert not jobs.enqueue("dial_liaison", 3), "left alone for two seconds"
    hour[0] = 2.0
    assert jobs.enqueue("dial_liaison", 4)
    jobs.close()


def test_failed_job_leaves_no_word_of_why_in_redis(jobs: Jobs, redis_url: str) -> None:
    # Nothing was equipped in this process, so the job fails at its first step.
    jobs.enqueue("dial_liaison", 1)
    client = Redis.from_url(redis_url)
    worker = SimpleWorker([Queue(QUEUE, connection=client, serializer=JSONSerializer)], connection=client)
    worker.serializer = JSONSerializer
    worker.work(burst=True, logging_level="ERROR")
    everything = _everything_in(redis_url)
    assert "Traceback" not in everything
    assert "failed" not in everything
    client.close()


def _environment(settings: Settings, twilio: FakeTwilio) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOTLINE_DATA_DIR": str(settings.data_dir),
        "HOTLINE_DATABASE_URL": settings.database_url,
        "HOTLINE_REDIS_URL": settings.queue_url,
        "HOTLINE_PUBLIC_URL": settings.public_url,
        "HOTLINE_SECRET_KEY": settings.secret_key.decode(),
        "HOTLINE_PIN_PEPPER": settings.pin_pepper.decode(),
        "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "HOTLINE_OFFICE_ALWAYS_OPEN": "1",
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_tokens[0],
        "TWILIO_API_BASE_URL": twilio.url,
    }


def _start(command: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hotline.cli", command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _until(what: Callable[[], object], process: subprocess.Popen[str]) -> None:
    for _ in range(3000):
        if what():
            return
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    process.kill()
    raise AssertionError(process.communicate()[0])


def test_worker_waits_for_redis_rings_the_liaison_and_stops_when_told(
    database: Database, redis_url: str, valkey: Valkey, settings: Settings, twilio: FakeTwilio, jobs: Jobs
) -> None:
    with database.transaction() as session:
        make_staff(session)
        callback = make_callback(session, make_case(session), **_LONG_DUE)
    valkey.stop()
    worker = _start("worker", _environment(settings, twilio))
    valkey.start()
    jobs.is_up()
    assert jobs.enqueue("dial_liaison", callback.id)

    def has_rung() -> bool:
        with database.reading() as session:
            return session.scalar(select(CALLS.c.call_sid)) is not None

    _until(has_rung, worker)
    worker.send_signal(signal.SIGTERM)
    told, _ = worker.communicate(timeout=30)
    assert worker.returncode == 0, told
    assert twilio.asked[0][2]["To"] == ["+12025550170"]
    with database.reading() as session:
        row = session.scalars(select(Callback)).one()
        assert row.state == "ringing_liaison"
        sealed = row.number_sealed
    for private in ("5550110", "5550170", sealed, "the-token"):
        assert private not in told + _everything_in(redis_url)


@ON_SQLITE
def test_worker_that_can_take_no_job_counts_as_none_until_redis_takes_writes(
    database: Database, redis_url: str, valkey: Valkey, settings: Settings, twilio: FakeTwilio, jobs: Jobs
) -> None:
    def lives() -> bool:
        with database.reading() as session:
            return session.scalar(select(Heartbeat.role)) == "worker"

    with valkey.takes_no_write("full"):
        worker = _start("worker", _environment(settings, twilio))
        assert worker.stdout is not None
        first = worker.stdout.readline(), worker.stdout.readline()
        assert "Waiting for the queue (OutOfMemoryError)" in first[1]
        assert not jobs.enqueue("dial_liaison", 1)
        assert not lives()

    _until(lives, worker)
    worker.send_signal(signal.SIGTERM)
    told, _ = worker.communicate(timeout=30)
    assert worker.returncode == 0, told


class _Waits:
    """The time of a worker that waits for its queue, which is there from ``until`` seconds on."""

    def __init__(self, valkey: Valkey, place: Path, until: float) -> None:
        self._server, self._place, self._until = valkey.url.removeprefix("unix://"), place, until
        self._now = 0.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds
        if self._now >= self._until and not self._place.exists():
            self._place.symlink_to(self._server)

    def look(self) -> None:
        """The worker's vigil has nothing to find here."""


@pytest.mark.parametrize(("until", "told"), [(1.0, 0), (30.0, 1)])
def test_queue_that_starts_together_with_its_worker_is_no_news_and_one_that_stays_away_is_told_once(
    valkey: Valkey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    until: float,
    told: int,
) -> None:
    """A person at a terminal read a warning in JSON beside the address of the line."""
    valkey.empty()
    place = tmp_path / "queue.sock"
    waits = _Waits(valkey, place, until)
    monkeypatch.setattr("workers.__main__.time", waits)

    _wait_for(Redis.from_url(f"unix://{place}"), waits)  # type: ignore[arg-type]

    assert [one.getMessage() for one in caplog.records] == ["Waiting for the queue (ConnectionError)."] * told


@ON_SQLITE
def test_worker_that_is_told_to_stop_while_it_gives_a_connection_back_stops(
    database: Database, jobs: Jobs, office: Office
) -> None:
    """SQLAlchemy swallows what RQ's handler raises there."""

    class ToldToStopError(Exception):
        pass

    def stops(*_: object) -> None:
        raise ToldToStopError

    vigil = Vigil(database, OfficeWatch(office, database), jobs)
    for engine in database.engines:
        event.listen(engine, "reset", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.signal(signal.SIGTERM, stops)
    try:
        with pytest.raises(ToldToStopError):
            vigil.keep()
    finally:
        signal.signal(signal.SIGTERM, before)


@ON_SQLITE
def test_sweeper_process_rings_with_redis_down_and_stops_when_told(
    database: Database, redis_url: str, valkey: Valkey, settings: Settings, twilio: FakeTwilio
) -> None:
    with database.transaction() as session:
        make_staff(session)
        make_callback(session, make_case(session), **_LONG_DUE)
    valkey.stop()
    sweeper = _start("sweeper", _environment(settings, twilio))
    _until(lambda: twilio.asked, sweeper)
    sweeper.send_signal(signal.SIGTERM)
    told, _ = sweeper.communicate(timeout=30)
    assert sweeper.returncode == 0, told
    assert "5550170" not in told

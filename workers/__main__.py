"""The worker process: takes one job at a time from the one queue, and does it itself."""

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from models.calls.alert_sending import unsent_alerts
from models.overview.trouble import page_troubles
from models.store.database import Database
from models.store.heartbeat import BEAT_SECONDS, is_silent
from workers.equipment import equip
from workers.heart import Heart
from workers.office_rules import policies_of
from workers.office_watch import OfficeWatch
from workers.own_job import JOB_SECONDS, OwnJob
from workers.queue import QUEUE, Jobs, write_for_trial

log = logging.getLogger(__name__)

#: How often a worker looks for jobs of a worker that died; RQ's own default is ten minutes.
MAINTENANCE_SECONDS = 60
#: How long a silent worker still counts as alive; each wait for a job is 15 s shorter than this.
WORKER_SECONDS = 25
WAIT_SECONDS = 0.5
#: The queue starts together with the worker: for so long it is no news that nothing answers there.
START_SECONDS = 3.0
_AT_ONCE = 50


class CallbackWorker(SimpleWorker):
    """RQ's worker without a process for each job; it checks for a lost Redis every 2 s, not once a minute.

    What a job has connected and compiled serves the next one. A job that takes too long is the last: it may
    have been cut off in the middle of a statement.
    """

    max_connection_wait_time = 2.0
    vigil: "Vigil | None" = None

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """RQ's own sign of life, and ours."""
        super().heartbeat(timeout, pipeline)
        if self.vigil is not None:
            self.vigil.keep()

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Do a job of the callback list, and no other: a writer to Redis must not get code run here."""
        if not (isinstance(job, OwnJob) and job.is_ours()):
            log.error("A job that is none of ours was dropped.")
            job.delete()
            return False
        began = time.monotonic()
        is_done = bool(super().perform_job(job, queue, execution))
        self._stop_requested |= time.monotonic() - began >= JOB_SECONDS
        return is_done

    def set_shutdown_requested_date(self) -> None:
        """Write nothing to Redis: a signal comes in the middle of a job, which may be a call."""

    def request_force_stop(self, _signum: int, _frame: FrameType | None) -> None:
        """Ignore a second signal: cutting a job off is left to SIGKILL, for those who no longer wait."""

    def handle_payload(self, _message: object) -> None:
        """Ignore RQ's commands (stop, cancel the job): anybody can send them through Redis. Use signals."""
        log.error("A command to the worker was ignored.")

    def check_for_suspension(self, _burst: bool) -> None:
        """Ignore suspension: a key in Redis would stop every RQ worker for as long as it exists."""


@contextmanager
def _stopping_waits() -> Iterator[None]:
    """Let a signal to stop wait until the block is over.

    RQ's handler raises in a worker without a job, and SQLAlchemy swallows what is raised while it closes a
    connection: the worker would go on.
    """
    came: list[int] = []
    before = {
        one: signal.signal(one, lambda number, _frame: came.append(number))
        for one in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        for number in came:
            signal.raise_signal(number)


class Vigil:
    """The heartbeat of a worker, which also pages while the sweeper, which normally pages, is silent."""

    def __init__(self, database: Database, watch: OfficeWatch, jobs: Jobs) -> None:
        self._database, self._watch, self._jobs = database, watch, jobs
        self._heart = Heart(database, "worker")

    def keep(self) -> None:
        """Write a heartbeat if it is time, and check on the sweeper."""
        with _stopping_waits():
            if self._heart.beat():
                self.look()

    def look(self) -> None:
        """Page while the sweeper is silent."""
        try:
            self._page()
        except SQLAlchemyError as fault:
            log.warning("The sweeper could not be looked after (%s).", type(fault).__name__)

    def _page(self) -> None:
        now, office = datetime.now(UTC), self._watch.office
        with self._database.reading() as session:
            if not is_silent(session, "sweeper", now):
                return
        with self._database.transaction() as session:
            page_troubles(session, now, policies_of(office), office.is_open(now))
            unsent = unsent_alerts(session, now, _AT_ONCE)
        for alert_id in unsent:
            self._jobs.enqueue("send_alert", alert_id)


def run_worker(settings: Settings) -> None:
    """Work until told to stop. Returns when Redis fails during a job: supervision starts us again."""
    database, watch = equip(settings)
    vigil = Vigil(database, watch, Jobs(settings.queue_url))
    connection = Redis.from_url(settings.queue_url)
    _wait_for(connection, vigil)
    # Without a name RQ takes a random one; a fixed name is refused after a crash.
    worker = CallbackWorker(
        [Queue(QUEUE, connection=connection, serializer=JSONSerializer, job_class=OwnJob)],
        connection=connection,
        job_class=OwnJob,
        serializer=JSONSerializer,
        maintenance_interval=MAINTENANCE_SECONDS,
        worker_ttl=WORKER_SECONDS,
        log_job_description=False,
    )
    worker.vigil = vigil
    worker.work(logging_level="WARNING", with_scheduler=False)


def _wait_for(connection: Redis, vigil: Vigil) -> None:
    """Wait until Redis takes what a worker writes there; a worker that waits counts as none (R39)."""
    began, told, looked_at = time.monotonic(), False, None
    while True:
        try:
            write_for_trial(connection)
        except (RedisError, OSError) as fault:
            is_away = isinstance(fault, RedisConnectionError | OSError)
            if not told and not (is_away and time.monotonic() - began < START_SECONDS):
                log.warning("Waiting for the queue (%s).", type(fault).__name__)
                told = True
        else:
            return
        if looked_at is None or time.monotonic() - looked_at >= BEAT_SECONDS:
            vigil.look()
            looked_at = time.monotonic()
        time.sleep(WAIT_SECONDS)

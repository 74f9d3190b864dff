"""The queue between the line and its workers: the name of a job and the id of a row, never anything more."""

import logging
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from workers.own_job import FAILURES_KEPT_SECONDS, FUNCTION, JOB_SECONDS, JOBS, OwnJob

log = logging.getLogger(__name__)

#: One queue for a worker: with several, RQ loses a job whose worker dies between taking and starting it.
QUEUE = "callbacks"
#: The longest that a phone turn waits for Redis.
PATIENCE_SECONDS = 0.3
#: How long the queue is not used after a failure, so that no turn waits for a Redis that is down.
QUIET_SECONDS = 2.0
#: The key that is written for a trial. It begins like RQ's own: an office may let us write no others.
_TRIAL, _TRIAL_SECONDS = "rq:hotline:trial", 60
#: How many jobs at the head of the queue one check reads.
_LOOKED_AT = 20


def write_for_trial(connection: Redis) -> bool:
    """Write a key that says nothing: a Redis that is full, or a copy of another, still answers reads (R39).

    Raises RedisError or OSError when it takes no write.
    """
    return bool(connection.set(_TRIAL, 1, ex=_TRIAL_SECONDS))


class Jobs:
    """Enqueues work. The rows are authoritative: the sweeper finds there what could not be enqueued."""

    def __init__(self, redis_url: str, clock: Callable[[], float] = time.monotonic) -> None:
        connection = Redis.from_url(
            redis_url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer, job_class=OwnJob)
        self._clock = clock
        self._quiet_until = 0.0

    def enqueue(self, name: str, row_id: int) -> bool:
        """Enqueue one job; returns whether it was accepted. If Redis is down, nothing is raised."""
        if name not in JOBS:
            raise ValueError("There is no job of this name.")
        # RQ's own retries stay off: the row decides whether and when to call again.
        return self._ask(
            lambda: self._queue.enqueue_call(
                FUNCTION,
                args=(name, row_id),
                timeout=JOB_SECONDS,
                result_ttl=0,
                failure_ttl=FAILURES_KEPT_SECONDS,
                job_id=f"{name}-{row_id}-{secrets.token_hex(6)}",
            )
        ) is not None  # fmt: skip

    def depth(self) -> int | None:
        """How many jobs no worker has taken yet; None when Redis is down."""
        found = self._ask(lambda: self._queue.count)
        return found if isinstance(found, int) else None

    def take_untaken(self, seconds: float) -> tuple[str, int] | None:
        """The oldest job that no worker has taken for this long, now removed from the queue; else None."""
        found = self._ask(lambda: self._pop_older_than(seconds))
        return cast("tuple[str, int] | None", found)

    def _pop_older_than(self, seconds: float) -> tuple[str, int] | None:
        for job_id in self._queue.get_job_ids(0, _LOOKED_AT):
            job = self._queue.fetch_job(job_id)
            if job is not None and job.enqueued_at is not None:
                since = job.enqueued_at if job.enqueued_at.tzinfo else job.enqueued_at.replace(tzinfo=UTC)
                # A job of the future is old: a clock was set back since.
                if timedelta() <= datetime.now(UTC) - since < timedelta(seconds=seconds):
                    return None
            # If a worker takes it at this moment, it has removed it first.
            is_untaken = self._queue.remove(job_id) == 1
            if job is None or not is_untaken:
                continue
            job.delete(remove_from_queue=False)
            if isinstance(job, OwnJob) and job.is_ours():
                name, row_id = job.args
                return name, row_id
            log.error("A job that is none of ours was dropped.")
        return None

    def is_up(self) -> bool:
        """Whether Redis takes a write now, even right after a failure."""
        self._quiet_until = 0.0
        return self._ask(lambda: write_for_trial(self._queue.connection)) is not None

    def close(self) -> None:
        """Close the connections."""
        self._queue.connection.close()

    def _ask(self, question: Callable[[], object]) -> object | None:
        if self._clock() < self._quiet_until:
            return None
        try:
            return question()
        except (RedisError, OSError) as fault:
            self._quiet_until = self._clock() + QUIET_SECONDS
            log.warning("The queue cannot be reached; rows wait for the sweeper (%s).", type(fault).__name__)
            return None

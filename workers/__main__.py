"""The worker process: takes one job at a time from the one queue, and forks for each."""

import logging
import time

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from config.parent import end_with_parent
from config.settings import Settings
from workers.callbacks import equip
from workers.queue import JOBS, QUEUE

log = logging.getLogger(__name__)

#: How often a worker looks for jobs that another one died with; RQ's own default is ten minutes.
MAINTENANCE_SECONDS = 60
#: How long a worker that is silent still counts as alive; it waits for a job 15 s less than this at a time.
WORKER_SECONDS = 60
WAIT_SECONDS = 0.5
FUNCTIONS = frozenset(f"workers.callbacks.{name}" for name in JOBS)


class CallbackWorker(Worker):
    """RQ's forking worker, which looks for a lost Redis every 2 s instead of once a minute."""

    max_connection_wait_time = 2.0

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Do one job, in the forked process, which ends with the worker that forked it."""
        end_with_parent()
        super().main_work_horse(job, queue)

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Do a job of the callback list, and no other: who writes to Redis must not run code here."""
        if job.func_name not in FUNCTIONS:
            log.error("A job that is none of ours was dropped.")
            job.delete()
            return False
        return bool(super().perform_job(job, queue, execution))


def run_worker(settings: Settings) -> None:
    """Work until told to stop. Returns when Redis fails in mid-job: supervision starts us again."""
    equip(settings)
    connection = Redis.from_url(settings.queue_url)
    _wait_for(connection)
    # Without a name of its own choosing RQ takes a random one; a fixed one is refused after a crash.
    worker = CallbackWorker(
        [Queue(QUEUE, connection=connection, serializer=JSONSerializer)],
        connection=connection,
        serializer=JSONSerializer,
        maintenance_interval=MAINTENANCE_SECONDS,
        worker_ttl=WORKER_SECONDS,
        log_job_description=False,
    )
    worker.work(logging_level="WARNING", with_scheduler=False)


def _wait_for(connection: Redis) -> None:
    told = False
    while True:
        try:
            connection.ping()
        except (RedisError, OSError) as fault:
            if not told:
                log.warning("Waiting for the queue (%s).", type(fault).__name__)
            told = True
            time.sleep(WAIT_SECONDS)
        else:
            return

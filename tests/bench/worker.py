"""The worker of the callback list as shipped, which does an empty job as well, to be measured beside it."""

import sys

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from config.settings import Settings
from workers import __main__ as shipped
from workers import callbacks, own_job
from workers.equipment import equip
from workers.queue import QUEUE


def nothing(_row_id: int) -> None:
    """An empty job."""


def ask_carrier(_row_id: int) -> None:
    """What every callback does beside keeping the list: ask the carrier to ring somebody."""
    callbacks._dialler()._carrier.place_call(to="+12025550150", leg_id="0" * 32, ring_seconds=20)


def work(environ: dict[str, str]) -> None:
    """Do what is in the queue, then end."""
    settings = Settings.from_env(environ)
    equip(settings)
    own_job.FUNCTIONS = own_job.FUNCTIONS | {
        f"tests.bench.worker.{name}" for name in ("nothing", "ask_carrier")
    }
    connection = Redis.from_url(settings.queue_url)
    worker = shipped.CallbackWorker(
        [Queue(QUEUE, connection=connection, serializer=JSONSerializer, job_class=own_job.OwnJob)],
        connection=connection,
        job_class=own_job.OwnJob,
        serializer=JSONSerializer,
        log_job_description=False,
    )
    worker.work(burst=True, logging_level="WARNING")


if __name__ == "__main__":
    import os

    sys.exit(work(dict(os.environ)))

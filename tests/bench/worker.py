"""The worker of the callback list as shipped, which does an empty job as well, for the comparison."""

import sys

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from config.settings import Settings
from workers import __main__ as shipped
from workers import callbacks
from workers.equipment import equip
from workers.own_job import OwnJob
from workers.queue import QUEUE


def nothing(_row_id: int) -> None:
    """An empty job."""


def ask_carrier(_row_id: int) -> None:
    """What every callback does beside keeping the list: ask the carrier to ring somebody."""
    callbacks._dialler()._carrier.place_call(to="+12025550150", leg_id="0" * 32, ring_seconds=20)


class BenchJob(OwnJob):
    """A job of ours, or one of the two above."""

    def is_ours(self) -> bool:
        """Whether it is one of them."""
        ours = {f"tests.bench.worker.{function.__name__}" for function in (nothing, ask_carrier)}
        return self.func_name in ours or super().is_ours()


def work(environ: dict[str, str]) -> None:
    """Do what is in the queue, then end."""
    settings = Settings.from_env(environ)
    equip(settings)
    connection = Redis.from_url(settings.queue_url)
    worker = shipped.CallbackWorker(
        [Queue(QUEUE, connection=connection, serializer=JSONSerializer, job_class=BenchJob)],
        connection=connection,
        job_class=BenchJob,
        serializer=JSONSerializer,
        log_job_description=False,
    )
    worker.work(burst=True, logging_level="WARNING")


if __name__ == "__main__":
    import os

    sys.exit(work(dict(os.environ)))

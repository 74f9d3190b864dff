"""What a worker makes before its first job, and keeps from one job to the next."""

import dataclasses
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

import psycopg
import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import make_url

from config.settings import Settings
from models.audit.office_change import change_fields, standing_changes
from models.store.database import Database, tried_again
from tests.factories import make_callback, make_case, make_staff
from tests.fake_twilio import FakeTwilio, running_twilio
from workers import __main__ as worker_module
from workers import callbacks, own_job
from workers.equipment import equip
from workers.own_job import OwnJob
from workers.queue import QUEUE, Jobs

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
Rings = Callable[[], dict[str, Any]]
_LONG_DUE = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _unequipped_afterwards() -> Iterator[None]:
    handlers = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    yield
    callbacks._equipment.clear()
    for one, handler in handlers.items():
        signal.signal(one, handler)


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with running_twilio() as server:
        yield server


@pytest.fixture
def rings_one_more(database: Database, settings: Settings, twilio: FakeTwilio) -> Rings:
    """A job of one worker for one more callback and liaison; returns what the carrier was asked."""
    equip(dataclasses.replace(settings, twilio_api_base_url=twilio.url))
    phones = cycle(f"+1202555017{number}" for number in range(10))

    def asks() -> int:
        with database.transaction() as session:
            make_staff(session, phone=next(phones))
            return make_callback(session, make_case(session), next_attempt_at=_LONG_DUE).id

    def ring() -> dict[str, Any]:
        asked = len(twilio.asked)
        # The suite's own connection may be closed as well.
        callbacks.do_job("dial_liaison", tried_again(asks))
        ((_method, _path, form),) = twilio.asked[asked:]
        return form

    return ring


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/hotline.db", "postgresql+psycopg://nobody@127.0.0.1:1/none"]
)
def test_worker_starts_before_its_database(settings: Settings, url: str) -> None:
    equip(dataclasses.replace(settings, database_url=url))


def test_change_of_the_office_counts_for_every_later_job_and_not_only_for_the_next(
    database: Database, rings_one_more: Rings
) -> None:
    before = rings_one_more()["Timeout"]
    policy = {"value": 37, "basis": "Asked for.", "decided_by": "the director", "review_by": "2027-06-30"}
    with database.transaction() as session:
        change_fields(
            session, {"policies.liaison_ring_seconds": policy}, reason="The suite.",
            seen=standing_changes(session), actor="ruth", now=datetime.now(UTC),
        )  # fmt: skip

    assert before != ["37"]
    assert [rings_one_more()["Timeout"] for _ in range(2)] == [["37"], ["37"]]


@ON_POSTGRESQL
def test_job_after_a_restart_of_the_database_is_done_at_once(
    database: Database, rings_one_more: Rings
) -> None:
    rings_one_more()
    plain = make_url(str(database.engine.url.render_as_string(hide_password=False)))
    with psycopg.connect(
        plain.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    ) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    assert rings_one_more()["To"] != ["+12025550170"]


def test_worker_ends_after_a_job_that_takes_too_long_and_leaves_the_next_one_to_another(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A job that is cut off in the middle of a statement may leave its connection to the next one."""

    class Hanging:
        def do(self, _name: str, _row_id: int) -> None:
            time.sleep(30)

    monkeypatch.setattr(own_job, "JOB_SECONDS", 1)
    monkeypatch.setattr(worker_module, "JOB_SECONDS", 1)
    monkeypatch.setattr(callbacks, "_dialler", Hanging)
    jobs = Jobs(redis_url)
    for row_id in (1, 2):
        jobs.enqueue("move_leg", row_id)
    with Redis.from_url(redis_url) as client:
        a_worker(client).work(burst=True, logging_level="ERROR")

    assert jobs.depth() == 1
    assert "A job failed." in caplog.messages
    jobs.close()


@pytest.mark.parametrize("times", [1, 2])
def test_worker_told_to_stop_in_a_job_while_the_queue_is_gone_finishes_that_job(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """The signal's handler wrote to Redis, and its error, or a second signal, cut the job off in a call."""
    finished = []

    class Stopped:
        def do(self, _name: str, row_id: int) -> None:
            worker.connection = gone
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGTERM)
                # RQ ignores a second signal in the same second.
                worker._shutdown_requested_date -= timedelta(seconds=2)
            worker.connection = client
            finished.append(row_id)

    monkeypatch.setattr(callbacks, "_dialler", Stopped)
    jobs = Jobs(redis_url)
    for row_id in (1, 2):
        jobs.enqueue("move_leg", row_id)
    with Redis.from_url(redis_url) as client, Redis(port=1) as gone:
        worker = a_worker(client)
        worker.work(burst=True, logging_level="ERROR")

    assert finished == [1]
    assert jobs.depth() == 1
    jobs.close()


def a_worker(client: Redis) -> worker_module.CallbackWorker:
    """The worker as it runs."""
    return worker_module.CallbackWorker(
        [Queue(QUEUE, connection=client, serializer=JSONSerializer, job_class=OwnJob)],
        connection=client,
        job_class=OwnJob,
        serializer=JSONSerializer,
    )

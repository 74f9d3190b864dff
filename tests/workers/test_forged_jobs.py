"""Somebody with write access to Redis: a worker does our own jobs of theirs and nothing more."""

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis
from rq import Callback as CallWhenDone
from rq import Queue
from rq.command import send_kill_horse_command, send_shutdown_command
from rq.serializers import JSONSerializer
from rq.suspension import suspend
from rq.webhook import Webhook

from config.settings import Settings
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.factories import make_callback, make_case, make_staff
from tests.fake_twilio import FakeTwilio, running_twilio
from tests.workers.test_queue import _environment, _start, _until
from workers.__main__ import CallbackWorker
from workers.own_job import OwnJob
from workers.queue import QUEUE, Jobs

#: The trace that the function which a stranger names leaves when it is called.
MARK = "a-mark"


def leave_a_mark(_job: object, connection: Redis, *_more: object) -> None:
    """The function that a stranger wants a worker to call."""
    connection.set(MARK, "1")


@pytest.fixture
def client(redis_url: str) -> Iterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    client.close()


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with running_twilio() as server:
        yield server


def _queue(client: Redis) -> Queue:
    return Queue(QUEUE, connection=client, serializer=JSONSerializer)


def _works_off(client: Redis) -> None:
    """A worker as shipped does what is in the queue."""
    worker = CallbackWorker(
        [Queue(QUEUE, connection=client, serializer=JSONSerializer, job_class=OwnJob)],
        connection=client,
        job_class=OwnJob,
        serializer=JSONSerializer,
    )
    worker.work(burst=True, logging_level="ERROR")


@pytest.mark.parametrize("ending", ["on_success", "on_failure", "on_stopped"])
def test_function_that_a_job_names_for_its_end_is_never_called(client: Redis, ending: str) -> None:
    named = CallWhenDone("tests.workers.test_forged_jobs.leave_a_mark")
    forged: dict[str, Any] = {ending: named}
    # No row has this id. A job that takes no text for an id fails, if it is begun at all.
    _queue(client).enqueue_call("workers.callbacks.do_job", args=("move_leg", 0), **forged)
    _queue(client).enqueue_call("workers.callbacks.do_job", args=("move_leg", 0, 0), **forged)
    _works_off(client)
    assert client.get(MARK) is None
    assert _queue(client).count == 0


def test_no_request_goes_to_an_address_that_a_job_names(client: Redis, twilio: FakeTwilio) -> None:
    to_a_stranger = [Webhook(twilio.url + "/stranger", each) for each in ("finished", "failed")]
    _queue(client).enqueue_call("workers.callbacks.do_job", args=("move_leg", 0), webhooks=to_a_stranger)
    _queue(client).enqueue_call("workers.callbacks.do_job", args=("move_leg", 0, 0), webhooks=to_a_stranger)
    _works_off(client)
    assert twilio.asked == []


def test_job_that_a_dead_worker_left_behind_calls_nothing_either(client: Redis, redis_url: str) -> None:
    jobs = Jobs(redis_url)
    jobs.enqueue("move_leg", 0)
    jobs.close()
    (job_id,) = _queue(client).get_job_ids()
    forged = {"failure_callback_name": "os.abort", "webhooks": json.dumps([{"url": "http://127.0.0.1:1"}])}
    client.hset(f"rq:job:{job_id}", mapping=forged)
    read = OwnJob.fetch(job_id, connection=client, serializer=JSONSerializer)
    assert (read._failure_callback_name, read.webhooks) == (None, [])
    assert read.is_ours()


def test_spoiled_job_is_skipped_and_no_job_can_shorten_its_own_timeout(client: Redis, redis_url: str) -> None:
    jobs = Jobs(redis_url)
    for row_id in (1, 2):
        jobs.enqueue("move_leg", row_id)
    jobs.close()
    spoiled, hurried = _queue(client).get_job_ids()
    client.hset(f"rq:job:{spoiled}", mapping={"status": "nonsense", "created_at": "never"})
    client.hset(f"rq:job:{hurried}", mapping={"timeout": "1", "result_ttl": "-1"})
    read = OwnJob.fetch(hurried, connection=client, serializer=JSONSerializer)
    assert (read.timeout, read.result_ttl) == (60, 0)
    _works_off(client)
    assert _queue(client).count == 0
    assert client.exists(f"rq:job:{hurried}") == 0


@pytest.mark.parametrize(
    ("name", "args", "more"),
    [
        ("os.system", ("true",), {}),
        ("workers.callbacks.take_equipment", (1,), {}),
        ("workers.callbacks.do_job", ("take_equipment", 1), {}),
        ("workers.callbacks.do_job", (["move_leg"], 1), {}),
        ("workers.callbacks.do_job", ("move_leg", True), {}),
        ("workers.callbacks.do_job", ("move_leg", "1"), {}),
        ("workers.callbacks.do_job", ("move_leg", 1, 2), {}),
        ("workers.callbacks.do_job", ("move_leg",), {"row_id": 1}),
    ],
)
def test_anything_but_one_of_our_jobs_with_one_row_id_is_dropped(
    client: Redis, name: str, args: tuple[Any, ...], more: dict[str, Any]
) -> None:
    made = _queue(client).enqueue_call(name, args=args, kwargs=more)
    assert not OwnJob.fetch(made.id, connection=client, serializer=JSONSerializer).is_ours()
    _works_off(client)
    assert client.exists(f"rq:job:{made.id}") == 0


def _listens(client: Redis) -> str | None:
    """The name under which a worker listens for RQ's commands, once one does."""
    found = client.pubsub_channels("rq:pubsub:*")
    return found[0].decode().removeprefix("rq:pubsub:") if found else None


@ON_SQLITE
def test_worker_goes_on_when_redis_tells_it_to_stop_or_to_pause(
    database: Database, client: Redis, redis_url: str, settings: Settings, twilio: FakeTwilio
) -> None:
    long_due = datetime(2020, 1, 1, tzinfo=UTC)
    with database.transaction() as session:
        make_staff(session)
        callback = make_callback(session, make_case(session), next_attempt_at=long_due)
    worker = _start("worker", _environment(settings, twilio))
    _until(lambda: _listens(client), worker)
    name = _listens(client)
    assert name is not None
    send_shutdown_command(client, name)
    send_kill_horse_command(client, name)
    suspend(client)
    jobs = Jobs(redis_url)
    assert jobs.enqueue("dial_liaison", callback.id)
    jobs.close()
    _until(lambda: twilio.asked, worker)
    worker.send_signal(signal.SIGTERM)
    told, _ = worker.communicate(timeout=30)
    assert worker.returncode == 0, told
    assert "A command to the worker was ignored." in told

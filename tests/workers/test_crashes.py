"""Workers that die at the worst moments, killed with SIGKILL in a process of their own, and two that race."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import pytest

from config.office import Office
from models.store.database import Database
from models.store.keyring import Keyring
from models.talks import leg as legs
from tests.call_center import CallCenter, CallCenterCarrier, WaitingJobs
from tests.conftest import FIELD_KEYS, ON_BOTH, SECRET_KEY
from tests.factories import NOW, make_callback, make_case, make_office, make_staff
from workers import callbacks
from workers.callbacks import Dialler
from workers.placing import Placer

pytestmark = ON_BOTH

#: The points at which a worker can die while it does a job.
POINTS = ("before claim", "after claim", "before dial", "after dial")


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _DeadlyCarrier(CallCenterCarrier):
    """Kills its process before or after the call was placed, and tells the parent that it was."""

    def __init__(self, point: str, told: Connection) -> None:
        super().__init__()
        self._point, self._told = point, told

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int, line: str | None = None) -> str:
        """Dial, and die."""
        if self._point == "before dial":
            _die()
        call_sid = super().place_call(to=to, leg_id=leg_id, ring_seconds=ring_seconds, line=line)
        self._told.send(leg_id)
        if self._point == "after dial":
            _die()
        return call_sid


def _work(url: str, office: Office, job: str, callback_id: int, point: str, told: Connection) -> None:
    """A worker's process. What it changes in the modules ends with it."""
    if point == "before claim":
        callbacks.ring_next = callbacks.ring_caller = _die  # type: ignore[assignment]
    if point == "after claim":
        if job == "dial_caller":
            Placer.place = _die  # type: ignore[method-assign,assignment]
        else:
            # Claim, liaison and intent are one transaction, which ends unfinished.
            ring_next = callbacks.ring_next
            callbacks.ring_next = lambda *asked: _die(ring_next(*asked))  # type: ignore[assignment,return-value]
    database = Database(url, Keyring(FIELD_KEYS, SECRET_KEY), pool_size=1)
    carrier = _DeadlyCarrier(point, told)
    dialler = Dialler(database, carrier, office, WaitingJobs(), lambda: NOW, lambda _: None)  # type: ignore[arg-type]
    dialler.do(job, callback_id)


def _dies(call_center: CallCenter, database_url: str, job: str, point: str) -> list[str]:
    """Run a job in a process that dies at the point; returns the legs that it dialed."""
    context = multiprocessing.get_context("fork")
    hears, tells = context.Pipe(duplex=False)
    process = context.Process(
        target=_work, args=(database_url, call_center.office, job, call_center.callback().id, point, tells)
    )
    process.start()
    tells.close()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    process.close()
    try:
        return [hears.recv()]
    except EOFError:
        return []
    finally:
        hears.close()


@pytest.fixture
def call_center(database: Database, office: Office) -> CallCenter:
    call_center = CallCenter(database, office, NOW)
    with database.transaction() as session:
        make_staff(session)
        make_callback(session, make_case(session))
    return call_center


@pytest.mark.parametrize("point", POINTS)
def test_worker_that_dies_while_it_rings_a_liaison_loses_no_promise(
    call_center: CallCenter, database_url: str, point: str
) -> None:
    dialled = _dies(call_center, database_url, "dial_liaison", point)
    assert len(dialled) == (point == "after dial")
    call_center.carrier.is_deaf = True
    for _ in range(4):
        call_center.sweeps(seconds=61)
        call_center.works_off()
    again = [call.leg_id for call in call_center.carrier.placed]
    if point in ("before claim", "after claim"):
        assert len(again) == 1, "nothing was dialled, so it is dialled now"
    else:
        assert again == [], "it may have rung, so nobody rings again"
        assert (call_center.state(), call_center.busy()) == ("left_for_staff", 0)
    assert not set(dialled) & set(again)


@pytest.mark.parametrize("point", POINTS)
def test_worker_that_dies_while_it_rings_the_caller_rings_them_at_most_once(
    call_center: CallCenter, database_url: str, point: str
) -> None:
    call_center.dialler.dial_liaison(call_center.callback().id)
    (liaison,) = call_center.carrier.placed
    call_center.answers(liaison)
    call_center.presses(liaison, legs.accept_by_liaison)
    call_center.jobs.waiting.clear()

    dialled = _dies(call_center, database_url, "dial_caller", point)

    call_center.sweeps(seconds=4)
    call_center.works_off()
    rung = len(dialled) + len(call_center.carrier.placed) - 1
    assert rung == (point in ("before claim", "after dial"))
    if point != "before claim":
        call_center.sweeps(seconds=130)
        assert call_center.state() == "left_for_staff"
        call_center.works_off()
        assert call_center.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]


def _at_once(do: Callable[[int], None], ids: list[int]) -> None:
    """Do it for every id, each in a thread of its own, all starting together."""
    barrier = threading.Barrier(len(ids))

    def works(row_id: int) -> None:
        barrier.wait()
        do(row_id)

    with ThreadPoolExecutor(len(ids)) as pool:
        list(pool.map(works, ids))


def test_workers_with_the_same_job_ring_one_liaison(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        for _ in range(3):
            make_staff(session)
    _at_once(call_center.dialler.dial_liaison, [call_center.callback().id] * 4)
    assert (len(call_center.carrier.placed), call_center.busy()) == (1, 1)
    call_center.presses(call_center.carrier.placed[0], legs.accept_by_liaison)
    _at_once(call_center.dialler.dial_caller, [call_center.callback().id] * 4)
    assert len(call_center.carrier.placed) == 2


def test_many_callbacks_at_once_share_the_liaisons_without_a_double(call_center: CallCenter) -> None:
    call_center.office = make_office(policies={"carrier_calls_per_second": 100})
    with call_center.database.transaction() as session:
        for position in range(2):
            make_staff(session, phone=f"+1202555018{position}")
        ids = [make_callback(session, make_case(session)).id for _ in range(6)]
    _at_once(call_center.dialler.dial_liaison, ids)
    assert call_center.busy() == 3
    assert sorted(call.to for call in call_center.carrier.placed) == [
        "+12025550170",
        "+12025550180",
        "+12025550181",
    ]

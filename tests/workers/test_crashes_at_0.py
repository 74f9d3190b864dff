"""A worker that rings a liaison for a caller at 0 dies at each write, around the dial and the jobs."""

import pytest
from sqlalchemy import delete

from config.office import Office
from models import Call, Pace, QueuedCall, Staff
from models.calls.place import WAITING
from models.calls.role import AT_0
from models.store.database import Database
from models.talks.queue_ring import take_liaison_for
from tests.call_center import CallCenter
from tests.conftest import ON_SQLITE
from tests.factories import NOW, make_call, make_staff
from tests.workers.test_fault_points import BOUND, _each_point, _runs


@pytest.fixture
def call_center(database: Database, office: Office) -> CallCenter:
    return CallCenter(database, office, NOW)


def _waits_at_0(call_center: CallCenter) -> int:
    """One more caller in the queue, with a liaison reserved for them; returns the leg that will ring them."""
    with call_center.database.transaction() as session:
        for person in session.query(Staff):
            person.on_shift = False
        session.execute(delete(Pace))
        make_staff(session)
        call: Call = make_call(session, place=WAITING, leg_id=f"{session.query(Call).count():032d}")
        session.add(QueuedCall(call_id=call.id, verified=True, since=NOW, seen_at=NOW))
    caller = call_center.leg(str(call.leg_id))
    with call_center.database.transaction() as session:
        taken = take_liaison_for(session, caller, NOW, verified=True)
        assert taken is not None
    call_center.now = NOW
    call_center.carrier.placed.clear()
    call_center.jobs.waiting.clear()
    return taken.call_id


@ON_SQLITE
@pytest.mark.timeout(300)
def test_worker_that_rings_a_liaison_for_a_caller_at_0_may_die_anywhere(
    call_center: CallCenter, database_url: str
) -> None:
    def dies(at: int | None) -> tuple[int, bool]:
        leg_id = _waits_at_0(call_center)
        found = _runs(call_center, database_url, "ring_direct", leg_id, at)
        while call_center.now - NOW < BOUND:
            call_center.sweeps(seconds=30)
            call_center.works_off()
        assert len(call_center.carrier.placed) <= 1, "one acceptance is asked for once"
        for call in call_center.carrier.placed:
            call_center.hangs_up(call, "no-answer")
        (leg,) = call_center.rows(Call, Call.id == leg_id)
        assert leg.role == AT_0
        assert leg.ended_at is not None, "rung to its end, or given up after one ring"
        assert call_center.busy() == 0
        return found

    _each_point(dies)

"""A worker that rings a liaison for a caller at 0 dies at each write, around the dial and the jobs."""

import pytest
from sqlalchemy import delete

from config.office import Office
from models import Call, LineWait, Pace, Staff
from models.calls.place import WAITING
from models.calls.role import AT_0
from models.store.database import Database
from models.talks.liaison_at_0 import take_liaison_for
from tests.callback_desk import CallbackDesk
from tests.factories import NOW, make_call, make_staff
from tests.workers.test_fault_points import BOUND, _each_point, _runs


@pytest.fixture
def desk(database: Database, office: Office) -> CallbackDesk:
    return CallbackDesk(database, office, NOW)


def _waits_at_0(desk: CallbackDesk) -> int:
    """One more caller in line, for whom a liaison of their own is held; gives the leg that will ring them."""
    with desk.database.transaction() as session:
        for person in session.query(Staff):
            person.on_shift = False
        session.execute(delete(Pace))
        make_staff(session)
        call: Call = make_call(session, place=WAITING, leg_id=f"{session.query(Call).count():032d}")
        session.add(LineWait(call_id=call.id, verified=True, since=NOW, seen_at=NOW))
    caller = desk.leg(str(call.leg_id))
    with desk.database.transaction() as session:
        taken = take_liaison_for(session, caller, NOW, verified=True)
        assert taken is not None
    desk.now = NOW
    desk.carrier.placed.clear()
    desk.jobs.waiting.clear()
    return taken.call_id


@pytest.mark.timeout(300)
def test_a_worker_that_rings_a_liaison_for_a_caller_at_0_may_die_anywhere(
    desk: CallbackDesk, database_url: str
) -> None:
    def dies(at: int | None) -> tuple[int, bool]:
        leg_id = _waits_at_0(desk)
        found = _runs(desk, database_url, "ring_direct", leg_id, at)
        while desk.now - NOW < BOUND:
            desk.sweeps(seconds=4)
            desk.works_off()
        assert len(desk.carrier.placed) <= 1, "one acceptance is asked for once"
        for call in desk.carrier.placed:
            desk.hangs_up(call, "no-answer")
        (leg,) = desk.rows(Call, Call.id == leg_id)
        assert leg.role == AT_0
        assert leg.ended_at is not None, "rung to its end, or given up after one ring"
        assert desk.busy() == 0
        return found

    _each_point(dies)

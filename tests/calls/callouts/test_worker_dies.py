"""A worker that rings staff for a call to an agency dies at each write, around the dial and the jobs."""

import pytest
from sqlalchemy import delete

from config.office import Office
from models import Call, Callout, Pace, Staff
from models.callouts.callout import call_out
from models.store.database import Database
from tests.call_center import CallCenter
from tests.factories import NOW, make_case, make_staff
from tests.workers.test_fault_points import BOUND, _each_point, _runs


@pytest.fixture
def call_center(database: Database, office: Office) -> CallCenter:
    return CallCenter(database, office, NOW)


def _asks(call_center: CallCenter) -> int:
    """One more person asks to be rung; returns the leg that will ring them."""
    with call_center.database.transaction() as session:
        for person in session.query(Staff):
            person.on_shift = False
        session.execute(delete(Pace))
        who = make_staff(session)
        ((_, leg_id),) = call_out(session, make_case(session).id, "service:crisis", who.id, NOW)
    call_center.now = NOW
    call_center.carrier.placed.clear()
    call_center.jobs.waiting.clear()
    return leg_id


@pytest.mark.timeout(300)
def test_worker_that_rings_staff_who_call_out_may_die_anywhere(
    call_center: CallCenter, database_url: str
) -> None:
    def dies(at: int | None) -> tuple[int, bool]:
        leg_id = _asks(call_center)
        found = _runs(call_center, database_url, "ring_taker", leg_id, at)
        while call_center.now - NOW < BOUND:
            call_center.sweeps(seconds=30)
            call_center.works_off()
        assert len(call_center.carrier.placed) <= 1, "nobody is rung twice"
        for call in call_center.carrier.placed:
            call_center.hangs_up(call, "no-answer")
        call_center.sweeps(seconds=4)
        (leg,) = call_center.rows(Call, Call.id == leg_id)
        (callout,) = call_center.rows(Callout, Callout.call_id == leg_id)
        assert leg.ended_at is not None, "rung to its end, or given up after one ring"
        assert callout.outcome == "unmade"
        assert call_center.busy() == 0
        return found

    _each_point(dies)

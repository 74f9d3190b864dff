"""What the tests of talks at 0 share."""

from sqlalchemy import select

from models import Staff, Talk
from tests.calls.conftest import Hotline
from workers.sweeper import sweep

FIRST, SECOND, INTERPRETER = "+12025550170", "+12025550171", "+12025550104"


def passes(hotline: Hotline, seconds: float) -> None:
    """Move the clock and run the sweeper; the jobs that it queues wait for a worker."""
    since = hotline.clock.now
    hotline.clock.passes(seconds=seconds)
    now = hotline.clock.now
    sweep(
        hotline.database,
        hotline.jobs,
        hotline.carrier,
        hotline.office,
        now,
        lambda _seconds: None,
        since=since,
    )


def talks(hotline: Hotline) -> list[Talk]:
    return hotline.rows(select(Talk).order_by(Talk.id))


def held_legs(hotline: Hotline) -> list[int]:
    return hotline.rows(select(Staff.busy_call_id).where(Staff.busy_call_id.is_not(None)))

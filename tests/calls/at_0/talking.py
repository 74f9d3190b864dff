"""What talks at 0 have in common."""

from sqlalchemy import select

from models import DirectTalk, Staff
from tests.calls.conftest import House
from workers.sweeper import sweep

FIRST, SECOND, INTERPRETER = "+12025550170", "+12025550171", "+12025550104"


def passes(house: House, seconds: float) -> None:
    """Let time go by, and the sweeper look; what it hands on waits for a worker."""
    since = house.clock.now
    house.clock.passes(seconds=seconds)
    now = house.clock.now
    sweep(house.database, house.jobs, house.carrier, house.office, now, lambda _seconds: None, since=since)


def talks(house: House) -> list[DirectTalk]:
    return house.rows(select(DirectTalk).order_by(DirectTalk.id))


def held_legs(house: House) -> list[int]:
    return house.rows(select(Staff.busy_call_id).where(Staff.busy_call_id.is_not(None)))

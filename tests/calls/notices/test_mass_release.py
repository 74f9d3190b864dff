"""A file that looks like a mass release is held, and released by two people it reaches everybody (R16)."""

from collections.abc import Callable

from sqlalchemy import select

from models import CustodyEvent, Notice
from models.custody.imports.held import release
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, Registered, picks_up, reports, sweeps
from tests.calls.notices.test_correcting import ANA, BEN, two_people
from tests.conftest import ON_SQLITE
from tests.phone import Phone

Registering = Callable[..., Registered]
__all__ = ["two_people"]


def test_bulk_import_that_looks_like_a_mass_release_is_held_and_nobody_is_called(
    registered: Registering, hotline: Hotline
) -> None:
    numbers = [f"+120255501{n:02}" for n in range(40, 51)]
    made = [registered("in_custody", phones=(number,)) for number in numbers]

    held = reports(hotline, "released", *made)

    assert held.held
    # Staff are paged about it; no registrant is called.
    assert not set(sweeps(hotline, hours=1)) & set(numbers)
    assert hotline.rows(select(CustodyEvent)) == []


@ON_SQLITE
def test_mass_release_of_a_saturday_night_reaches_everybody_or_a_person_does(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    numbers = [f"+120255501{n:02}" for n in range(40, 51)]
    made = [registered("in_custody", phones=(number,)) for number in numbers]
    local = hotline.clock.now.astimezone(hotline.office.zone)
    hotline.clock.passes(days=(5 - local.weekday()) % 7, hours=(23 - local.hour) % 24)
    assert hotline.clock.now.astimezone(hotline.office.zone).strftime("%A %H") == "Saturday 23"
    held = reports(hotline, "released", *made)
    assert held.held
    assert held.import_id is not None
    hotline.clock.passes(minutes=40)

    release(hotline.database, held.import_id, by=ANA, and_by=BEN, now=hotline.clock.now, tied_days=30)
    rung: set[str] = set()
    for _ in range(4):
        rung |= set(sweeps(hotline, seconds=10))
    assert rung == set(numbers)

    # The first answers; nobody else does, for two hours.
    answered = picks_up(phone, hotline, numbers[0])
    for key in ("1", CODE, "1", "1"):
        answered.presses(key)
    for call in list(hotline.carrier.ringing):
        phone.another().declines(call, "no-answer")
    for minutes in (31, 62, 62):
        sweeps(hotline, minutes=minutes)
        for call in list(hotline.carrier.ringing):
            phone.another().declines(call, "no-answer")
    confirmed, *others = hotline.rows(select(Notice).order_by(Notice.id))
    assert confirmed.state == "confirmed"
    assert {one.paged_level for one in others} == {2}

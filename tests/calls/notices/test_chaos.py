"""Processes die, Redis is wiped, the carrier refuses: each notice ends confirmed or with a person (R39)."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from sqlalchemy import select

from models import Call, Notice
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, Registered
from tests.conftest import ON_SQLITE
from tests.factories import make_office
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone
from workers.sweeper import sweep

Registering = Callable[..., Registered]
PEOPLE = 12


class KilledError(BaseException):
    """A process was killed: nothing of its code runs on."""


class DeadlyCarrier(FakeCarrier):
    """A carrier at whose requests the asking process may be killed, before or after it dials."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random
        self.kills = 0

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int, line: str | None = None) -> str:
        fate = self._random.random()
        if fate < 0.1:
            self.kills += 1
            raise KilledError
        call_sid = super().place_call(to=to, leg_id=leg_id, ring_seconds=ring_seconds, line=line)
        if fate < 0.2:
            self.kills += 1
            raise KilledError
        return call_sid


@ON_SQLITE
def test_every_notice_is_confirmed_or_with_a_person_whatever_dies(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    random = Random(1)
    hotline.office = make_office(policies={"carrier_calls_per_second": 10})
    hotline.carrier = carrier = DeadlyCarrier(random)
    started = hotline.clock.now
    for number in range(PEOPLE):
        registered("escaped", phones=(f"+12025550{number + 100:03d}",), cap=99).is_due("escaped")
    confirmed: dict[int, int] = {}
    while hotline.clock.now - started < timedelta(hours=26):
        minutes = (hotline.clock.now - started) / timedelta(minutes=1)
        hotline.clock.passes(seconds=random.choice((2, 4, 30, 600)))
        carrier.refuses_calls = 20003 if 40 <= minutes < 70 else None
        if random.random() < 0.2:
            hotline.jobs.waiting.clear()
        for work in (_sweeps, _works):
            try:
                work(hotline)
            except KilledError:
                continue
        for call in list(carrier.ringing):
            _happens(phone.another(), call, random)
        for notice in hotline.rows(select(Notice).where(Notice.state == "confirmed")):
            calls = len(hotline.rows(select(Call.id).where(Call.notice_id == notice.id)))
            assert confirmed.setdefault(notice.id, calls) == calls
        if not hotline.rows(select(Notice.id).where(Notice.state.in_(("waiting", "ringing")))):
            break

    notices = hotline.rows(select(Notice))
    assert carrier.kills > 0
    assert {one.state for one in notices} <= {"confirmed", "left_for_staff"}
    assert sum(one.state == "confirmed" for one in notices) > PEOPLE / 2
    assert all(one.task is not None for one in notices if one.state == "left_for_staff")
    dialled = [call.leg_id for call in carrier.placed]
    assert len(dialled) == len(set(dialled))


def _sweeps(hotline: Hotline) -> None:
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now, lambda _s: None)


def _works(hotline: Hotline) -> None:
    hotline.jobs.works_off()


def _happens(phone: Phone, call: object, random: Random) -> None:
    """Most people do not answer at first; who does confirms."""
    if random.random() < 0.6:
        phone.declines(call, "no-answer")  # type: ignore[arg-type]
        return
    called = phone.answers(call)  # type: ignore[arg-type]
    for key in ("1", CODE, "1", "1"):
        if not called.is_over:
            called.presses(key)
    called.hangs_up()

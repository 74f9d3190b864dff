"""Whatever happens before, a notice that was confirmed is never called about again (R34)."""

from collections.abc import Callable
from random import Random

import pytest

from models import Subject
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, SECOND, Registered, picks_up, sweeps, the_notice
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE, in_turn
from tests.factories import make_custody_record
from tests.phone import Phone
from workers.sweeper import sweep

Registering = Callable[..., Registered]


@in_turn("seed", range(6))
def test_confirmed_notice_is_never_called_again(
    phone: Phone, registered: Registering, hotline: Hotline, seed: int
) -> None:
    random, kind = Random(seed), "escaped" if seed % 4 < 2 else "transferred"
    made = registered(kind, phones=(FIRST, SECOND), cap=99)
    made.is_due(kind)
    confirmed_at = None
    for _ in range(14):
        sweeps(hotline, minutes=random.choice((0, 1, 31, 125)))
        if confirmed_at is not None:
            assert len(hotline.carrier.placed) == confirmed_at
            assert the_notice(hotline).state == "confirmed"
        for call in list(hotline.carrier.ringing):
            if call.status != "ringing":
                continue
            _happens(phone.another(), call, random)
        if random.random() < 0.1 and confirmed_at is None:
            caller = phone.another()
            opens_the_case(caller, made.case)
            hotline.clock.passes(seconds=30)
            caller.presses("1")
            hotline.clock.passes(seconds=30)
            caller.presses("2")
            caller.hangs_up()
        hotline.jobs.works_off()
        if confirmed_at is None and the_notice(hotline).state == "confirmed":
            confirmed_at = len(hotline.carrier.placed)


@ON_SQLITE
@pytest.mark.parametrize(("cap", "rings"), [(2, [FIRST]), (1, [])])
@pytest.mark.parametrize("last_key", ["1", "2"], ids=["confirmed", "asked for a person"])
def test_phone_that_was_not_dialed_in_time_is_never_dialed_and_costs_the_cap_nothing(
    phone: Phone, registered: Registering, hotline: Hotline, last_key: str, cap: int, rings: list[str]
) -> None:
    made = registered("escaped", phones=(FIRST, SECOND), cap=cap)
    made.is_due("escaped")
    _sweeps_without_workers(hotline)
    hotline.dialler.do(*hotline.jobs.waiting.pop(0))
    # Valkey loses the job of the second phone.
    hotline.jobs.waiting.clear()
    called = picks_up(phone, hotline, FIRST)
    for key in ("1", CODE, "1", last_key):
        called.presses(key)
    called.hangs_up()
    hotline.jobs.works_off()

    hotline.clock.passes(minutes=1)
    _sweeps_without_workers(hotline)
    jobs = list(hotline.jobs.waiting)
    _is_let_out(hotline, made)

    assert jobs == []
    assert sweeps(hotline) == rings


def test_calls_that_were_not_dialed_in_time_leave_the_cap_of_one_for_the_next_news(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("escaped", phones=(FIRST, SECOND), cap=1)
    made.is_due("escaped")
    _sweeps_without_workers(hotline)
    # Valkey loses the jobs, and the person calls the line before the sweeper finds that out.
    hotline.jobs.waiting.clear()
    opens_the_case(phone, made.case)
    hotline.clock.passes(seconds=30)
    for key in ("1", "2"):
        phone.presses(key)
        hotline.clock.passes(seconds=30)
    phone.hangs_up()
    assert the_notice(hotline).state == "confirmed"

    _is_let_out(hotline, made)

    assert sweeps(hotline, minutes=1) == [FIRST]


def _is_let_out(hotline: Hotline, made: Registered) -> None:
    with hotline.database.transaction() as session:
        make_custody_record(session, session.get_one(Subject, made.case.subject_id), "released")
    made.is_due("released")


def _sweeps_without_workers(hotline: Hotline) -> None:
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now, lambda _s: None)


def _happens(phone: Phone, call: object, random: Random) -> None:
    """Somebody, or nobody, takes a call."""
    way = random.choice(("no-answer", "busy", "silence", "2", "code", "wrong", "hangs up", "confirms"))
    if way in ("no-answer", "busy"):
        phone.declines(call, way)  # type: ignore[arg-type]
        return
    called = phone.answers(call)  # type: ignore[arg-type]
    keys = {
        "silence": (), "2": ("2",), "code": ("1", CODE), "wrong": ("1", "1111"), "hangs up": ("1",),
        "confirms": ("1", CODE, "1", "1", "1"),
    }[way]  # fmt: skip
    for key in keys:
        if not called.is_over:
            called.presses(key)
    if way == "silence":
        while not called.is_over:
            called.says_nothing()
    called.hangs_up()

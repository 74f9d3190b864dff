"""Whatever happens before, a notice that was confirmed is never called about again (R34)."""

from collections.abc import Callable
from random import Random

import pytest

from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, SECOND, Registered, sweeps, the_notice
from tests.calls.stories import opens_the_case
from tests.conftest import in_turn
from tests.phone import Phone

Registering = Callable[..., Registered]


@in_turn("seed", range(12))
@pytest.mark.parametrize("kind", ["escaped", "transferred"])
def test_confirmed_notice_is_never_called_again(
    phone: Phone, registered: Registering, hotline: Hotline, seed: int, kind: str
) -> None:
    random = Random(seed)
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

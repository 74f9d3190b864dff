"""A call that keeps time with the clock on the wall, and one that a person can slow down or hold."""

import pytest

from hotline.exchange.calls.real_time import RealTime
from tests.exchange.scripted_line import ScriptedLine, heard

START = '<Gather numDigits="1" action="/done"><Say>one two three four five</Say></Gather><Say>late</Say>'


class Wall:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_call_goes_on_when_its_time_has_come() -> None:
    wall, line = Wall(), ScriptedLine(start=START)
    clock = RealTime(line.is_dialled(), monotonic=wall)
    assert clock.due_in() == pytest.approx(2.0)

    wall.seconds += 6.9
    clock.tick()
    assert clock.due_in() == pytest.approx(0.1)
    wall.seconds += 0.2
    clock.tick()

    assert heard(clock.call)[-1] == "late"


def test_key_comes_at_its_own_moment() -> None:
    wall, line = Wall(), ScriptedLine(start=START, done="<Say>thanks</Say>")
    clock = RealTime(line.is_dialled(), monotonic=wall)

    wall.seconds += 1.5
    with clock.now() as call:
        call.types("1")

    assert line.told("done")["Digits"] == "1"
    assert call.transcript[-1].at == pytest.approx(1.5)


def test_time_can_run_faster_or_stop() -> None:
    wall, line = Wall(), ScriptedLine(start=START)
    clock = RealTime(line.is_dialled(), monotonic=wall, speed=10)
    assert clock.due_in() == pytest.approx(0.2)

    clock.speed = 0
    wall.seconds += 3600
    clock.tick()
    assert (heard(clock.call), clock.due_in()) == (["one two three four five"], None)
    clock.speed = 1
    wall.seconds += 7.1
    clock.tick()

    assert heard(clock.call)[-1] == "late"


def test_time_does_not_run_backwards() -> None:
    clock = RealTime(ScriptedLine(start=START).is_dialled(), monotonic=Wall())

    with pytest.raises(ValueError, match="backwards"):
        clock.speed = -1


def test_call_that_is_over_has_nothing_due() -> None:
    clock = RealTime(ScriptedLine(start="<Hangup/>").is_dialled(), monotonic=Wall())

    assert clock.due_in() is None

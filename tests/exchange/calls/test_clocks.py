"""A call that someone listens to lasts as long as its words do, at the exchange's tempo."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.exchange.small_exchange import LIAISON, LINE, Exchange, place

CALLER = "+12025550144"


class Wall:
    """A wall clock that moves when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Listening:
    """An exchange where someone listens to calls, on a wall clock of the test's own."""

    def __init__(self) -> None:
        self.wall = Wall()
        self.exchange = Exchange(monotonic=self.wall)
        self.board = self.exchange.board

    def dials(self) -> Any:
        call = self.board.dial(CALLER, LINE, handset=1)
        assert self.exchange.waits_until(lambda: "To talk to someone, … press 1." in self.words(call))
        return call

    def passes(self, seconds: float) -> None:
        self.wall.now += seconds
        # The timers look at their clock when another is set.
        self.board.timers.after(0, lambda: None)

    def words(self, call: Any) -> list[str]:
        return [passage["text"] for passage in call.passages()]

    def waits_until_heard(self, call: Any, words: str, times: int = 1) -> bool:
        return self.exchange.waits_until(lambda: self.words(call).count(words) == times)


@pytest.fixture
def listening() -> Iterator[Listening]:
    one = Listening()
    yield one
    one.exchange.closes()


def test_silence_is_answered_when_its_time_is_over(listening: Listening) -> None:
    call = listening.dials()

    listening.passes(1)
    assert listening.words(call) == ["To talk to someone, … press 1."]
    listening.passes(9)

    assert listening.waits_until_heard(call, "Take your time.")


def test_call_at_four_times_the_speed_takes_a_quarter_of_the_time(listening: Listening) -> None:
    listening.board.set_speed(4)
    call = listening.dials()

    listening.passes(2.5)

    assert listening.waits_until_heard(call, "Take your time.")


def test_key_cuts_the_words_short(listening: Listening) -> None:
    call = listening.dials()
    assert call.live.leg.is_speaking

    listening.board.type(call.sid, "2")

    assert listening.waits_until_heard(call, "Goodbye.")
    assert call.live.state != "over"
    listening.passes(5)
    assert listening.exchange.waits_until(lambda: call.live.state == "over")


def test_call_without_time_waits_for_ever_and_goes_on_when_time_returns(
    listening: Listening,
) -> None:
    call = listening.dials()

    listening.board.set_speed(None)
    assert listening.exchange.waits_until(lambda: not call.live.leg.is_speaking)
    listening.passes(3600)
    listening.board.type(call.sid, "#")
    assert listening.words(call).count("Take your time.") == 1

    listening.board.set_speed(1)
    assert listening.exchange.waits_until(lambda: call.live.leg.timed)
    listening.passes(12)
    assert listening.waits_until_heard(call, "Take your time.", 2)


def test_phone_that_a_timed_call_rings_is_given_up_in_time(listening: Listening) -> None:
    call = listening.dials()
    listening.board.type(call.sid, "1")
    assert listening.exchange.waits_until(lambda: call.live.rings == (LIAISON,))

    listening.passes(21)

    assert listening.waits_until_heard(call, "Dial no-answer, bridged false.")
    (child,) = [one for one in listening.board.all() if one.parent is call]
    assert child.status == "no-answer"


def test_script_hears_all_at_once_whatever_the_tempo(listening: Listening) -> None:
    placed = place(listening.exchange)

    answered = listening.exchange.act(placed.sid, "answer")

    assert answered["state"] == "keys"
    listening.passes(3600)
    assert listening.exchange.act(placed.sid, "keys", keys="1")["state"] == "alone"


def test_call_answered_at_a_handset_lasts_from_then_on(listening: Listening) -> None:
    sid = place(listening.exchange, timeout=600).sid
    listening.passes(60)
    listening.exchange.web.post(f"/handset/{sid}/answer", json={"at_tempo": True})
    call = listening.board.find(sid)
    assert call.live.leg.is_speaking

    listening.passes(30)

    assert listening.exchange.waits_until(lambda: call.status == "completed")
    assert listening.exchange.hears_events(4)[-1] == "completed"
    params = dict(listening.exchange.requests[-1].said)
    assert int(params["CallDuration"]) < 60


@pytest.mark.parametrize("speed", [0, -1, 61, "fast", True, [1]])
def test_impossible_speed_is_refused(exchange: Exchange, speed: Any) -> None:
    assert exchange.web.post("/exchange/tempo", json={"speed": speed}).status_code == 400
    assert exchange.board.tempo.speed == 1

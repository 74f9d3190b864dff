"""A terminal on which words take their time, and one that says them aloud."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hotline.exchange.calls.inbound import InboundCall
from hotline.exchange.calls.real_time import RealTime
from hotline.exchange.delivery.request import LineError, Reply, Request
from hotline.exchange.delivery.signing import signed_headers
from hotline.exchange.page.terminal import Outcome, Terminal
from hotline.exchange.twiml.passage import Passage
from hotline.speaker import Speaker
from tests.exchange.small_line import ACCOUNT, PUBLIC_URL, TOKEN, SmallLine


class Nobody:
    """An exchange where no phone rings."""

    def ringing(self) -> list[dict[str, str]]:
        return []

    def oldest_ringing(self, *_patience: object) -> None:
        return None


class Evening:
    """A terminal whose time passes when it waits. ``told`` is what it showed, each with its moment."""

    def __init__(self, *typed: str, answers: bytes | None = None, voice: object = None) -> None:
        self.now = 0.0
        self.line = SmallLine()
        self.told: list[tuple[float, str]] = []
        self._answers = answers
        call = InboundCall(
            self._deliver,
            public_url=PUBLIC_URL,
            account_sid=ACCOUNT,
            from_="+12025550144",
            to="+12025550100",
            timed=True,
        )
        lines = iter(typed)
        self.terminal = Terminal(
            call,
            Nobody(),  # type: ignore[arg-type]
            read=lambda: self._types(next(lines, None)),
            write=lambda line: self.told.append((self.now, line.strip())),
            patience_seconds=0,
            clock=RealTime(call, monotonic=lambda: self.now),
            voice=voice,  # type: ignore[arg-type]
            sleep=self._sleeps,
        )

    def _types(self, typed: str | None) -> str | None:
        if typed is not None:
            self.told.append((self.now, f"> {typed}"))
        return typed

    def _sleeps(self, seconds: float) -> None:
        self.now += seconds

    def _deliver(self, request: Request) -> Reply:
        if self._answers is not None:
            return Reply(200, "text/xml", self._answers)
        answer = self.line.app.test_client().open(
            request.url, method=request.method, data=request.body, headers=signed_headers(TOKEN, request)
        )
        return Reply(answer.status_code, answer.content_type or "", answer.data)


def test_script_listens_before_it_presses() -> None:
    evening = Evening("9", "2")

    assert evening.terminal.play() == Outcome.DONE

    times = {line: at for at, line in evening.told}
    words = [line for _, line in evening.told]
    assert words[:2] == ["To talk to someone, … press 1.", "> 9"]
    assert times["> 9"] >= 2
    assert times["> 2"] > times["> 9"] + 2
    assert words[-2:] == ["Goodbye.", "(the call is over)"]


def test_silence_takes_as_long_as_the_line_waits() -> None:
    evening = Evening("", "2")

    assert evening.terminal.play() == Outcome.DONE

    times = {line: at for at, line in evening.told}
    assert times["Take your time."] - times["> "] == pytest.approx(5, abs=1)
    assert evening.line.asked == ["inbound", "steps/menu/1", "steps/menu/1"]


def test_phone_that_the_call_rings_gives_up_in_its_time() -> None:
    evening = Evening("1", "")

    evening.terminal.play()

    times = {line: at for at, line in evening.told}
    rings = times["ringing: a phone ending in 42 (a picks it up)"]
    assert times["Dial no-answer, bridged false."] - rings == pytest.approx(20, abs=1)


def test_person_who_is_turned_away_gets_that_in_the_exit_status() -> None:
    assert Evening(answers=b"<Response><Reject/></Response>").terminal.play() == Outcome.NOT_ANSWERED
    rejected = b'<Response><Reject reason="busy"/></Response>'
    assert Evening("1", answers=rejected).terminal.play() == Outcome.NOT_ANSWERED


def test_script_that_the_line_cuts_short_says_so() -> None:
    assert Evening("2", "", "5").terminal.play() == Outcome.CUT_SHORT


def test_line_that_fails_while_time_passes_ends_the_play() -> None:
    evening = Evening("", answers=b"<Response><Say>Wait.</Say><Redirect>/x</Redirect></Response>")
    evening.terminal._call.call.driver.deliver = _fails_after(2, evening._deliver)

    with pytest.raises(LineError):
        evening.terminal.play()


def _fails_after(times: int, deliver: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
    left = [times]

    def carry(request: Request) -> Reply:
        left[0] -= 1
        if left[0] < 0:
            raise LineError("the line is gone")
        return deliver(request)

    return carry


class Choir:
    """Keeps what it was to say."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def says(self, passage: Passage) -> None:
        self.said.append((passage.language, passage.text))

    def waits(self) -> None:
        self.said.append(("", "waits"))

    def stops(self) -> None:
        self.said.append(("", "stops"))


def test_terminal_says_words_aloud_and_a_key_stops_them() -> None:
    choir = Choir()

    Evening("2", voice=choir).terminal.play()

    assert choir.said == [
        ("en-US", "To talk to someone, … press 1."),
        ("", "waits"),
        ("", "stops"),
        ("en-US", "Goodbye."),
        ("", "waits"),
        ("", "stops"),
    ]


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """What a stand-in for espeak-ng was given: its voice, and the words."""
    program = tmp_path / "espeak-ng"
    program.write_text(f'#!/bin/sh\nprintf "%s %s\\n" "$2" "$(cat)" >> {tmp_path}/said\n')
    program.chmod(0o755)
    return program


def test_each_phrase_is_spoken_in_its_language_and_no_word_is_in_a_command(said: Path) -> None:
    speaker = Speaker(str(said))

    speaker.says(Passage("heard", "Press 1.", "en-US"))
    speaker.says(Passage("heard", "Oprima 2.", "es-US"))
    speaker.says(Passage("talk", "Hello"))
    speaker.waits()

    assert said.with_name("said").read_text().splitlines() == [
        "en-us Press 1.",
        "es-419 Oprima 2.",
        "en-us Hello",
    ]


def test_voice_that_is_stopped_says_no_more(tmp_path: Path) -> None:
    program, begun = tmp_path / "espeak-ng", tmp_path / "begun"
    begun.touch()
    program.write_text(f"#!/bin/sh\necho . >> {begun}\nexec sleep 60\n")
    program.chmod(0o755)
    speaker = Speaker(str(program))
    for _ in range(3):
        speaker.says(Passage("heard", "A long story.", "en-US"))
    looks = threading.Event()
    while not begun.read_text():
        looks.wait(0.01)

    speaker.stops()
    speaker.waits()

    assert begun.read_text().count(".") == 1

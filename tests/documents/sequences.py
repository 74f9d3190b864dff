"""The two sequences for developers, recorded from real calls: a key press, and a callback.

A profiler watches the functions that are named here while a call is played. Arrows, order and words are
those of the code: the first sentence of each docstring. A function that was not called stops the drawing.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from sqlalchemy import Connection, Engine, event

from tests.documents.ladder import Arrow, Band, Ladder
from tests.documents.small_line import SmallLine, small_line

ROOT = Path(__file__).resolve().parents[2]
TWILIO, CALLER, LIAISON, DATABASE, QUEUE = "Twilio", "Caller", "Liaison", "Database", "Queue (Valkey)"
VERBS, ENGINE = str(ROOT / "ivr_flows" / "verbs"), str(ROOT / "ivr_flows" / "engine")
#: What the suite has in place of Valkey and of Twilio's REST API, and the real function that it plays.
PLAYED = {
    "tests.calls.conftest:ListedJobs.enqueue": "workers.queue:Jobs.enqueue",
    "tests.fake_carrier:FakeCarrier.place_call": "workers.carrier:Carrier.place_call",
}
_SENTENCE = re.compile(r"(.+?[.?!])(?=\s|$)")
#: A sentence that is longer than this is cut at its first colon, semicolon or comma.
LONG, LONG_PATH = 90, 30
_SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)", re.IGNORECASE)
_INNERMOST = re.compile(r"\([^()]*\)")


@dataclass(frozen=True, slots=True)
class Station:
    """A function that is watched: its lane, its first sentence, and where it stands."""

    lane: str
    words: str
    where: str


@dataclass
class Recording:
    """The rungs that the calls made, in their order."""

    stations: dict[CodeType, Station]
    wire: CodeType
    with_statements: bool
    rungs: list[Arrow | Band] = field(default_factory=list)
    _stack: list[tuple[FrameType, str]] = field(default_factory=list)
    _met: set[CodeType] = field(default_factory=set)

    def band(self, title: str) -> None:
        """Begin a part."""
        self.rungs.append(Band(title))

    def profile(self, frame: FrameType, kind: str, result: Any) -> None:
        """Hear of each call and each return in this thread (``sys.setprofile``)."""
        if kind == "call":
            self._enters(frame)
        elif kind == "return" and self._stack and self._stack[-1][0] is frame:
            _, lane = self._stack.pop()
            if frame.f_code is self.wire and result is not None:
                self.rungs.append(Arrow(self._here() or lane, TWILIO, _answer(result.get_data(as_text=True))))

    def statement(self, text: str) -> None:
        """Hear of one statement to the database."""
        if self.with_statements and (verb := _SQL.match(text)) and self._stack:
            # A subquery names tables too.
            while (outer := _INNERMOST.sub("", text)) != text:
                text = outer
            table = _TABLE.search(text)
            words = f"{verb[1].upper()} {table[1]}" if table else verb[1].upper()
            self._asks_database(self._stack[-1][1], words)

    def _asks_database(self, lane: str, words: str) -> None:
        """One arrow for one statement, or for several in a row of the same table."""
        last = self.rungs[-1] if self.rungs else None
        if isinstance(last, Arrow) and last.target == DATABASE and last.words.split(",")[0] == words:
            times = int(last.where or 1) + 1
            self.rungs[-1] = Arrow(lane, DATABASE, f"{words}, {times} times", str(times))
        else:
            self.rungs.append(Arrow(lane, DATABASE, words))

    def unmet(self) -> list[str]:
        """The watched functions that nothing called."""
        return sorted(
            one.where
            for code, one in self.stations.items()
            if code not in self._met and code is not self.wire
        )

    def _here(self) -> str:
        return self._stack[-1][1] if self._stack else ""

    def _enters(self, frame: FrameType) -> None:
        code = frame.f_code
        if code is self.wire:
            request = frame.f_locals["request"]
            self._stack.append((frame, "hotline.voice"))
            self.rungs.append(Arrow(TWILIO, "hotline.voice", f"{request.method} {_path(request.url)}"))
            return
        station = self.stations.get(code) or _verb(frame)
        if station is None:
            return
        self._met.add(code)
        # Nobody of the line called it: a worker took the job.
        source = self._here() or QUEUE
        words = station.words
        if station.lane == QUEUE:
            words = f"{words.rstrip('.')}: {frame.f_locals['name']}"
        self.rungs.append(Arrow(source, station.lane, words, station.where))
        self._stack.append((frame, station.lane))


def key_press() -> Ladder:
    """What one key of a caller does, from Twilio's request to the TwiML."""
    watched = (
        "hotline.voice.signature:Door.admit",
        "hotline.voice.line:Line.answer",
        "models.overview.caller_state:glance",
        "ivr_flows.engine.walk:Walk.answer",
        "ivr_flows.engine.walk:Walk.enter",
        "models.calls.call:saving_turn",
        "models.store.unit:Unit.save",
        "hotline.voice.twiml:Renderer.render",
    )
    with small_line() as line:
        phone = _in_the_case_menu(line)
        with _recorded(watched, with_statements=True) as recording:
            phone.presses("1")
        phone.hears("To hear it again, press 1.")
    lanes = (TWILIO, "hotline.voice", "ivr_flows", "models", DATABASE)
    return Ladder(
        "One key press: 1 in the case menu, for court dates and more", lanes, recording.rungs, apart=236
    )


def callback() -> Ladder:
    """A callback, from the key that asks for it to two people who talk."""
    watched = (
        "hotline.voice.line:Line.answer",
        "hotline.voice.line:Line.begin_leg",
        "hotline.voice.line:Line.hear_event",
        "models.callbacks.callback_request:request_callback",
        "models.callbacks.asking_call:asking_ended",
        "models.talks.dispatch:ring_next",
        "models.talks.dispatch:ring_caller",
        "models.talks.leg:accept_by_liaison",
        "models.talks.leg:join_caller",
        "models.talks.leg_end:leg_ended",
        "workers.callbacks:Dialler.dial_liaison",
        "workers.callbacks:Dialler.dial_caller",
        *PLAYED,
    )
    with small_line() as line:
        hotline, phone = line.hotline, _in_the_case_menu(line)
        phone.presses("2")
        with _recorded(watched, with_statements=False) as recording:
            recording.band("The caller asks for a callback")
            phone.presses("1")
            recording.band("The caller hangs up, and a liaison is called")
            phone.hangs_up()
            hotline.jobs.works_off()
            recording.band("The liaison answers and accepts")
            liaison = phone.answers(hotline.carrier.ringing[-1])
            liaison.presses("1")
            recording.band("The caller is called, and says that it is a good time")
            hotline.jobs.works_off()
            caller = phone.answers(hotline.carrier.ringing[-1])
            caller.presses("1")
            recording.band("They talk. The caller hangs up")
            caller.hangs_up()
    lanes = (TWILIO, "hotline.voice", "ivr_flows", "models", "workers", QUEUE)
    return Ladder("A callback, from the request to the talk", lanes, _that_matter(recording.rungs), apart=230)


def _in_the_case_menu(line: SmallLine) -> Any:
    phone = line.phone
    phone.dials_in()
    for keys in ("1", "1", line.case.number, line.case.pin):
        phone.presses(keys)
    phone.hears("This person is in custody.")
    return phone


@contextmanager
def _recorded(watched: tuple[str, ...], *, with_statements: bool) -> Iterator[Recording]:
    stations = {_code(name): _station(PLAYED.get(name, name)) for name in watched}
    recording = Recording(stations, _code("tests.phone:Phone._open"), with_statements)

    def hear(
        _connection: Connection, _cursor: Any, statement: str, _values: Any, _context: Any, _many: bool
    ) -> None:
        recording.statement(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    before = sys.getprofile()
    sys.setprofile(recording.profile)
    try:
        yield recording
    finally:
        sys.setprofile(before)
        event.remove(Engine, "before_cursor_execute", hear)
    if unmet := recording.unmet():
        raise ValueError(f"Nothing called {', '.join(unmet)}.")


def _function(name: str) -> Callable[..., Any]:
    module, _, path = name.partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    return found  # type: ignore[no-any-return]


def _code(name: str) -> CodeType:
    return _function(name).__code__


def _station(name: str) -> Station:
    module, _, path = name.partition(":")
    top, area = module.split(".")[0], ".".join(module.split(".")[:2])
    lane = QUEUE if module == "workers.queue" else TWILIO if module == "workers.carrier" else area
    if lane == area and top != "hotline":
        lane = top
    return Station(lane, _short(first_sentence(_function(name).__doc__)), f"{module} {path.split('.')[-1]}")


def _verb(frame: FrameType) -> Station | None:
    """A verb that the engine asks, whichever it is."""
    code, caller = frame.f_code, frame.f_back
    if not code.co_filename.startswith(VERBS) or caller is None:
        return None
    if not caller.f_code.co_filename.startswith(ENGINE):
        return None
    module = Path(code.co_filename).relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    found = frame.f_globals.get(code.co_name)
    function = getattr(found, "run", found)
    return Station("ivr_flows", _short(first_sentence(function.__doc__)), f"{module} {code.co_name}")


def first_sentence(text: str | None) -> str:
    """The first sentence of a docstring, on one line."""
    whole = " ".join((text or "").split())
    found = _SENTENCE.match(whole)
    return (found[1] if found else whole).replace("``", "")


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= LONG else re.split(r"[:;,(]", sentence)[0].strip()


def _path(url: str) -> str:
    """The path, which may be broken before the name of a step."""
    path = re.sub(r"^https?://[^/]+", "", url).partition("?")[0]
    path = re.sub(r"(?<=/voice/legs/)\w+", "<leg_id>", path)
    return path if len(path) < LONG_PATH else path.replace("/steps/", "/steps/ ")


def _that_matter(rungs: list[Arrow | Band]) -> list[Arrow | Band]:
    """Without the call events that only say how far a call has come."""
    kept: list[Arrow | Band] = []
    for rung in rungs:
        kept.append(rung)
        last = [one.words if isinstance(one, Arrow) else "" for one in kept[-3:]]
        if last[0].endswith("/voice/call-events") and last[2:] == ["204"]:
            del kept[-3:]
    return kept


def _answer(document: str) -> str:
    """The verbs of a TwiML document, each once, in their order."""
    verbs = dict.fromkeys(re.findall(r"<(Say|Gather|Dial|Redirect|Hangup|Pause|Conference|Play)\b", document))
    return f"TwiML: {', '.join(verbs)}" if verbs else "204"

"""One person at a terminal, who has the caller's phone and can pick up every phone that rings."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import Protocol

from hotline.exchange.calls.inbound import InboundCall
from hotline.exchange.calls.real_time import RealTime
from hotline.exchange.delivery.request import LineError
from hotline.exchange.page.in_hand import CallInHand, InHand
from hotline.exchange.page.rung_phone import ExchangeClient, RungPhone
from hotline.exchange.twiml.passage import Passage
from hotline.exchange.twiml.verbs import KEYS

WORDS = {"h": "hangup", "a": "answer", "b": "back", "q": "quit"}
HELP = "keys, Enter = silence, h = hang up, a = answer a ringing phone, b = back to the caller, q = quit"
LOOK_EVERY_SECONDS = 0.1
#: The line gives up before it has been silent for this long.
_LONGEST_SILENCE_SECONDS = 120.0


class Outcome(IntEnum):
    """How a play ended: everything typed was done, nobody picked up, or the line hung up before the end."""

    DONE = 0
    NOT_ANSWERED = 3
    CUT_SHORT = 4


class Voice(Protocol):
    """Reads phrases aloud, one after the other."""

    def says(self, passage: Passage) -> None: ...
    def waits(self) -> None: ...
    def stops(self) -> None: ...


def meaning(typed: str) -> str:
    """Return the command or the keys in ``typed``. Raises ValueError for anything else."""
    word = WORDS.get(typed.strip().lower(), typed.strip().lower())
    if word not in WORDS.values() and not set(word) <= KEYS:
        raise ValueError(f"type {HELP}")
    return word


def masked(number: str) -> str:
    """Return a phone number masked for display: only its last two digits."""
    return f"a phone ending in {number[-2:]}"


class Terminal:
    """Plays one inbound call, and the calls that the line places meanwhile.

    ``read`` gives the next line typed and None at the end; ``write`` shows one line. ``patience_seconds`` is
    how long answering waits for a phone to ring. With a ``clock`` words take their time; a ``is_scripted``
    play then types only when nothing is being said. LineError from any leg ends the play.
    """

    def __init__(
        self,
        call: InboundCall,
        exchange: ExchangeClient,
        *,
        read: Callable[[], str | None],
        write: Callable[[str], None],
        patience_seconds: float,
        clock: RealTime | None = None,
        voice: Voice | None = None,
        is_scripted: bool = True,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._inbound, self._exchange, self._clock = call, exchange, clock
        self._read, self._write, self._patience = read, write, patience_seconds
        self._voice, self._is_scripted, self._sleep = voice, is_scripted, sleep
        self._call = CallInHand(call, clock)
        self._phone: InHand = self._call
        self._answered: list[InHand] = []
        self._shown: dict[int, int] = {}
        self._ended: set[int] = set()
        self._announced: set[str] = set()
        self._outcome = Outcome.DONE
        # The typing person and the watch, which shows what is said meanwhile, take turns.
        self._turn = threading.RLock()
        self._left = threading.Event()
        self._problem: LineError | None = None

    def play(self) -> Outcome:
        """Play from the first ring until nothing more is typed; then hang up every phone."""
        try:
            self._inbound.dials()
            self._show()
            if self._inbound.leg.call_status in {"busy", "no-answer"}:
                return Outcome.NOT_ANSWERED
            if self._clock is not None and not self._is_scripted:
                threading.Thread(target=self._watch, daemon=True, name="watch").start()
            self._plays_what_is_typed()
        finally:
            self._left.set()
            with self._turn:
                self._hang_up_everything()
        return self._outcome

    def _plays_what_is_typed(self) -> None:
        self._settles()
        while (typed := self._read()) is not None:
            if self._problem is not None:
                raise self._problem
            try:
                word = meaning(typed)
            except ValueError as problem:
                self._write(f"({problem})")
                continue
            if word == "quit":
                return
            if self._voice is not None:
                self._voice.stops()
            with self._turn:
                self._do(word)
                self._show()
            self._settles()

    def _do(self, word: str) -> None:
        if word == "answer":
            self._answer()
        elif word == "back":
            self._take(self._call, "the caller's phone")
        elif self._phone.state == "over":
            self._write("(this call is over)")
            if self._is_scripted and word != "hangup":
                self._outcome = Outcome.CUT_SHORT
        elif word == "hangup":
            self._phone.hangs_up()
        elif word:
            self._phone.presses(word)
        elif self._clock is not None:
            self._waits_for_words()
        elif self._phone.state == "ringing" and self._phone is self._call:
            self._inbound.goes_unanswered()
        else:
            self._phone.says_nothing()

    def _answer(self) -> None:
        """Pick up the phone that the caller's own call rings, or else the one that rings longest."""
        if self._inbound.rings:
            number = self._inbound.rings[0]
            child = CallInHand(self._inbound.picks_up(), self._clock)
            self._answered.append(child)
            self._take(child, masked(number))
            return
        ringing = self._exchange.oldest_ringing(self._patience, self._sleep)
        if ringing is None:
            self._write("(no phone rings)")
            if self._is_scripted:
                self._outcome = Outcome.NOT_ANSWERED
            return
        phone = RungPhone(self._exchange, ringing["sid"], ringing["to"], at_tempo=self._clock is not None)
        self._answered.append(phone)
        self._take(phone, masked(phone.number))
        phone.picks_up()

    def _take(self, phone: InHand, name: str) -> None:
        self._phone = phone
        self._write(f"-- {name} --")

    # What is heard.

    def _show(self) -> None:
        """Show what the current phone heard since the last time, and what rings now."""
        self._call.looks()
        if self._phone is not self._call:
            self._phone.looks()
        seen = self._shown.get(id(self._phone), 0)
        passages = list(self._phone.transcript)
        self._shown[id(self._phone)] = len(passages)
        for passage in passages[seen:]:
            self._tell(passage)
        if self._phone.state == "over" and id(self._phone) not in self._ended:
            self._ended.add(id(self._phone))
            self._write("   (the call is over)")
        for sid, number in self._ringing():
            if sid not in self._announced:
                self._announced.add(sid)
                self._write(f"ringing: {masked(number)} (a picks it up)")

    def _tell(self, passage: Passage) -> None:
        if passage.kind in {"heard", "talk"}:
            self._write(f"   {passage.text}" if passage.kind == "heard" else f"   They: {passage.text}")
            if self._voice is not None:
                self._voice.says(passage)
        elif passage.kind != "pressed":
            self._write(f"   ({passage.text})")

    def _ringing(self) -> list[tuple[str, str]]:
        own = [(f"{self._inbound.leg.call_sid} {number}", number) for number in self._inbound.rings]
        return own + [(call["sid"], call["to"]) for call in self._exchange.ringing()]

    # Time.

    def _settles(self) -> None:
        """In a script, wait until everything is said: the person listens before they press."""
        if not self._is_scripted:
            return
        while self._clock is not None and self._phone.is_speaking:
            self._sleep(LOOK_EVERY_SECONDS)
            self._show()
        if self._voice is not None:
            self._voice.waits()

    def _waits_for_words(self) -> None:
        """In a script, wait until something more is heard. A person at the keyboard waits without help."""
        if not self._is_scripted:
            return
        heard, waited = len(self._phone.transcript), 0.0
        while len(self._phone.transcript) == heard and waited < _LONGEST_SILENCE_SECONDS:
            if self._phone.state == "over":
                return
            self._sleep(LOOK_EVERY_SECONDS)
            waited += LOOK_EVERY_SECONDS
            self._show()

    def _watch(self) -> None:
        """Show what is said until a key is typed."""
        while not self._left.wait(LOOK_EVERY_SECONDS):
            with self._turn:
                try:
                    self._show()
                except LineError as problem:
                    self._problem = problem
                    self._write(f"   (the call failed: {problem}; Enter ends)")
                    return

    def _hang_up_everything(self) -> None:
        for phone in (self._call, *self._answered):
            with suppress(LineError):
                phone.hangs_up()
        if self._voice is not None:
            self._voice.stops()

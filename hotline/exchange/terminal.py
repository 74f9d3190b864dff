"""One person at a terminal: the caller's phone in one hand, whatever phone the line rings in the other."""

from collections.abc import Callable
from typing import Protocol

from hotline.exchange.inbound import InboundCall
from hotline.exchange.passage import Passage
from hotline.exchange.rung_phone import ExchangeClient, RungPhone
from hotline.exchange.verbs import KEYS

WORDS = {"h": "hangup", "a": "answer", "b": "back", "q": "quit"}
HELP = "keys, Enter = silence, h = hang up, a = answer a ringing phone, b = back to the caller, q = quit"


class _InHand(Protocol):
    """A phone that can be pressed and heard."""

    transcript: list[Passage]

    @property
    def state(self) -> str: ...

    def presses(self, keys: str) -> None: ...

    def says_nothing(self) -> None: ...

    def hangs_up(self) -> None: ...


def meaning(typed: str) -> str:
    """The command or keys in ``typed``. Raises ValueError when it is neither."""
    word = WORDS.get(typed.strip().lower(), typed.strip().lower())
    if word not in WORDS.values() and not set(word) <= KEYS:
        raise ValueError(f"type {HELP}")
    return word


def masked(number: str) -> str:
    """A phone number as it may be shown: its last two digits."""
    return f"a phone ending in {number[-2:]}"


class Terminal:
    """Plays one inbound call, and the calls that the line places meanwhile.

    ``read`` gives the next line typed and None at the end; ``write`` shows one line. ``patience_seconds`` is
    how long answering waits for a phone to ring. LineError from any leg ends the play.
    """

    def __init__(
        self,
        call: InboundCall,
        exchange: ExchangeClient,
        *,
        read: Callable[[], str | None],
        write: Callable[[str], None],
        patience_seconds: float,
    ) -> None:
        self._call, self._exchange = call, exchange
        self._read, self._write, self._patience = read, write, patience_seconds
        self._phone: _InHand = call
        self._answered: list[_InHand] = []
        self._shown: dict[int, int] = {}
        self._announced: set[str] = set()

    def play(self) -> None:
        """From the first ring until nothing more is typed; then every phone in hand is put down."""
        try:
            self._call.dials()
            self._show()
            while (typed := self._read()) is not None:
                try:
                    word = meaning(typed)
                except ValueError as problem:
                    self._write(f"({problem})")
                    continue
                if word == "quit":
                    break
                self._do(word)
                self._show()
        finally:
            self._put_everything_down()

    def _do(self, word: str) -> None:
        if word == "answer":
            self._answer()
        elif word == "back":
            self._take(self._call, "the caller's phone")
        elif self._phone.state == "over":
            self._write("(this call is over)")
        elif word == "hangup":
            self._phone.hangs_up()
        elif word:
            self._phone.presses(word)
        elif self._phone.state == "ringing" and self._phone is self._call:
            self._call.is_not_answered()
        else:
            self._phone.says_nothing()

    def _answer(self) -> None:
        """Pick up what the caller's own call rings, else what rings longest at the exchange."""
        if self._call.rings:
            number = self._call.rings[0]
            child = self._call.picks_up()
            self._answered.append(child)
            self._take(child, masked(number))
            return
        ringing = self._exchange.oldest_ringing(self._patience)
        if ringing is None:
            self._write("(no phone rings)")
            return
        phone = RungPhone(self._exchange, ringing["sid"], ringing["to"])
        self._answered.append(phone)
        self._take(phone, masked(phone.number))
        phone.picks_up()

    def _take(self, phone: _InHand, name: str) -> None:
        self._phone = phone
        self._write(f"-- {name} --")

    def _show(self) -> None:
        """What the phone in hand heard since it was last looked at, and what rings now."""
        if isinstance(self._phone, RungPhone):
            self._phone.looks()
        seen = self._shown.get(id(self._phone), 0)
        passages = self._phone.transcript
        self._shown[id(self._phone)] = len(passages)
        for passage in passages[seen:]:
            if passage.kind != "pressed":
                self._write(f"   {passage.text}" if passage.kind == "heard" else f"   ({passage.text})")
        if self._phone.state == "over" and seen < len(passages):
            self._write("   (the call is over)")
        for sid, number in self._ringing():
            if sid not in self._announced:
                self._announced.add(sid)
                self._write(f"ringing: {masked(number)} (a picks it up)")

    def _ringing(self) -> list[tuple[str, str]]:
        own = [(f"{self._call.leg.call_sid} {number}", number) for number in self._call.rings]
        return own + [(call["sid"], call["to"]) for call in self._exchange.ringing()]

    def _put_everything_down(self) -> None:
        for phone in (self._call, *self._answered):
            phone.hangs_up()

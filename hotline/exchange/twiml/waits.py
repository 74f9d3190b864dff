"""Everything a leg can wait for, and the phrases that it hears."""

from dataclasses import dataclass
from typing import NamedTuple

from hotline.exchange.delivery.request import Params


class Phrase(NamedTuple):
    """Something that a leg hears.

    ``kind`` is ``speech``, ``recording`` (``words`` names it), ``tones`` or ``beep``. ``language`` and
    ``voice`` are as Twilio names them. ``seconds`` is how long it lasts once and ``times`` how often it is
    played; ``at`` is the moment it began, in seconds of the leg's own clock.
    """

    kind: str
    words: str
    seconds: float
    at: float
    language: str = "en-US"
    voice: str = "man"
    times: int = 1


class Keys(NamedTuple):
    """The leg waits for keys: at most ``most`` (None = any number), ended by ``finish_on`` or ``seconds``.

    ``takes_keys`` tells whether keys may answer, and ``takes_speech`` whether spoken words may.
    """

    action: str
    method: str
    most: int | None
    finish_on: str
    seconds: int
    even_if_empty: bool
    takes_keys: bool = True
    takes_speech: bool = False
    barge_in: bool = True


class RecordingOrder(NamedTuple):
    """Where the events of a recording go, which are wanted, and its channels."""

    callback: str | None = None
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})
    channels: int = 1


@dataclass(frozen=True, slots=True)
class Recording:
    """The leg is recorded until a key of ``finish_on``, ``silence`` seconds without a word, or ``most``."""

    action: str
    method: str
    finish_on: str
    silence: int
    most: int
    order: RecordingOrder


@dataclass(frozen=True, slots=True)
class Number:
    """A phone to ring; ``phone`` is empty if nothing can be dialed. ``url`` is the document for the person
    who answers ("whisper").

    ``kind`` is ``Number`` for a phone. The exchange cannot reach any other noun (``Client``, ``Sip`` ...).
    """

    phone: str
    url: str | None
    method: str
    status_callback: str | None
    events: frozenset[str]
    send_digits: str = ""
    kind: str = "Number"


@dataclass(frozen=True, slots=True)
class Ringing:
    """The leg waits until one of ``numbers`` answers or ``seconds`` have passed.

    With ``in_turn`` they ring one after the other, each for ``seconds``. A talk ends after ``talk_seconds``.
    ``recording`` is how the talk is recorded, if it is.
    """

    action: str | None
    method: str
    numbers: tuple[Number, ...]
    caller_id: str | None
    seconds: int
    in_turn: bool = False
    talk_seconds: int = 14_400
    star_ends: bool = False
    recording: RecordingOrder | None = None


@dataclass(frozen=True, slots=True)
class Conference:
    """The leg talks in the conference ``name`` until it leaves or the conference ends."""

    action: str | None
    method: str
    name: str
    ends_with_me: bool
    starts_on_enter: bool = True
    muted: bool = False
    beep: str = "true"
    label: str = ""
    coach: str = ""
    most: int = 250
    wait_url: str | None = None
    wait_method: str = "POST"
    status_callback: str | None = None
    status_method: str = "POST"
    status_callback_events: frozenset[str] = frozenset()
    talk_seconds: int = 14_400
    star_ends: bool = False
    recording: RecordingOrder | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """The leg waits in the queue ``name`` and hears the document at ``wait_url`` (None = music)."""

    action: str | None
    method: str
    name: str
    #: How many callers the queue may have; None leaves that to the queue.
    most: int | None = None
    wait_url: str | None = None
    wait_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Dequeuing:
    """The leg waits for the first caller of the queue ``name``. The caller hears ``url`` first."""

    action: str | None
    method: str
    name: str
    url: str | None
    url_method: str
    seconds: int
    talk_seconds: int = 14_400
    star_ends: bool = False


Dial = Ringing | Conference | Dequeuing
Wait = Keys | Recording | Ringing | Conference | Queued | Dequeuing


@dataclass(frozen=True, slots=True)
class Hold:
    """A document that plays while the leg waits for something else. ``params`` go with each request."""

    waits_for: Conference | Queued
    params: Params

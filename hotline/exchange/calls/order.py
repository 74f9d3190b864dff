"""The line's orders when it places a call, the settings of its numbers, and who picks up each phone."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from hotline.exchange.twiml.waits import RecordingOrder


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """The carrier's settings of a number of the line. URLs are absolute; an empty ``voice_url`` is none."""

    voice_url: str
    voice_method: str = "POST"
    fallback_url: str | None = None
    fallback_method: str = "POST"
    status_callback: str | None = None
    status_callback_method: str = "POST"
    sms_url: str | None = None
    sms_method: str = "POST"


@dataclass(frozen=True, slots=True)
class MachineDetection:
    """Answering-machine detection. ``mode`` is Enable or DetectMessageEnd.

    With ``is_async`` the call goes on at once and ``callback`` gets the result later. Otherwise its first
    request waits for the result.
    """

    mode: str
    is_async: bool = False
    callback: str | None = None
    callback_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Order:
    """What the line ordered when it placed a call. Either ``url`` or ``document`` is set.

    ``most_seconds`` after the answer the call ends, if it is set.
    """

    to: str
    from_: str
    ring_seconds: float
    url: str | None = None
    method: str = "POST"
    document: bytes | None = None
    fallback_url: str | None = None
    fallback_method: str = "POST"
    status_callback: str | None = None
    status_callback_method: str = "POST"
    wanted: frozenset[str] = frozenset({"completed"})
    detection: MachineDetection | None = None
    recording: RecordingOrder | None = None
    most_seconds: float | None = None


Kind = Literal[
    "person", "machine", "fax", "robot", "busy", "nobody", "unreachable", "landline", "blocked", "unroutable"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: What detection reports for each kind, without and with DetectMessageEnd.
_FOUND = {
    "person": ("human", "human"),
    "machine": ("machine_start", "machine_end_beep"),
    "fax": ("fax", "fax"),
    # A phone that screens calls answers by itself and asks who is calling; detection cannot recognize it.
    "robot": ("unknown", "unknown"),
}


@dataclass(frozen=True, slots=True)
class Answering:
    """Who picks up a phone. A ``person`` does it by hand; every other kind acts after ``after_seconds``.

    A machine, a fax and a screening robot press nothing and hang up after ``stays_seconds``. A ``landline``
    gets no text messages. ``blocked`` and ``unroutable`` numbers are refused before anything rings.
    """

    kind: Kind = "person"
    after_seconds: float = 0
    stays_seconds: float = 30

    @property
    def picks_up(self) -> bool:
        """Whether something other than a person answers."""
        return self.kind in {"machine", "fax", "robot"}

    def found_by(self, detection: MachineDetection | None) -> str | None:
        """Return ``AnsweredBy`` in Twilio's words; None without detection."""
        if detection is None or self.kind not in _FOUND:
            return None
        return _FOUND[self.kind][detection.mode == "DetectMessageEnd"]


@dataclass(slots=True)
class Phones:
    """Who picks up which phone: a person, unless something else was set."""

    known: dict[str, Answering] = field(default_factory=dict)

    def at(self, number: str) -> Answering:
        """Return who picks up at ``number``."""
        return self.known.get(number, Answering())

    def set(self, number: str, answering: Answering) -> None:
        """Let ``answering`` pick up at ``number`` from the next ring on."""
        self.known[number] = answering

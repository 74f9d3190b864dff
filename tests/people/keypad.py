"""What the carrier collects of the keys that a person presses, each at its own second of a document."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from tests.people.ear import words_in

WORDS_A_SECOND = 150 / 60
#: From the end of a Gather to the first word of the next document. Keys within it are lost.
LATENCY = 0.3


@dataclass(frozen=True, slots=True)
class Document:
    """The phrases of a document and when each is over, in seconds; keys before ``listens_at`` are lost."""

    phrases: tuple[str, ...]
    over_at: tuple[float, ...]
    listens_at: float

    @property
    def ends_at(self) -> float:
        """The end of the last phrase."""
        return self.over_at[-1] if self.over_at else 0.0

    @classmethod
    def of(cls, phrases: Sequence[str], document: bytes) -> "Document":
        """Time the phrases that were heard; the carrier plays to the end what comes before the Gather."""
        over, at = [], 0.0
        for phrase in phrases:
            at += words_in(phrase) / WORDS_A_SECOND
            over.append(at)
        # The document is our own line's.
        root = ET.fromstring(document)  # noqa: S314
        before, pause = 0, 0.0
        for verb in root:
            if verb.tag == "Gather":
                break
            before += verb.tag == "Say"
            pause += float(verb.get("length", "1")) if verb.tag == "Pause" else 0.0
        nested = len(root.findall("Gather/Say"))
        lead = len(phrases) - nested if before else 0
        listens_at = (over[lead - 1] if lead > 0 else 0.0) + pause
        over = [one + pause if at >= lead else one for at, one in enumerate(over)]
        return cls(tuple(phrases), tuple(over), listens_at)


@dataclass(frozen=True, slots=True)
class Press:
    """One key at a second of the document."""

    at: float
    key: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What the carrier sends on, after how many seconds; ``left`` are presses that came too late for it.

    The seconds of ``left`` are those of the next document.
    """

    digits: str
    seconds: float
    left: tuple[Press, ...]


def collect(presses: Sequence[Press], document: Document, wait: Any) -> Collected:
    """Apply the presses to a Gather (``seconds``, ``most``, ``finish_on``).

    A key stops the prompts; the wait begins after the last word, and after a key again from that key.
    """
    digits, since = "", document.ends_at
    ends_at: float | None = None
    for press in presses:
        if press.at < document.listens_at:
            continue
        if press.at > since + wait.seconds:
            break
        if press.key in wait.finish_on:
            ends_at = press.at
            break
        digits, since = digits + press.key, press.at
        if wait.most is not None and len(digits) == wait.most:
            ends_at = press.at
            break
    ends_at = since + wait.seconds if ends_at is None else ends_at
    later = [Press(p.at - ends_at - LATENCY, p.key) for p in presses if p.at > ends_at + LATENCY]
    return Collected(digits, ends_at + LATENCY, tuple(later))

"""The handsets on the page of the exchange: every tab shows the same ones."""

import itertools
import re
import threading
from dataclasses import dataclass

from hotline.exchange.calls.feed import Feed

#: As many as a person can watch on one page.
MOST_HANDSETS = 12
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_MOST_NAME = 40


class HandsetError(ValueError):
    """The handset cannot be added; the message says why."""


@dataclass(frozen=True, slots=True)
class Handset:
    """One telephone. ``number`` is in E.164; ``id`` counts up from 1."""

    id: int
    name: str
    number: str

    def document(self) -> dict[str, object]:
        """Return it ready for JSON."""
        return {"id": self.id, "name": self.name, "number": self.number}


class Handsets:
    """Adds and removes handsets. On every change it tells the feed all of them (``handsets``)."""

    def __init__(self, feed: Feed) -> None:
        self._feed, self._lock, self._ids = feed, threading.Lock(), itertools.count(1)
        self._known: dict[int, Handset] = {}

    def all(self) -> list[Handset]:
        """Return every handset, in the order in which they were added."""
        with self._lock:
            return list(self._known.values())

    def find(self, id_: int) -> Handset:
        """Return the handset with this id. Raises LookupError."""
        with self._lock:
            return self._known[id_]

    def add(self, name: str, number: str) -> Handset:
        """Add a handset to the page. Raises HandsetError."""
        name, number = " ".join(name.split())[:_MOST_NAME], re.sub(r"[\s().-]", "", number)
        if not name:
            raise HandsetError("a handset has a name")
        if not _E164.fullmatch(number):
            raise HandsetError("a number is in E.164, such as +12025550123")
        with self._lock:
            if len(self._known) >= MOST_HANDSETS:
                raise HandsetError(f"there are {MOST_HANDSETS} handsets already")
            if any(one.number == number for one in self._known.values()):
                raise HandsetError("another handset has this number")
            handset = Handset(next(self._ids), name, number)
            self._known[handset.id] = handset
        self._tell()
        return handset

    def remove(self, id_: int) -> None:
        """Remove a handset from the page; its calls go on. Raises LookupError."""
        with self._lock:
            del self._known[id_]
        self._tell()

    def _tell(self) -> None:
        self._feed.tell("handsets", "", handsets=[one.document() for one in self.all()])

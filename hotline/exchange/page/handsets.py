"""The handsets on the page of the exchange: every tab shows the same ones."""

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hotline.exchange.calls.feed import Feed
from hotline.exchange.page.stage import NamedPhone
from hotline.exchange.page.typed_number import e164, region_of

#: As many as a person can watch on one page.
MOST_HANDSETS = 12
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
    """Adds, removes and restores handsets. On every change it tells the feed all of them (``handsets``).

    ``first`` are the handsets at the start. ``lines`` are the numbers of the line, which say in which country
    a number without a country code is.
    """

    def __init__(self, feed: Feed, first: Sequence[NamedPhone] = (), lines: Sequence[str] = ()) -> None:
        self._feed, self._lock, self._ids = feed, threading.Lock(), itertools.count(1)
        self._region = region_of(lines)
        self._known: dict[int, Handset] = {}
        self.first = tuple(self.add(one.name, one.number) for one in first)

    def all(self) -> list[Handset]:
        """Return every handset, in the order in which they were added."""
        with self._lock:
            return list(self._known.values())

    def find(self, id_: int) -> Handset:
        """Return the handset with this id. Raises LookupError."""
        with self._lock:
            return self._known[id_]

    def at(self, number: str) -> Handset | None:
        """Return the handset with this number (E.164), if there is one."""
        return next((one for one in self.all() if one.number == number), None)

    def add(self, name: str, number: str) -> Handset:
        """Add a handset to the page; ``number`` is as people type it. Raises HandsetError."""
        name = " ".join(name.split())[:_MOST_NAME]
        if not name:
            raise HandsetError("give the phone a name")
        try:
            number = e164(number, self._region)
        except ValueError as problem:
            raise HandsetError(str(problem)) from None
        with self._lock:
            if len(self._known) >= MOST_HANDSETS:
                raise HandsetError(f"there are {MOST_HANDSETS} phones already")
            if any(one.number == number for one in self._known.values()):
                raise HandsetError("another phone has this number")
            handset = Handset(next(self._ids), name, number)
            self._known[handset.id] = handset
        self._tell()
        return handset

    def remove(self, id_: int) -> None:
        """Remove a handset from the page; its calls go on. Raises LookupError."""
        with self._lock:
            del self._known[id_]
        self._tell()

    def put_back(self, is_busy: Callable[[Handset], bool]) -> list[Handset]:
        """Restore the first handsets and remove all others, except those in a call. Returns the others."""
        stay = [one for one in self.all() if one not in self.first and is_busy(one)]
        numbers = {one.number for one in stay}
        with self._lock:
            wanted = [*(one for one in self.first if one.number not in numbers), *stay]
            self._known = {one.id: one for one in wanted}
        self._tell()
        return stay

    def _tell(self) -> None:
        self._feed.tell("handsets", "", handsets=[one.document() for one in self.all()])

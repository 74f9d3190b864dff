"""The navigation of the console: each area names its pages, and everyone sees those of their role."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the navigation: its endpoint, its English name (a msgid), who sees it, and its place."""

    endpoint: str
    name: str
    roles: frozenset[str]
    place: int
    #: Other endpoints of the same area begin with this, so that its entry is marked as the current one.
    area: str


class Navigation:
    """Pages that are there, in order. The first of a role is where ``/console/`` leads."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, endpoint: str, name: str, roles: Sequence[str], *, place: int, area: str = "") -> None:
        """Show a page: ``endpoint`` is that of its view in the blueprint, ``name`` marked by ``N_``.

        ``place`` orders the entries, least first. ``area`` is how the endpoints of the area's other pages
        begin, if they do not begin with ``endpoint``.
        """
        entry = Entry(f"console.{endpoint}", name, frozenset(roles), place, f"console.{area or endpoint}")
        self._entries = sorted([*self._entries, entry], key=lambda one: one.place)

    def of(self, role: str) -> list[Entry]:
        """The entries that this role sees, in order."""
        return [entry for entry in self._entries if role in entry.roles]

    def current(self, role: str, endpoint: str | None) -> Entry | None:
        """The entry that the page at ``endpoint`` belongs to: the one with the longest name that fits."""
        fitting = [entry for entry in self.of(role) if (endpoint or "").startswith(entry.area)]
        return max(fitting, key=lambda one: len(one.area), default=None)

"""The navigation of the console: everyone sees the pages whose guard lets their role in."""

from dataclasses import dataclass

from flask import current_app


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the navigation.

    ``endpoint`` is that of its view, such as ``console.cases.pins``; ``name`` is its English name, marked by
    ``N_``. The entry is marked as the current one on every page whose endpoint begins with ``pages``, by
    default with ``endpoint``.
    """

    endpoint: str
    name: str
    pages: str = ""

    @property
    def prefix(self) -> str:
        """The prefix of its pages' endpoints."""
        return self.pages or self.endpoint


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that belong together; ``name`` is their English name, marked by ``N_``."""

    name: str
    entries: tuple[Entry, ...]


class Navigation:
    """Groups of pages in the order of the navigation. ``/console/`` leads to the first page of a role."""

    def __init__(self, *groups: Group) -> None:
        self._groups = groups

    def groups(self, role: str) -> list[Group]:
        """The groups that this role sees, in order, each with the pages that it sees."""
        views = current_app.view_functions
        seen = [
            Group(
                group.name,
                tuple(one for one in group.entries if role in getattr(views[one.endpoint], "roles", ())),
            )
            for group in self._groups
        ]
        return [group for group in seen if group.entries]

    def of(self, role: str) -> list[Entry]:
        """The entries that this role sees, in order."""
        return [entry for group in self.groups(role) for entry in group.entries]

    def current(self, role: str, endpoint: str | None) -> Entry | None:
        """The entry that the page at ``endpoint`` belongs to: the one with the longest matching prefix."""
        fitting = [entry for entry in self.of(role) if (endpoint or "").startswith(entry.prefix)]
        return max(fitting, key=lambda one: len(one.prefix), default=None)

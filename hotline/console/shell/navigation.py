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


class Navigation:
    """Pages in the order of the navigation. ``/console/`` leads to the first one of a role."""

    def __init__(self, *entries: Entry) -> None:
        self._entries = entries

    def of(self, role: str) -> list[Entry]:
        """The entries that this role sees, in order."""
        views = current_app.view_functions
        return [entry for entry in self._entries if role in getattr(views[entry.endpoint], "roles", ())]

    def current(self, role: str, endpoint: str | None) -> Entry | None:
        """The entry that the page at ``endpoint`` belongs to: the one with the longest matching prefix."""
        fitting = [entry for entry in self.of(role) if (endpoint or "").startswith(entry.prefix)]
        return max(fitting, key=lambda one: len(one.prefix), default=None)

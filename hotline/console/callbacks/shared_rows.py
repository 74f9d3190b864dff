"""A page of the callback list, rendered once for everybody who looks at it, until anything changes.

Fifty consoles ask every two seconds. The common part is rendered once. Three values differ for each person
and are filled in afterwards: the form token, the number of their claimed callbacks, and the notice that their
phone rings for one of them.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock

#: No liaison has this id.
NOBODY = 0
#: Placeholders for a person's own values on a shared page; no text of a page has these characters.
TOKEN, MINE, CALLS = "\ue000token\ue000", "\ue000mine\ue000", "\ue000calls\ue000"
#: Pages kept at once: the first pages of each view, in each language.
_MOST = 40


@dataclass(frozen=True, slots=True)
class SharedPage:
    """``holders`` are the staff with actions of their own on the page: they need a page of their own."""

    html: str
    holders: frozenset[int]

    def made_own(self, token: str, mine: int, calls: str) -> str:
        """The page of one person; ``calls`` is the HTML notice about their own phone above the list."""
        return self.html.replace(TOKEN, token).replace(MINE, str(mine)).replace(CALLS, calls)


class SharedRows:
    """The pages of the newest list that one process has rendered."""

    def __init__(self) -> None:
        self._version: Hashable = None
        self._pages: dict[Hashable, SharedPage] = {}
        self._lock = Lock()

    def page(self, version: Hashable, key: Hashable, render: Callable[[], SharedPage]) -> SharedPage:
        """Return the page of this ``key`` as of ``version``; ``render`` makes it if nobody has yet."""
        with self._lock:
            if version != self._version:
                self._version = version
                self._pages.clear()
            kept = self._pages.get(key)
        if kept is not None:
            return kept
        made = render()
        with self._lock:
            if version == self._version and len(self._pages) < _MOST:
                self._pages[key] = made
        return made

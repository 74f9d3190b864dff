"""A page of the callback list, rendered once for everybody who looks at it, until anything changes.

Fifty consoles ask every two seconds. What is the same for all of them is worked out once; what is one's own
in it, the token of the forms, how many callbacks are in one's hands and whether one's phone rings for one of
them, is put into its place afterwards.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock

#: Nobody's: no liaison has this id.
NOBODY = 0
#: Where one's own values stand in what all share; no text of a page holds these signs.
TOKEN, MINE, CALLS = "\ue000token\ue000", "\ue000mine\ue000", "\ue000calls\ue000"
#: Pages kept at once: each view's first ones, in each language.
_MOST = 40


@dataclass(frozen=True, slots=True)
class SharedPage:
    """``holders`` are the staff whose own actions stand on the page: they need one of their own."""

    html: str
    holders: frozenset[int]

    def made_own(self, token: str, mine: int, calls: str) -> str:
        """The page of one person; ``calls`` is what stands above the list about their own phone, as HTML."""
        return self.html.replace(TOKEN, token).replace(MINE, str(mine)).replace(CALLS, calls)


class SharedRows:
    """What one process has rendered of the newest list."""

    def __init__(self) -> None:
        self._version: Hashable = None
        self._pages: dict[Hashable, SharedPage] = {}
        self._lock = Lock()

    def page(self, version: Hashable, key: Hashable, render: Callable[[], SharedPage]) -> SharedPage:
        """The page of this ``key`` as of ``version``, which ``render`` makes when nobody has it yet."""
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

"""What one row of a custody file would change for its person, for the counts and the brake (R12, R16)."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from models.custody.event_making import happened_again
from models.custody.imports.brake import OUT, is_impossible
from models.custody.imports.file import DENIED, UNREADABLE, Content, Doubt
from models.custody.imports.known_people import Known


class Verdict(NamedTuple):
    """What one row would do: ``new``, ``changed`` or ``unchanged``, and its share of the tally."""

    change: str
    status_changes: int
    from_denial: int
    impossible: int
    moved_releases: int = 0
    moved_hearings: int = 0


def judge(content: Content, known: Known, now: datetime) -> Verdict:
    """What ``content`` would change for the person, given their record."""
    old = known.content
    if old is None or known.last_known is None:
        return Verdict("new", 0, 0, 0)
    # A second release with the same word makes notices, so the brake counts it too (event_making.py).
    is_again = (
        content[3] and content[0] == known.last_known[0] and happened_again(*known.last_known, content[1])
    )
    return Verdict(
        "unchanged" if content == old else "changed",
        known.open_cases if content[0] != old[0] or is_again else 0,
        int(content[3] and not old[3]),
        int(is_impossible(*known.last_known, content[0], content[1])),
        known.open_cases * _is_moved(old, content, _release, now),
        known.open_cases * _is_moved(old, content, _hearing, now),
    )


def _release(content: Content) -> datetime | None:
    return content[5]


def _hearing(content: Content) -> datetime | None:
    """Nobody is called about a hearing at a court that is not in the directory."""
    return content[6] if content[7] is not None else None


def _is_moved(
    old: Content, new: Content, date_of: Callable[[Content], datetime | None], now: datetime
) -> bool:
    before = date_of(old)
    is_told = old[3] and new[3] and old[0] == new[0]
    return is_told and before is not None and before > now and date_of(new) != before


def careful(doubt: Doubt, known: Known) -> Content:
    """What stands about the person of an unreadable row."""
    old = known.content
    if doubt.releasable and old is not None and old[0] in OUT:
        # That they are out stays the careful word, and calls about it go on.
        return old
    was_denied = old is not None and not old[3]
    is_denied = was_denied if doubt.releasable is None else not doubt.releasable
    return DENIED if is_denied else UNREADABLE

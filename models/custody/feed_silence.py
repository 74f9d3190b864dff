"""A feed that has confirmed nobody for too long: supervisors are told, again and again, until it does (R14).

The line can then confirm nobody who is in custody, and registered people hear of no change.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.custody.imports.history import newest_as_of
from models.staff.alert import FEED_SILENT, tell_supervisors
from models.staff.paging import is_page_due, take_page
from models.store.policies import Policies


def silent_since(session: Session, now: datetime, policies: Policies) -> datetime | None:
    """When the feed last confirmed anybody, if that is longer ago than ``feed_silent_hours``; else None.

    A feed that never confirmed anybody is not silent: it has not begun.
    """
    newest = newest_as_of(session)
    if newest is None or now - newest < timedelta(hours=policies.feed_silent_hours):
        return None
    return newest


def is_silence_untold(session: Session, now: datetime, policies: Policies) -> bool:
    """Whether supervisors are to be told now."""
    is_due = is_page_due(session, FEED_SILENT, now, _apart(policies))
    return is_due and silent_since(session, now, policies) is not None


def tell_of_silence(session: Session, now: datetime, policies: Policies, is_open: bool) -> None:
    """Tell the supervisors, at most once in each ``feed_silent_hours``."""
    if is_silence_untold(session, now, policies) and take_page(session, FEED_SILENT, now, _apart(policies)):
        tell_supervisors(session, FEED_SILENT, 1, now, is_open)


def _apart(policies: Policies) -> int:
    return policies.feed_silent_hours * 60

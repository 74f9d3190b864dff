"""Troubles that operators and supervisors are told about (R39).

A refused account or number, a carrier that accepts no calls, a silent role.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from models.callbacks.lone_refusal import refused_lines
from models.calls.pacing import CALLS, is_any_noted, refusals, taking_none
from models.staff.alert import (
    CALLS_REFUSED,
    LINE_REFUSED,
    ROLE_SILENT,
    TEXTS_REFUSED,
    tell_supervisors,
)
from models.staff.paging import take_page
from models.store.heartbeat import lives
from models.store.policies import Policies

_LEVELS = {"calls": CALLS_REFUSED, "texts": TEXTS_REFUSED, "line": LINE_REFUSED, "carrier": CALLS_REFUSED}


@dataclass(frozen=True, slots=True)
class Trouble:
    """``name``: calls or texts (account refused), line (one number refused), or the silent role.

    Or carrier, if it accepts no calls but refuses nothing. ``code`` is Twilio's, and ``line`` is the office's
    number (E.164).
    """

    name: str
    since: datetime
    code: int | None = None
    line: str | None = field(default=None, repr=False)

    @property
    def is_refusal(self) -> bool:
        """Whether the carrier refuses the account or a number of ours, or accepts no calls."""
        return self.name in _LEVELS

    @property
    def title(self) -> str:
        """The name for operators. They see only the end of a number: a discreet one is listed nowhere."""
        return self.name if self.line is None else f"line ending in {self.line[-2:]}"

    def told(self, now: datetime) -> str:
        """One plain sentence for operators; it contains nothing private."""
        seconds = int((now - self.since).total_seconds())
        if not self.is_refusal:
            return f"no sign of life for {seconds} s"
        code = "" if self.code is None else f", error {self.code}"
        if self.name == "carrier":
            return f"the carrier has taken none of our calls for {seconds} s{code}"
        what = "calls" if self.name == CALLS else "texts"
        if self.line is not None:
            what = f"calls from the {self.title}"
        return f"the carrier has refused our {what} for {seconds} s{code}"


def troubles(session: Session, now: datetime) -> Sequence[Trouble]:
    """All current troubles: open breakers first, then refused numbers, then silent roles."""
    silent = [
        Trouble(one.role, now - one.silent_for)
        for one in lives(session, now)
        if one.is_silent and one.silent_for is not None
    ]
    return [*_refusals(session), *silent] if is_any_noted(session) else silent


def _refusals(session: Session) -> list[Trouble]:
    open_breakers = [Trouble(one.kind, one.since, one.code) for one in refusals(session)]
    none_taken = taking_none(session)
    if none_taken is not None:
        open_breakers.append(Trouble("carrier", *none_taken))
    lines = [Trouble("line", one.since, one.code, one.number) for one in refused_lines(session)]
    return [*open_breakers, *lines]


def page_troubles(session: Session, now: datetime, policies: Policies, is_open: bool) -> None:
    """Page the supervisors about each trouble, at once and again after ``trouble_page_minutes``.

    Roles that become silent together are one page.
    """
    taken = {
        _LEVELS.get(trouble.name, ROLE_SILENT)
        for trouble in troubles(session, now)
        if take_page(session, trouble.line or trouble.name, now, policies.trouble_page_minutes)
    }
    for level in sorted(taken):
        tell_supervisors(session, level, 1, now, is_open)

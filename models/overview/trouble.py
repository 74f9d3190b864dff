"""Troubles that operators and supervisors are told of (R39).

A refused account or number, a carrier that takes no call, a silent role.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.callbacks.lone_refusal import refused_lines
from models.calls.pacing import CALLS, refusals, taking_none
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
#: A carrier that took no call for so long is named; one call that fails is no trouble.
_NAMED_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Trouble:
    """``name``: calls or texts where the account is refused, line where one number is, else the silent role.

    Or carrier, which takes no call though it refuses nothing. ``code`` is Twilio's, and ``line`` the number
    (E.164) of the office.
    """

    name: str
    since: datetime
    code: int | None = None
    line: str | None = field(default=None, repr=False)

    @property
    def is_refusal(self) -> bool:
        """Whether the carrier refuses the account or a number of ours, or takes no call."""
        return self.name in _LEVELS

    @property
    def title(self) -> str:
        """What operators call it. They see the end of a number alone: a discreet one is listed nowhere."""
        return self.name if self.line is None else f"line ending in {self.line[-2:]}"

    def told(self, now: datetime) -> str:
        """In one plain sentence for operators; it holds nothing private."""
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
    """Every trouble of this moment: open breakers first, then refused numbers, then silent roles."""
    open_breakers = [Trouble(one.kind, one.since, one.code) for one in refusals(session)]
    lines = [Trouble("line", one.since, one.code, one.number) for one in refused_lines(session)]
    none_taken = taking_none(session, _NAMED_AFTER)
    if none_taken is not None:
        open_breakers.append(Trouble("carrier", *none_taken))
    silent = [
        Trouble(one.role, now - one.silent_for)
        for one in lives(session, now)
        if one.is_silent and one.silent_for is not None
    ]
    return [*open_breakers, *lines, *silent]


def page_troubles(session: Session, now: datetime, policies: Policies, is_open: bool) -> None:
    """Page the supervisors about each trouble, at once and again after ``trouble_page_minutes``.

    Roles that fall silent together are one page.
    """
    taken = {
        _LEVELS.get(trouble.name, ROLE_SILENT)
        for trouble in troubles(session, now)
        if take_page(session, trouble.line or trouble.name, now, policies.trouble_page_minutes)
    }
    for level in sorted(taken):
        tell_supervisors(session, level, 1, now, is_open)

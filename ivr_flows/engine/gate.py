"""Who may be at a step: whether the call is past its tree's gate, and whether it has made progress (R11)."""

from datetime import timedelta
from typing import TYPE_CHECKING

from ivr_flows.engine.flow import Flow

if TYPE_CHECKING:
    from ivr_flows.engine.desk import Desk


class Gate:
    """The gate of one flow for one call."""

    def __init__(self, flow: Flow, desk: "Desk") -> None:
        self._flow, self._desk = flow, desk

    def is_open(self, name: str) -> bool:
        """Whether this call may be at a step now."""
        if name in self._flow.open_to_all or self._has_passed():
            return True
        return name in self._flow.open_to_letters and self._desk.call.may_choose_pin(self._desk.now)

    def is_known(self) -> bool:
        """Whether the person is past the gate, or was called by us."""
        return self._has_passed() or self._desk.call.direction != "inbound"

    def is_over(self) -> bool:
        """Whether the call was past the gate by a case's PIN, and is no longer (R11)."""
        return self._desk.call.verified_at is not None and not self._has_passed()

    def _has_passed(self) -> bool:
        """Whether this call is past the tree's gate: by a case's PIN, or signed in as staff."""
        if self._flow.gate == "staff":
            return self._desk.call.is_signed_in(self._desk.now)
        return self._desk.call.is_verified(self._desk.now)

    def is_too_long(self) -> bool:
        """Whether an unverified call made no progress for too long (R11, R38); slow pace has no limit."""
        call, now = self._desk.call, self._desk.now
        if call.direction != "inbound" or call.pace == "slow" or call.is_verified(now):
            return False
        since = call.progress_at or call.started_at
        return now - since > self.longest()

    def longest(self) -> timedelta:
        """How long an unverified call may make no progress."""
        return timedelta(minutes=self._desk.unverified_minutes)

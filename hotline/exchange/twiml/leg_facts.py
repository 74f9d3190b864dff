"""Who is on a leg and where it stands: what every request about it says."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import NotRequired, TypedDict, Unpack
from uuid import uuid4

from hotline.exchange.delivery.request import Params, Request

API_VERSION = "2010-04-01"
FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_GEOGRAPHY = tuple(
    f"{side}{place}"
    for side in ("From", "To", "Caller", "Called")
    for place in ("City", "State", "Zip", "Country")
)


def new_sid(prefix: str) -> str:
    """A random identifier in Twilio's shape."""
    return prefix + uuid4().hex


class Facts(TypedDict):
    """What is known of a leg when it begins."""

    account_sid: str
    from_: str
    to: str
    direction: NotRequired[str]
    call_sid: NotRequired[str | None]
    parent_call_sid: NotRequired[str | None]
    extra: NotRequired[Mapping[str, str] | None]


class LegFacts:
    """The facts of one leg. ``call_status`` is in Twilio's words; ``extra`` goes into every request."""

    def __init__(self, **facts: Unpack[Facts]) -> None:
        self.call_sid = facts.get("call_sid") or new_sid("CA")
        self.account_sid, self.from_, self.to = facts["account_sid"], facts["from_"], facts["to"]
        self.direction = facts.get("direction", "inbound")
        self.parent_call_sid = facts.get("parent_call_sid")
        self.call_status = "ringing" if self.direction == "inbound" else "queued"
        self._extra = dict(facts.get("extra") or {})
        self._said_at = ""
        self._standard: Params = ()

    @property
    def is_over(self) -> bool:
        """Whether the leg has ended, for whatever reason."""
        return self.call_status in FINAL

    def standard_params(self) -> Params:
        """What stands in every request about this leg."""
        if self._said_at != self.call_status:
            # They change with the status alone, and are asked for at every turn.
            self._said_at, self._standard = self.call_status, tuple(self._facts().items())
        return self._standard

    def event(self, url: str, status: str, *, sequence: int, seconds: int, now: datetime) -> Request:
        """A call event (Twilio's status callback) for ``url``; ``seconds`` is how long the call lasted."""
        params = dict(self.standard_params()) | {
            "CallStatus": status,
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(sequence),
            "Timestamp": format_datetime(now),
        }
        if status in FINAL:
            params["CallDuration"] = str(seconds)
        if status == "completed":
            params["Duration"] = str(-(-seconds // 60))
        return Request.of("POST", url, tuple(params.items()))

    def _facts(self) -> dict[str, str]:
        params = {
            "CallSid": self.call_sid,
            "AccountSid": self.account_sid,
            "ApiVersion": API_VERSION,
            "CallStatus": self.call_status,
            "Direction": self.direction,
            "From": self.from_,
            "To": self.to,
            "Caller": self.from_,
            "Called": self.to,
            **dict.fromkeys(_GEOGRAPHY, ""),
        }
        if self.parent_call_sid:
            params["ParentCallSid"] = self.parent_call_sid
        return params | self._extra

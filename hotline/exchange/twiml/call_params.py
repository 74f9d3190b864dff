"""The parameters that say, in every request about a call, which call it is and how far it is."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

import phonenumbers

from hotline.exchange.delivery.request import Params
from hotline.exchange.twiml.terms import API_VERSION, FINAL

_GEOGRAPHY = tuple(
    f"{side}{place}"
    for side in ("From", "To", "Caller", "Called")
    for place in ("City", "State", "Zip", "Country")
)


@lru_cache(maxsize=1024)
def _country(number: str) -> str:
    """Return the country of a number in E.164, as ``US``; empty for any other caller ID."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    # A number that is not in use, such as one of a test, has the main country of its code.
    known = phonenumbers.region_code_for_number(parsed)
    country = str(known or phonenumbers.region_code_for_country_code(parsed.country_code or 0))
    return "" if country in {"ZZ", "001"} else country


def call_params(
    *,
    call_sid: str,
    account_sid: str,
    status: str,
    direction: str,
    from_: str,
    to: str,
    parent_call_sid: str | None,
    extra: Mapping[str, str],
) -> Params:
    """Return the parameters that every request about a call has; ``extra`` replaces those of its names."""
    params = {
        "CallSid": call_sid,
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "CallStatus": status,
        "Direction": direction,
        "From": from_,
        "To": to,
        "Caller": from_,
        "Called": to,
        **dict.fromkeys(_GEOGRAPHY, ""),
        **{name: _country(from_) for name in ("FromCountry", "CallerCountry")},
        **{name: _country(to) for name in ("ToCountry", "CalledCountry")},
    }
    if parent_call_sid:
        params["ParentCallSid"] = parent_call_sid
    return tuple((params | dict(extra)).items())


def event_params(standard: Params, status: str, *, sequence: int, seconds: int, now: datetime) -> Params:
    """Return the parameters of a call event about a call that has lasted ``seconds``."""
    params = dict(standard) | {
        "CallStatus": status,
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(sequence),
        "Timestamp": format_datetime(now),
    }
    if status in FINAL:
        params["CallDuration"] = str(seconds)
    if status == "completed":
        params["Duration"] = str(-(-seconds // 60))
    return tuple(params.items())

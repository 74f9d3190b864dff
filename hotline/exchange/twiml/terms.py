"""Twilio's own terms: the API version, the statuses that end a call, and identifiers."""

from uuid import uuid4

API_VERSION = "2010-04-01"
API_URL = "https://api.twilio.com"
#: The call statuses after which nothing more happens on a call.
FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


def new_sid(prefix: str) -> str:
    """Return a random identifier in Twilio's form: the two letters of ``prefix`` and 32 hex digits."""
    return prefix + uuid4().hex

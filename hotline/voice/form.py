"""Reads what Twilio posts: who calls, and which keys were pressed. It ignores everything else."""

import re
from collections.abc import Sequence
from typing import Protocol

from werkzeug.exceptions import BadRequest

#: A value that no choice, number or PIN can equal: keys were pressed, but no valid ones.
NO_VALID_ENTRY = "?"
LONGEST_ENTRY = 64
LONGEST_VALUE = 256

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_NORTH_AMERICA = re.compile(r"\+1[2-9][0-9]{9}")
# Words that carriers encode as digits for a withheld number: ANONYMOUS, RESTRICTED, UNAVAILABLE, BLOCKED and
# UNKNOWN. They arrive bare, or after a 1 that some switch added as a missing country code.
_WITHHELD = frozenset({"266696687", "7378742833", "86282452253", "2562533", "8656696", "8566696"})
_KEYS = re.compile(r"[0-9*#]*")
_SID = re.compile(r"[A-Za-z0-9]{1,64}")
_TOKEN = re.compile(r"[!-~]{1,64}")


class Fields(Protocol):
    """A form that may have several values of one name, such as Flask's."""

    def getlist(self, key: str, /) -> Sequence[str]: ...


def one(form: Fields, name: str) -> str | None:
    """The value of ``name``; None when it is missing, given with different values, or absurdly long."""
    values = set(form.getlist(name))
    if len(values) != 1:
        return None
    (value,) = values
    return value if len(value) <= LONGEST_VALUE else None


def call_sid(form: Fields) -> str:
    """The CallSid, only letters and digits. Raises BadRequest when there is none, or more than one.

    Twilio's is CA and 32 hex digits. Servers that speak its protocol make their own.
    """
    sid = one(form, "CallSid")
    if sid is None or not _SID.fullmatch(sid):
        raise BadRequest("The CallSid is missing or is none.")
    return sid


def idempotency_token(header: str | None) -> str | None:
    """Twilio's token of a request, the same for each try; None if there is none, or an absurd one."""
    return header if header is not None and _TOKEN.fullmatch(header) else None


def caller_id(from_value: str | None) -> str | None:
    """The caller's phone number (E.164), or None for every way to withhold one.

    Also None for values that no phone can be called by: SIP and client addresses, and implausible lengths.
    """
    number = (from_value or "").strip()
    if not _E164.fullmatch(number):
        return None
    if number[1:] in _WITHHELD or number[1:].removeprefix("1") in _WITHHELD:
        return None
    if number.startswith("+1") and not _NORTH_AMERICA.fullmatch(number):
        return None
    return number


def digits(form: Fields) -> str | None:
    """The keys that were pressed: None when the request mentions no keys, "" for silence.

    ``#`` alone reads "#", since the caller did press a key. Values that are not keys, a doubled parameter
    with different values, and an endless row read as NO_VALID_ENTRY.
    """
    values = set(form.getlist("Digits"))
    if len(values) > 1:
        return NO_VALID_ENTRY
    entry = values.pop() if values else None
    if not entry:
        return "#" if one(form, "FinishedOnKey") == "#" else entry
    return entry if len(entry) <= LONGEST_ENTRY and _KEYS.fullmatch(entry) else NO_VALID_ENTRY

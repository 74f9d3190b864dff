"""The notice code: 4 digits of the registrant's choice that open a notice, and nothing else (R30)."""

import hmac
from collections.abc import Iterable
from typing import Literal

from models.store.keyring import Keyring

CODE_DIGITS = 4
_UP = "01234567890"
#: The years in which callers, and those whom they fear, were born or will have had children.
_FIRST_YEAR, _LAST_YEAR = 1900, 2099


def code_key(keyring: Keyring, case_id: int, code: str) -> str:
    """The keyed hash of a case's notice code, as stored."""
    return keyring.index("notice.code", f"{case_id}:{code}")


def is_right(keyring: Keyring, case_id: int, stored: str, code: str) -> bool:
    """Whether ``code`` is the one whose hash was ``stored`` for this case."""
    return hmac.compare_digest(stored, code_key(keyring, case_id, code))


def why_refused(
    code: str, phones: Iterable[str], case_number: str
) -> Literal["run", "repeat", "year", "phone", "number"] | None:
    """Why a notice code is too easy to guess, or None: runs, repeats, years, a phone's or the case's digits.

    A person whom the registrant fears may know all of these. ``phones`` are the numbers to compare with. The
    PIN is not compared: it is in no row (R03), and a code that was refused for it would tell four digits.
    """
    if code in _UP or code in _UP[::-1]:
        return "run"
    if len(set(code)) == 1 or code[:2] == code[2:]:
        return "repeat"
    if _FIRST_YEAR <= int(code) <= _LAST_YEAR:
        return "year"
    if any(code in phone for phone in phones):
        return "phone"
    return "number" if code in case_number else None

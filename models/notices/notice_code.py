"""The notice code: 4 digits of the registrant's choice that open a notice, and nothing else (R30)."""

import hmac

from models.store.keyring import Keyring

CODE_DIGITS = 4


def code_key(keyring: Keyring, case_id: int, code: str) -> str:
    """The keyed hash of a case's notice code, as stored."""
    return keyring.index("notice.code", f"{case_id}:{code}")


def is_right(keyring: Keyring, case_id: int, stored: str, code: str) -> bool:
    """Whether ``code`` is the one whose hash was ``stored`` for this case."""
    return hmac.compare_digest(stored, code_key(keyring, case_id, code))

"""Staff passwords: which are accepted, and their Argon2id hash, with one lane so that it uses one core."""

import re
import secrets
import threading
import unicodedata
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

#: Above OWASP's parameters for one lane: about a tenth of a second on a small server.
MEMORY_KIB, TIME_COST, LANES = 46 * 1024, 2, 1
#: NIST SP 800-63B, 3.1.1: length is what counts, so nothing else is required of a password.
SHORTEST, LONGEST = 15, 1024
#: The part of a password that remains without common words must still be hard to guess.
LEAST_LEFT, LEAST_DIFFERENT = 8, 5

#: Words that guessers try first, and rows of keys. Words about the office and the person are added.
_COMMON = (
    "password", "passwort", "passphrase", "contraseña", "contrasena", "clave", "secret", "secreto",
    "welcome", "bienvenido", "letmein", "login", "signin", "admin", "administrator", "supervisor",
    "liaison", "hotline", "victim", "office", "console", "changeme", "default", "temporary", "iloveyou",
    "teamo", "princess", "princesa", "monkey", "dragon", "football", "futbol", "baseball", "superman",
    "batman", "sunshine", "summer", "winter", "spring", "autumn", "monday", "friday", "january", "december",
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertz", "azerty", "qwerty", "asdfgh", "1q2w3e4r5t",
    "1qaz2wsx3edc", "correcthorsebatterystaple", "abcdefghijklmnopqrstuvwxyz", "abcdefghij", "abcdef",
    "01234567890", "1234567890", "123456789", "12345678", "1234567", "123456", "12345", "1234",
    "9876543210", "987654321", "654321", "abc123", "p@ssw0rd", "passw0rd",
)  # fmt: skip


def weakness(password: str, about: Sequence[str]) -> str | None:
    """Why a new password is refused (``short``, ``long`` or ``common``), or None.

    ``about`` are words that others know about the person: their e-mail, their name, the office's name.
    """
    said = _normal(password)
    if len(said) < SHORTEST:
        return "short"
    if len(said) > LONGEST:
        return "long"
    left = said.casefold()
    known = {part for text in about for part in re.split(r"[^\w]+", text.casefold()) if len(part) >= 4}
    whole = {text.casefold() for text in about if text}
    for word in sorted({*_COMMON, *known, *whole}, key=len, reverse=True):
        left = left.replace(word, "")
    left = re.sub(r"(.+?)\1+", r"\1", re.sub(r"\s+", "", left))
    if len(left) < LEAST_LEFT or len(set(left)) < LEAST_DIFFERENT:
        return "common"
    return None


class PasswordKdf:
    """Makes and compares password hashes. ``runs`` counts the runs of the KDF in this process."""

    def __init__(self, memory_kib: int = MEMORY_KIB, time_cost: int = TIME_COST) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=LANES)
        self._lock = threading.Lock()
        self._runs = 0
        self._dummy: str | None = None

    @property
    def runs(self) -> int:
        """How often the KDF ran since this was made, for comparing and for making hashes."""
        with self._lock:
            return self._runs

    def hash(self, password: str) -> str:
        """The usual Argon2 string to store for ``password``."""
        with self._lock:
            self._runs += 1
        return self._hasher.hash(_bytes(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one behind ``stored``; None, or a bad hash, takes as long."""
        with self._lock:
            self._runs += 1
            # Nobody has this password. It is made at a process's first try, whether that try is right or
            # wrong.
            self._dummy = self._dummy or self._hasher.hash(secrets.token_urlsafe())
        is_hash = stored is not None and stored.startswith("$argon2")
        compared = stored if stored is not None and is_hash else self._dummy
        try:
            return self._hasher.verify(compared, _bytes(password)) and is_hash
        except (Argon2Error, InvalidHashError):
            return False


def _normal(password: str) -> str:
    # Keyboards encode accents differently; it is the same password.
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    # A strange character must not raise: the exception would contain the password.
    return _normal(password)[:LONGEST].encode("utf-8", "surrogatepass")

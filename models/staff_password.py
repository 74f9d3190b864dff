"""Staff passwords: Argon2id, one lane, so that one hash takes one core."""

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

#: OWASP's parameters for one lane, and then some: about a tenth of a second on a small server.
MEMORY_KIB, TIME_COST, LANES = 46 * 1024, 2, 1


class PasswordKdf:
    """Makes and compares password hashes. ``runs`` counts how often the KDF worked, in this process."""

    def __init__(self, memory_kib: int = MEMORY_KIB, time_cost: int = TIME_COST) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=LANES)
        self._lock = threading.Lock()
        self._runs = 0
        self._dummy: str | None = None

    @property
    def runs(self) -> int:
        """How often the KDF worked since this was made."""
        with self._lock:
            return self._runs

    def hash(self, password: str) -> str:
        """The usual Argon2 string to store for ``password``."""
        with self._lock:
            self._runs += 1
        return self._hasher.hash(password.encode("utf-8", "surrogatepass"))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one behind ``stored``; with None or no hash a dummy costs as much."""
        if self._dummy is None:
            self._dummy = self._hasher.hash(secrets.token_urlsafe())
        with self._lock:
            self._runs += 1
        try:
            return self._hasher.verify(stored or self._dummy, password.encode("utf-8", "surrogatepass")) and (
                stored is not None
            )
        except (Argon2Error, InvalidHashError):
            return False

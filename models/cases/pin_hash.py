"""Hashes a PIN with Argon2id, its own salt, and a pepper that is kept apart from the database (R03)."""

import base64
import hmac
import os
import re
import threading
from binascii import Error as Base64Error
from dataclasses import dataclass, replace

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw

from models.cases.new_pin import near_pins

SALT_BYTES = 16
HASH_BYTES = 32
#: A stored hash that asks for more was not made here, and must not be able to use up the machine's memory.
MEMORY_KIB_AT_MOST = 1 << 20
TIME_COST_AT_MOST = 64
LANES_AT_MOST = 8

_STORED = re.compile(
    rf"\$argon2id\$v={ARGON2_VERSION}\$m=([0-9]{{1,8}}),t=([0-9]{{1,3}}),p=([0-9]{{1,2}})"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
)


@dataclass(frozen=True, slots=True)
class _Stored:
    """One hash in parts, as the usual Argon2 string contains them."""

    memory_kib: int
    time_cost: int
    lanes: int
    salt: bytes
    digest: bytes


class PinHasher:
    """Makes and compares PIN hashes. ``runs`` counts the runs of the KDF in this process.

    The PIN is keyed with the pepper (HMAC-SHA256) before Argon2id: there are only a million PINs, so without
    the pepper a stolen table of hashes could be searched. The parameters are part of the stored string, so
    older hashes stay readable after they are raised.
    """

    def __init__(self, pepper: bytes, memory_kib: int = 19456, time_cost: int = 2) -> None:
        """``memory_kib`` is in KiB. Raises ValueError for an empty pepper or parameters out of bounds."""
        if not pepper:
            raise ValueError("The PIN pepper is empty.")
        if not (8 <= memory_kib <= MEMORY_KIB_AT_MOST and 1 <= time_cost <= TIME_COST_AT_MOST):
            raise ValueError("The parameters of the PIN hash are out of bounds.")
        self._pepper_key = hmac.digest(pepper, b"hotline pin pepper", "sha256")
        self._mark_key = hmac.digest(pepper, b"hotline pin mark", "sha256")
        self._memory_kib = memory_kib
        self._time_cost = time_cost
        self._lock = threading.Lock()
        self._runs = 0
        # No PIN has this digest: it is random, not computed.
        self._dummy = _Stored(memory_kib, time_cost, 1, os.urandom(SALT_BYTES), os.urandom(HASH_BYTES))
        self._dummy_stored = _write(self._dummy)

    def __repr__(self) -> str:
        return f"PinHasher(memory_kib={self._memory_kib}, time_cost={self._time_cost})"

    @property
    def runs(self) -> int:
        """How often the KDF ran since this hasher was made."""
        with self._lock:
            return self._runs

    def hash(self, pin: str) -> str:
        """The string to store for ``pin``: ``$argon2id$v=19$m=…,t=…,p=1$salt$digest``."""
        made = _Stored(self._memory_kib, self._time_cost, 1, os.urandom(SALT_BYTES), bytes(HASH_BYTES))
        return _write(replace(made, digest=self._work(made, pin)))

    def matches(self, stored: str | None, pin: str) -> bool:
        """Whether ``pin`` is the one behind ``stored``; the KDF runs exactly once for any input (R05).

        None (no such case) and a string that is not a hash are compared with a dummy that has this hasher's
        parameters. The result is False, never an exception.
        """
        # The dummy is parsed from its string as well, so that both take the same time.
        found = _read(self._dummy_stored if stored is None else stored)
        compared = found or self._dummy
        is_equal = hmac.compare_digest(self._work(compared, pin), compared.digest)
        return is_equal and found is not None and stored is not None

    def mark(self, pin: str) -> str:
        """What ``is_near`` compares later PINs with; ``salt$digest``, keyed with the pepper.

        Only for a duress PIN, which opens nothing of a case. It is no slow hash: a new PIN is compared with
        it 1,270 times (R10).
        """
        salt = os.urandom(SALT_BYTES)
        return f"{_encode(salt)}${_encode(self._mark_of(salt, pin))}"

    def decoy_mark(self, number_key: str) -> str:
        """The mark of a PIN that nobody was given, for a case that has no duress PIN.

        So every case refuses some new PINs, and a refusal does not tell which cases have a duress PIN (R13).
        """
        made = int.from_bytes(hmac.digest(self._mark_key, b"decoy" + number_key.encode(), "sha256")[:8])
        salt = hmac.digest(self._mark_key, b"salt" + number_key.encode(), "sha256")[:SALT_BYTES]
        return f"{_encode(salt)}${_encode(self._mark_of(salt, str(100_000 + made % 900_000)))}"

    def is_near(self, mark: str, pin: str) -> bool:
        """Whether ``pin`` differs in fewer than three places from the one that was marked.

        Every near PIN is compared, whatever the result, so that all new PINs take the same time.
        """
        salt, _, digest = mark.partition("$")
        raw_salt, marked = _decode(salt), _decode(digest)
        found = [hmac.compare_digest(self._mark_of(raw_salt, near), marked) for near in near_pins(pin)]
        return any(found)

    def is_near_hash(self, stored: str, pin: str) -> bool:
        """The same for a PIN that is only kept as a slow hash: 1,270 runs of the KDF, about half a minute."""
        return any(self.matches(stored, near) for near in near_pins(pin) if near[0] != "0")

    def _mark_of(self, salt: bytes, pin: str) -> bytes:
        return hmac.digest(self._mark_key, salt + pin.encode("utf-8", "surrogatepass"), "sha256")

    def _work(self, stored: _Stored, pin: str) -> bytes:
        with self._lock:
            self._runs += 1
        # A strange character must not raise: the exception would contain the PIN.
        keyed = hmac.digest(self._pepper_key, pin.encode("utf-8", "surrogatepass"), "sha256")
        return hash_secret_raw(
            keyed,
            stored.salt,
            time_cost=stored.time_cost,
            memory_cost=stored.memory_kib,
            parallelism=stored.lanes,
            hash_len=len(stored.digest),
            type=Type.ID,
        )


def _write(parts: _Stored) -> str:
    """The usual Argon2 string of a hash in parts."""
    parameters = f"m={parts.memory_kib},t={parts.time_cost},p={parts.lanes}"
    return f"$argon2id$v={ARGON2_VERSION}${parameters}${_encode(parts.salt)}${_encode(parts.digest)}"


def _read(stored: str) -> _Stored | None:
    """The parts of a stored hash, or None if the string is not one or asks for an absurd amount of work."""
    parts = _STORED.fullmatch(stored)
    if parts is None:
        return None
    memory_kib, time_cost, lanes = int(parts[1]), int(parts[2]), int(parts[3])
    if not (1 <= lanes <= LANES_AT_MOST and 8 * lanes <= memory_kib <= MEMORY_KIB_AT_MOST):
        return None
    if not 1 <= time_cost <= TIME_COST_AT_MOST:
        return None
    try:
        return _Stored(memory_kib, time_cost, lanes, _decode(parts[4]), _decode(parts[5]))
    except Base64Error:
        return None


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))

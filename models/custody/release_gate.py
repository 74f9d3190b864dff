"""The release gate: whether a feed row may be said, denied by default (R12).

One of several conditions; all of them meet in ``heard`` of ``models/custody/custody_status.py``.
"""

from collections.abc import Mapping


def is_releasable(gates: Mapping[str, str], values: Mapping[str, str]) -> bool:
    """Whether every gate that the office names has exactly its allowed value.

    Deny by default: a value that is missing or spelled in any other way denies, and so does an office
    that names no gate. The answer is all that may be kept; the values are the caller's to drop at once.
    """
    return bool(gates) and all(values.get(name) == allowed for name, allowed in gates.items())

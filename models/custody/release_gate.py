"""The release gate: whether a feed row may be told to callers, denied by default (R12).

One of several conditions; all are combined in ``heard`` of ``models/custody/custody_status.py``.
"""

from collections.abc import Mapping


def is_releasable(gates: Mapping[str, str], values: Mapping[str, str]) -> bool:
    """Whether every gate that the office names has exactly its allowed value.

    Denied by default: a value that is missing or spelled differently denies, and so does an office that names
    no gate. Only the result may be stored; the calling code must drop the values at once.
    """
    return bool(gates) and all(values.get(name) == allowed for name, allowed in gates.items())

"""What the carrier says of a caller id (STIR/SHAKEN): it only raises or lowers risk (R07)."""

from collections.abc import Mapping
from typing import Any

#: The one value that speaks for the caller id. The same word with more behind it is of a diverted call.
_ATTESTED = "TN-Validation-Passed-A"
#: A caller id whose signature does not fit.
_FAILED = "TN-Validation-Failed"


def caller_id_is_attested(form: Mapping[str, Any]) -> bool:
    """Whether the carrier vouches in full for the caller id."""
    return str(form.get("StirVerstat", "")) == _ATTESTED


def caller_id_is_doubted(form: Mapping[str, Any]) -> bool:
    """Whether the carrier found the caller id not to be the caller's; unsigned ones are not doubted."""
    return str(form.get("StirVerstat", "")).startswith(_FAILED)

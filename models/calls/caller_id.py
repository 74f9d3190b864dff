"""What the carrier says about a caller ID (STIR/SHAKEN): it only raises or lowers risk (R07)."""

from collections.abc import Mapping
from typing import Any

#: The one value that confirms the caller ID. The same word with more after it belongs to a diverted call.
_ATTESTED = "TN-Validation-Passed-A"
#: A caller ID whose signature does not match.
_FAILED = "TN-Validation-Failed"


def caller_id_is_attested(form: Mapping[str, Any]) -> bool:
    """Whether the carrier fully attests the caller ID."""
    return str(form.get("StirVerstat", "")) == _ATTESTED


def caller_id_is_doubted(form: Mapping[str, Any]) -> bool:
    """Whether the carrier found that the caller ID is not the caller's; unsigned ones are not doubted."""
    return str(form.get("StirVerstat", "")).startswith(_FAILED)

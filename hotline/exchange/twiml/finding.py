"""One error or warning about a TwiML document."""

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """``code`` is Twilio's error number, or None where Twilio has none for it.

    Twilio refuses an ``error``, skips it, or runs it differently from what it says. A ``warning`` runs, but
    serves a caller badly. ``line`` counts from 1.
    """

    code: int | None
    line: int
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        number = "" if self.code is None else f" ({self.code})"
        return f"line {self.line}: {self.message}{number}"

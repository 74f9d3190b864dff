"""One error or warning about a TwiML document."""

from typing import Literal, NamedTuple

#: What stops a call: Twilio logs these as errors. It logs every other number as a warning and plays on. A
#: Dial of nothing (13223), or of a conference beside phones (13000), leaves nothing to play.
_ERRORS = frozenset(
    {11100, 11200, 11240, 11243, 11750, 11770, 12100, 12102, 12300, 13000, 13201, 13223, 13224, 13231, 13238}
    | {13338, 13420, 14205, 14212, 15004, 16002, 16023, 32018}
)


def stops(code: int | None) -> bool:
    """Whether a fault with this number of Twilio's is an error, and not only a warning."""
    return code in _ERRORS


class Finding(NamedTuple):
    """``code`` is Twilio's error number, or None for style: what runs as it says, but serves a caller badly.

    ``line`` counts from 1.
    """

    code: int | None
    line: int
    message: str

    @property
    def severity(self) -> Literal["error", "warning"]:
        """An error stops the call; after a warning it plays on, with a default or without a verb."""
        return "error" if stops(self.code) else "warning"

    def __str__(self) -> str:
        number = "" if self.code is None else f" ({self.code})"
        return f"line {self.line}: {self.message}{number}"

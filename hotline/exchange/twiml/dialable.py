"""What Twilio dials, and what it shows as the caller."""

import re

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
#: A number of the North American plan without its country code, as Twilio takes it.
_NORTH_AMERICAN = re.compile(r"1?([2-9][0-9]{9})")
#: A short number, such as that of a crisis line. Twilio carries no emergency call by itself.
_SHORT = re.compile(r"(?!(?:911|112|999)$)[0-9]{3,6}")


def dialable(text: str) -> str | None:
    """Return the number that ``text`` dials, in E.164 or a short number; None if it dials none.

    Spaces, dots, dashes and brackets do not count.
    """
    plain = re.sub(r"[\s().-]", "", text)
    if _E164.fullmatch(plain) or _SHORT.fullmatch(plain):
        return plain
    national = _NORTH_AMERICAN.fullmatch(plain)
    return None if national is None else f"+1{national[1]}"


def is_caller_id(text: str) -> bool:
    """Whether a call can show this: a number in E.164, or the address of a client or of SIP."""
    return bool(_E164.fullmatch(text) or re.fullmatch("(client|sip|sips):.+", text))

"""Why a legal hold is not set or lifted; hotline/refusals/retention.py has the words."""

from enum import StrEnum, auto


class HoldRefusal(StrEnum):
    """Why a legal hold is not set or lifted."""

    SAME_PERSON = auto()
    #: ``who``: the e-mail of the one who may not.
    ROLE = auto()
    #: ``known``: the codes.
    UNKNOWN_REASON = auto()
    HELD = auto()
    #: ``number``: the hold's.
    UNKNOWN = auto()

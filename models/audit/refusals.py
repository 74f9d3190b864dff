"""Why an office setting does not change, or kept heads prove nothing; worded in hotline/refusals."""

from enum import StrEnum, auto


class OfficeChangeRefusal(StrEnum):
    """Why a change of the office's settings is refused."""

    NO_REASON = auto()
    #: ``most``: the maximum number of characters.
    REASON_TEXT = auto()
    #: ``most``: the maximum number of characters of each.
    POLICY_TEXT = auto()
    DAY_NAME = auto()
    BUSY = auto()


class HeadRefusal(StrEnum):
    """Why the kept heads of the chain prove nothing."""

    #: ``reason``: the name of the error.
    UNREADABLE = auto()
    #: ``line``: the first line without a signature of ours.
    NOT_OURS = auto()

"""Why the office's settings stay as they are, or kept heads prove nothing; hotline/refusals has the words."""

from enum import StrEnum, auto


class OfficeChangeRefusal(StrEnum):
    """Why the settings of the office stay as they are."""

    NO_REASON = auto()
    #: ``most``: as many characters as it may have.
    REASON_TEXT = auto()
    #: ``most``: as many characters as each may have.
    POLICY_TEXT = auto()
    BUSY = auto()


class HeadRefusal(StrEnum):
    """Why the kept heads of the chain prove nothing."""

    #: ``reason``: the name of the fault.
    UNREADABLE = auto()
    #: ``line``: the first line without a signature of ours.
    NOT_OURS = auto()

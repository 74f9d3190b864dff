"""Why the settings of the office stay as they are; hotline/refusals/office.py has the words."""

from enum import StrEnum, auto


class OfficeChangeRefusal(StrEnum):
    """Why the settings of the office stay as they are."""

    NO_REASON = auto()
    #: ``most``: as many characters as it may have.
    REASON_TEXT = auto()
    #: ``most``: as many characters as each may have.
    POLICY_TEXT = auto()
    BUSY = auto()

"""Why a request about a case is refused; hotline/refusals/cases.py has the words."""

from enum import StrEnum, auto


class CaseRefusal(StrEnum):
    """Why a case cannot be found or changed."""

    UNKNOWN = auto()
    CLOSED = auto()
    UNKNOWN_NUMBER = auto()
    NUMBER_CLOSED = auto()
    NOT_YOUR_ROLE = auto()
    CONFIRMED = auto()
    SAME_PERSON = auto()
    TIME_ZONE_LOCKED = auto()
    MAIL_WITHOUT_THE_PERSON = auto()
    NO_STANDING_PIN = auto()
    PIN_CHANGED = auto()
    NOT_WITH_THE_PERSON = auto()

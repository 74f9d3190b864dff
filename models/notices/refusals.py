"""Why a notice or a registration stays as it is; hotline/refusals/notices.py has the words."""

from enum import StrEnum, auto


class NoticeRefusal(StrEnum):
    """Why a notice stays as it is."""

    UNKNOWN = auto()
    OVER = auto()
    UNKNOWN_REASON = auto()


class RegistrationRefusal(StrEnum):
    """Why nobody is registered this way, or a registration stays as it is."""

    LOCKED = auto()
    NO_PHONE = auto()
    NOT_A_SAFE_PHONE = auto()
    KEY_ALONE = auto()
    CAP = auto()
    PAUSE = auto()
    NO_WINDOW = auto()
    GONE = auto()
    REGISTERED = auto()
    GUESSABLE_CODE = auto()
    NO_CODE = auto()
    NOT_WITH_THE_PERSON = auto()
    READ_ANEW = auto()

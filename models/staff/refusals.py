"""Why a request about staff is refused; hotline/refusals/staff.py has the words."""

from enum import StrEnum, auto


class ShiftRefusal(StrEnum):
    """Why a shift does not change."""

    NO_MORE_WRAP_UP = auto()
    NO_CODE = auto()
    UNKNOWN_OFFICE_PHONE = auto()
    NO_LANGUAGE = auto()
    UNKNOWN_ABSENCE = auto()


class LockRefusal(StrEnum):
    """Why a lock after wrong PINs is not lifted."""

    LIFTED = auto()


class TiedRefusal(StrEnum):
    """Why two people may not approve something together (R40)."""

    TIED = auto()


class StaffRefusal(StrEnum):
    """Why the staff list does not change."""

    UNKNOWN = auto()
    UNKNOWN_EMAIL = auto()
    KNOWN_EMAIL = auto()
    GONE = auto()
    NOT_GONE = auto()
    OWN_ROLE = auto()
    OWN_LEAVING = auto()
    LAST_ADMINISTRATOR = auto()
    UNKNOWN_ROLE = auto()
    NO_LANGUAGE = auto()


class AlarmRefusal(StrEnum):
    """Why an alarm of the audit is not settled."""

    NO_FINDING = auto()
    UNKNOWN = auto()
    #: ``who``: the person who settled it.
    SETTLED = auto()
    ABOUT_YOU = auto()


class ExportRefusal(StrEnum):
    """Why an audit export is not requested, agreed to, rejected or handed out."""

    NOTHING_FOUND = auto()
    AGREED = auto()
    SAME_PERSON = auto()
    SAME_ROLE = auto()
    EXPIRED = auto()
    REJECTED = auto()
    NOT_YOURS = auto()
    NOT_AGREED = auto()
    OVER = auto()
    UNKNOWN = auto()

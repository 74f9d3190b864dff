"""Why a case is not opened to staff, or does not change; hotline/refusals/cases.py has the words."""

from enum import StrEnum, auto


class CaseSearchRefusal(StrEnum):
    """Why a search by name is refused."""

    NOT_SUPERVISOR = auto()
    NAME_TOO_LONG = auto()
    NAME_TOO_SHORT = auto()
    NO_REASON = auto()


class CaseOpeningRefusal(StrEnum):
    """Why a case is not opened to a person; the same whether or not it exists."""

    NOT_OPEN = auto()
    NO_EVIDENCE = auto()
    NOT_SUPERVISOR = auto()
    NO_REASON = auto()
    UNKNOWN = auto()


class PhoneRefusal(StrEnum):
    """Why the phones of a registrant do not change."""

    ON_LIST = auto()
    TOO_MANY = auto()
    NO_CODE = auto()
    NOT_VERIFIED = auto()
    NOT_VERIFIED_BY_YOU = auto()
    NOT_HELD_BACK = auto()
    NO_WISHES = auto()
    HALF_A_WINDOW = auto()
    EMPTY_WINDOW = auto()
    KEY_ALONE = auto()
    WITHOUT_THE_PERSON = auto()
    NOT_ON_LIST = auto()
    #: ``until``: when phones and times may change again.
    LOCKED = auto()


class PinRequestRefusal(StrEnum):
    """Why a PIN cannot be requested, approved or rejected."""

    NO_EVIDENCE = auto()
    NO_PHONE = auto()
    NO_DELIVERY = auto()
    MAIL_NOT_SAFE = auto()
    WAITING = auto()
    MAIL_NO_LONGER_SAFE = auto()
    UNKNOWN = auto()
    SETTLED = auto()
    EXPIRED = auto()
    #: A newer PIN is in force.
    OUTDATED = auto()
    NOT_YOUR_ROLE = auto()
    SAME_PERSON = auto()


class LostPinRefusal(StrEnum):
    """Why a lost PIN is not replaced, or its report does not change."""

    NOT_WAITING = auto()
    CALL_OPEN = auto()
    #: ``known``: the valid codes.
    UNKNOWN_EVIDENCE = auto()
    SAME_PERSON = auto()
    NO_PHONE = auto()
    #: ``option``: the option that named them.
    NOT_STAFF = auto()


class TotalLiftRefusal(StrEnum):
    """Why the total of wrong tries is not lifted."""

    NOT_SUPERVISOR = auto()

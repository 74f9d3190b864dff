"""Why something of staff stays as it is; hotline/refusals/staff.py has the words."""

from enum import StrEnum, auto


class ShiftRefusal(StrEnum):
    """Why a shift stays as it is."""

    NO_MORE_WRAP_UP = auto()
    NO_CODE = auto()
    UNKNOWN_OFFICE_PHONE = auto()
    NO_LANGUAGE = auto()
    UNKNOWN_ABSENCE = auto()

"""Why a notice or a registration stays as it is; hotline/refusals/notices.py has the words."""

from enum import StrEnum, auto


class NoticeRefusal(StrEnum):
    """Why a notice stays as it is."""

    UNKNOWN = auto()
    OVER = auto()
    UNKNOWN_REASON = auto()

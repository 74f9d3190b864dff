"""Why a callback does not change; hotline/refusals/callbacks.py has the words."""

from enum import StrEnum, auto


class CallbackRefusal(StrEnum):
    """The reasons, each with its facts if it has any."""

    UNKNOWN = auto()
    #: ``name`` and ``at``: who claimed it, and when.
    CLAIMED = auto()
    #: ``name``: the liaison who is called for it.
    RINGING = auto()
    RINGING_COLLEAGUE = auto()
    #: ``name`` and ``at``: who talks, and since when.
    TALKING = auto()
    WAITING = auto()
    LEFT_FOR_STAFF = auto()
    #: ``at``.
    CLOSED = auto()
    PHONE_STOPPED = auto()
    WRONG_PERSON = auto()
    PHONE_BARRED = auto()
    PHONE_NOT_CONFIRMED = auto()
    PROMISED_ANEW = auto()
    HAS_NEWER = auto()
    OTHER_IN_HAND = auto()
    TELL_IN_PROMISED = auto()
    UNKNOWN_COLLEAGUE = auto()
    #: ``name``: the colleague.
    OFF_SHIFT = auto()
    #: ``name``: the colleague.
    ON_BREAK = auto()
    #: ``name``: the colleague.
    NOT_FOR_COLLEAGUE = auto()
    #: ``days``: the longest time ahead.
    TIME_OUT_OF_RANGE = auto()
    NO_COMMON_HOURS = auto()
    #: ``at``: the next possible time.
    OUTSIDE_HOURS = auto()
    #: ``at``: the next time at which somebody is on shift, or for an urgent callback on call.
    NOBODY_THERE = auto()
    UNKNOWN_IF_AGREED = auto()
    #: ``due``: by when the person was promised a call.
    NOT_AGREED = auto()
    UNKNOWN_REASON = auto()
    #: ``at``: when it is due now.
    CHANGED = auto()
    NUMBER_HIDDEN = auto()
    NOT_TALKING = auto()
    UNKNOWN_RECOGNITION = auto()
    NOTE_CHANGED = auto()
    NOT_TO_REPEAT = auto()
    PROMISED = auto()
    IN_CODE_CALL = auto()


class CaseWordsRefusal(StrEnum):
    """Why nothing of a case is shown beside a callback."""

    NOT_RECOGNIZED = auto()
    NEW_PHONE = auto()
    NOT_CONFIRMED = auto()

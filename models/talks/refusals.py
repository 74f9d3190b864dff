"""Why a talk does not begin or does not change; hotline/refusals/talks.py has the words."""

from enum import StrEnum, auto


class TalkRefusal(StrEnum):
    """The reasons, each with its facts if it has any."""

    PHONE_IN_CALL = auto()
    #: ``at``: when the rest ends.
    RESTING = auto()
    #: No worker and no sweeper is alive.
    NOTHING_DIALS = auto()
    PHONE_BARRED = auto()
    #: ``at``: when the person's next hours begin.
    NOT_NOW = auto()
    LINE_REFUSED = auto()
    #: The line calls the person about news, at this moment.
    LINE_IS_CALLING = auto()
    #: ``name``: every colleague on the call.
    COLLEAGUE_THERE = auto()
    NO_COLLEAGUE_FREE = auto()
    #: ``name``: the colleague who was chosen.
    COLLEAGUE_NOT_FREE = auto()
    NO_COLLEAGUE_THERE = auto()
    #: ``name``: every colleague on the call.
    COLLEAGUE_DEACTIVATED = auto()
    NO_INTERPRETER = auto()
    INTERPRETER_THERE = auto()
    NO_PIN = auto()
    NOT_LED = auto()

"""Why a call-out does not begin or does not end; hotline/refusals/callouts.py has the words."""

from enum import StrEnum, auto


class CalloutRefusal(StrEnum):
    """The reasons, each with its facts if it has any."""

    UNKNOWN_PARTY = auto()
    PHONE_IN_CALL = auto()
    #: ``at``: when the rest ends.
    RESTING = auto()
    CARRIER_REFUSES = auto()
    #: No worker and no sweeper is alive.
    NOTHING_DIALS = auto()
    NOT_YOURS = auto()

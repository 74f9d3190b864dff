"""The words for why a legal hold is not set or lifted. Only commands say these."""

from models.retention.refusals import HoldRefusal

HOLD_WORDS = {
    HoldRefusal.SAME_PERSON: "--and: a second person must agree.",
    HoldRefusal.ROLE: "Only supervisors and administrators set and lift legal holds; %(who)s is neither.",
    HoldRefusal.UNKNOWN_REASON: "--reason must be one of %(known)s.",
    HoldRefusal.HELD: "Such a hold is in force already.",
    HoldRefusal.UNKNOWN: "HOLD: no hold %(number)s is in force; see `hotline hold list`.",
}

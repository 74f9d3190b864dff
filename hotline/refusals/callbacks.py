"""The words for why a callback stays unchanged."""

from enum import StrEnum, auto

from hotline.marked import N_
from models.callbacks.refusals import CallbackRefusal
from models.store.free_text import TextRefusal

WORDS = {
    CallbackRefusal.UNKNOWN: N_("There is no such callback."),
    CallbackRefusal.CLAIMED: N_("%(name)s claimed this callback on %(at)s."),
    CallbackRefusal.RINGING: N_("We are calling %(name)s for this callback."),
    CallbackRefusal.RINGING_COLLEAGUE: N_("We are calling a colleague for this callback."),
    CallbackRefusal.TALKING: N_("%(name)s has been talking with this person since %(at)s."),
    CallbackRefusal.WAITING: N_("Nobody has claimed this callback. It is in the callback list."),
    CallbackRefusal.LEFT_FOR_STAFF: N_("This callback needs attention, and nobody has claimed it."),
    CallbackRefusal.CLOSED: N_("This callback was closed on %(at)s."),
    CallbackRefusal.PHONE_STOPPED: N_("This phone asked for no more calls."),
    CallbackRefusal.WRONG_PERSON: N_("A wrong person answered this phone, so it is not called any more."),
    CallbackRefusal.PHONE_BARRED: N_(
        "This phone cannot be called: it is marked unsafe, asked us to stop, or is not a valid number."
    ),
    CallbackRefusal.PHONE_NOT_CONFIRMED: N_(
        "This phone is not confirmed. Call it with a code from the page of the phone in the case."
    ),
    CallbackRefusal.PROMISED_ANEW: N_("A new callback already replaces this one."),
    CallbackRefusal.HAS_NEWER: N_(
        "This person asked again and has a newer callback. Claim that one and close this one."
    ),
    CallbackRefusal.OTHER_IN_HAND: N_(
        "Someone has another callback of this person now. Try again when that one is over."
    ),
    CallbackRefusal.TELL_IN_PROMISED: N_(
        "This person is promised a callback now. Claim that one, and tell them the news in that call."
    ),
    CallbackRefusal.UNKNOWN_COLLEAGUE: N_("Choose a colleague who is on the staff list."),
    CallbackRefusal.OFF_SHIFT: N_("%(name)s is not on shift."),
    CallbackRefusal.ON_BREAK: N_("%(name)s is on a break. Choose another colleague."),
    CallbackRefusal.NOT_FOR_COLLEAGUE: N_("%(name)s cannot take this one. Choose another colleague."),
    CallbackRefusal.TIME_OUT_OF_RANGE: N_("Choose a future time within %(days)s days."),
    CallbackRefusal.NO_COMMON_HOURS: N_("This person's hours and the office's hours do not overlap."),
    CallbackRefusal.OUTSIDE_HOURS: N_(
        "That is outside this person's hours or the office's. The next possible time is %(at)s."
    ),
    CallbackRefusal.NOBODY_THERE: N_("Nobody is there to call then. The next possible time is %(at)s."),
    CallbackRefusal.UNKNOWN_IF_AGREED: N_("Say whether they agreed to this time."),
    CallbackRefusal.NOT_AGREED: N_(
        "They were promised a call by %(due)s. Only they can agree to a later time."
    ),
    CallbackRefusal.UNKNOWN_REASON: N_("Choose a reason from the list."),
    CallbackRefusal.CHANGED: N_(
        "This callback has changed since you opened it; it is due by %(due)s. Read it and try again."
    ),
    CallbackRefusal.NUMBER_HIDDEN: N_("Claim this callback to see its number."),
    CallbackRefusal.NOT_TALKING: N_("You are not on this call now."),
    CallbackRefusal.UNKNOWN_RECOGNITION: N_("Choose how you recognized the person."),
    CallbackRefusal.NOTE_CHANGED: N_("The note changed while you were editing. Read it, then edit yours."),
    CallbackRefusal.NOT_TO_REPEAT: N_(
        "This callback neither needs attention nor was unanswered, or a new one already replaces it."
    ),
    CallbackRefusal.PROMISED: N_("This person already has another callback."),
    CallbackRefusal.IN_CODE_CALL: N_(
        "You are already calling this phone. If you no longer have the code, get a new one."
    ),
}

NOTE_WORDS = {
    TextRefusal.TOO_LONG: N_("The note is longer than %(most)s characters."),
    TextRefusal.SSN: N_("The note has what looks like a Social Security number. Remove it."),
    TextRefusal.A_NUMBER: N_("The note has what looks like an A-number. Remove it."),
    TextRefusal.EMAIL: N_("The note has what looks like an e-mail address. Remove it."),
    TextRefusal.DATE: N_("The note has a full date, such as a birthday. Write it without the year."),
    TextRefusal.CASE_NUMBER: N_("The note has what looks like a case number. Remove it."),
    TextRefusal.PHONE: N_("The note has what looks like a phone number. Remove it."),
    TextRefusal.PIN: N_("The note has what looks like a PIN or a code. Remove it."),
    TextRefusal.STREET_ADDRESS: N_("The note has what looks like a street address. Remove it."),
    TextRefusal.NAME: N_("The note has a name from this case. Remove it."),
}


class ActionRefusal(StrEnum):
    """Why a form of a callback is refused before a model sees it."""

    UNKNOWN_OUTCOME = auto()
    OUTCOME_LATE = auto()
    NO_MESSAGE = auto()
    THEY_CALLED = auto()
    NO_TIME = auto()


ACTION_WORDS = {
    ActionRefusal.UNKNOWN_OUTCOME: N_("Choose an outcome from the list."),
    ActionRefusal.OUTCOME_LATE: N_("The time to save an outcome is over, or you were not on the call."),
    ActionRefusal.NO_MESSAGE: N_(
        "This person allowed no message. If you left one all the same, choose “For the supervisor” and say so"
        " in the note."
    ),
    ActionRefusal.THEY_CALLED: N_("This person called us. Choose an outcome from the list."),
    ActionRefusal.NO_TIME: N_("Enter a day and a time."),
}

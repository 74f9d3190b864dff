"""The words for why a case stays closed to staff or unchanged."""

from enum import StrEnum, auto

from hotline.marked import N_
from models.callbacks.refusals import CaseWordsRefusal
from models.cases.refusals import CaseRefusal
from models.overview.refusals import (
    CaseOpeningRefusal,
    CaseSearchRefusal,
    LostPinRefusal,
    PhoneRefusal,
    PinRequestRefusal,
    TotalLiftRefusal,
)
from models.staff.refusals import LockRefusal

CASE_WORDS = {
    CaseWordsRefusal.NOT_RECOGNIZED: N_(
        "Record how you recognized the person first. A callback opens a case only if it was requested with "
        "the PIN."
    ),
    CaseWordsRefusal.NEW_PHONE: N_(
        "This phone replaced an unsafe one. Do not talk about the case there until staff know who has it."
    ),
    CaseWordsRefusal.NOT_CONFIRMED: N_(
        "This phone is not confirmed. Say only its code there, and nothing of the case."
    ),
}

WORDS = {
    CaseRefusal.UNKNOWN: N_("There is no such case."),
    CaseRefusal.CLOSED: N_("The case is closed."),
    CaseRefusal.UNKNOWN_NUMBER: N_("No case has this case number."),
    CaseRefusal.NUMBER_CLOSED: N_("The case with this case number is closed."),
    CaseRefusal.NOT_YOUR_ROLE: N_("Only a supervisor or an administrator can do this."),
    CaseRefusal.CONFIRMED: N_("Someone already confirmed this."),
    CaseRefusal.SAME_PERSON: N_("Someone else must confirm who the case is about."),
    CaseRefusal.PIN_CHANGED: N_("The PIN changed meanwhile. Give the duress PIN again."),
    CaseRefusal.NOT_WITH_THE_PERSON: N_(
        "Only with the person, after you record how you recognized them. That a caller entered the PIN is "
        "not enough."
    ),
    CaseRefusal.NO_STANDING_PIN: N_(
        "The person has no PIN of their own yet. They choose one in their first call with the PIN from the "
        "letter."
    ),
    CaseRefusal.TIME_ZONE_LOCKED: N_(
        "Time zone: it cannot change while phones and times are locked after a PIN was replaced."
    ),
    CaseRefusal.MAIL_WITHOUT_THE_PERSON: N_(
        "Mail is safe: only the person can say so. Verify them first: open the case by its number."
    ),
}

SEARCH_WORDS = {
    CaseSearchRefusal.NOT_SUPERVISOR: N_("Only supervisors can search by name."),
    CaseSearchRefusal.NAME_TOO_LONG: N_("Name: this is longer than 200 characters."),
    CaseSearchRefusal.NAME_TOO_SHORT: N_("Name: type at least two letters of a name."),
    CaseSearchRefusal.NO_REASON: N_("Reason: say why you are looking for this case."),
}

OPENING_WORDS = {
    CaseOpeningRefusal.NOT_OPEN: N_("This case is not open to you."),
    CaseOpeningRefusal.NO_EVIDENCE: N_("Say how you know who it is."),
    CaseOpeningRefusal.NOT_SUPERVISOR: N_("Only supervisors can open a case by its name."),
    CaseOpeningRefusal.NO_REASON: N_("Say why you are looking for this case."),
    CaseOpeningRefusal.UNKNOWN: N_("There is no such case."),
}

PHONE_WORDS = {
    PhoneRefusal.ON_LIST: N_("Phone: this number is already on the list."),
    PhoneRefusal.TOO_MANY: N_("Phone: a case has at most eight phones."),
    PhoneRefusal.NO_CODE: N_("Code: no code is valid now. Get a new one."),
    PhoneRefusal.NOT_VERIFIED: N_(
        "Phone: first verify the person, by their case number and how you know them."
    ),
    PhoneRefusal.NOT_VERIFIED_BY_YOU: N_(
        "Phone: first verify the person yourself, by their case number and how you know them."
    ),
    PhoneRefusal.NOT_HELD_BACK: N_("Nothing is held back from this phone."),
    PhoneRefusal.NO_WISHES: N_("Say who may answer, and which message may be left."),
    PhoneRefusal.HALF_A_WINDOW: N_("Times: give both, or neither."),
    PhoneRefusal.EMPTY_WINDOW: N_("Times: the first and the last are the same."),
    PhoneRefusal.KEY_ALONE: N_(
        "Who may answer: this phone gets calls about changes without a code, so anyone who answers hears the "
        "news. Choose a code first."
    ),
    PhoneRefusal.WITHOUT_THE_PERSON: N_(
        "This allows more than the person agreed to. Verify them first: open the case by its number."
    ),
    PhoneRefusal.NOT_ON_LIST: N_("This phone is no longer on the list."),
    PhoneRefusal.LOCKED: N_(
        "Phones and times stay as they are until %(until)s, since the PIN was replaced. A "
        "phone can be marked unsafe at any time."
    ),
}

PIN_REQUEST_WORDS = {
    PinRequestRefusal.NO_EVIDENCE: N_("How you know them: choose one."),
    PinRequestRefusal.NO_PHONE: N_(
        "How you know them: we have no confirmed, safe phone of theirs that you could have called, "
        "and where the case may be spoken of."
    ),
    PinRequestRefusal.NO_DELIVERY: N_("How they get it: choose one."),
    PinRequestRefusal.MAIL_NOT_SAFE: N_("How they get it: mail is not marked safe for this person."),
    PinRequestRefusal.WAITING: N_("A PIN for this case is already waiting for approval."),
    PinRequestRefusal.MAIL_NO_LONGER_SAFE: N_("Mail is no longer safe for this person."),
    PinRequestRefusal.UNKNOWN: N_("There is no such request."),
    PinRequestRefusal.SETTLED: N_("Someone already settled this request."),
    PinRequestRefusal.EXPIRED: N_("This request is too old. Ask for the PIN again."),
    PinRequestRefusal.OUTDATED: N_(
        "This case has had a new PIN since the request, and it stays in force. If the person needs "
        "another one, reject this request and ask for the PIN again."
    ),
    PinRequestRefusal.NOT_YOUR_ROLE: N_("A supervisor or an administrator must approve a PIN."),
    PinRequestRefusal.SAME_PERSON: N_("Someone else must approve what you asked for."),
}

#: Only the command line says those that begin with an option.
LOST_PIN_WORDS = {
    LostPinRefusal.NOT_WAITING: N_("This report is no longer waiting."),
    LostPinRefusal.CALL_OPEN: N_("A call about this PIN is already open. Drop this report."),
    LostPinRefusal.UNKNOWN_EVIDENCE: "--evidence must be one of %(known)s.",
    LostPinRefusal.SAME_PERSON: "--and: a second person must approve a new PIN.",
    LostPinRefusal.NO_PHONE: (
        "--evidence: we have no confirmed, safe phone of theirs that you could have called, "
        "and where the case may be spoken of."
    ),
    LostPinRefusal.NOT_STAFF: "%(option)s: nobody on the staff list has this e-mail address.",
}

TOTAL_LIFT_WORDS = {
    TotalLiftRefusal.NOT_SUPERVISOR: "--by: this is not the e-mail address of a supervisor.",
}

LOCK_WORDS = {
    LockRefusal.LIFTED: N_("This lock was already lifted."),
}


class LetterRefusal(StrEnum):
    """Why no letter is made."""

    NO_LETTER = auto()


LETTER_WORDS = {
    LetterRefusal.NO_LETTER: N_("There is no letter in the language of this case."),
}

"""The words for why a notice or a registration stays as it is."""

from hotline.marked import N_
from models.notices.refusals import NoticeRefusal, RegistrationRefusal

NOTICE_WORDS = {
    NoticeRefusal.UNKNOWN: N_("There is no such notice."),
    NoticeRefusal.OVER: N_("This notice was confirmed or stopped already."),
    NoticeRefusal.UNKNOWN_REASON: N_("Choose a reason from the list."),
}

REGISTRATION_WORDS = {
    RegistrationRefusal.LOCKED: N_(
        "Registrations, phones and times stay as they are until %(until)s, since the PIN was replaced."
    ),
    RegistrationRefusal.NO_PHONE: N_("Phones: choose at least one confirmed, safe phone."),
    RegistrationRefusal.NOT_A_SAFE_PHONE: N_("Phones: choose only confirmed, safe phones of this person."),
    RegistrationRefusal.KEY_ALONE: N_(
        "Code: without a code, anyone who answers hears the news. It is needed for a phone that only this "
        "person answers."
    ),
    RegistrationRefusal.CAP: N_("Calls a day: give a number from 1 to 48."),
    RegistrationRefusal.PAUSE: N_("Pause: choose a day within the next 30 days."),
    RegistrationRefusal.NO_WINDOW: N_("Times: give both, or neither. They must differ."),
    RegistrationRefusal.GONE: N_("This person is not registered for notices any more."),
    RegistrationRefusal.REGISTERED: N_("This person is registered for notices already."),
    RegistrationRefusal.NO_CODE: N_("Code: this is not a code of 4 digits."),
    RegistrationRefusal.NOT_WITH_THE_PERSON: N_(
        "To change this, verify the person first: open the case by its number."
    ),
    RegistrationRefusal.READ_ANEW: N_("What they agree to has changed. Read it to them again."),
    RegistrationRefusal.GUESSABLE_CODE: N_(
        "Code: choose another one. No runs, repeats or years, and no digits of their phone or case number."
    ),
}

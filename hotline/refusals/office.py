"""The words for why a form is not saved, and for why the office's settings stay unchanged."""

from hotline.marked import N_
from models.audit.refusals import OfficeChangeRefusal
from models.store.form_stamp import FormRefusal

FORM_WORDS = {
    FormRefusal.CHANGED: N_(
        "Someone else has changed this meanwhile. Look at what it is now, then change it again."
    ),
}

CHANGE_WORDS = {
    OfficeChangeRefusal.NO_REASON: N_("Say why you are changing this."),
    OfficeChangeRefusal.REASON_TEXT: N_(
        "The reason must have at most %(most)s characters, and no phone, address or ID number."
    ),
    OfficeChangeRefusal.POLICY_TEXT: N_(
        "Basis and decided by must each have at most %(most)s characters, and no phone, address or ID number."
    ),
    OfficeChangeRefusal.DAY_NAME: N_("The name of a day must have no phone, address or ID number."),
    OfficeChangeRefusal.BUSY: N_("Other people are changing the office settings. Try again in a moment."),
}

"""The words for why staff data stays unchanged."""

from hotline.marked import N_
from models.staff.refusals import ShiftRefusal, StaffRefusal, TiedRefusal

SHIFT_WORDS = {
    ShiftRefusal.NO_MORE_WRAP_UP: N_("You cannot extend this wrap-up: it was extended twice, or it is over."),
    ShiftRefusal.NO_CODE: N_("You need a staff code to accept calls on a personal phone. Ask for one first."),
    ShiftRefusal.UNKNOWN_OFFICE_PHONE: N_(
        "The staff list has no such office phone. An administrator must add it first."
    ),
    ShiftRefusal.NO_LANGUAGE: N_("Choose at least one language."),
    ShiftRefusal.UNKNOWN_ABSENCE: N_("You have no such absence."),
}

TIED_WORDS = {
    TiedRefusal.TIED: N_(
        "You two may not approve this together: one of your accounts was recently added, "
        "reset, let in or given its role by the other of you or by the same third person. Ask someone else."
    ),
}

STAFF_WORDS = {
    StaffRefusal.UNKNOWN: N_("There is no such person on the staff list."),
    StaffRefusal.UNKNOWN_EMAIL: N_("No one on the staff list has this e-mail."),
    StaffRefusal.KNOWN_EMAIL: N_("The e-mail is already on the staff list."),
    StaffRefusal.GONE: N_("This account is deactivated."),
    StaffRefusal.NOT_GONE: N_("This person is on the staff list."),
    StaffRefusal.OWN_ROLE: N_("You cannot change your own role. Ask another administrator."),
    StaffRefusal.OWN_LEAVING: N_("You cannot take yourself off the staff list. Ask another administrator."),
    StaffRefusal.LAST_ADMINISTRATOR: N_(
        "This is the last administrator. Make someone else an administrator first."
    ),
    StaffRefusal.UNKNOWN_ROLE: N_("There is no such role."),
    StaffRefusal.NO_LANGUAGE: N_("Choose at least one language."),
}

"""The words for why something of staff stays as it is."""

from hotline.marked import N_
from models.staff.refusals import ShiftRefusal

SHIFT_WORDS = {
    ShiftRefusal.NO_MORE_WRAP_UP: N_("You cannot extend this wrap-up: it was extended twice, or it is over."),
    ShiftRefusal.NO_CODE: N_("You need a staff code to accept calls on a personal phone. Ask for one first."),
    ShiftRefusal.UNKNOWN_OFFICE_PHONE: N_(
        "The staff list has no such office phone. An administrator must add it first."
    ),
    ShiftRefusal.NO_LANGUAGE: N_("Choose at least one language."),
    ShiftRefusal.UNKNOWN_ABSENCE: N_("You have no such absence."),
}

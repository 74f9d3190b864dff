"""The words for why a case stays closed to staff or as it is."""

from hotline.marked import N_
from models.callbacks.refusals import CaseWordsRefusal

CASE_WORDS = {
    CaseWordsRefusal.NOT_RECOGNIZED: N_(
        "Record how you recognized the person first. A callback opens a case only if it was requested with "
        "the PIN."
    ),
    CaseWordsRefusal.NEW_PHONE: N_(
        "This phone replaced an unsafe one. Do not talk about the case there until staff know who has it."
    ),
}

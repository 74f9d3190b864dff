"""The words for why a call to an agency or an interpreter does not begin or end."""

from hotline.marked import N_
from models.callouts.refusals import CalloutRefusal

WORDS = {
    CalloutRefusal.UNKNOWN_PARTY: N_(
        "Choose whom to call from the directory. We may not call any other number."
    ),
    CalloutRefusal.PHONE_IN_CALL: N_("Your phone is already on a call with us."),
    CalloutRefusal.RESTING: N_("You are on a break until %(at)s. End your break first."),
    CalloutRefusal.CARRIER_REFUSES: N_("The carrier rejects our calls now. We try again every 30 seconds."),
    CalloutRefusal.NOTHING_DIALS: N_(
        "The line cannot place calls now: what places them has stopped. Tell your supervisor, and try again "
        "in a minute."
    ),
    CalloutRefusal.NOT_YOURS: N_("This call is not yours to end."),
}

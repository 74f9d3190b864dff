"""The words for why a talk does not begin or stays unchanged."""

from hotline.marked import N_
from models.talks.refusals import TalkRefusal

WORDS = {
    TalkRefusal.PHONE_IN_CALL: N_("Your phone is already on a call with us."),
    TalkRefusal.RESTING: N_("You are on a break until %(at)s. End your break first."),
    TalkRefusal.NOTHING_DIALS: N_(
        "The line cannot place calls now: what places them has stopped. Tell your supervisor, and try again "
        "in a minute."
    ),
    TalkRefusal.PHONE_BARRED: N_(
        "This phone cannot be called: it is marked unsafe, asked us to stop, or is not a valid number."
    ),
    TalkRefusal.NOT_NOW: N_("This person cannot be called now. Their next hours begin on %(at)s."),
    TalkRefusal.LINE_REFUSED: N_(
        "The carrier rejects calls from the number that this person knows. Return the callback to the list: "
        "we try that number again every 30 seconds."
    ),
    TalkRefusal.LINE_IS_CALLING: N_(
        "The line is calling this person about the news now. Try again when that call is over."
    ),
    TalkRefusal.COLLEAGUE_THERE: N_("You cannot put the person on hold while %(name)s is on the call."),
    TalkRefusal.NO_COLLEAGUE_FREE: N_("No other colleague is free, or one is already being called."),
    TalkRefusal.COLLEAGUE_NOT_FREE: N_("%(name)s is not free, or a colleague is already being called."),
    TalkRefusal.NO_COLLEAGUE_THERE: N_("No colleague is on the call yet. Add one and wait until they join."),
    TalkRefusal.COLLEAGUE_DEACTIVATED: N_(
        "You cannot leave the call to %(name)s: their account was deactivated."
    ),
    TalkRefusal.NO_INTERPRETER: N_("The office has no interpreter for this language."),
    TalkRefusal.INTERPRETER_THERE: N_("An interpreter is on the call or is being called."),
    TalkRefusal.NOT_LED: N_("You are not leading this call."),
    TalkRefusal.NO_PIN: N_("You can open a case only while talking to a caller who entered its PIN."),
}

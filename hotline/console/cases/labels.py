"""The names of codes of cases, phones and PINs on pages; each is a text that can be translated."""

from hotline.console.shell.phone_words import MAY_ANSWER as MAY_ANSWER
from hotline.console.shell.phone_words import VOICEMAIL as VOICEMAIL
from hotline.console.shell.words import N_

EVIDENCE = {
    "rang_confirmed_phone": N_("I called back a confirmed phone of theirs"),
    "agency_vouched": N_("The agency that enrolled them vouched for them"),
    "met_in_person": N_("I met them in person"),
}
SEARCH_REASONS = {
    "lost_case_number": N_("They lost their case number"),
    "change_of_details": N_("They asked for a change"),
    "agency_asks": N_("An agency asks"),
    "complaint": N_("A complaint"),
    "correct_record": N_("A record must be corrected"),
    "find_duplicates": N_("Looking for a duplicate"),
}
DELIVERIES = {
    "handed_over": N_("Letter, handed over in person"),
    "posted": N_("Letter, by post"),
    "told": N_("Told during a call now"),
}
DELIVERY_HINTS = {
    "handed_over": N_("A PIN that only lets them choose their own, until the day that the letter says."),
    "posted": N_(
        "Only where mail is safe. "
        "A PIN that only lets them choose their own, until the day that the letter says."
    ),
    "told": N_("The second person sees the PIN and says it to them. It stays until they change it."),
}
KINDS = {"first": N_("First PIN"), "lost": N_("New PIN for a lost one")}
PIN_KINDS = {
    "none": N_("No PIN yet"),
    "standing": N_("Their own PIN"),
    "one_time": N_("One-time PIN, to be replaced in the first call"),
}
GROUNDS = {
    "callback": N_("a callback asked for with the PIN"),
    "call": N_("a call that gave the PIN"),
    "staff_call": N_("a call that staff made to one of its phones"),
    "verification": N_("your logged verification"),
    "search": N_("your search"),
    "call_list": N_("the call list of a held import"),
    "added": N_("you added it"),
    "approval": N_("a PIN that waits for you"),
    "assigned": N_("a matter that is yours alone"),
}
PACES = {"normal": N_("Normal pace"), "slow": N_("Slow, with more time for each answer")}
#: What happened to a case, by the action of its audit entry.
ACTIONS = {
    "choose_duress_pin": N_("gave a duress PIN"),
    "drop_duress_pin": N_("turned off a duress PIN"),
    "tell_duress": N_("told one liaison and the supervisors"),
    "resume_calls": N_("let the line call again"),
    "open_case": N_("Case added"),
    "close_case": N_("Case closed"),
    "look_at_case": N_("Looked at"),
    "show_found_case": N_("Shown in a search by name"),
    "open_case_to_staff": N_("Opened"),
    "reveal_case_number": N_("Case number shown"),
    "call_phone_of_case": N_("A phone of the case called"),
    "call_agency": N_("An agency called"),
    "call_interpreter": N_("An interpreter called"),
    "print_number_letter": N_("Letter with the case number made"),
    "change_registrant": N_("Details changed"),
    "link_subject": N_("Linked to a person"),
    "confirm_subject": N_("Person confirmed"),
    "request_pin": N_("PIN requested"),
    "approve_pin": N_("PIN approved and given"),
    "decline_pin": N_("PIN request rejected"),
    "withdraw_pin_request": N_("PIN request withdrawn"),
    "lock_pin": N_("Locked after wrong PINs"),
    "lift_pin_lock": N_("Lock lifted"),
    "rotate_pin": N_("New PIN from the command line"),
    "lift_total": N_("Total of wrong tries lifted"),
    "hold_lost_pin": N_("Report of a lost PIN held"),
    "release_lost_pin": N_("Lost PIN to be called about"),
    "decline_lost_pin": N_("Report of a lost PIN dropped"),
    "replace_lost_pin": N_("Lost PIN replaced"),
    "change_pin": N_("PIN changed by phone"),
}
CALLBACK_STATES = {
    "requested": N_("Waits"),
    "claimed": N_("Being prepared"),
    "ringing_liaison": N_("Rings a liaison"),
    "ringing_caller": N_("Rings the person"),
    "talking": N_("Talking"),
    "reached": N_("Reached"),
    "no_answer": N_("No answer"),
    "left_for_staff": N_("Needs attention"),
    "cancelled": N_("Canceled"),
}

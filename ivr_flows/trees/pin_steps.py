"""The steps of a new PIN, entered twice, and of a lost one (R02, R08)."""

from typing import TypedDict

from ivr_flows.engine.flow import AGAIN, Announce, Choice, Collect, Decide, Menu, Mistaken, Step
from ivr_flows.verbs import pin_verbs
from ivr_flows.verbs.case_verbs import number_again


class NumberSlip(TypedDict):
    """The part of an entry of a case number that handles a slip."""

    malformed: str
    about: str


PIN_DIGITS = 6
CASE_DIGITS = 8
#: For the end of a case number that was entered instead of a PIN: two digits or four.
MORE_DIGITS_SECONDS = 3

#: After the right PIN, including a mailed one: the choice of an own PIN.
LETTER_STEPS = frozenset(
    {
        "new_pin_needed",
        "new_pin",
        "new_pin_again",
        "new_pin_guessable",
        "new_pin_same",
        "new_pin_differs",
    }
)
#: Only after the right PIN.
CLOSED_PIN_STEPS = LETTER_STEPS | {
    "change_pin",
    "pin_in_force",
    "pin_in_force_wrong",
    "new_pin_may_be_kept",
    "since",
    "phone_stopped",
    "calls_stopped",
    "calls_held",
    "stop_lifted",
    "stop_held",
    "new_pin_chosen",
    "new_pin_done",
}


def number_slip(case_digits: int) -> NumberSlip:
    """What is said about a malformed number: one length, or two once numbers have ten digits (R01)."""
    if case_digits == CASE_DIGITS:
        return {"malformed": "ask_number.wrong", "about": f"number.{case_digits}"}
    return {"malformed": "ask_number.wrong_two", "about": f"number.{case_digits}.{CASE_DIGITS}"}


def pin_steps(case_digits: int) -> dict[str, Step]:
    """All these steps, for the length of a case number."""
    return {
        # What the caller should know about the time since their last call, after the status (R04).
        "since": Decide(
            pin_verbs.since_last_call,
            {"go": "person_told", "stopped": "phone_stopped", "calls_stopped": "calls_stopped"},
        ),
        # The first notice after the status: anybody who had the phone may have said stop (R33).
        "phone_stopped": Menu(
            (
                Choice(
                    "stop.lift",
                    does=pin_verbs.lift_stops,
                    on={"lifted": "stop_lifted", "again": "since", "held": "stop_held"},
                ),
                Choice("stop.leave", does=pin_verbs.leave_stops, on={"left": "since"}),
            ),
            prompt="stop.notice",
            returns=False,
        ),
        "stop_lifted": Announce("stop.lifted", "since"),
        # Somebody with the PIN turned the calls about changes off; the verb before has said when.
        "calls_stopped": Menu(
            (
                Choice(
                    "notices.again",
                    does=pin_verbs.have_calls_again,
                    on={"resumed": "since", "go": "notices", "held": "calls_held"},
                ),
                Choice("stop.leave", does=pin_verbs.leave_calls_stopped, on={"left": "since"}),
            ),
            returns=False,
        ),
        "calls_held": Announce("callback.held", "since"),
        "stop_held": Announce("callback.held", "since"),
        # A mailed PIN opens only this, before any word about the case (R02).
        "new_pin_needed": Announce("new_pin.needed", "new_pin"),
        # The person who has the phone now may not be the one who entered the PIN: it is asked for again
        # (R02).
        "change_pin": Decide(pin_verbs.may_change_pin, {"yes": "pin_in_force", "no": "tries_spent"}),
        "pin_in_force": Collect(
            "new_pin.once_more",
            PIN_DIGITS,
            pin_verbs.verify_pin_again,
            {
                "right": "new_pin_may_be_kept",
                "letter": "new_pin_needed",
                "wrong": "pin_in_force_wrong",
                "spent": "no_more",
            },
            malformed="ask_pin.wrong",
            back="ask_number",
            mistaken=Mistaken(number_again(case_digits), "ask_pin.number", MORE_DIGITS_SECONDS),
        ),
        "pin_in_force_wrong": Announce("no_match.again", "pin_in_force"),
        "new_pin_may_be_kept": Announce("new_pin.keep", "new_pin"),
        "new_pin": Collect(
            "new_pin.ask",
            PIN_DIGITS,
            pin_verbs.take_new_pin,
            {"good": "new_pin_again", "guessable": "new_pin_guessable", "same": "new_pin_same"},
            malformed="ask_pin.wrong",
            # 4 may have been a slip. The PIN of a letter opens no menu, and cannot be kept (R02).
            back="choose_menu",
        ),
        "new_pin_guessable": Announce("new_pin.guessable", "new_pin"),
        "new_pin_same": Announce("new_pin.same", "new_pin"),
        "new_pin_again": Collect(
            "new_pin.again",
            PIN_DIGITS,
            pin_verbs.confirm_new_pin,
            {
                "changed": "new_pin_done",
                "chosen": "new_pin_chosen",
                "differs": "new_pin_differs",
                "gone": "lapsed",
            },
            malformed="ask_pin.wrong",
            back="choose_menu",
        ),
        "new_pin_differs": Announce("new_pin.differs", "new_pin"),
        "new_pin_chosen": Announce("new_pin.done", "status"),
        "new_pin_done": Announce("new_pin.done", "choose_menu"),
        # A lost PIN: the same words whether or not a case has the number (R05, R08).
        "lost_pin": Decide(
            pin_verbs.lost_pin, {"number": "ask_number_of_lost_pin", "reported": "lost_pin_reported"}
        ),
        "ask_number_of_lost_pin": Collect(
            "lost_pin.number",
            case_digits,
            pin_verbs.lost_pin_of,
            {"reported": "lost_pin_reported", "mistyped": AGAIN},
            least=CASE_DIGITS,
            **number_slip(case_digits),
            back="callback_or_person",
        ),
        "lost_pin_reported": Announce("lost_pin.reported", "all_said"),
    }

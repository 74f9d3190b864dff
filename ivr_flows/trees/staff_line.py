"""The staff line: staff sign in by number and PIN and do by keys what the console does by pages."""

from collections.abc import Sequence

from ivr_flows.engine.flow import Announce, Choice, Collect, Decide, Flow, Hangup, Menu, SlowHandler, Step
from ivr_flows.trees.talk_steps import RECALLED, correction_steps, outcome_steps, talk_steps
from ivr_flows.verbs import outcome_verbs, secret_verbs, staff_verbs
from models.calls.role import STAFF_LINE
from models.calls.staff_secret import LEAST_CODE, MOST_CODE, NUMBER_DIGITS, PIN_DIGITS


def staff_line(languages: Sequence[str]) -> Flow:
    """Build the tree; before the PIN it hides who exists, and it never tells anything about a caller."""
    steps: dict[str, Step] = {
        "language": Menu(
            tuple(Choice("language.choose", next="welcome", language=language) for language in languages),
            give_up="goodbye",
        ),
        "welcome": Announce("staff.welcome", "ask_staff_number", about="neutral"),
        "ask_staff_number": Collect(
            "staff.ask_number",
            NUMBER_DIGITS,
            secret_verbs.take_staff_number,
            {"ok": "ask_staff_pin"},
            malformed="staff.wrong_number",
        ),
        "ask_staff_pin": Collect(
            "staff.ask_pin",
            PIN_DIGITS,
            secret_verbs.verify_staff_pin,
            {"right": "shift", "wrong": "no_match", "spent": "no_more"},
            malformed="ask_pin.wrong",
        ),
        # One answer for an unknown number, a wrong PIN, a wait and a lock (R05).
        "no_match": Announce("staff.no_match", "ask_staff_number"),
        "no_more": Announce("staff.no_match", "ask_supervisor"),
        "ask_supervisor": Hangup("staff.ask_supervisor"),
        "lapsed": Announce("staff.again", "ask_staff_number"),
        "shift": Decide(staff_verbs.look_at_shift, {"on": "on_menu", "off": "off_menu"}),
        "on_menu": Menu(
            (
                Choice(
                    "staff.take",
                    does=staff_verbs.take_next,
                    on={"taken": "calling_them", "none": "none", "in_queue": "queue_first"},
                ),
                Choice("staff.list", next="list"),
                Choice("staff.end_shift", does=staff_verbs.end_shift, on={"done": "shift"}),
                Choice("staff.more", next="more"),
            ),
            give_up="goodbye",
            silence="goodbye",
        ),
        "off_menu": Menu(
            (
                Choice("staff.begin_shift", does=staff_verbs.begin_shift, on={"done": "shift"}),
                Choice("staff.list", next="list"),
                Choice("staff.more", next="more"),
            ),
            give_up="goodbye",
            silence="goodbye",
        ),
        "list": Decide(staff_verbs.tell_waiting, {"told": "shift", "others": "list_menu"}),
        "list_menu": Menu(
            (Choice("staff.rest", next="others"), Choice("staff.back", next="shift")),
            give_up="goodbye",
            silence="goodbye",
        ),
        "others": Decide(staff_verbs.tell_others, {"told": "shift"}),
        "none": Announce("staff.none", "shift"),
        "queue_first": Announce("staff.queue_first", "shift"),
        # The next callback, in this same call.
        "calling_them": Announce("liaison.calling", "ringing_them"),
        **talk_steps(not_reached="missed"),
        **outcome_steps(),
        **correction_steps(),
        "missed": Announce("staff.missed", "shift"),
        "noted": Announce("outcome.noted_on", "shift"),
        "late": Announce("outcome.late_on", "shift"),
        "colleagues": Announce("outcome.colleagues", "shift"),
        "unsaid": Announce("staff.over", "shift"),
        "handed": Announce("staff.handed", "shift"),
        "stopped": Hangup("liaison.passed"),
        # Used less often.
        "more": Menu(
            (
                Choice(
                    "staff.outcome",
                    does=outcome_verbs.find_last,
                    on={"found": "correct", "none": "late", "handed": "colleagues"},
                ),
                Choice("staff.new_pin", next="new_pin"),
                Choice("staff.new_code", next="new_code"),
                Choice("staff.back", next="shift"),
            ),
            give_up="goodbye",
            silence="goodbye",
        ),
        "new_pin": _entry(
            "staff.ask_new_pin", PIN_DIGITS, secret_verbs.take_new_pin, "new_pin_again", "weak_pin"
        ),
        "weak_pin": Announce("staff.weak", "new_pin"),
        "new_pin_again": _repeat(PIN_DIGITS, secret_verbs.confirm_new_pin, "pin_differs"),
        "pin_differs": Announce("staff.differs", "new_pin"),
        "new_code": _entry(
            "staff.ask_new_code",
            MOST_CODE,
            secret_verbs.take_new_code,
            "new_code_again",
            "weak_code",
            LEAST_CODE,
        ),
        "weak_code": Announce("staff.weak", "new_code"),
        "new_code_again": _repeat(MOST_CODE, secret_verbs.confirm_new_code, "code_differs", LEAST_CODE),
        "code_differs": Announce("staff.differs", "new_code"),
        "changed": Announce("staff.changed", "shift"),
        "goodbye": Hangup("called.goodbye"),
    }
    # Steps that a talk needs are open: the row that names this call is its permission, and a talk is long
    # without a key.
    closed = {
        "shift", "on_menu", "off_menu", "list", "list_menu", "others", "none", "queue_first",
        "calling_them", "more", "colleagues", "new_pin", "weak_pin", "new_pin_again", "pin_differs",
        "new_code", "weak_code", "new_code_again", "code_differs", "changed", "correct", "correct_not_talked",
    }  # fmt: skip
    return Flow(
        name="staff_line",
        role=STAFF_LINE,
        start="language",
        steps=steps,
        open_to_all=frozenset(steps) - closed,
        give_up="goodbye",
        silent="goodbye",
        keys={"*": ""},
        locked_out="lapsed",
        stranded="goodbye",
        gate="staff",
        recalled=RECALLED,
    )


def _entry(
    prompt: str, digits: int, verb: SlowHandler, good: str, weak: str, least: int | None = None
) -> Collect:
    exits = {"good": good, "weak": weak}
    return Collect(prompt, digits, verb, exits, least=least, malformed=_length(least))


def _repeat(digits: int, verb: SlowHandler, differs: str, least: int | None = None) -> Collect:
    exits = {"changed": "changed", "differs": differs}
    return Collect("staff.ask_again", digits, verb, exits, least=least, malformed=_length(least))


def _length(least: int | None) -> str:
    """What is said about an entry with a wrong length: a code, of several lengths, or a PIN."""
    return "ask_pin.wrong" if least is None else "staff.code_length"

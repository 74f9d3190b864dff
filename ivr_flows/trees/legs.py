"""The trees of the calls that we place: to liaisons, to joiners, and to the person called back."""

from collections.abc import Mapping
from types import MappingProxyType

from ivr_flows.engine.flow import (
    Announce,
    Choice,
    Collect,
    Conference,
    Decide,
    Flow,
    Hangup,
    Menu,
    Stay,
    Step,
    Transfer,
)
from ivr_flows.trees.called_steps import CALLED_KEYS, called_steps
from ivr_flows.trees.talk_steps import CALLER_RECALLED, RECALLED, caller_steps, outcome_steps, talk_steps
from ivr_flows.verbs import callout_verbs, leg_verbs, secret_verbs, talk_verbs
from models.calls.role import AT_0, CALLED_BACK, CALLING_OUT, COLLEAGUE, INTERPRETER, LIAISON
from models.calls.staff_secret import LEAST_CODE, MOST_CODE

#: How long a joiner hears nothing, while the caller is told about them, before the line polls again.
JOINER_SECONDS = 5
#: Silences after which an offer goes to somebody else: a caller waits while a machine records it.
OFFER_SILENCES = 1
#: The key of a person whose "no" is offered to nobody else: what calls them goes on without them, or is over.
_DECLINE = "liaison.decline"
#: Where the key of a person called back leads if they can be connected now, or their liaison has just left.
_JOINED = {"joined": "meet", "later": "cut_off", "gone": "gone"}


def liaison_callback() -> Flow:
    """A liaison is called and accepts by a key; nothing about the caller is said before it (Legs)."""
    steps: dict[str, Step] = {
        **_offer_steps("liaison.offer", "calling_them"),
        "calling_them": Announce("liaison.calling", "ringing_them"),
        **talk_steps(not_reached="not_reached"),
        **_ends(),
        "not_reached": Hangup("liaison.not_reached"),
    }
    return outbound("liaison_callback", LIAISON, "offer", steps, give_up="passed_over", recalled=RECALLED)


def liaison_at_0() -> Flow:
    """A liaison is called for a caller who waits in the queue; the accept key connects the two (Legs)."""
    steps: dict[str, Step] = {
        **_offer_steps("liaison.direct", "joining"),
        # Sent to its address again before the key: the caller has gone.
        "wanted": Decide(leg_verbs.still_wanted, {"wanted": "offer", "gone": "gone"}),
        "joining": Decide(talk_verbs.staff_returns, {"ready": "joining_them", "gone": "gone"}),
        "joining_them": Announce("liaison.joining", "conference"),
        **talk_steps(not_reached="gone"),
        **_ends(),
    }
    recalled = {**RECALLED, "offer": "wanted"}
    return outbound("liaison_at_0", AT_0, "offer", steps, give_up="passed_over", recalled=recalled)


def colleague_call() -> Flow:
    """Another liaison is called into a talk, accepts by a key, and joins once the caller was told (R43)."""
    steps: dict[str, Step] = {
        **_offer_steps("colleague.offer", "telling", passing=_DECLINE),
        **_joining_steps(),
        **talk_steps(not_reached="gone"),
        **_ends(),
    }
    recalled = {**RECALLED, "announcing": "look"}
    return outbound("colleague_call", COLLEAGUE, "offer", steps, give_up="passed_over", recalled=recalled)


def interpreter_call() -> Flow:
    """An interpreter is called into a talk as a third leg; they have no menu of their own."""
    steps: dict[str, Step] = {
        **_offer_steps("interpreter.offer", "telling", passing=_DECLINE),
        **_joining_steps(),
        # The conference may end while staff step out: interpreters are kept on the line, and return with
        # them.
        "conference": Conference(
            talk_verbs.joiner_position, {"join": "staying", "wait": "staying", "gone": "done"}
        ),
        "staying": Stay(
            talk_verbs.joiner_position,
            {"join": "coming_in", "wait": "staying", "gone": "done"},
            JOINER_SECONDS,
            prompt="called.stay",
        ),
        "done": Hangup("liaison.done"),
    }
    recalled = {"announcing": "look", "staying": "look", "conference": "look"}
    return outbound("interpreter_call", INTERPRETER, "offer", steps, give_up="passed_over", recalled=recalled)


def callout_call() -> Flow:
    """A person of the office is called, accepts, and this same leg dials an agency or an interpreter.

    They are joined at the answer, as on any telephone: whoever is called hears no word of ours, and keys go
    to the menus of an agency.
    """
    steps: dict[str, Step] = {
        **_offer_steps("callout.offer", "dialing", passing=_DECLINE),
        # Sent to its address again before the key: the call was ended in the console.
        "wanted": Decide(callout_verbs.still_wanted, {"wanted": "offer", "gone": "gone"}),
        "dialing": Decide(callout_verbs.ring_party, {"ringing": "connected", "gone": "not_reached"}),
        "connected": Transfer(
            "liaison.calling", callout_verbs.party_left, {"talked": "done", "failed": "not_reached"}
        ),
        "done": Hangup("liaison.done"),
        "not_reached": Hangup("liaison.not_reached"),
    }
    recalled = {"offer": "wanted", "ask_code": "wanted", "connected": "done"}
    return outbound("callout_call", CALLING_OUT, "offer", steps, give_up="passed_over", recalled=recalled)


def callback_call() -> Flow:
    """The person called back: neutral words, "is this a good time?", and a key connects them (R30, Legs)."""
    steps: dict[str, Step] = {
        **called_steps(leg_verbs.join, _JOINED, leg_verbs.put_off, leg_verbs.nobody_pressed),
        # 5 is 1 for a person who cannot talk. The person that 0 would ask for is behind 1.
        "silent": Decide(leg_verbs.join_silently, _JOINED),
        **caller_steps(gone="gone", over="done"),
        "cut_off": Hangup("called.cut_off"),
        "done": Hangup("called.over"),
        "gone": Hangup("called.gone"),
    }
    return outbound(
        "callback_call",
        CALLED_BACK,
        "opening",
        steps,
        give_up="unclear",
        keys=CALLED_KEYS,
        recalled=CALLER_RECALLED,
        moved={"safe_time": "good_time"},
    )


def _offer_steps(prompt: str, accepted: str, passing: str = "liaison.pass") -> dict[str, Step]:
    """One key accepts, on a personal phone with the person's code as well; ``accepted`` is the step after.

    ``passing`` is the prompt of the key that does not take it.
    """
    return {
        "offer": Menu(
            (
                Choice(
                    "liaison.accept",
                    does=leg_verbs.may_accept,
                    on={"yes": "accept", "code": "ask_code", "gone": "gone"},
                ),
                Choice(passing, does=leg_verbs.pass_on, on={"passed": "passed"}),
            ),
            prompt=prompt,
            about="neutral",
            give_up="passed_over",
            silence="passed_over",
            silences=OFFER_SILENCES,
        ),
        "ask_code": Collect(
            "staff.ask_code",
            MOST_CODE,
            secret_verbs.verify_code,
            {"right": "accept", "wrong": "wrong_code", "spent": "passed_over"},
            least=LEAST_CODE,
            malformed="staff.code_length",
        ),
        "wrong_code": Announce("staff.wrong_code", "ask_code"),
        "accept": Decide(leg_verbs.accept, {"accepted": accepted, "gone": "gone"}),
        "passed_over": Decide(leg_verbs.miss, {"passed": "passed"}),
        "passed": Hangup("liaison.passed"),
        "gone": Hangup("liaison.gone"),
    }


def _joining_steps() -> dict[str, Step]:
    stands = {"join": "coming_in", "wait": "announcing", "gone": "gone"}
    return {
        "telling": Announce("joiner.telling", "announcing"),
        "announcing": Stay(talk_verbs.joiner_position, stands, JOINER_SECONDS, prompt="joiner.wait"),
        "look": Decide(talk_verbs.joiner_position, stands),
        "coming_in": Announce("liaison.joining", "conference"),
    }


def _ends() -> dict[str, Step]:
    """How the call of a liaison ends after a talk."""
    return {
        **outcome_steps(),
        "noted": Hangup("outcome.noted"),
        "late": Hangup("outcome.late"),
        "unsaid": Hangup("liaison.done"),
        "handed": Hangup("liaison.handed"),
        "stopped": Hangup("liaison.passed"),
    }


def outbound(
    name: str,
    role: str,
    start: str,
    steps: dict[str, Step],
    give_up: str,
    keys: Mapping[str, str] = MappingProxyType({"*": ""}),
    recalled: Mapping[str, str] = MappingProxyType({}),
    moved: Mapping[str, str] = MappingProxyType({}),
) -> Flow:
    """A tree of a leg we placed: open to anyone who answers, with * to repeat and other keys if named."""
    return Flow(
        name=name,
        role=role,
        start=start,
        steps=steps,
        open_to_all=frozenset(steps),
        give_up=give_up,
        silent=give_up,
        keys=keys,
        stranded=give_up,
        recalled=recalled,
        moved=moved,
    )

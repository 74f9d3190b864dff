"""The trees of the legs we ring: the liaison's, a direct call's whisper, and the person called back."""

from collections.abc import Mapping
from types import MappingProxyType

from ivr_flows import leg_verbs
from ivr_flows.flow import Announce, Bridge, Choice, Conference, Decide, Flow, Hangup, Menu, Step


def liaison_callback() -> Flow:
    """A liaison is rung and accepts by a key; nothing of the caller is said before it (Legs)."""
    steps: dict[str, Step] = {
        "offer": Menu(
            (
                Choice("liaison.accept", does=leg_verbs.accept, on={"accepted": "meet", "gone": "gone"}),
                Choice("liaison.pass", does=leg_verbs.pass_on, on={"passed": "passed"}),
            ),
            prompt="liaison.offer",
            about="line",
            give_up="passed_over",
            silence="passed_over",
        ),
        "passed_over": Decide(leg_verbs.pass_on, {"passed": "passed"}),
        "passed": Hangup("liaison.passed"),
        "meet": Decide(leg_verbs.find_conference, {"ready": "conference", "gone": "gone"}),
        "conference": Conference(
            "liaison.calling", leg_verbs.conference_left, {"talked": "done", "not_reached": "not_reached"}
        ),
        "done": Hangup("liaison.done"),
        "not_reached": Hangup("liaison.not_reached"),
        "gone": Hangup("liaison.gone"),
    }
    return _outbound("liaison_callback", "offer", steps, give_up="passed_over")


def liaison_direct() -> Flow:
    """The whisper before a caller at 0 meets a liaison; ending it without a hang-up bridges the two."""
    steps: dict[str, Step] = {
        "offer": Menu(
            (
                Choice(
                    "liaison.accept", does=leg_verbs.accept_direct, on={"accepted": "bridge", "gone": "gone"}
                ),
                Choice("liaison.pass", next="passed"),
            ),
            prompt="liaison.direct",
            about="line",
            give_up="passed",
            silence="passed",
        ),
        "bridge": Announce("liaison.joining", "join"),
        "join": Bridge(),
        "passed": Hangup("liaison.passed"),
        "gone": Hangup("liaison.gone"),
    }
    return _outbound("liaison_direct", "offer", steps, give_up="passed")


def callback_call() -> Flow:
    """The person called back: neutral words, "is now a safe time?", and a key joins them (R30, Legs)."""
    steps: dict[str, Step] = {
        "opening": Announce("called.opening", "safe_time", about="neutral"),
        "safe_time": Menu(
            (
                Choice("called.yes", does=leg_verbs.join, on={"joined": "meet", "gone": "gone"}),
                Choice("called.no", does=leg_verbs.not_safe, on={"put_off": "put_off"}),
            ),
            give_up="put_off_silently",
            silence="put_off_silently",
        ),
        "put_off_silently": Hangup("called.goodbye"),
        "put_off": Hangup("called.put_off"),
        "meet": Decide(leg_verbs.find_conference, {"ready": "conference", "gone": "gone"}),
        "conference": Conference(
            "called.joining", leg_verbs.conference_left, {"talked": "done", "not_reached": "done"}
        ),
        "done": Hangup("called.goodbye"),
        "gone": Hangup("called.gone"),
    }
    # Whoever is called back gets the slow pace after one silence, as a caller does (R26).
    return _outbound("callback_call", "opening", steps, give_up="put_off_silently", keys={"*": "", "9": ""})


def _outbound(
    name: str,
    start: str,
    steps: dict[str, Step],
    give_up: str,
    keys: Mapping[str, str] = MappingProxyType({"*": ""}),
) -> Flow:
    """A tree of a leg we placed: open to whoever answered, with * to repeat and no other key unless asked."""
    return Flow(
        name=name,
        start=start,
        steps=steps,
        open_to_all=frozenset(steps),
        give_up=give_up,
        silent=give_up,
        keys=keys,
        stranded=give_up,
    )

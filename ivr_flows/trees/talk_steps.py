"""The steps of a talk that every staff tree shares: the conference, the star's menus, and the outcome."""

from collections.abc import Mapping
from types import MappingProxyType

from ivr_flows.engine.flow import Announce, Choice, Conference, Decide, Handler, Menu, Stay, Step
from ivr_flows.verbs import outcome_verbs, talk_verbs
from models.callbacks.follow_up import LATER, MESSAGE_LEFT, SUPERVISOR, WRONG_PERSON
from models.calls.place import ASKED_OUTCOME, AWAITING_PERSON, JUST_LEFT, STEPPED_OUT
from models.outcomes.promise_due import NOBODY_THERE
from models.overview.outcome import REACHED

#: How long staff on hold hear nothing before they are reminded.
HOLD_REMINDER_SECONDS = 20
#: How long staff who wait for the person's key hear nothing: with the words, they are told every 10 s.
RINGING_SECONDS = 8
#: How long news may take of another leg that left the same conference.
MOMENT_SECONDS = 3
#: Where a staff leg goes that is sent to its address again: it hears the current state of the talk.
RECALLED = {
    "ringing_them": "look_at_them",
    "conference": "recalled",
    "moment": "recalled",
    "star_menu": "out",
    "shared_menu": "out",
    "early": "look_at_them",
    "holding": "out",
    "outcome": "ended",
    "outcome_again": "ended",
    "not_talked": "ended",
}
#: The same for a caller's leg.
CALLER_RECALLED = {"conference": "look", "stay": "look", "held": "look", "awaited": "look_for_them"}
#: How long a caller who is out of the conference hears nothing before the line polls again.
STAY_SECONDS, HELD_SECONDS = 3, 8
#: What follows a key for an outcome.
_NOTING = {"noted": "noted", "late": "late"}


def caller_steps(gone: str, over: str) -> dict[str, Step]:
    """A caller's way into the conference, on hold and back; ``gone`` follows a talk that no longer exists.

    The tree that uses them has ``cut_off``, for a caller whose talk broke off on hold.
    """
    told = {"back": "back", "held": "held", "cut_off": "cut_off", "over": over}
    unmet = {**told, "held": "awaited"}
    return {
        "meet": Decide(talk_verbs.caller_joins, {"back": "joining", "held": "awaited", "over": gone}),
        # They have met nobody yet who could be back.
        "awaited": Stay(talk_verbs.caller_position, unmet, HELD_SECONDS, prompt="called.stay"),
        "look_for_them": Decide(talk_verbs.caller_position, unmet),
        "joining": Announce("called.joining", "conference"),
        "conference": Conference(
            talk_verbs.conference_ended, {"stay": "stay", "cut_off": "cut_off", "over": over}
        ),
        "stay": Stay(talk_verbs.caller_position, told, STAY_SECONDS, prompt="called.stay"),
        "held": Stay(talk_verbs.caller_position, told, HELD_SECONDS, prompt="called.held"),
        "look": Decide(talk_verbs.caller_position, told),
        "back": Announce("called.back", "conference"),
    }


def talk_steps(not_reached: str) -> dict[str, Step]:
    """From the conference to the outcome; ``not_reached`` follows if the caller never joined.

    The tree that uses them has ``handed``, for staff who left the talk to another, ``outcome``, ``noted``,
    for staff who saved it in the console, and ``unsaid``, for staff who are not asked for it.
    """
    add = Choice(
        "talk.interpreter",
        does=talk_verbs.add_interpreter,
        on={"rung": "interpreter_rung", "none": "no_interpreter"},
    )
    end = Choice("talk.end", does=talk_verbs.end_talk, on={"ended": "ended"})
    stands = {
        "ringing": "ringing_them",
        "joined": "returning",
        "over": "ended",
        "not_reached": not_reached,
    }
    return {
        # Outside the conference until the person presses their key: inside, nobody can be told the state of
        # the call.
        "ringing_them": Stay(
            talk_verbs.await_person,
            {**stands, "choices": "early"},
            RINGING_SECONDS,
            prompt="liaison.wait",
            place=AWAITING_PERSON,
        ),
        "look_at_them": Decide(talk_verbs.person_position, stands),
        "conference": Conference(
            talk_verbs.staff_left,
            {
                "star": "out",
                "moment": "moment",
                "over": "ended",
                "not_reached": not_reached,
            },
            star=True,
        ),
        "moment": Stay(
            talk_verbs.colleague_left,
            {"star": "out", "back": "returning", "over": "ended", "not_reached": not_reached},
            MOMENT_SECONDS,
            prompt="joiner.wait",
            place=JUST_LEFT,
        ),
        "recalled": Decide(
            talk_verbs.staff_position,
            {
                "alone": "returning",
                "shared": "returning",
                "called_in": "returning",
                "early": "look_at_them",
                "handed": "handed",
                "over": "ended",
                "not_reached": not_reached,
            },
        ),
        "out": Decide(
            talk_verbs.staff_position,
            {
                "alone": "star_menu",
                "shared": "shared_menu",
                "called_in": "returning",
                "early": "early",
                "handed": "handed",
                "over": "ended",
                "not_reached": not_reached,
            },
        ),
        "star_menu": Menu(
            (
                Choice("talk.back", next="returning"),
                Choice(
                    "talk.colleague",
                    does=talk_verbs.add_colleague,
                    on={"ringing": "colleague_rung", "nobody": "no_colleague"},
                ),
                add,
                end,
            ),
            prompt="talk.held",
            misses=1,
            give_up="holding",
            silence="holding",
            place=STEPPED_OUT,
        ),
        "shared_menu": Menu(
            (
                Choice("talk.back", next="returning"),
                Choice("talk.hand_over", does=talk_verbs.hand_over, on={"handed": "handed", "nobody": "out"}),
                add,
                end,
            ),
            prompt="talk.shared",
            misses=1,
            give_up="returning",
            silence="returning",
            place=STEPPED_OUT,
        ),
        "holding": Stay(
            talk_verbs.hold_on,
            {
                "menu": "out",
                "still": "holding",
                "called_in": "returning",
                "handed": "handed",
                "over": "ended",
                "not_reached": not_reached,
            },
            HOLD_REMINDER_SECONDS,
            prompt="talk.holding",
            place=STEPPED_OUT,
        ),
        "early": Menu(
            (Choice("talk.wait_on", next="look_at_them"), Choice("talk.stop", next="stopped")),
            prompt="talk.early",
            misses=1,
            give_up="look_at_them",
            silence="look_at_them",
        ),
        "colleague_rung": Announce("talk.colleague_rung", "returning"),
        "no_colleague": Announce("talk.no_colleague", "out"),
        "interpreter_rung": Announce("talk.interpreter_rung", "returning"),
        "no_interpreter": Announce("talk.no_interpreter", "out"),
        "returning": Decide(talk_verbs.staff_returns, {"ready": "joined_again", "gone": "out_of_it"}),
        "joined_again": Announce("talk.joined", "conference"),
        "out_of_it": Decide(
            talk_verbs.staff_position,
            {
                "alone": "ended",
                "shared": "ended",
                "called_in": "ended",
                "early": not_reached,
                "handed": "handed",
                "over": "ended",
                "not_reached": not_reached,
            },
        ),
        "ended": Decide(
            outcome_verbs.is_asked, {"asked": "outcome", "not_asked": "unsaid", "saved": "noted"}
        ),
    }


def outcome_steps() -> dict[str, Step]:
    """After the talk: how it ended, and 8 after a hard call. The tree has ``noted``, ``late``, ``unsaid``."""
    notes = outcome_verbs.NOTES
    return {
        "outcome": _outcome("outcome.question", notes, "not_talked", ASKED_OUTCOME, extra={"8": "rest"}),
        "outcome_again": _outcome("outcome.again", notes, "not_talked", ASKED_OUTCOME),
        "not_talked": _not_talked(notes, "outcome_again", ASKED_OUTCOME),
        "rest": Decide(outcome_verbs.rest, {"rests": "rests"}),
        "rests": Announce("outcome.rest", "outcome_again", about="rest"),
    }


def correction_steps() -> dict[str, Step]:
    """The outcome of the last talk, for staff who correct it by phone."""
    notes = outcome_verbs.CORRECTIONS
    return {
        "correct": _outcome("outcome.again", notes, "correct_not_talked", None),
        "correct_not_talked": _not_talked(notes, "correct", None),
    }


def _outcome(
    prompt: str,
    notes: Mapping[str, Handler],
    not_talked: str,
    place: str | None,
    extra: Mapping[str, str] = MappingProxyType({}),
) -> Menu:
    return Menu(
        (
            Choice("outcome.reached", does=notes[REACHED], on=_NOTING),
            Choice("outcome.not_talked", next=not_talked),
            Choice("outcome.later", does=notes[LATER], on=_NOTING),
            Choice("outcome.supervisor", does=notes[SUPERVISOR], on=_NOTING),
        ),
        prompt=prompt,
        misses=1,
        give_up="unsaid",
        silence="unsaid",
        extra=extra,
        place=place,
    )


def _not_talked(notes: Mapping[str, Handler], question: str, place: str | None) -> Menu:
    """Why they did not talk; ``question`` is asked once more after a code that cannot be true."""
    return Menu(
        (
            Choice("outcome.message", does=notes[MESSAGE_LEFT], on=_NOTING | {"unfit": question}),
            Choice("outcome.nobody", does=notes[NOBODY_THERE], on=_NOTING),
            Choice("outcome.wrong_person", does=notes[WRONG_PERSON], on=_NOTING | {"unfit": question}),
        ),
        misses=1,
        give_up="unsaid",
        silence="unsaid",
        place=place,
    )

"""How every call to a person begins: neutral words, "is this a good time to talk?", and a key (R30, R31).

Callbacks and notices share these steps. Whoever answers, or a machine, hears the same words in both.
"""

from collections.abc import Mapping

from ivr_flows.engine.flow import Announce, Choice, Decide, Handler, Hangup, Menu, Step
from ivr_flows.verbs.leg_verbs import who_answered
from models.calls.place import COVERED, MESSAGE_LEFT

#: How long the person called may take for each of the two questions (R30).
GOOD_TIME_SECONDS = 5
#: The keys of a person whom we call: repeat, slower, harmless words, and "I cannot talk" (R22). The harmless
#: words are those of a wrong number. They stop no phone: "wrong person" is an outcome that a liaison records.
CALLED_KEYS = {"*": "", "9": "", "7": "cover", "5": "silent"}


def called_steps(
    joins: Handler, joined: Mapping[str, str], puts_off: Handler, nobody: Handler
) -> dict[str, Step]:
    """The steps before a first key, and the ends of a call in which nobody pressed 1.

    ``joins`` is the verb of key 1 and ``joined`` its exits, ``puts_off`` that of key 2, and ``nobody`` that
    of silence. The tree itself has the steps ``silent`` (key 5) and ``gone``.
    """
    yes = Choice("called.yes", does=joins, on=joined)
    yes_again = Choice("called.yes_again", does=joins, on=joined)
    no = Choice("called.no", does=puts_off, on={"put_off": "put_off", "gone": "gone"})
    return {
        "opening": Announce("called.opening", "good_time", about="neutral"),
        "good_time": _good_time(yes, no, silence="who_answered"),
        # If the carrier says that a machine answered, only the second question is skipped (R31).
        "who_answered": Decide(who_answered, {"anyone": "good_time_again", "machine": "put_off_silently"}),
        "good_time_again": _good_time(yes_again, no, silence="put_off_silently"),
        # Silence: a machine, or not a good time. A message if it is allowed, else not one word more (R31).
        "put_off_silently": Decide(nobody, {"message": "message_left", "nothing": "end"}),
        "message_left": Hangup(place=MESSAGE_LEFT),
        "end": Hangup(),
        "unclear": Hangup("called.goodbye"),
        "put_off": Hangup("called.put_off"),
        # 7 plays harmless words, and counts as not a good time (R22).
        "cover": Decide(puts_off, {"put_off": "covered", "gone": "covered"}),
        "covered": Hangup("called.cover", place=COVERED),
    }


def _good_time(yes: Choice, no: Choice, silence: str) -> Menu:
    """The question of a call we place: yes joins, no puts off, and a machine hears no repair (R30)."""
    return Menu(
        (yes, no),
        give_up="unclear",
        silence=silence,
        seconds=GOOD_TIME_SECONDS,
        unattended=True,
    )

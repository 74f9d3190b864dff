"""Verbs of how to be called back: who may answer, a message, a dropped call, language, what about."""

from typing import Any

from ivr_flows.desk import Desk
from ivr_flows.flow import answers
from models.callback_request import asked_in_call
from models.wishes import ABOUT, SAFEST, VOICEMAIL_TEXTS, WHEN_DROPPED, WHO_MAY_ANSWER, save_wish, wishes_of


@answers("saved", "gone")
def choose_who(desk: Desk, digits: str) -> str:
    """Who may be spoken with when the phone is answered (R35)."""
    return _save(desk, may_answer=WHO_MAY_ANSWER[int(digits) - 1])


@answers("saved", "gone")
def choose_message(desk: Desk, digits: str) -> str:
    """No message, or one of three neutral ones (R31)."""
    text = VOICEMAIL_TEXTS[int(digits) - 1]
    return _save(desk, voicemail_text=text, voicemail_allowed=text is not None)


@answers("saved", "gone")
def choose_when_dropped(desk: Desk, digits: str) -> str:
    """Whether to ring once more when the call drops, or to wait for the person."""
    return _save(desk, when_dropped=WHEN_DROPPED[int(digits) - 1])


@answers("saved", "gone")
def choose_language(desk: Desk, _digits: str) -> str:
    """The language of the call back; the key has made it this call's as well (R27)."""
    return _save(desk, language=desk.call.language)


@answers("saved", "gone")
def choose_about(desk: Desk, digits: str) -> str:
    """What the call is about, in neutral codes, so that nobody has to say it twice (R37)."""
    return _save(desk, reason=ABOUT[int(digits) - 1])


@answers("said")
def say_how(desk: Desk, _digits: str) -> str:
    """How we will call, in true words: what may be left as a message and whom we speak with."""
    wishes = SAFEST
    mine = _mine(desk)
    if mine is not None:
        wishes = wishes_of(desk.session, mine)
    desk.say("how.no_message" if wishes.voicemail_text is None else "how.message")
    desk.say(f"how.{wishes.may_answer}")
    if desk.call.silent:
        desk.say("how.silent")
    return "said"


def _save(desk: Desk, **values: Any) -> str:
    mine = None if desk.is_held else _mine(desk)
    saved = mine is not None and save_wish(
        desk.session, mine, actor=f"caller:{desk.call.id}", now=desk.now, **values
    )
    return "saved" if saved else "gone"


def _mine(desk: Desk) -> int | None:
    """The callback that this caller may change: the case's after the PIN, else what this call asked for."""
    if desk.asked_for is not None:
        return desk.asked_for.id
    found = asked_in_call(desk.session, desk.call, verified=desk.is_verified)
    return found[-1] if found else None

"""Verbs of how to be called back: who may answer, a message, a dropped call, language, topic."""

from dataclasses import fields, replace
from typing import Any

from ivr_flows.engine.desk import LANGUAGE_CHOSEN, Desk
from ivr_flows.engine.flow import answers
from ivr_flows.verbs.told_promise import reason_here
from models.callbacks.asking_call import asking_goes_on
from models.callbacks.callback import Callback
from models.callbacks.callback_request import is_over, open_of_case, owed_to_case
from models.callbacks.unverified_request import made_in_call
from models.callbacks.wishes import (
    ABOUT,
    VOICEMAIL_TEXTS,
    WEIGHTY,
    WHEN_DROPPED,
    WHO_MAY_ANSWER,
    Wishes,
    save_safer,
    save_wish,
    wishes_of,
)

_KEPT_ON_THE_CALL = frozenset(one.name for one in fields(Wishes))


@answers("saved", "gone")
def choose_who(desk: Desk, digits: str) -> str:
    """With whom we may talk when the phone is answered (R35)."""
    who = WHO_MAY_ANSWER[int(digits) - 1]
    return _save(desk, f"wish.{who}", may_answer=who)


@answers("saved", "gone")
def choose_message(desk: Desk, digits: str) -> str:
    """No message, or one of three neutral ones (R31)."""
    text = VOICEMAIL_TEXTS[int(digits) - 1]
    said = f"wish.{text or 'no_message'}"
    return _save(desk, said, voicemail_text=text, voicemail_allowed=text is not None)


@answers("saved", "gone")
def choose_when_dropped(desk: Desk, digits: str) -> str:
    """Whether to call once more when the call drops, or to wait for the person."""
    chosen = WHEN_DROPPED[int(digits) - 1]
    return _save(desk, f"wish.{chosen}", when_dropped=chosen)


@answers("saved", "gone")
def choose_language(desk: Desk, _digits: str) -> str:
    """The language of the callback; the key has also made it this call's (R27)."""
    desk.call.trail = f"{desk.call.trail} {LANGUAGE_CHOSEN}"
    return _save(desk, "wish.language", language=desk.call.language)


@answers("saved", "gone")
def choose_about(desk: Desk, digits: str) -> str:
    """What the call is about, in neutral codes, so that nobody has to say it twice (R37).

    A reason that weighs more stays, and the caller hears so: the liaison must see who is afraid.
    """
    if _first_reason(desk) in WEIGHTY:
        return _save(desk, "wish.about_first")
    about = ABOUT[int(digits) - 1]
    return _save(desk, f"wish.{about}", reason=about)


def _first_reason(desk: Desk) -> str | None:
    """Why the callback is made; without the PIN only what this call asked for counts (R35)."""
    if not desk.is_verified:
        return reason_here(desk.call)
    mine = open_of_case(desk.session, desk.call.case_id)
    return None if mine is None else desk.session.get_one(Callback, mine).reason


@answers("said")
def say_how(desk: Desk, _digits: str) -> str:
    """How we will call, truthfully: what may be left as a message and with whom we talk."""
    wishes = Wishes.of_text(desk.call.wishes)
    if desk.is_verified:
        # This includes a callback whose liaison is already being called: these words are about it.
        asked = desk.asked_for or owed_to_case(desk.session, desk.call.case_id)
        if asked is None:
            # Another call, or staff, canceled it while this caller was still choosing.
            _say_gone(desk)
            return "said"
        wishes = wishes_of(desk.session, asked.id)
    desk.say("how.no_message" if wishes.voicemail_text is None else "how.message")
    desk.say(f"how.{wishes.may_answer}")
    if desk.call.silent:
        desk.say("how.silent")
    return "said"


@answers("said")
def say_gone(desk: Desk, _digits: str) -> str:
    """Why nothing was changed: the callback is over and nobody calls, or somebody may be calling for it."""
    _say_gone(desk)
    return "said"


def _say_gone(desk: Desk) -> None:
    over = desk.call.open_callback_id is None and is_over(desk.session, desk.call.case_id)
    desk.say("callback.over" if over else "callback.gone")


def _save(desk: Desk, said: str, **values: Any) -> str:
    """Save a wish, or none, and read it back.

    Without the PIN the words are the same whatever the phone has been promised, and only a callback that this
    call made is changed (R35).
    """
    actor = f"caller:{desk.call.id}"
    if desk.is_verified:
        mine = None if desk.is_held else open_of_case(desk.session, desk.call.case_id)
        if mine is None:
            return "gone"
        if values and not save_wish(desk.session, mine, actor=actor, now=desk.now, **values):
            return "gone"
    elif values:
        chosen = {name: value for name, value in values.items() if name in _KEPT_ON_THE_CALL}
        desk.call.wishes = replace(Wishes.of_text(desk.call.wishes), **chosen).as_text()
        wishes = Wishes.of_text(desk.call.wishes)
        for made in made_in_call(desk.session, desk.call):
            if not save_wish(desk.session, made, actor=actor, now=desk.now, **values):
                # A liaison is already being called, and "got it" was said anyway: the safer answer must
                # apply.
                harmless = {name: values[name] for name in ("language", "reason") if name in values}
                save_safer(desk.session, made, wishes, actor=actor, now=desk.now, **harmless)
    asking_goes_on(desk.session, desk.call, desk.now)
    desk.say("wishes.saved")
    # The name is said only for that message (R31), so that the caller knows it.
    name = {"line": desk.named(desk.office.neutral_name)} if said == "wish.hello" else {}
    # The choice of a language is confirmed in that language, even after 8 changes to another one.
    desk.say(said, language=desk.call.language if said == "wish.language" else None, **name)
    return "saved"

"""The steps of requesting a callback: express, or a time of day and how to be called (R35)."""

from collections.abc import Sequence

from ivr_flows.engine.flow import Announce, Choice, Decide, Handler, Menu, Step
from ivr_flows.trees.registering_steps import NOTICES
from ivr_flows.verbs import callback_verbs, case_verbs, wish_verbs


def callback_steps(languages: Sequence[str]) -> dict[str, Step]:
    """Every step of the callback, for the languages offered."""
    return {
        "callback": Decide(
            callback_verbs.check_open_callback,
            {
                "urgent": "callback_open",
                "open": "callback_open_not_urgent",
                "known": "callback_menu_in_case",
                "stranger": "callback_menu_without_pin",
                "number_keyed": "callback_menu_lost_pin",
                "reported": "callback_menu",
                "cannot": "callback_cannot",
            },
        ),
        "callback_menu": Menu(callback_ways(), silence="callback_left", told_by="callback"),
        # The calls that the line makes by itself stand last: they are for later, the others for now.
        "callback_menu_in_case": Menu(
            (*callback_ways(), NOTICES), silence="callback_left", told_by="callback"
        ),
        # Silence requests no callback, except for hard news that is still untold (R19).
        "callback_left": Decide(
            case_verbs.news_was_left, {"owed": "callback_in_silence", "none": "silent_end"}
        ),
        # The status is available at any hour, including for a caller who slipped or finds the office closed.
        "callback_menu_without_pin": Menu(
            (*callback_ways(), Choice("main.case", next="may_try")), silence="silent_end", told_by="callback"
        ),
        # A caller who reached the PIN step and asks for a person may have lost their PIN.
        "callback_menu_lost_pin": Menu(
            (*callback_ways(), Choice("callback.lost_pin", next="lost_pin")),
            silence="silent_end",
            told_by="callback",
        ),
        "callback_open": _open_menu(
            "callback.move",
            Choice("callback.how", next="callback_may_change"),
            Choice("callback.cancel", next="callback_sure"),
        ),
        # A caller whose callback can wait may have become afraid since; how we call is asked after the time
        # there.
        "callback_open_not_urgent": _open_menu(
            "callback.change", _asking("callback.afraid", callback_verbs.request_afraid), _cancelling()
        ),
        # Without a callback 4 and 1 register for calls about changes: these keys cancel no urgent one.
        "callback_sure": Menu(
            (_keeping("callback.keep"), _cancelling()),
            prompt="callback.sure",
            silence="silent_end",
            returns=False,
        ),
        # The local time is asked only if it is a guess (R29).
        "callback_may_choose": Decide(
            callback_verbs.may_choose,
            {"known": "callback_when", "guessed": "callback_hour", "held": "callback_held"},
        ),
        "callback_may_change": Decide(
            callback_verbs.may_choose,
            {"known": "callback_wishes", "guessed": "callback_wishes", "held": "callback_held"},
        ),
        "callback_hour": Menu(
            (
                Choice("hour.right", does=callback_verbs.hour_is_right, on={"right": "callback_when"}),
                Choice("hour.earlier", does=callback_verbs.hour_is_earlier, on={"shifted": "callback_hour"}),
                Choice("hour.later", does=callback_verbs.hour_is_later, on={"shifted": "callback_hour"}),
            ),
            prompt="hour.question",
            about="hour",
        ),
        "callback_when": Menu(
            (
                _choosing_part("callback.morning", callback_verbs.request_morning),
                _choosing_part("callback.afternoon", callback_verbs.request_afternoon),
                _choosing_part("callback.evening", callback_verbs.request_evening),
                _choosing("callback.any_time", callback_verbs.request_any_time),
            )
        ),
        # The promise already stands: a caller who hangs up here is called with the safest answers.
        "callback_wishes": Menu(
            (
                Choice("wishes.done", next="promised"),
                Choice("wishes.who", next="callback_who"),
                Choice("wishes.message", next="callback_message"),
                Choice("wishes.more", next="callback_more_wishes"),
            ),
            silence="promised_in_silence",
        ),
        "callback_more_wishes": Menu(
            (
                Choice("wishes.dropped", next="callback_dropped"),
                Choice("wishes.about", next="callback_about"),
                Choice("wishes.language", next="callback_language"),
                Choice("wishes.done", next="promised"),
            ),
            silence="promised_in_silence",
        ),
        "callback_who": _wish(("who.only_me", "who.ask_for_me", "who.anyone"), wish_verbs.choose_who),
        "callback_message": _wish(
            ("message.none", "message.please_call", "message.we_call_again", "message.hello"),
            wish_verbs.choose_message,
        ),
        "callback_dropped": _wish(("dropped.wait", "dropped.ring"), wish_verbs.choose_when_dropped),
        "callback_about": _wish(
            ("about.person", "about.court", "about.safety", "about.other"), wish_verbs.choose_about
        ),
        "callback_language": Menu(
            tuple(
                Choice("language.choose", does=wish_verbs.choose_language, on=_SAVED, language=language)
                for language in languages
            ),
            silence="promised_in_silence",
        ),
        "callback_held": Announce("callback.held", "callback"),
        "callback_cancelled": Announce("callback.cancelled", "all_said"),
        "callback_gone": Decide(wish_verbs.say_gone, {"said": "all_said"}),
        "callback_cannot": Decide(
            callback_verbs.cannot_call,
            {"stopped": "phone_stopped", "untold": "news_uncalled", "said": "all_said"},
        ),
        "promised": Decide(wish_verbs.say_how, {"said": "all_said"}),
    }


_SAVED = {"saved": "callback_wishes", "gone": "callback_gone"}


def callback_ways(afraid: str = "callback.afraid") -> tuple[Choice, ...]:
    """Express, with choices, or very soon; ``afraid`` is the prompt of the last one (R35, R36)."""
    return (
        _asking("callback.express", callback_verbs.request_express),
        Choice("callback.more", next="callback_may_choose"),
        _asking(afraid, callback_verbs.request_afraid),
    )


def silent_menu(case: Choice, afraid: str = "callback.afraid") -> Menu:
    """The one offer to a caller who pressed no key, and may have chosen no language (R25)."""
    express, _more, very_soon = callback_ways(afraid)
    return Menu((express, very_soon, case), silence="silent_end", silences=0, tells_language=True)


def after_wait_menu(case: Choice, afraid: str = "callback.afraid") -> Menu:
    """The same for a caller who waited in vain until the PIN would be asked for again.

    Silence and wrong keys ask, too: whether hard news is untold must not show here (R11, R19).
    """
    # It names no phone: whoever has this one by then learns of no other one that is called instead.
    express = _asking("choose.callback", callback_verbs.request_after_wait)
    very_soon = _asking(afraid, callback_verbs.request_afraid_after_wait)
    return Menu((express, very_soon, case), silence="callback_in_silence", give_up="callback_in_silence")


def _open_menu(change: str, third: Choice, cancel: Choice) -> Menu:
    """What can be done with an open callback; ``change`` is the prompt of the key for its time.

    Whoever presses the keys of "afraid" again, as in the call before, cancels nothing.
    """
    # The case menu has one key for callbacks and for calls about changes: those follow what is left here.
    keeping = _keeping("callback.keep_or_notices")
    choices = (keeping, Choice(change, next="callback_may_choose"), third, cancel)
    return Menu(choices, silence="silent_end", told_by="callback")


def _keeping(prompt: str) -> Choice:
    return Choice(
        prompt,
        does=callback_verbs.keep_callback,
        on={"kept": "promised", "changed": "callback", "gone": "callback_gone"},
    )


def _cancelling() -> Choice:
    return Choice(
        "callback.cancel",
        does=callback_verbs.cancel_callback,
        on={"cancelled": "callback_cancelled", "changed": "callback", "gone": "callback_gone"},
    )


def _asking(prompt: str, verb: Handler) -> Choice:
    return Choice(prompt, does=verb, on={"promised": "promised", "refused": "callback_cannot"}, about="phone")


def _choosing(prompt: str, verb: Handler, **more: str) -> Choice:
    exits = {"promised": "callback_wishes", "refused": "callback_cannot"}
    return Choice(prompt, does=verb, on=exits | more)


def _choosing_part(prompt: str, verb: Handler) -> Choice:
    """A part of the day, possibly one in which the office is never open where the caller is."""
    return _choosing(prompt, verb, closed_then="callback_when")


def _wish(prompts: tuple[str, ...], verb: Handler) -> Menu:
    return Menu(
        tuple(Choice(prompt, does=verb, on=_SAVED) for prompt in prompts), silence="promised_in_silence"
    )

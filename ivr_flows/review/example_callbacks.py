"""What the verbs of a callback would say, with invented facts (``ivr_flows/review/example_answers.py``)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from ivr_flows.engine.desk import Desk
from ivr_flows.verbs.promise_words import say_crisis_line

#: The time of every example: a Wednesday morning in the offices of North America.
NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)

Answer = Callable[[Desk], None]
PARTS = ("morning", "afternoon", "evening")


def say_all(*prompts: str) -> Answer:
    """Several prompts that need no slots, one after another."""

    def answer(desk: Desk) -> None:
        for prompt in prompts:
            desk.say(prompt)

    return answer


def _promise(desk: Desk) -> None:
    desk.say("callback.promise", when=desk.when(NOW + timedelta(hours=8), clock=True))


def _open(desk: Desk) -> None:
    desk.say("callback.open")
    _promise(desk)


def _new_promise(desk: Desk) -> None:
    _promise(desk)
    desk.say("callback.shown")


def _elsewhere(desk: Desk) -> None:
    _promise(desk)
    desk.say("callback.elsewhere")


def _not_here(desk: Desk) -> None:
    _promise(desk)
    desk.say("callback.not_here")


def _given(desk: Desk) -> None:
    _promise(desk)
    desk.say("callback.given")
    desk.say("callback.shown")


def _open_given(desk: Desk) -> None:
    _open(desk)
    desk.say("callback.given")


def _open_asked_before(desk: Desk) -> None:
    _open(desk)
    desk.say("callback.asked_before")


def _open_not_here(desk: Desk) -> None:
    _open(desk)
    desk.say("callback.not_here")


def _open_elsewhere(desk: Desk) -> None:
    _open(desk)
    desk.say("callback.elsewhere")


def _late_promise(desk: Desk) -> None:
    _new_promise(desk)
    say_crisis_line(desk)


def _no_hour(desk: Desk) -> None:
    desk.say("callback.no_hour")
    say_crisis_line(desk)
    desk.say("callback.shown")


def _no_day(desk: Desk) -> None:
    desk.say("callback.no_day")
    say_crisis_line(desk)
    desk.say("callback.shown")


def _open_no_day(desk: Desk) -> None:
    desk.say("callback.open")
    desk.say("callback.no_day")
    say_crisis_line(desk)


def _cannot(desk: Desk) -> None:
    desk.say("callback.cannot")
    say_crisis_line(desk)


def _with_wait(desk: Desk) -> None:
    _new_promise(desk)
    desk.say("callback.wait", wait=desk.words("wait.40"))


def _in_part(part: str) -> Answer:
    def answer(desk: Desk) -> None:
        desk.say("callback.window", on=desk.when(NOW, on=True), part=desk.words(f"part.{part}"))
        _new_promise(desk)

    return answer


def _moved(desk: Desk) -> None:
    desk.say("callback.moved")
    _promise(desk)


def _open_moved(desk: Desk) -> None:
    desk.say("callback.open")
    _moved(desk)


def _open_between_hours(desk: Desk) -> None:
    desk.say("callback.open")
    hours = desk.words("part.hours", starts=desk.words("hour.9"), ends=desk.words("hour.11"))
    desk.say("callback.window", on=desk.when(NOW, on=True), part=hours)
    _promise(desk)


def _read_back(*wishes: str) -> Mapping[str, Answer]:
    def saved(wish: str) -> Answer:
        def answer(desk: Desk) -> None:
            desk.say("wishes.saved")
            name = {"line": desk.office.neutral_name[desk.call.language]} if wish == "hello" else {}
            desk.say(f"wish.{wish}", **name)

        return answer

    return {wish.replace("_", " "): saved(wish) for wish in wishes}


CALLBACK_ANSWERS: Mapping[tuple[str, str], Mapping[str, Answer]] = {
    ("check_open_callback", "urgent"): {"in time": _open, "late": say_all("callback.open", "callback.late")},
    ("check_open_callback", "open"): {
        "in time": _open,
        "late": say_all("callback.open", "callback.late"),
        "the office is closed until after it": _open_moved,
        "with hours of its own": _open_between_hours,
        "nobody works in the hours of their phone": _open_no_day,
        "another phone": _open_elsewhere,
        "another phone, for good": _open_not_here,
        "a number that cannot be called": _open_given,
        "such a number, and a phone from before": _open_asked_before,
    },
    ("choose_who", "saved"): _read_back("only_me", "ask_for_me", "anyone"),
    ("choose_message", "saved"): _read_back("no_message", "please_call", "we_call_again", "hello"),
    ("choose_when_dropped", "saved"): _read_back("wait_for_me", "ring_once"),
    ("choose_about", "saved"): _read_back(
        "about_person", "about_court", "about_safety", "about_other", "about_first"
    ),
    ("choose_language", "saved"): _read_back("language"),
    ("keep_place", "promised"): {"": _with_wait, "another phone": _elsewhere},
    ("keep_callback", "kept"): {"": _promise, "the office is closed until after it": _moved},
    ("cannot_call_in_silence", "said"): {"": _cannot},
    ("cannot_call", "untold"): {"": _cannot},
    ("cannot_call", "said"): {"": _cannot},
    ("request_afraid", "promised"): {
        "": _new_promise,
        "the hour cannot be kept": _late_promise,
        "our calls do not go out": _no_hour,
    },
    ("request_for_news", "promised"): {
        "": _new_promise, "another phone": _elsewhere, "a number that cannot be called": _given,
    },
    ("request_in_silence", "promised"): {"": _new_promise, "another phone": _elsewhere},
    ("request_after_wait", "promised"): {"": _new_promise},
    ("request_afraid_after_wait", "promised"): {
        "": _new_promise,
        "the hour cannot be kept": _late_promise,
        "our calls do not go out": _no_hour,
    },
    ("request_express", "promised"): {
        "": _new_promise,
        "the wait is known": _with_wait,
        "another phone, for good": _not_here,
        "nobody works in the hours of their phone": _no_day,
    },
    ("request_any_time", "promised"): {"": _new_promise},
    ("request_morning", "promised"): {"": _in_part("morning")},
    ("request_afternoon", "promised"): {"": _in_part("afternoon")},
    ("request_evening", "promised"): {"": _in_part("evening")},
    **{(f"request_{part}", "closed_then"): {
        "": say_all("callback.closed_then"), "outside the hours of their phone": say_all("callback.not_then"),
    } for part in PARTS},
    ("say_how", "said"): {
        "the safest": say_all("how.no_message", "how.only_me"),
        "a message, and to be asked for": say_all("how.message", "how.ask_for_me"),
        "anyone may answer, by key": say_all("how.no_message", "how.anyone", "how.silent"),
        "another call canceled it": say_all("callback.over"),
    },
    ("say_gone", "said"): {
        "somebody may be calling": say_all("callback.gone"),
        "it is over": say_all("callback.over"),
    },
}  # fmt: skip

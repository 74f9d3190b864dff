"""What the verbs of a call about a notice say, with invented facts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ivr_flows.review.example_callbacks import NOW, Answer
from ivr_flows.verbs.correction_words import say_what_was_wrong
from ivr_flows.verbs.promise_words import say_crisis_line
from ivr_flows.verbs.status_words import say_dates, say_feed_silent, say_status, say_which_case
from models.custody.custody_status import Heard
from models.notices.taking_back.corrections import WrongNews
from models.talks.voicemail import TEXTS


def _status(status: str, *, details: bool = False, **facts: Any) -> Answer:
    found = Heard("status", status=status, status_at=NOW - timedelta(hours=2), as_of=NOW, **facts)

    def answer(desk: Any) -> None:
        say_status(desk, found)
        if details:
            say_dates(desk, found)

    return answer


def _corrected(status: str, *, date: bool = False, **facts: Any) -> Answer:
    told = _status(status, details=date, **facts)

    def answer(desk: Any) -> None:
        say_what_was_wrong(desk, WrongNews(NOW - timedelta(days=1), date, date))
        told(desk)

    return answer


def _which_case(desk: Any) -> None:
    say_which_case(desk, "23")


def _promise(desk: Any) -> None:
    desk.say("callback.promise", when=desk.when(NOW + timedelta(hours=1), clock=True))


def _late(desk: Any) -> None:
    desk.say("callback.promise", when=desk.when(NOW + timedelta(hours=12), clock=True))
    say_crisis_line(desk)


def leave_message(text: str) -> Answer:
    """What a machine that answers records; ``text`` is one of TEXTS."""
    return lambda desk: desk.say(f"voicemail.{text}", line=desk.office.neutral_name[desk.call.language])


_PLACE: dict[str, Any] = {"facility_name": "Valle Verde", "facility_phone": "+12025550190"}
_WHICH: Mapping[str, Answer] = {"": _which_case}
_PROMISES: Mapping[str, Answer] = {"within the hour": _promise, "nobody is at hand until the morning": _late}
NOTICE_ANSWERS: Mapping[tuple[str, str], Mapping[str, Answer]] = {
    ("nobody_there", "message"): {text.replace("_", " "): leave_message(text) for text in TEXTS},
    ("ask_person", "promised"): _PROMISES,
    ("call_silence_back", "promised"): _PROMISES,
    ("look_at_notice", "hard"): _WHICH,
    ("look_at_notice", "death"): _WHICH,
    ("look_at_notice", "plain"): _WHICH,
    ("tell_notice", "out"): {
        "let out": _status("released", hard_news=True, **_PLACE),
        "let out on bond": _status("released_on_bond"),
        "let out with rules": _status("released_on_supervision"),
        "escaped": _status("escaped"),
        "earlier news was wrong, and they are out": _corrected("released"),
    },
    ("tell_notice", "not_out"): {
        "moved": _status("transferred", age="fresh", **_PLACE),
        "sent away": _status("removed"),
        "dead": _status("deceased"),
        "earlier news was wrong": _corrected("in_custody", age="fresh", **_PLACE),
        "an earlier court date was wrong": _corrected(
            "in_custody", date=True, age="fresh", next_hearing_at=NOW + timedelta(days=9),
            next_hearing_place="Río Claro", hearing_zone="America/Chicago",
        ),
        "a court date comes near": _status(
            "in_custody", details=True, age="fresh", next_hearing_at=NOW + timedelta(days=2),
            next_hearing_place="Río Claro", hearing_zone="America/Chicago",
        ),
    },
    ("tell_notice", "feed"): {"": lambda desk: say_feed_silent(desk, NOW - timedelta(hours=7))},
}  # fmt: skip
NOTICE_MEANINGS = {
    "begin_notice: code": "the registrant chose a notice code",
    "begin_notice: key": "the registrant chose a key alone",
    "begin_notice: gone": "the news was confirmed elsewhere, or may not be told any more",
    "begin_notice_silently: code": "the registrant chose a notice code",
    "begin_notice_silently: key": "the registrant chose a key alone, or gave the code",
    "begin_notice_silently: gone": "the news was confirmed elsewhere, or may not be told any more",
    "put_off_notice: put_off": "the line calls again",
    "put_off_notice: gone": "the line does not call again by itself",
    "nobody_there: message": "a message is allowed",
    "nobody_there: nothing": "no message is allowed, it was left before, or it would not be true",
    "check_notice_code: right": "the code is right",
    "check_notice_code: wrong": "the code is wrong",
    "check_notice_code: spent": "the code is wrong for the third time",
    "check_notice_code: gone": "the news was confirmed elsewhere",
    "look_at_notice: hard": "the news is hard",
    "look_at_notice: death": "the person has died",
    "look_at_notice: plain": "the news is not hard",
    "look_at_notice: gone": "the news may not be told any more",
    "tell_notice: out": "the person is out",
    "tell_notice: not_out": "the person is not out",
    "tell_notice: feed": "the feed is silent",
    "tell_notice: gone": "the news may not be told any more",
    "nobody_confirmed: again": "the line calls again",
    "nobody_confirmed: over": "this was the last try",
    "ask_person: promised": "a person calls this phone",
    "ask_person: gone": "the news was withdrawn, or the phone may not be called any more",
    "call_silence_back: promised": "a person calls this phone, and the line goes on calling too",
    "call_silence_back: gone": "the news was withdrawn, or the phone may not be called any more",
    "confirm_notice: confirmed": "nobody is called about it again",
    "confirm_notice: gone": "the news was withdrawn, or the phone may not be called any more",
}

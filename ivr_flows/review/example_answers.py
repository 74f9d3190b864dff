"""What each verb would say, with invented facts, so that a tree can be walked without a case."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from ivr_flows.engine.desk import Desk, Ring
from ivr_flows.engine.rules import Rules
from ivr_flows.engine.time_words import in_zone
from ivr_flows.engine.turn import Turn
from ivr_flows.prompts import Prompts
from ivr_flows.review.example_alerts import ALERT_ANSWERS
from ivr_flows.review.example_callbacks import CALLBACK_ANSWERS, NOW, PARTS, say_all
from ivr_flows.review.example_callbacks import Answer as Answer
from ivr_flows.review.example_notices import NOTICE_ANSWERS, NOTICE_MEANINGS, leave_message
from ivr_flows.review.example_registering import REGISTERING_ANSWERS, REGISTERING_MEANINGS
from ivr_flows.review.example_services import SERVICE_ANSWERS, SERVICE_MEANINGS
from ivr_flows.review.example_waiting import (
    one_other_waits,
    one_waits,
    others_wait,
    waiting,
    waiting_too_long,
)
from ivr_flows.verbs.promise_words import say_crisis_line
from ivr_flows.verbs.status_words import say_details, say_status
from models.calls.call_state import CallState
from models.custody.custody_status import NEUTRAL, Heard
from models.store.unit import Unit
from models.talks.voicemail import TEXTS

CALLER = "+12025550123"
KEYED = "41000723"
_SINCE = NOW - timedelta(days=2)

SILENTLY: Mapping[str, Answer | None] = {"": None}


class ExampleDesk(Desk):
    """A desk without a database: the caller's phone may be called, and what was last said is remembered."""

    def __init__(self, call: CallState, prompts: Prompts, rules: Rules, last: Turn | None) -> None:
        # No real verb runs here, so nothing reads the database.
        super().__init__(cast(Unit, None), call, NOW, rules, prompts)
        self.ring, self.conference = Ring("+12025550170", 20), "b" * 32
        self._last = last

    @property
    def is_discreet(self) -> bool:
        """Whether this is the tree of a discreet line, because no number was dialed."""
        return self.call.flow == "discreet_line"

    def called_from(self) -> str | None:
        """An ordinary number."""
        return CALLER

    def number_to_call(self, *, verified: bool | None = None) -> str | None:  # noqa: ARG002 - it has no PIN.
        """The same number."""
        return CALLER

    def is_on_own_phone(self) -> bool:
        """The registrant calls from their own phone."""
        return True

    def last_turn(self) -> Turn:
        """The turn that was passed in. Raises LookupError if there was none."""
        if self._last is None:
            raise LookupError("Nothing was said before.")
        return self._last

    def slow_down(self) -> None:
        """Give this caller more time for the rest of the call; there is no registrant to remember it for."""
        self.call.pace = "slow"


def call_at(flow: str, step: str, language: str, *, is_inbound: bool) -> CallState:
    """A call that has just begun at ``step``."""
    direction = "inbound" if is_inbound else "outbound-api"
    return CallState(
        id=1, direction=direction, flow=flow, started_at=NOW, language=language, step=step, turn=0,
        heard_from=step, last_key_at=NOW, progress_at=NOW, said="",
    )  # fmt: skip


def _status(status: str, **facts: Any) -> Answer:
    found = Heard("status", status=status, status_at=_SINCE, as_of=NOW, **facts)
    return lambda desk: say_status(desk, found)


def _says(prompt: str, **after: timedelta) -> Answer:
    return lambda desk: desk.say(
        prompt, **{slot: desk.when(NOW + later, on=True, clock=True) for slot, later in after.items()}
    )


def _last(prompt: str) -> Answer:
    return lambda desk: desk.say(prompt, wait=desk.words("waited.minutes", count="3"))


def _cannot_talk(desk: Desk) -> None:
    desk.say("liaison.silent")
    desk.say("liaison.silent_yes")


def _is_verified(desk: Desk) -> None:
    desk.call.verified_at = desk.call.pin_issued_at = NOW
    desk.call.case_id = 1


def _has_letter(desk: Desk) -> None:
    desk.call.letter_at, desk.call.verified_at, desk.call.case_id = NOW, None, 1


def _is_signed_in(desk: Desk) -> None:
    desk.call.verified_at, desk.call.staff_id = NOW, 1


def _announcement(desk: Desk) -> None:
    words = {"en": "The office is closed on Friday.", "es": "La oficina cierra el viernes."}
    desk.say("announcement", words=words.get(desk.call.language, words["en"]))


def _stand(place: int, wait: str | None = None) -> Answer:
    def answer(desk: Desk) -> None:
        desk.say("person.nobody")
        if place == 1:
            desk.say("queue.next")
        else:
            desk.say("queue.place", place=str(place))
        if wait is not None:
            desk.say("queue.wait", wait=desk.words(wait))
        desk.say("queue.back")
        if not desk.is_discreet:
            desk.say("silent.offer")

    return answer


def _report(desk: Desk) -> None:
    say_all("queue.next", "queue.longer", "queue.back")(desk)
    desk.say("queue.keep", key="1")


def _since(*, wrong_tries: bool, first_call: bool = False) -> Answer:
    def answer(desk: Desk) -> None:
        if wrong_tries:
            desk.say("since.wrong_tries_first" if first_call else "since.wrong_tries")
        if not first_call:
            desk.say("since.last_call", on=desk.when(_SINCE, on=True, clock=True))
        if wrong_tries:
            desk.say("since.advice", number="4")

    return answer


def _calls_were_paused(desk: Desk) -> None:
    desk.say("notices.were_paused", on=desk.when(_SINCE, on=True))
    _since(wrong_tries=False)(desk)


def _calls_were_stopped(desk: Desk) -> None:
    desk.say("notices.were_stopped", on=desk.when(_SINCE, on=True))


_NOBODY = _says("person.nobody")


def _closed(desk: Desk) -> None:
    opens = NOW + timedelta(minutes=90)
    when = in_zone(desk.words, desk.when(opens, on=True, clock=True), desk.office_zone, opens)
    desk.say("person.closed", when=when)
    say_crisis_line(desk)


_PLACE = {"facility_name": "Valle Verde", "facility_phone": "+12025550190"}


def _details(**facts: Any) -> Answer:
    found = Heard("status", status="in_custody", status_at=_SINCE, as_of=NOW, **facts)
    return lambda desk: say_details(desk, found)


#: For a verb and its word, what it then says, once for each case that sounds different from the others. A
#: verb or a word that is not listed says nothing.
ANSWERS: Mapping[tuple[str, str], Mapping[str, Answer]] = {
    ("verify_pin", "right"): {"": _is_verified},
    ("verify_pin", "letter"): {"": _has_letter},
    ("verify_pin", "staff"): {"": _is_signed_in},
    ("verify_pin_again", "right"): {"": _is_verified},
    ("verify_pin_again", "letter"): {"": _has_letter},
    ("confirm_new_pin", "chosen"): {"": _is_verified},
    ("confirm_new_pin", "changed"): {"": _is_verified},
    ("verify_staff_pin", "right"): {"": _is_signed_in},
    ("look_at_shift", "on"): {"": _says("staff.on_shift")},
    ("look_at_shift", "off"): {"": _says("staff.off_shift")},
    ("find_last", "found"): {
        "a callback": _last("outcome.last_callback"),
        "an urgent callback": _last("outcome.last_urgent"),
        "a caller at 0": _last("outcome.last_at_0"),
    },
    ("tell_waiting", "told"): {
        "some wait": waiting,
        "one waits": one_waits,
        "nobody waits": _says("staff.nobody_waits"),
    },
    ("tell_waiting", "others"): {"one promise is over": waiting_too_long},
    ("tell_others", "told"): {
        "several wait": others_wait,
        "one waits": one_other_waits,
        "nobody waits": _says("staff.nobody_waits"),
    },
    ("nobody_pressed", "message"): {text.replace("_", " "): leave_message(text) for text in TEXTS},
    ("caller_position", "back"): {
        "as before": lambda _desk: None,
        "a colleague joins": _says("called.colleague"),
        "an interpreter joins": _says("called.interpreter"),
    },
    **{
        (verb, "ringing"): {
            "nobody has answered": _says("liaison.ringing"),
            "somebody or something has answered": _says("liaison.answered"),
        }
        for verb in ("person_position", "await_person")
    },
    **{
        (verb, "joined"): {"": say_all(), "the person cannot talk": _cannot_talk}
        for verb in ("person_position", "await_person")
    },
    ("staff_position", "over"): {
        "as it should": lambda _desk: None,
        "the call ended on hold": _says("talk.cut_off"),
    },
    ("hand_over", "nobody"): {
        "nobody else is on the call any more": lambda _desk: None,
        "the colleague may not lead it": _says("talk.cannot_hand_over"),
    },
    ("staff_position", "alone"): {
        "nobody else was rung": lambda _desk: None,
        "a colleague was rung in vain": _says("talk.colleague_missed"),
        "an interpreter was rung in vain": _says("talk.interpreter_missed"),
    },
    ("read_status", "said"): {
        "in custody": _status("in_custody", age="fresh", **_PLACE),
        "in custody, by an older record": _status("in_custody", age="notice", **_PLACE),
        "moved": _status("transferred", age="fresh", **_PLACE),
        "back in custody": _status("returned_to_custody", age="fresh", **_PLACE),
        "nothing may be said": lambda desk: say_status(desk, NEUTRAL),
    },
    ("tell_news", "out"): {
        "let out": _status("released", hard_news=True, **_PLACE),
        "let out on bond": _status("released_on_bond"),
        "let out with rules": _status("released_on_supervision"),
        "escaped": _status("escaped"),
    },
    ("tell_news", "not_out"): {"sent away": _status("removed"), "dead": _status("deceased")},
    **NOTICE_ANSWERS,
    **REGISTERING_ANSWERS,
    ("tell_details", "told"): {
        "all that may be known": _details(
            removal_stage="proceedings_open", next_hearing_at=NOW + timedelta(days=6),
            next_hearing_place="Río Claro", hearing_zone="America/Chicago",
            expected_release_at=NOW + timedelta(days=30), **_PLACE,
        ),
        "an appeal": _details(removal_stage="appeal_pending"),
        "an order to leave": _details(removal_stage="removal_ordered"),
    },
    ("tell_details", "out"): {"": _details(**_PLACE)},
    ("offer_person", "offered"): {
        "as always": _says("status.person"),
        "after a death, and a consent to calls ends soon": say_all("notices.ask_again", "status.support"),
    },
    ("tell_alert", "told"): ALERT_ANSWERS,
    ("tell_announcements", "told"): {
        "nothing is announced": say_all(),
        "something is announced": _announcement,
    },
    ("find_person", "nobody"): {"": _NOBODY},
    ("find_person", "wait"): {
        "a liaison's phone rings": _says("person.connecting"),
        "all are busy; next, and no wait is known": _stand(1),
        "all are busy; third, and the wait is known": _stand(3, "wait.8"),
    },
    ("look_again", "still"): {
        "a liaison's phone rings": _says("queue.ringing"),
        "most times": _says("queue.hold"),
        "now and then": _report,
    },
    ("look_at_once", "still"): {
        "a first liaison's phone rings": _says("person.connecting"),
        "another liaison's phone rings": _says("queue.ringing"),
        "all are busy": _says("queue.hold"),
    },
    ("look_again", "nobody"): {"": _NOBODY},
    ("find_person_at_once", "ringing"): {"": _says("person.connecting")},
    ("look_again", "closed"): {"": _closed},
    ("keep_place", "refused"): {"": _says("queue.cannot_keep")},
    **SERVICE_ANSWERS,
    ("mark_silent", "marked"): {"": _says("silent.noted")},
    ("join_silently", "joined"): {"": _says("silent.noted")},
    ("note", "noted"): {"": say_all(), "no phone may be called": _says("outcome.no_phone")},
    ("note", "unfit"): {
        "no message is allowed": _says("outcome.no_message"),
        "of a caller at 0": _says("outcome.they_called"),
    },
    ("accept", "accepted"): {
        "": say_all(),
        "who calls cannot talk": _cannot_talk,
        "who calls used a discreet line": _says("liaison.discreet"),
    },
    ("since_last_call", "go"): {
        "the first call": say_all(),
        "a call before": _since(wrong_tries=False),
        "wrong tries since": _since(wrong_tries=True),
        "wrong tries before the first call": _since(wrong_tries=True, first_call=True),
        "a pause that is over": _calls_were_paused,
    },
    ("since_last_call", "stopped"): {"": say_all()},
    ("since_last_call", "calls_stopped"): {"": _calls_were_stopped},
    ("have_calls_again", "resumed"): {"": say_all("notices.resumed")},
    ("have_calls_again", "go"): {
        "they were stopped": say_all("notices.agree_again"),
        "paused, and no phone is called": say_all(),
    },
    ("news_is_owed", "untold"): {"as always": say_all(), "5 was pressed": say_all("silent.choices")},
    ("news_is_owed", "kept"): {"as always": say_all(), "5 was pressed": say_all("silent.choices")},
    ("news_is_owed", "none"): {"as always": say_all(), "5 was pressed": say_all("silent.choices")},
    ("must_hear_choices", "may"): {"as always": say_all(), "5 was pressed": say_all("silent.choices")},
    ("find_person", "closed"): {"": _closed},
    ("office_ended", "nobody"): {"": _NOBODY},
    **CALLBACK_ANSWERS,
}  # fmt: skip

#: Words that no verb returns before the PIN was right.
VERIFIED_ALONE = frozenset(
    {
        ("check_open_callback", "urgent"),
        ("check_open_callback", "open"),
        ("check_open_callback", "known"),
        ("may_choose", "held"),
        ("news_waits", "waits"),
        ("leave_place", "case"),
        ("all_said", "case"),
        ("leave_place", "news"),
        ("news_is_owed", "untold"),
        ("cannot_call", "untold"),
        ("cannot_call", "stopped"),
    }
)

#: What a word means, for readers who do not know the verbs.
MEANINGS: Mapping[str, str] = {
    **NOTICE_MEANINGS,
    **REGISTERING_MEANINGS,
    **SERVICE_MEANINGS,
    "may_try: yes": "tries are left",
    "may_try: number_too": "tries are left, and the number is asked too",
    "may_try: no": "no tries are left",
    "take_number: ok": "the number is well formed",
    "take_number: mistyped": "the number is mistyped",
    "verify_pin: right": "the PIN is right",
    "verify_pin: letter": "the PIN came by letter",
    "verify_pin: staff": "the number and the PIN are those of a member of staff",
    "verify_pin: wrong": "the PIN or the number is wrong",
    "verify_pin: spent": "wrong, and it was the last try",
    "read_status: hard": "the news is hard",
    "look_for_someone: free": "a person is free",
    "look_for_someone: nobody": "nobody is free",
    "find_person: joined": "a liaison has accepted",
    "find_person: dial": "nothing can ring a liaison",
    "find_person: nobody": "nobody is free",
    "find_person: closed": "the office is closed",
    "find_person: wait": "they wait in line",
    "find_person_at_once: ringing": "a liaison's phone rings",
    "find_person_at_once: nobody": "nobody is free",
    "must_hear_choices: must": "they cannot talk, and somebody was there for them",
    "must_hear_choices: may": "nobody was there yet, or they can talk",
    "look_again: joined": "a liaison has accepted",
    "look_again: dial": "nothing can ring a liaison",
    "look_again: still": "they wait on",
    "look_again: nobody": "nobody is on shift any more",
    "look_again: closed": "the office has closed",
    "leave_place: menu": "no PIN was right",
    "leave_place: case": "the case is open",
    "leave_place: news": "hard news was not told yet",
    "leave_place: joined": "a liaison has accepted",
    "office_ended: talked": "somebody answered",
    "office_ended: nobody": "nobody answered",
    "may_choose: known": "the time there is known",
    "may_choose: guessed": "the time there is a guess",
    "may_choose: held": "staff have just replaced the PIN",
    **{f"request_{part}: closed_then": "the office never works then" for part in PARTS},
    "have_calls_again: resumed": "they were paused",
    "have_calls_again: go": "they must agree again, or choose a phone",
    "since_last_call: calls_stopped": "the calls about changes were stopped with the PIN",
    "may_change_pin: yes": "tries are left",
    "may_change_pin: no": "no tries are left",
    "verify_pin_again: right": "it is the PIN in force",
    "verify_pin_again: letter": "a PIN by letter is in force by now",
    "verify_pin_again: wrong": "the PIN is wrong",
    "verify_pin_again: spent": "wrong, and it was the last try",
    "take_new_pin: good": "the new PIN will do",
    "take_new_pin: guessable": "others would guess it",
    "take_new_pin: same": "it is the one in force",
    "confirm_new_pin: changed": "both were the same",
    "confirm_new_pin: chosen": "both were the same, and the PIN before came by letter",
    "confirm_new_pin: differs": "the two differ",
    "confirm_new_pin: gone": "the case got another PIN meanwhile",
    "lost_pin: number": "no number was keyed yet",
    "lost_pin: reported": "a number was keyed",
    "lost_pin_of: reported": "the number is well formed",
    "lost_pin_of: mistyped": "the number is mistyped",
    "tell_news: out": "the person is out",
    "tell_news: not_out": "the person is not out",
    "news_is_owed: owed": "a silent caller has not heard hard news",
    "news_is_owed: untold": "hard news was not told yet",
    "news_is_owed: kept": "the PIN would be asked for again",
    "news_is_owed: over": "the same, and the phone cannot be called",
    "news_is_owed: none": "no hard news waits",
    "cannot_call: stopped": "their phone was left stopped",
    "cannot_call: untold": "hard news was not told yet",
    "cannot_call: said": "no hard news waits",
    "cannot_call_in_silence: said": "no phone can be called",
    "news_waits: waits": "hard news was not told yet",
    "news_waits: none": "no hard news waits",
    "choose_menu: more": "there is more to tell",
    "choose_menu: again": "there is no more to tell",
    "choose_menu: out_more": "the person is out, and there is more to tell",
    "choose_menu: out": "the person is out, and there is no more to tell",
    "all_said: case": "the PIN was right",
    "all_said: menu": "no PIN was right",
    "hear_again: again": "no hard news was told",
    "hear_again: news": "hard news was told",
    "check_open_callback: urgent": "an urgent callback is promised already",
    "check_open_callback: open": "a callback that can wait is promised already",
    "check_open_callback: known": "no callback is promised yet",
    "check_open_callback: stranger": "no callback is promised yet, and no number was keyed",
    "check_open_callback: number_keyed": (
        "no callback is promised yet, and a number was keyed but no right PIN"
    ),
    "check_open_callback: reported": "no callback is promised yet, and this call reported a lost PIN",
    "check_open_callback: cannot": "there is no phone to call back",
    "callback_for_silence: owed": "the caller asked in vain for a person to tell hard news",
    "callback_for_silence: offered": "there is a phone to call back",
    "callback_for_silence: locked_out": "there is one, and no tries are left",
    "callback_for_silence: reported": "there is one, no tries are left, and this call reported a lost PIN",
    "callback_for_silence: cannot": "there is no phone to call back",
    "person_ended: talked": "they talked",
    "person_ended: nobody": "nobody accepted",
    "accept: code": "their phone is a personal one",
    "find_last: handed": "a colleague led the last call",
    "tell_waiting: others": "callbacks that are not urgent wait too",
    "staff_left: star": "they pressed star",
    "staff_left: early": "they pressed star before the caller joined",
    "staff_left: moment": "a colleague is out of the conference",
    "staff_left: over": "the talk is over",
    "staff_left: not_reached": "the caller never joined",
    **{
        f"{verb}: {word}": meant
        for verb in ("person_position", "await_person")
        for word, meant in {
            "ringing": "the person has pressed no key yet",
            "choices": "they pressed a key",
            "joined": "the person has pressed their key",
            "over": "the talk is over",
            "not_reached": "the person was not reached",
        }.items()
    },
    "staff_position: alone": "nobody else of staff is with the caller",
    "staff_position: called_in": "they ended the hold in the console",
    "staff_position: handed": "they gave the talk to a colleague from the console",
    "staff_position: shared": "a colleague is with the caller",
    "hold_on: called_in": "they ended the hold in the console",
    "hold_on: handed": "they gave the talk to a colleague from the console",
    "is_asked: asked": "they led the talk",
    "is_asked: not_asked": "a colleague led it",
    "conference_ended: stay": "the talk goes on, as far as is known",
    "caller_position: back": "staff are with the caller",
    "caller_position: held": "staff are out for a moment",
    "caller_position: cut_off": "the talk was cut off",
    "caller_position: over": "the talk is over",
    "joiner_position: join": "the caller was told",
    "joiner_position: wait": "the caller is not told yet",
    "nobody_pressed: message": "a message is allowed",
    "nobody_pressed: nothing": "no message is allowed",
}  # fmt: skip


def examples_of(verb: str, word: str) -> Mapping[str, Answer | None]:
    """The cases of a verb's word that sound different from each other, and what is said in each."""
    return ANSWERS.get((verb, word)) or SILENTLY


def meaning(verb: str, word: str, example: str) -> str:
    """The situation in which ``verb`` returns ``word``, in plain words."""
    known = MEANINGS.get(f"{verb}: {word}")
    return "; ".join(filter(None, (known, example))) or word.replace("_", " ")

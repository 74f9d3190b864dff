"""What the verbs of being called about changes say, with invented facts."""

from collections.abc import Mapping
from datetime import timedelta

from ivr_flows.engine.desk import Desk
from ivr_flows.review.example_callbacks import NOW, Answer

_TERMS = (
    "notices.at_night", "notices.with_code", "how.no_message", "notices.no_text",
)  # fmt: skip
_OTHER_TERMS = (
    "notices.without_code", "wish.please_call", "notices.with_text", "notices.no_cap", "notices.caution",
)  # fmt: skip
#: After these the words say how we call later.
_NOT_NOW = frozenset({"notices.paused", "notices.ended"})


def _not_at_night(desk: Desk) -> None:
    desk.say("notices.not_at_night", closes=desk.words("hour.21"), opens=desk.words("hour.8"))


def _other_terms(desk: Desk) -> None:
    desk.say("notices.phones")
    _not_at_night(desk)
    for prompt in _OTHER_TERMS:
        desk.say(prompt)


def _no_nights(desk: Desk) -> None:
    desk.say("wishes.saved")
    _not_at_night(desk)


def _terms(*first: str, **after: timedelta) -> Answer:
    def answer(desk: Desk) -> None:
        for prompt in first:
            desk.say(prompt, **{slot: desk.when(NOW + later, on=True) for slot, later in after.items()})
        if first and first[0] in _NOT_NOW:
            desk.say("notices.then")
        desk.say("notices.phone", phone=desk.words("phone.this"))
        for prompt in _TERMS:
            desk.say(prompt)
        desk.say("notices.at_most", count="8")
        desk.say("notices.caution")

    return answer


def _ends_in_a_pause(*, has_ended: bool) -> Answer:
    def answer(desk: Desk) -> None:
        if has_ended:
            desk.say("notices.ended")
        else:
            desk.say("notices.ends", on=desk.when(NOW + timedelta(days=5), on=True))
        desk.say("notices.pause_ends", on=desk.when(NOW + timedelta(days=6), on=True))
        desk.say("notices.then")
        _terms()(desk)

    return answer


def _paused_uncalled(desk: Desk) -> None:
    desk.say("notices.paused_uncalled", on=desk.when(NOW + timedelta(days=7), on=True))


def _none_called_in_a_pause(desk: Desk) -> None:
    _paused_uncalled(desk)
    desk.say("notices.none_called")
    desk.say("notices.caution")


def _paused_at_the_end(desk: Desk) -> None:
    desk.say("wishes.saved")
    desk.say("notices.ends", on=desk.when(NOW + timedelta(days=5), on=True))
    desk.say("notices.pause_ends", on=desk.when(NOW + timedelta(days=7), on=True))


def _says(*prompts: str, **slots: str) -> Answer:
    def answer(desk: Desk) -> None:
        for prompt in prompts:
            desk.say(prompt, **slots)

    return answer


def _saved(prompt: str, **slots: str) -> Answer:
    def answer(desk: Desk) -> None:
        desk.say("wishes.saved")
        desk.say(prompt, **slots)

    return answer


def _paused(desk: Desk) -> None:
    desk.say("notices.paused", on=desk.when(NOW + timedelta(days=7), on=True))


def _renewed_in_a_pause(desk: Desk) -> None:
    desk.say("wishes.saved")
    _paused(desk)


def _cap_in_a_pause(desk: Desk) -> None:
    _renewed_in_a_pause(desk)
    desk.say("notices.then")
    desk.say("notices.at_most", count="3")


def _in_part(desk: Desk) -> None:
    desk.say("wishes.saved")
    desk.say("notices.at_night")
    desk.say("notices.other_hours", part=desk.words("part.morning"))


def _in_part_by_day(desk: Desk) -> None:
    desk.say("wishes.saved")
    desk.say("notices.in_hours", part=desk.words("part.evening"))
    desk.say("notices.night_too")


def _only_in_part(desk: Desk) -> None:
    desk.say("wishes.saved")
    desk.say("notices.only_hours", part=desk.words("part.evening"))
    _not_at_night(desk)


def _by_day_alone(desk: Desk) -> None:
    desk.say("wishes.saved")
    desk.say("notices.in_any_hours")
    _not_at_night(desk)


def _this_phone(desk: Desk) -> None:
    desk.say("wishes.saved")
    desk.say("notices.phone", phone=desk.words("phone.this"))


def _all_phones(desk: Desk) -> None:
    desk.say("wishes.saved")
    _other_terms(desk)


def _new_phone(desk: Desk) -> None:
    desk.say("notices.phone", phone=desk.words("phone.yours"))
    desk.say("notices.new_phone", on=desk.when(NOW + timedelta(days=3), on=True, clock=True))
    for prompt in _TERMS:
        desk.say(prompt)
    desk.say("notices.at_most", count="8")
    desk.say("notices.caution")


def _hello(desk: Desk) -> None:
    desk.say("wishes.saved")
    desk.say("wish.hello", line=desk.named(desk.office.neutral_name))


_PAUSES: Mapping[str, Answer] = {
    "as always": _paused,
    "their consent ends": _paused_at_the_end,
    "no phone is called": _paused_uncalled,
}
REGISTERING_ANSWERS: Mapping[tuple[str, str], Mapping[str, Answer]] = {
    ("look_at_registration", "none"): {"": _terms()},
    ("look_at_registration", "standing"): {
        "as at first": _terms(),
        "with other choices": _other_terms,
        "a new phone": _new_phone,
    },
    ("look_at_registration", "uncalled"): {
        "as always": _says("notices.none_called", "notices.caution"),
        "in a pause": _none_called_in_a_pause,
    },
    ("look_at_registration", "no_phone_left"): {"": _says("notices.no_phone_left", "notices.caution")},
    ("look_at_registration", "ends"): {
        "it ends soon": _terms("notices.ends", on=timedelta(days=20)),
        "it has ended": _terms("notices.ended"),
    },
    ("look_at_registration", "paused"): {"": _terms("notices.paused", on=timedelta(days=6))},
    ("look_at_registration", "paused_ends"): {
        "it ends soon": _ends_in_a_pause(has_ended=False),
        "it has ended": _ends_in_a_pause(has_ended=True),
    },
    ("look_whether_it_stands", "changed"): {
        "paused, or back again": _says(),
        "stopped": _says("notices.agree_again"),
    },
    ("confirm_notice_code", "registered"): {"": _says("notices.registered")},
    ("confirm_notice_code", "more"): {
        "at first": _says("notices.registered"),
        "a new code": _saved("notices.with_code"),
        "a new code for a new phone": _terms("wishes.saved"),
    },
    ("confirm_notice_code", "stands"): {"": _saved("notices.with_code")},
    ("choose_phones", "saved"): {"one": _this_phone, "all": _saved("notices.phones")},
    ("call_new_phones", "saved"): {"one": _terms("wishes.saved"), "all": _all_phones},
    ("choose_nights", "saved"): {
        "yes": _saved("notices.at_night"),
        "no": _no_nights,
    },
    ("choose_hours", "saved"): {
        "a part": _in_part,
        "a part, and no to nights": _only_in_part,
        "a part, never asked about nights": _in_part_by_day,
        "any time": _says("wishes.saved", "notices.in_any_hours", "notices.at_night"),
        "any time, and no to nights": _by_day_alone,
    },
    ("choose_cap", "saved"): {
        "a few": _saved("notices.at_most", count="3"),
        "one": _saved("notices.at_most_once"),
        "no cap": _saved("notices.no_cap"),
        "another call paused it": _cap_in_a_pause,
    },
    ("choose_voicemail", "saved"): {
        "none": _saved("how.no_message"),
        "call us": _saved("wish.please_call"),
        "we call again": _saved("wish.we_call_again"),
        "our name": _hello,
    },
    ("choose_texts", "saved"): {
        "none": _saved("notices.no_text"),
        "texts": _saved("notices.with_text"),
    },
    ("choose_key_alone", "saved"): {
        "a phone that is called": _says("wishes.saved", "notices.without_code", "wish.anyone"),
        "another phone": _says("notices.key_needs_phone"),
    },
    ("choose_line", "saved"): {
        "this one": _saved("notices.shows_this"),
        "the main one": _saved("notices.shows_main"),
    },
    ("choose_zone", "saved"): {"": _saved("notices.zone_kept")},
    ("renew_registration", "saved"): {
        "as always": _says("notices.renewed"),
        "in a pause": _renewed_in_a_pause,
    },
    ("resume_registration", "saved"): {"": _says("notices.resumed")},
    ("stop_registration", "saved"): {"": _says("notices.stopped")},
    ("pause_week", "saved"): _PAUSES,
    ("pause_month", "saved"): _PAUSES,
}
_CHOICES = (
    "choose_phones", "call_new_phones", "choose_nights", "choose_hours", "choose_cap", "choose_voicemail",
    "choose_texts", "choose_key_alone", "choose_line", "choose_zone", "renew_registration",
    "resume_registration", "stop_registration", "pause_week", "pause_month",
)  # fmt: skip
REGISTERING_MEANINGS: Mapping[str, str] = {
    "look_at_registration: none": "they are not registered",
    "look_at_registration: standing": "they are registered",
    "look_at_registration: ends": "their consent ends soon, or has ended",
    "look_at_registration: paused": "they paused it",
    "look_at_registration: paused_ends": "they paused it, and their consent ends",
    "resume_registration: changed": "no phone is called by now",
    "look_at_registration: uncalled": "no phone that they chose may be called now",
    "look_at_registration: no_phone_left": "the case has no phone left that may be called",
    "look_whether_it_stands: kept": "nothing changed since they heard it",
    "look_whether_it_stands: changed": "another call stopped, paused or resumed it",
    "decline_calls: stands": "another call registered them",
    "confirm_notice_code: stands": "another call registered them",
    "call_new_phones: code": "they had chosen no code",
    "look_at_registration: held": "staff have just replaced the PIN",
    "look_at_registration: no_phone": "the case has no phone that may be called",
    "take_notice_code: good": "the code will do",
    "take_notice_code: guessable": "others would guess it",
    "confirm_notice_code: registered": "both were the same",
    "confirm_notice_code: more": "both were the same, and they want more choices",
    "confirm_notice_code: differs": "the two differ",
    "confirm_notice_code: gone": "it cannot be saved",
    **{f"{verb}: saved": "it is saved" for verb in _CHOICES},
    **{f"{verb}: gone": "it cannot be saved" for verb in _CHOICES},
}

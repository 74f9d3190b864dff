"""Verbs of being called when custody changes: hear, register, change, pause and stop (R28).

What is stored as the consent are the sentences that this module says, in the language it says them in.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import answers
from ivr_flows.verbs.window_words import hours_in_words
from models.callbacks.wishes import VOICEMAIL_TEXTS
from models.cases.registrant import Phone, Registrant
from models.cases.safe_phone import safe_phones
from models.notices import registering
from models.notices.notice_code import code_key
from models.notices.registering import Choices, ReadBack, RegistrationError

NOON, EVENING = 12, 17
FEW_CALLS = 3
_WEEK, _MONTH = 7, registering.MOST_PAUSE_DAYS
#: What each menu follows: nothing stands, or we call, or we do not for now, or no phone is left for it.
_HEARD: Mapping[str, str] = {
    "notices_offer": "none",
    "notices_standing": "standing",
    "notices_ending": "standing",
    "notices_paused": "paused",
    "notices_uncalled": "uncalled",
    "notices_no_phone_left": "uncalled",
    "notices_wishes": "standing",
}
#: A prompt and the words for its slots.
_Sentence = tuple[str, Mapping[str, str]]


@answers("none", "standing", "ends", "paused", "uncalled", "no_phone_left", "held", "no_phone")
def look_at_registration(desk: Desk, _digits: str) -> str:
    """What stands, said back; or what an express registration would be (R28).

    While staff have just replaced the PIN nothing is said of it: the caller may have obtained it by deceit
    (R08).
    """
    if desk.is_held:
        return "held"
    found = registering.read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    if found is not None:
        _say_read_back(desk, found)
        if not found.phones:
            return "no_phone_left" if _phone(desk) is None else "uncalled"
        if found.state == "paused":
            return "paused"
        return "ends" if found.is_due else "standing"
    phone = _phone(desk)
    if phone is None:
        return "no_phone"
    _say(desk, [*_express_terms(desk, phone), _CAUTION])
    return "none"


@answers("kept", "changed")
def look_whether_it_stands(desk: Desk, _digits: str) -> str:
    """Whether what the caller leaves as it is was not stopped, paused or resumed since they heard it.

    If it was, by another call with the PIN or by staff, they hear what stands now.
    """
    found = registering.read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    if found is None:
        now = "none"
    elif not found.phones:
        now = "uncalled"
    else:
        now = found.state
    if now == _heard(desk):
        return "kept"
    if now == "none" and not desk.is_held and _phone(desk) is not None:
        desk.say("notices.agree_again")
    return "changed"


@answers("declined", "stands")
def decline_calls(desk: Desk, _digits: str) -> str:
    """They want no calls about changes; who was asked because the calls were stopped is asked no more.

    If another call registered them meanwhile, we call them: they hear so, and can stop it.
    """
    if registering.registration_of(desk.session, _case_id(desk)) is not None:
        return "stands"
    registering.leave_ended(desk.session, _case_id(desk), desk.now)
    return "declined"


@answers("good", "guessable")
def take_notice_code(desk: Desk, digits: str) -> str:
    """The first entry of a notice code; only its key is kept on the call (R30).

    It is compared with the phone in the caller's hand alone. With a PIN that was forced out of somebody, or
    the duress PIN, refusals would spell out a phone that nobody may know of (R10, R35).
    """
    try:
        desk.call.new_pin_hash = registering.new_code_key(
            desk.session, _case_id(desk), digits, desk.phone_in_hand()
        )
    except RegistrationError:
        return "guessable"
    return "good"


@answers("registered", "more", "stands", "differs", "gone")
def confirm_notice_code(desk: Desk, digits: str) -> str:
    """The second entry: it registers the caller, or replaces the code of a registration that stands.

    A caller who agreed to an offer, while another call registered them, hears what that one agreed to.
    """
    kept, desk.call.new_pin_hash = desk.call.new_pin_hash, None
    key = code_key(desk.keyring, _case_id(desk), digits)
    if key != kept:
        return "differs"
    try:
        phone = _phone(desk)
        if registering.registration_of(desk.session, _case_id(desk)) is not None:
            if phone is not None and _first_phone(desk) is None:
                did = _call(desk, [phone], code_key=key)
            else:
                did = _change(desk, [("notices.with_code", {})], code_key=key)
            if did != "saved":
                return "gone"
            return "stands" if _heard(desk) == "none" else "more"
        if phone is None:
            return "gone"
        terms = [*_express_terms(desk, phone), _CAUTION]
        choices = registering.safest(phone, key, desk.policies)
        if (line := _dialed_line(desk)) != desk.office.lines[0] and _chosen_line(desk) is None:
            choices = dataclasses.replace(choices, person={"line": line})
        registering.register_for_notices(
            desk.session, _case_id(desk), choices, words=_words(desk, terms), policies=desk.policies,
            **_by(desk),
        )  # fmt: skip
    except RegistrationError:
        return "gone"
    desk.say("notices.registered")
    return "more" if _chose_more(desk) else "registered"


@answers("saved", "gone")
def choose_phones(desk: Desk, digits: str) -> str:
    """This phone alone, or every safe phone of the registrant, in their order."""
    phone = _phone(desk)
    phones = safe_phones(desk.session, _registrant_id(desk))
    if phone is None:
        return "gone"
    if digits == "1":
        return _change(desk, [_phones_sentence(desk, [phone])], phone_ids=(phone.id,))
    return _change(desk, [("notices.phones", {})], phone_ids=tuple(one.id for one in phones))


@answers("saved", "code", "gone")
def call_new_phones(desk: Desk, digits: str) -> str:
    """This phone alone, or every safe one, for a registration that calls none any more (R09).

    The other choices are kept, and said for the new phone. A key alone was chosen for the phone before: a new
    one gets a code first (R30).
    """
    phone = _phone(desk)
    found = registering.read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    if phone is None or found is None:
        return "gone"
    if not found.has_code:
        return "code"
    return _call(desk, [phone] if digits == "1" else safe_phones(desk.session, _registrant_id(desk)))


@answers("saved", "gone")
def choose_nights(desk: Desk, digits: str) -> str:
    """ "If they get out at night, should we call at night?" (R28)"""
    allowed, phone = digits == "1", _first_phone(desk)
    said = _when_sentences(desk, allowed, None if phone is None else _part_of(desk, phone))
    return _change(desk, said, wishes={"night_allowed": allowed})


@answers("saved", "gone")
def choose_hours(desk: Desk, digits: str) -> str:
    """The part of the day for our calls, in the registrant's zone (R29).

    If the person gets out we call at any hour; but only in this part after a no to nights, and in this part
    by day if nobody asked about nights.
    """
    policies = desk.policies
    parts = {
        "1": ("morning", policies.window_opens_hour, NOON),
        "2": ("afternoon", NOON, EVENING),
        "3": ("evening", EVENING, policies.window_closes_hour),
    }
    if digits not in parts:
        any_time = {"window_starts": None, "window_ends": None}
        return _change(desk, [("notices.in_any_hours", {})], wishes=any_time)
    part, starts, ends = parts[digits]
    wishes = {"window_starts": time(starts % 24), "window_ends": time(ends % 24)}
    phone = _first_phone(desk)
    allowed = None if phone is None else phone.night_allowed
    return _change(desk, _when_sentences(desk, allowed, desk.words(f"part.{part}")), wishes=wishes)


@answers("saved", "gone")
def choose_cap(desk: Desk, digits: str) -> str:
    """How many calls a phone gets in a day, at most (R28)."""
    caps = {"1": FEW_CALLS, "2": desk.policies.notice_calls_a_day, "3": registering.MOST_CALLS_A_DAY}
    cap = caps[digits]
    return _change(desk, [_cap_sentence(cap)], cap_per_day=cap)


@answers("saved", "gone")
def choose_voicemail(desk: Desk, digits: str) -> str:
    """No message, or one of three neutral ones (R31)."""
    text = VOICEMAIL_TEXTS[int(digits) - 1]
    slots = {"line": desk.named(desk.office.neutral_name)} if text == "hello" else {}
    return _change(desk, [(f"wish.{text or 'no_message'}", slots)], wishes={"voicemail_text": text})


@answers("saved", "gone")
def choose_texts(desk: Desk, digits: str) -> str:
    """A text that says to call us, after its risk was said; off unless chosen (R28)."""
    by_text = digits == "2"
    return _change(desk, [("notices.with_text" if by_text else "notices.no_text", {})], by_text=by_text)


@answers("saved", "gone")
def choose_key_alone(desk: Desk, _digits: str) -> str:
    """No code: after the risk was said, and never for a phone that only the registrant answers (R30).

    Only from a phone that is called: somebody else with the PIN must not open the news to whoever is there.
    """
    found = registering.read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    called = set() if found is None else {one.phone_key for one in found.phones}
    if desk.call.caller_id_doubted or desk.call.phone_key not in called:
        desk.say("notices.key_needs_phone")
        return "saved"
    said: list[_Sentence] = [("notices.without_code", {}), ("wish.anyone", {})]
    return _change(desk, said, code_key=None, wishes={"may_answer": "anyone"})


@answers("saved", "gone")
def choose_line(desk: Desk, digits: str) -> str:
    """Which of the office's numbers their phone shows when we call (R32)."""
    line = _dialed_line(desk) if digits == "1" else desk.office.lines[0]
    said = "notices.shows_this" if digits == "1" and line == desk.call.line else "notices.shows_main"
    return _change(desk, [(said, {})], person={"line": line})


@answers("saved", "gone")
def choose_zone(desk: Desk, _digits: str) -> str:
    """The hour where they are was right: from now on this is the registrant's zone (R29)."""
    zone = desk.call.time_zone = desk.call.time_zone or desk.guessed_zone()
    return _change(desk, [("notices.zone_kept", {})], person={"time_zone": zone})


@answers("saved", "gone")
def renew_registration(desk: Desk, _digits: str) -> str:
    """They still want it: the consent is good for as long again."""
    try:
        found = registering.renew(desk.session, _case_id(desk), policies=desk.policies, **_by(desk))
    except RegistrationError:
        return "gone"
    if found.paused_until is not None and found.paused_until > desk.now:
        desk.say("wishes.saved")
        _say(desk, [_pause_sentence(desk, found.paused_until)])
    else:
        desk.say("notices.renewed")
    return "saved"


@answers("saved", "gone")
def resume_registration(desk: Desk, _digits: str) -> str:
    """The end of a pause."""
    return _did(
        desk, lambda: registering.resume(desk.session, _case_id(desk), **_by(desk)), "notices.resumed"
    )


@answers("saved", "gone")
def stop_registration(desk: Desk, _digits: str) -> str:
    """No more calls about changes, until the caller registers again."""

    def stop() -> None:
        desk.jobs += registering.stop_registration(desk.session, _case_id(desk), **_by(desk))

    return _did(desk, stop, "notices.stopped")


@answers("saved", "gone")
def pause_week(desk: Desk, _digits: str) -> str:
    """No calls about changes for a week."""
    return _pause(desk, _WEEK)


@answers("saved", "gone")
def pause_month(desk: Desk, _digits: str) -> str:
    """No calls about changes for the longest pause."""
    return _pause(desk, _MONTH)


def _pause(desk: Desk, days: int) -> str:
    until = desk.now + timedelta(days=days)

    def pause() -> None:
        desk.jobs += registering.pause(desk.session, _case_id(desk), until, **_by(desk))

    return _did(desk, pause, "notices.paused", on=desk.when(until, on=True))


def _did(desk: Desk, do: Callable[[], None], said: str, **slots: str) -> str:
    try:
        do()
    except RegistrationError:
        return "gone"
    desk.say(said, **slots)
    return "saved"


def _change(desk: Desk, said: Sequence[_Sentence], **changes: Any) -> str:
    """Save a changed choice and say it; what was said before and still counts is kept beside it."""
    case_id = _case_id(desk)
    try:
        before = registering.choices_of(desk.session, case_id)
        choices: Choices = dataclasses.replace(before, **changes)
        told = registering.read_back(desk.session, case_id, desk.now, desk.policies)
        words = (*(told.words[:1] if told else ()), _words(desk, said))
        found = registering.change(
            desk.session, case_id, choices, words=" ".join(words), policies=desk.policies, **_by(desk)
        )
    except RegistrationError:
        return "gone"
    desk.say("wishes.saved")
    if found.paused_until is not None and found.paused_until > desk.now:
        # Another call paused it meanwhile: "we will call" is true only after that.
        _say(desk, [_pause_sentence(desk, found.paused_until), ("notices.then", {})])
    _say(desk, said)
    return "saved"


def _call(desk: Desk, phones: Sequence[Phone], **changes: Any) -> str:
    """Call these phones by the choices made for phones that are called no more, and say all of it (R28)."""
    case_id = _case_id(desk)
    try:
        before = registering.choices_of(desk.session, case_id)
        choices: Choices = dataclasses.replace(before, phone_ids=tuple(one.id for one in phones), **changes)
        registering.change(
            desk.session, case_id, choices, policies=desk.policies, **_by(desk),
            words=lambda: _words(desk, _terms(desk, phones, choices)),
        )  # fmt: skip
    except RegistrationError:
        return "gone"
    desk.say("wishes.saved")
    found = registering.read_back(desk.session, case_id, desk.now, desk.policies)
    if found is not None:
        _say_read_back(desk, found)
    return "saved"


def _express_terms(desk: Desk, phone: Phone) -> list[_Sentence]:
    """What an express registration means (``registering.safest``)."""
    return [
        _phones_sentence(desk, [phone]),
        *_wait_sentences(desk, [phone]),
        ("notices.at_night", {}),
        ("notices.with_code", {}),
        ("wish.no_message", {}),
        ("notices.no_text", {}),
        _cap_sentence(desk.policies.notice_calls_a_day),
        *_number_sentences(desk, _chosen_line(desk) or _dialed_line(desk)),
    ]


def _say_read_back(desk: Desk, found: ReadBack) -> None:
    """What stands, in the sentences that were agreed to."""
    if found.is_due:
        ended = found.lapses_at <= desk.now
        on = desk.when(found.lapses_at, on=True)
        _say(desk, [("notices.ended", {}) if ended else ("notices.ends", {"on": on})])
    if found.paused_until is not None:
        _say(desk, [_pause_sentence(desk, found.paused_until)])
    if not found.phones:
        left = "notices.no_phone_left" if _phone(desk) is None else "notices.none_called"
        _say(desk, [(left, {}), _CAUTION])
        return
    if found.paused_until is not None or found.lapses_at <= desk.now:
        # "We will not call" was just said, and "we will call" is next.
        _say(desk, [("notices.then", {})])
    _say(desk, _terms(desk, found.phones, found))


def _pause_sentence(desk: Desk, until: datetime) -> _Sentence:
    return "notices.paused", {"on": desk.when(until, on=True)}


def _terms(desk: Desk, phones: Sequence[Phone], agreed: Choices | ReadBack) -> list[_Sentence]:
    """All that is agreed for these phones; the times and messages are those of the first."""
    phone = phones[0]
    has_code = agreed.has_code if isinstance(agreed, ReadBack) else agreed.code_key is not None
    text = phone.voicemail_text if phone.voicemail_allowed else None
    slots = {"line": desk.named(desk.office.neutral_name)} if text == "hello" else {}
    return [
        _phones_sentence(desk, phones),
        *_wait_sentences(desk, phones),
        *_when_sentences(desk, phone.night_allowed, _part_of(desk, phone)),
        ("notices.with_code" if has_code else "notices.without_code", {}),
        (f"wish.{text or 'no_message'}", slots),
        ("notices.with_text" if agreed.by_text else "notices.no_text", {}),
        _cap_sentence(agreed.cap_per_day),
        *_number_sentences(desk, _chosen_line(desk) or desk.office.lines[0]),
        _CAUTION,
    ]


def _wait_sentences(desk: Desk, phones: Sequence[Phone]) -> list[_Sentence]:
    """When the calls begin, while nothing of the case may be told on any of these phones (R09)."""
    held = [one.content_held_until for one in phones if one.content_held_until is not None]
    if len(held) < len(phones) or min(held) <= desk.now:
        return []
    return [("notices.new_phone", {"on": desk.when(min(held), on=True, clock=True)})]


def _phones_sentence(desk: Desk, phones: Sequence[Phone]) -> _Sentence:
    """Which phones, never by their digits: somebody may listen."""
    if len(phones) > 1:
        return "notices.phones", {}
    which = "this" if phones[0].phone_key == desk.call.phone_key else "yours"
    return "notices.phone", {"phone": desk.words(f"phone.{which}")}


def _dialed_line(desk: Desk) -> str:
    """The number of ours that was called now; the main one for a number that the office gave up."""
    lines = desk.office.lines
    return desk.call.line if desk.call.line in lines else lines[0]


def _chosen_line(desk: Desk) -> str | None:
    """The number of ours that the registrant chose to see, if the office still has it (R32)."""
    line = desk.session.get_one(Registrant, _registrant_id(desk)).line
    return line if line in desk.office.lines else None


def _number_sentences(desk: Desk, shown: str) -> list[_Sentence]:
    """Which number their phone shows, to a caller of a line other than the main one.

    The main line says nothing of the others: somebody may listen who knows no other number.
    """
    if (dialed := _dialed_line(desk)) == desk.office.lines[0]:
        return []
    if shown == dialed:
        return [("notices.shows_this", {})]
    return [("notices.shows_main", {})] if shown == desk.office.lines[0] else []


def _cap_sentence(cap: int) -> _Sentence:
    if cap >= registering.MOST_CALLS_A_DAY:
        return "notices.no_cap", {}
    return ("notices.at_most_once", {}) if cap == 1 else ("notices.at_most", {"count": str(cap)})


def _when_sentences(desk: Desk, night_allowed: bool | None, part: str | None) -> list[_Sentence]:
    """When we call, by the answer about nights (None: never asked) and the words of the chosen hours."""
    by_night: _Sentence = ("notices.at_night", {})
    if night_allowed is False:
        # The hours themselves: in Spanish the evening and the night are one word.
        opens, closes = desk.policies.window_opens_hour, desk.policies.window_closes_hour % 24
        hours = {"closes": desk.words(f"hour.{closes}"), "opens": desk.words(f"hour.{opens}")}
        by_night = ("notices.not_at_night", hours)
    if part is None:
        return [by_night]
    if night_allowed is None:
        return [("notices.in_hours", {"part": part}), ("notices.night_too", {})]
    if night_allowed:
        return [by_night, ("notices.other_hours", {"part": part})]
    return [("notices.only_hours", {"part": part}), by_night]


def _part_of(desk: Desk, phone: Phone) -> str | None:
    """The hours that were chosen, in the registrant's zone, in words; None for any time."""
    if phone.window_starts is None or phone.window_ends is None:
        return None
    starts, ends = (datetime.combine(desk.now, hour) for hour in (phone.window_starts, phone.window_ends))
    return hours_in_words(desk, starts, ends)


def _first_phone(desk: Desk) -> Phone | None:
    """The first of the phones that are called."""
    found = registering.read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    return None if found is None else next(iter(found.phones), None)


def _say(desk: Desk, sentences: Sequence[_Sentence]) -> None:
    for prompt, slots in sentences:
        desk.say(prompt, **slots)


def _words(desk: Desk, sentences: Sequence[_Sentence]) -> str:
    """The same sentences as text, in the language of the call."""
    language = desk.call.language
    return " ".join(desk.prompts.text(language, prompt, **slots) for prompt, slots in sentences)


def _phone(desk: Desk) -> Phone | None:
    """The phone in the caller's hand if it is one of the registrant's safe phones, else their first one."""
    phones = [one for one in safe_phones(desk.session, _registrant_id(desk)) if _can_dial(desk, one)]
    mine = (one for one in phones if one.phone_key == desk.call.phone_key)
    return next(mine, next(iter(phones), None))


def _can_dial(desk: Desk, phone: Phone) -> bool:
    return desk.office.can_dial(desk.keyring.unseal("phone.number", phone.number_sealed))


def _chose_more(desk: Desk) -> bool:
    """Whether the caller asked for more choices since the last offer."""
    *_, since = f" {desk.call.trail} ".rpartition(" notices_offer ")
    return "notices_more_first" in since.split()


def _heard(desk: Desk) -> str:
    """What the caller heard of the registration, by the last of the menus that follow it."""
    menus = (_HEARD[step] for step in reversed(desk.call.trail.split()) if step in _HEARD)
    return next(menus, "standing")


def _by(desk: Desk) -> dict[str, Any]:
    return {"made_by": "caller", "call_id": desk.call.id, "now": desk.now}


def _case_id(desk: Desk) -> int:
    if desk.call.case_id is None:
        raise LookupError("No case is open in this call.")
    return desk.call.case_id


def _registrant_id(desk: Desk) -> int:
    if desk.call.registrant_id is None:
        raise LookupError("No case is open in this call.")
    return desk.call.registrant_id


_CAUTION: _Sentence = ("notices.caution", {})

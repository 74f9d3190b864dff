"""Verbs of being called when custody changes: hear, register, change, pause and stop (R28)."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from typing import Any

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import answers
from ivr_flows.verbs.registration_words import (
    Sentence,
    agreed_terms,
    cap_sentence,
    chosen_hours,
    chosen_line,
    dialed_line,
    express_terms,
    message_sentence,
    pause_sentence,
    pause_sentences,
    phones_sentence,
    read_back_sentences,
    say_sentences,
    sentences_as_text,
    when_sentences,
)
from ivr_flows.verbs.window_words import EVENING, NOON
from models.callbacks.wishes import VOICEMAIL_TEXTS
from models.cases.registrant import Phone
from models.cases.safe_phone import safe_phones
from models.notices import registering
from models.notices.agreed.read_back import (
    ReadBack,
    is_called_without_code,
    nights_at,
    read_back,
    registration_of,
)
from models.notices.notice_code import code_key
from models.notices.registering import Choices, RegistrationError

FEW_CALLS = 3
_WEEK, _MONTH = 7, registering.MOST_PAUSE_DAYS
#: What each menu follows: nothing stands, or we call, or we do not for now, or no phone is left for it.
_HEARD: Mapping[str, str] = {
    "notices_offer": "none",
    "notices_standing": "standing",
    "notices_ending": "standing",
    "notices_paused": "paused",
    "notices_paused_ending": "paused",
    "notices_uncalled": "uncalled",
    "notices_no_phone_left": "uncalled",
    "notices_wishes": "standing",
}


@answers("none", "standing", "ends", "paused", "paused_ends", "uncalled", "no_phone_left", "held", "no_phone")
def look_at_registration(desk: Desk, _digits: str) -> str:
    """What stands, said back; or what an express registration would be (R28).

    While staff have just replaced the PIN nothing is said of it: the caller may have obtained it by deceit
    (R08).
    """
    if desk.is_held:
        return "held"
    found = read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    if found is not None:
        _say_read_back(desk, found)
        if not found.phones:
            return "no_phone_left" if _phone(desk) is None else "uncalled"
        if found.state == "paused":
            return "paused_ends" if found.is_due else "paused"
        return "ends" if found.is_due else "standing"
    phone = _phone(desk)
    if phone is None:
        return "no_phone"
    say_sentences(desk, express_terms(desk, phone))
    return "none"


@answers("kept", "changed")
def look_whether_it_stands(desk: Desk, _digits: str) -> str:
    """Whether what the caller leaves as it is was not stopped, paused or resumed since they heard it.

    If it was, by another call with the PIN or by staff, they hear what stands now.
    """
    found = read_back(desk.session, _case_id(desk), desk.now, desk.policies)
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
    if registration_of(desk.session, _case_id(desk)) is not None:
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
        if registration_of(desk.session, _case_id(desk)) is not None:
            if phone is not None and _first_phone(desk) is None:
                did = _call(desk, [phone], code_key=key)
            else:
                did = _ask_code(desk, key)
            if did != "saved":
                return "gone"
            return "stands" if _heard(desk) == "none" else "more"
        if phone is None:
            return "gone"
        terms = express_terms(desk, phone)
        choices = registering.safest(phone, key, desk.policies)
        if (line := dialed_line(desk)) != desk.office.lines[0] and chosen_line(desk) is None:
            choices = dataclasses.replace(choices, person={"line": line})
        registering.register_for_notices(
            desk.session, _case_id(desk), choices, policies=desk.policies, **_by(desk),
            words=sentences_as_text(desk, terms),
        )  # fmt: skip
    except RegistrationError:
        return "gone"
    desk.keep_language()
    desk.say("notices.registered")
    return "more" if _chose_more(desk) else "registered"


@answers("saved", "code", "gone")
def choose_phones(desk: Desk, digits: str) -> str:
    """This phone alone, or every safe phone of the registrant, in their order.

    A key alone was chosen for the phones before: one that only its owner answers gets a code first (R30).
    """
    phone = _phone(desk)
    found = read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    if phone is None or found is None:
        return "gone"
    wanted = [phone] if digits == "1" else safe_phones(desk.session, _registrant_id(desk))
    if not found.has_code and any(one.may_answer == "only_me" for one in wanted):
        return "code"
    phone_ids = (phone.id,) if digits == "1" else _every_phone(desk)
    # "Your phones one after another" is untrue of a person who has one.
    said = phones_sentence(desk, wanted) if len(phone_ids) == 1 else ("notices.phones", {})
    return _change(desk, [said], phone_ids=phone_ids)


@answers("saved", "code", "gone")
def call_new_phones(desk: Desk, digits: str) -> str:
    """This phone alone, or every safe one, for a registration that calls none any more (R09).

    The other choices are kept, and said for the new phone. A key alone was chosen for the phone before: a new
    one gets a code first (R30).
    """
    phone = _phone(desk)
    found = read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    if phone is None or found is None:
        return "gone"
    if not found.has_code:
        return "code"
    if digits == "1":
        return _call(desk, [phone])
    return _call(desk, safe_phones(desk.session, _registrant_id(desk)), phone_ids=_every_phone(desk))


@answers("saved", "gone")
def choose_nights(desk: Desk, digits: str) -> str:
    """ "If they get out at night, should we call at night?" (R28)"""
    allowed, phone = digits == "1", _first_phone(desk)
    said = when_sentences(desk, allowed, None if phone is None else chosen_hours(desk, phone))
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
    phone = _first_phone(desk)
    allowed = None if phone is None else nights_at(desk.session, _case_id(desk), phone)
    if digits not in parts:
        # "Any hour" is no yes to nights.
        said = [("notices.in_any_hours", {}), *when_sentences(desk, allowed, None)]
        return _change(desk, said, wishes={"window_starts": None, "window_ends": None})
    part, starts, ends = parts[digits]
    wishes = {"window_starts": time(starts % 24), "window_ends": time(ends % 24)}
    return _change(desk, when_sentences(desk, allowed, desk.words(f"part.{part}")), wishes=wishes)


@answers("saved", "gone")
def choose_cap(desk: Desk, digits: str) -> str:
    """How many calls a phone gets in a day, at most (R28)."""
    caps = {"1": FEW_CALLS, "2": desk.policies.notice_calls_a_day, "3": registering.MOST_CALLS_A_DAY}
    cap = caps[digits]
    return _change(desk, [cap_sentence(cap)], cap_per_day=cap)


@answers("saved", "gone")
def choose_voicemail(desk: Desk, digits: str) -> str:
    """No message, or one of three neutral ones (R31)."""
    text = VOICEMAIL_TEXTS[int(digits) - 1]
    return _change(desk, [message_sentence(desk, text)], wishes={"voicemail_text": text})


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
    found = read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    called = set() if found is None else {one.phone_key for one in found.phones}
    if desk.call.caller_id_doubted or desk.call.phone_key not in called:
        desk.say("notices.key_needs_phone")
        return "saved"
    said: list[Sentence] = [("notices.without_code", {}), ("wish.anyone", {})]
    return _change(desk, said, code_key=None, wishes={"may_answer": "anyone"})


@answers("saved", "gone")
def choose_line(desk: Desk, digits: str) -> str:
    """Which of the office's numbers their phone shows when we call (R32)."""
    line = dialed_line(desk) if digits == "1" else desk.office.lines[0]
    said = "notices.shows_this" if digits == "1" and line == desk.call.line else "notices.shows_main"
    return _change(desk, [(said, {})], person={"line": line})


@answers("saved", "gone")
def choose_zone(desk: Desk, _digits: str) -> str:
    """The hour where they are was right: from now on this is the registrant's zone (R29)."""
    zone = desk.call.time_zone = desk.asked_zone
    return _change(desk, [("notices.zone_kept", {})], person={"time_zone": zone})


@answers("saved", "gone")
def renew_registration(desk: Desk, _digits: str) -> str:
    """They still want it: the consent is good for as long again."""
    try:
        found = registering.renew(desk.session, _case_id(desk), policies=desk.policies, **_by(desk))
    except RegistrationError:
        return "gone"
    desk.keep_language()
    if found.paused_until is not None and found.paused_until > desk.now:
        desk.say("wishes.saved")
        say_sentences(desk, [pause_sentence(desk, found.paused_until)])
    else:
        desk.say("notices.renewed")
    return "saved"


@answers("saved", "changed", "gone")
def resume_registration(desk: Desk, _digits: str) -> str:
    """The end of a pause; a consent that ends soon, or has ended, is good for as long again.

    "We will call you" must be true: if no phone is called by now, they hear what stands.
    """
    case_id = _case_id(desk)
    try:
        registering.resume(desk.session, case_id, **_by(desk))
        found = read_back(desk.session, case_id, desk.now, desk.policies)
        if found is None or not found.phones:
            return "changed"
        if found.is_due:
            registering.renew(desk.session, case_id, policies=desk.policies, **_by(desk))
    except RegistrationError:
        return "gone"
    desk.keep_language()
    desk.say("notices.resumed")
    return "saved"


@answers("saved", "gone")
def stop_registration(desk: Desk, _digits: str) -> str:
    """No more calls about changes, until the caller registers again."""
    try:
        desk.jobs += registering.stop_registration(desk.session, _case_id(desk), **_by(desk))
    except RegistrationError:
        return "gone"
    desk.say("notices.stopped")
    return "saved"


@answers("saved", "gone")
def pause_week(desk: Desk, _digits: str) -> str:
    """No calls about changes for a week."""
    return _pause(desk, _WEEK)


@answers("saved", "gone")
def pause_month(desk: Desk, _digits: str) -> str:
    """No calls about changes for the longest pause."""
    return _pause(desk, _MONTH)


def _pause(desk: Desk, days: int) -> str:
    until, case_id = desk.now + timedelta(days=days), _case_id(desk)
    try:
        desk.jobs += registering.pause(desk.session, case_id, until, **_by(desk))
    except RegistrationError:
        return "gone"
    found = read_back(desk.session, case_id, desk.now, desk.policies)
    if found is not None:
        say_sentences(desk, pause_sentences(desk, found))
    return "saved"


def _change(desk: Desk, said: Sequence[Sentence], **changes: Any) -> str:
    """Save a changed choice and say it; what was said before and still counts is kept beside it."""
    case_id = _case_id(desk)
    try:
        before = registering.choices_of(desk.session, case_id)
        choices: Choices = dataclasses.replace(before, **changes)
        told = read_back(desk.session, case_id, desk.now, desk.policies)
        words = (*(told.words[:1] if told else ()), sentences_as_text(desk, said))
        found = registering.change(
            desk.session, case_id, choices, words=" ".join(words), policies=desk.policies, **_by(desk)
        )
    except RegistrationError:
        return "gone"
    desk.keep_language()
    desk.say("wishes.saved")
    if found.paused_until is not None and found.paused_until > desk.now:
        # Another call paused it meanwhile: "we will call" is true only after that.
        say_sentences(desk, [pause_sentence(desk, found.paused_until), ("notices.then", {})])
    say_sentences(desk, said)
    return "saved"


def _ask_code(desk: Desk, code_key: str) -> str:
    """A code for what stands. After a key alone it also ends "anyone there may take the call" (R30).

    But not on a phone that another case of theirs calls with a key alone.
    """
    said: list[Sentence] = [("notices.with_code", {})]
    found = read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    if (
        found is None
        or found.has_code
        or any(
            is_called_without_code(desk.session, one.id, but=found.registration_id)
            for one in (*found.phones, *found.stopped)
        )
    ):
        return _change(desk, said, code_key=code_key)
    only_me: Sentence = ("wish.only_me", {})
    return _change(desk, [*said, only_me], code_key=code_key, wishes={"may_answer": "only_me"})


def _call(desk: Desk, phones: Sequence[Phone], **changes: Any) -> str:
    """Call these phones by the choices made for phones that are called no more, and say all of it (R28)."""
    case_id = _case_id(desk)
    try:
        before = registering.choices_of(desk.session, case_id)
        changes = {"phone_ids": tuple(one.id for one in phones)} | changes
        choices: Choices = dataclasses.replace(before, **changes)
        registering.change(
            desk.session, case_id, choices, policies=desk.policies, **_by(desk),
            words=lambda: sentences_as_text(desk, agreed_terms(desk, phones, choices)),
        )  # fmt: skip
    except RegistrationError:
        return "gone"
    desk.keep_language()
    desk.say("wishes.saved")
    found = read_back(desk.session, case_id, desk.now, desk.policies)
    if found is not None:
        _say_read_back(desk, found)
    return "saved"


def _say_read_back(desk: Desk, found: ReadBack) -> None:
    say_sentences(desk, read_back_sentences(desk, found, None if found.phones else _phone(desk)))


def _every_phone(desk: Desk) -> tuple[int, ...]:
    """The safe phones, and the stopped ones of the registration, which stay in it, uncalled (R33)."""
    found = read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    stopped = () if found is None else found.stopped
    return tuple(one.id for one in (*safe_phones(desk.session, _registrant_id(desk)), *stopped))


def _first_phone(desk: Desk) -> Phone | None:
    """The first of the phones that are called."""
    found = read_back(desk.session, _case_id(desk), desk.now, desk.policies)
    return None if found is None else next(iter(found.phones), None)


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

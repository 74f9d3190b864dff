"""The promise that a verified caller was told of: which it is, and what they know of it (R35, R36)."""

from ivr_flows.engine.desk import Desk
from ivr_flows.verbs.case_verbs import steps_in_case
from ivr_flows.verbs.promise_words import class_of, due_of
from models.callbacks import callback as callbacks
from models.callbacks.asking_call import first_due
from models.callbacks.callback_request import make_urgent, owed_to_case, record_told
from models.callbacks.claim import bring_back, is_waiting, waits_behind
from models.callbacks.promised_time import Asker
from models.calls.call_state import CallState
from models.cases.duress import is_calling_paused
from models.cases.safe_phone import is_barred

#: The prefix of an entry in a call's trail that is not a step: the callback that the caller was told of.
_TOLD = "told:"
#: The same for why this call asked for a callback.
_ASKED = "asked:"


def note_told(desk: Desk, callback_id: int) -> None:
    """Remember that this caller was told of this callback; what they heard is a promise (R13)."""
    desk.call.trail = f"{desk.call.trail} {_TOLD}{callback_id}"
    record_told(desk.session, callback_id, desk.call, desk.now)


def note_reason(call: CallState, reason: str) -> None:
    """Remember why this call asked for a callback."""
    call.trail = f"{call.trail} {_ASKED}{reason}"


def reason_here(call: CallState) -> str | None:
    """Why this call last asked for a callback, as far as the caller knows."""
    asked = (one for one in reversed(call.trail.split()) if one.startswith(_ASKED))
    found = next(asked, None)
    return None if found is None else found.removeprefix(_ASKED)


def knows_urgent(desk: Desk) -> bool:
    """Whether this caller has heard that the open callback is urgent."""
    return "callback_open" in steps_in_case(desk) and was_told(desk)


def was_told(desk: Desk) -> bool:
    """Whether the open callback is the one that this caller heard of, not one that another call asked for."""
    # While staff call about news, callers are told of the promise that waits behind that call.
    waiting_promise(desk)
    told = (one for one in reversed(desk.call.trail.split()) if one.startswith(_TOLD))
    return next(told, None) == f"{_TOLD}{desk.call.open_callback_id}"


def open_number(desk: Desk) -> str | None:
    """The phone of the callback that this verified caller may change, even from a withheld number.

    None if it is marked unsafe or said stop: nobody may call it (R09, R33).
    """
    waiting_promise(desk)
    callback_id, registrant_id = desk.call.open_callback_id, desk.call.registrant_id
    if not desk.is_verified or callback_id is None or registrant_id is None:
        return None
    phone_key = callbacks.phone_key_of(desk.session, callback_id) or ""
    if is_barred(desk.session, registrant_id, phone_key):
        return None
    return callbacks.number_of(desk.session, callback_id)


def bring_back_told(desk: Desk) -> None:
    """A promise that waits behind a task about news is the one told of, also while staff call about that."""
    call = desk.call
    if not desk.is_verified or not waits_behind(desk.session, call.case_id):
        return
    bring_back(desk.session, desk.now, f"caller:{call.id}", 1, call.case_id, at_once=True)
    found = owed_to_case(desk.session, call.case_id)
    if found is not None:
        _tell_of(call, found)


def waiting_promise(desk: Desk) -> callbacks.Callback | None:
    """The promise that this caller was told of, while it waits behind a call about news."""
    if not desk.is_verified or not waits_behind(desk.session, desk.call.case_id):
        return None
    found = owed_to_case(desk.session, desk.call.case_id)
    if found is None or not is_waiting(found):
        return None
    _tell_of(desk.call, found)
    return found


def raise_for_news(desk: Desk, callback_id: int) -> None:
    """Fresh hard news makes an open callback urgent, as it does a new one; its hours stay (R36)."""
    call, (urgency, reason) = desk.call, class_of(desk, "asked", verified=True)
    if call.open_callback_urgency == "urgent" or urgency != "urgent":
        return
    phone_key = callbacks.phone_key_of(desk.session, callback_id) or ""
    due_at, _wait = due_of(desk, urgency, Asker(True, call.caller_id_doubted, phone_key, call.case_id))
    first_at = first_due(call, desk.now)
    found = make_urgent(
        desk.session,
        call,
        reason,
        due_at=due_at,
        next_attempt_at=first_at,
        now=desk.now,
        policy=desk.callback_policy,
    )
    if found is not None:
        _tell_of(call, found)


def _tell_of(call: CallState, found: callbacks.Callback) -> None:
    call.open_callback_id, call.open_callback_urgency = found.id, found.urgency
    call.open_callback_due_at = found.due_at
    call.open_callback_window_starts = found.window_starts
    call.open_callback_window_ends = found.window_ends


def elsewhere_prompt(desk: Desk, phone_key: str | None) -> str | None:
    """What is said if the callback goes to a phone other than this verified caller's current one (R35).

    The callback stays with that phone: its answers (who may answer there, which message) were given for it.
    A phone whose number is withheld, or is none that we dial, may be that one: nobody knows.
    """
    number = desk.called_from()
    if number is None:
        given = desk.number_to_call()
        is_given = given is not None and phone_key == desk.keyring.index("phone", given)
        return "callback.given" if is_given else "callback.asked_before"
    if phone_key == desk.keyring.index("phone", number):
        return None
    # Asking again would call this phone only if it may be called for the case (R08, R33).
    return "callback.elsewhere" if desk.number_to_call() == number else "callback.not_here"


def rings_elsewhere_or_later(desk: Desk, number: str, urgency: str) -> bool:
    """Whether ``number`` is the phone in this caller's hand, and their case's callback will not ring it soon.

    It is for another phone, or waits for a part of the day, which only an urgent request opens. No after a
    use of the duress PIN: one liaison judges every call for such a case (R10).
    """
    call = desk.call
    found = owed_to_case(desk.session, call.case_id) if number == desk.called_from() else None
    if found is None:
        return False
    waits = found.window_starts is not None and found.next_attempt_at > desk.now and urgency != "urgent"
    if found.phone_key == desk.keyring.index("phone", number) and not waits:
        return False
    return not is_calling_paused(desk.session, call.case_id, call.registrant_id)

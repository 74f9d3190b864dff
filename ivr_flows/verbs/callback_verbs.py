"""Verbs of the callback on the caller's side: asking, choosing a time, keeping, moving, canceling."""

from collections.abc import Callable
from datetime import datetime, timedelta

from ivr_flows.engine.desk import CRISIS_SERVICE, Desk
from ivr_flows.engine.flow import answers
from ivr_flows.engine.time_words import in_zone, neighbour
from ivr_flows.verbs.case_verbs import is_untold, steps_in_case, tell_no_more
from ivr_flows.verbs.day_part import next_part_of_day
from ivr_flows.verbs.wait_words import wait_prompt
from ivr_flows.verbs.window_words import EVENING, NOON, say_window
from models.callbacks import callback as callbacks
from models.callbacks.asking_call import first_due
from models.callbacks.callback_policy import Hours
from models.callbacks.callback_request import (
    Promise,
    can_change,
    make_urgent,
    owed_to_case,
    request_callback,
)
from models.callbacks.claim import bring_back, is_waiting, waits_behind
from models.callbacks.lone_refusal import refused_lines
from models.callbacks.promised_time import Asker, moved_to, urgent_due
from models.callbacks.replaced_request import cancel_with_pin, end_waiting_with_pin
from models.callbacks.shown_line import shown_line
from models.callbacks.unverified_request import request_without_pin
from models.callbacks.wishes import Wishes, last_wishes, save_safer, save_wish
from models.calls.call_state import CallState
from models.calls.pacing import is_any_noted, is_refused, taking_none
from models.cases.safe_phone import is_barred
from models.outcomes.diverted import RECORDINGS
from models.overview.phone_stop import ask_once_more
from models.overview.wait_time import callback_wait
from models.store.heartbeat import nobody_dials

#: The prefix of an entry in a call's trail that is not a step: the callback that the caller was told of.
_TOLD = "told:"
#: Finds the number that a call will show, or None; asked only while the carrier refuses something.
_LineOf = Callable[[Desk], str | None]


@answers("urgent", "open", "known", "stranger", "number_keyed", "reported", "cannot")
def check_open_callback(desk: Desk, _digits: str) -> str:
    """Whether a callback is open for this case, and whether there is a phone to call (R35).

    Fresh hard news makes an open one urgent from now on (R36). Without the PIN, the result depends on whether
    this call entered a number, of a case or not (R05).
    """
    call = desk.call
    _bring_back(desk)
    if desk.is_verified and call.open_callback_id is not None and call.open_callback_due_at is not None:
        _raise_for_news(desk, call.open_callback_id)
        call.trail = f"{call.trail} {_TOLD}{call.open_callback_id}"
        desk.say("callback.open")
        starts, ends = call.open_callback_window_starts, call.open_callback_window_ends
        if starts is not None and ends is not None:
            say_window(desk, starts, ends, call.open_callback_urgency)
        say_due(desk, call.open_callback_due_at, _moved_to(desk), _line_of_open)
        elsewhere = _elsewhere(desk, callbacks.phone_key_of(desk.session, call.open_callback_id))
        if elsewhere is not None:
            desk.say(elsewhere)
        say_where_sooner(desk, call.open_callback_urgency, call.open_callback_due_at)
        return "urgent" if call.open_callback_urgency == "urgent" else "open"
    if not desk.number_to_call():
        return "cannot"
    if desk.is_verified:
        return "known"
    if call.tried_key is None:
        return "stranger"
    return "reported" if _reported_lost_pin(desk) else "number_keyed"


@answers("stopped", "untold", "said")
def cannot_call(desk: Desk, _digits: str) -> str:
    """There is no phone that we may call, or no more calls to it: say so, and who answers at any hour.

    Untold hard news is still the caller's to hear (R19). Otherwise a verified caller at a phone that was left
    stopped may have it called again (R33).
    """
    untold = is_untold(desk)
    if desk.is_verified and not (untold or desk.is_held) and ask_once_more(desk.session, desk.call, desk.now):
        tell_no_more(desk)
        return "stopped"
    _say_cannot(desk)
    return "untold" if untold else "said"


@answers("said")
def cannot_call_in_silence(desk: Desk, _digits: str) -> str:
    """The same for a caller who says nothing: nobody knows who has the phone."""
    _say_cannot(desk)
    return "said"


def _say_cannot(desk: Desk) -> None:
    desk.say("callback.cannot")
    say_crisis_line(desk)


@answers("offered", "locked_out", "reported", "cannot")
def callback_for_silence(desk: Desk, _digits: str) -> str:
    """Whether a silent caller can be called back, and whether this call may still try a PIN (R04, R25)."""
    if not desk.number_to_call():
        return "cannot"
    if desk.has_tries:
        return "offered"
    return "reported" if _reported_lost_pin(desk) else "locked_out"


def _reported_lost_pin(desk: Desk) -> bool:
    """Whether this call has reported a lost PIN, so that is not offered again."""
    return "lost_pin_reported" in desk.call.trail.split()


@answers("promised", "refused")
def request_express(desk: Desk, _digits: str) -> str:
    """A callback with the safest defaults, in one key (R35)."""
    return promise(desk, "other", "asked")


@answers("promised", "refused")
def request_afraid(desk: Desk, _digits: str) -> str:
    """A callback within the hour, because the caller is afraid (R36)."""
    return promise(desk, "urgent", "afraid")


@answers("promised", "refused")
def request_for_news(desk: Desk, _digits: str) -> str:
    """A callback within the hour, to be told hard news by a person (R19, R36)."""
    return promise(desk, "urgent", "hard_news")


@answers("promised", "refused")
def request_in_silence(desk: Desk, _digits: str) -> str:
    """The same for a caller who says nothing, even if the PIN would now be asked for again (R19)."""
    return promise(desk, "urgent", "hard_news", verified=desk.is_verified or desk.call.opened_its_case())


@answers("promised", "refused", "closed_then")
def request_morning(desk: Desk, _digits: str) -> str:
    """A callback before noon, where the caller is."""
    return _request_part(desk, desk.policies.window_opens_hour, NOON)


@answers("promised", "refused", "closed_then")
def request_afternoon(desk: Desk, _digits: str) -> str:
    """A callback from noon to five, where the caller is."""
    return _request_part(desk, NOON, EVENING)


@answers("promised", "refused", "closed_then")
def request_evening(desk: Desk, _digits: str) -> str:
    """A callback from five on, where the caller is."""
    return _request_part(desk, EVENING, desk.policies.window_closes_hour)


@answers("promised", "refused")
def request_any_time(desk: Desk, _digits: str) -> str:
    """A callback at any time of the day, as soon as possible."""
    return _as_last_time(desk, promise(desk, "other", "asked", any_time=True))


@answers("known", "guessed", "held")
def may_choose(desk: Desk, _digits: str) -> str:
    """Whether times and wishes may change now, and whether the caller's local time is known (R08, R29)."""
    if desk.is_held:
        return "held"
    known = desk.call.time_zone or (desk.is_verified and desk.call.registrant_time_zone)
    return "known" if known else "guessed"


@answers("right")
def hour_is_right(desk: Desk, _digits: str) -> str:
    """The local hour was right: the guess is kept."""
    desk.call.time_zone = desk.call.time_zone or desk.guessed_zone()
    return "right"


@answers("shifted")
def hour_is_earlier(desk: Desk, _digits: str) -> str:
    """It is earlier there: ask for the next zone to the west."""
    return _shift(desk, later=False)


@answers("shifted")
def hour_is_later(desk: Desk, _digits: str) -> str:
    """It is later there: ask for the next zone to the east."""
    return _shift(desk, later=True)


def _shift(desk: Desk, *, later: bool) -> str:
    before = desk.call.time_zone or desk.guessed_zone()
    desk.call.time_zone = neighbour(desk.office.zones, before, desk.now, later=later)
    return "shifted"


def _request_part(desk: Desk, starts_hour: int, ends_hour: int) -> str:
    return _as_last_time(desk, promise(desk, "other", "asked", (starts_hour, ends_hour)))


def _as_last_time(desk: Desk, word: str) -> str:
    """Start from the last answers if a caller wants more than the express callback, after a right PIN."""
    found = desk.asked_for
    if word == "promised" and found is not None and desk.is_verified and found.requested_at == desk.now:
        wishes = last_wishes(desk.session, found)
        save_wish(desk.session, found.id, actor=f"caller:{desk.call.id}", now=desk.now, **wishes.columns)
    return word


def promise(
    desk: Desk,
    urgency: str,
    reason: str,
    hours: tuple[int, int] | None = None,
    *,
    any_time: bool = False,
    verified: bool | None = None,
    since: datetime | None = None,
) -> str:
    """Write the promise and say it. A case has one open callback: asking again changes that one (R35).

    Without the PIN, or if it would now be asked for again, the caller hears a first request made now,
    whatever their phone or case has already been promised (R11).

    ``hours`` are in the caller's local time, and ``any_time`` drops those chosen before. ``verified`` is
    whether the PIN counts, if that differs from now, and ``since`` is when a caller from the queue began to
    wait.
    """
    verified = desk.is_verified if verified is None else verified
    asked = urgency
    if urgency == "other":
        urgency, reason = _class_of(desk, reason, verified=verified)
    call, office = desk.call, desk.office
    number = desk.number_to_call(verified=verified) or _open_number(desk)
    if number is None:
        return "refused"
    asker = Asker(verified, call.caller_id_doubted, desk.keyring.index("phone", number))
    due_at, wait = due_of(desk, urgency, asker)
    zone = desk.zone_to_call(verified=verified)
    # An urgent callback opens the window of the phone it was requested for; others wait for it (R29).
    first_at = desk.now if urgency == "urgent" else office.calling_window(desk.now, zone)
    window = next_part_of_day(first_at, zone, *hours) if hours else None
    policy = desk.callback_policy
    if window is not None:
        if policy.moment_inside(Hours(urgency, zone, *window, False, first_at), window[0]) is None:
            # The office is never open then: the line would call nobody, and staff could not call.
            desk.say("callback.closed_then")
            return "closed_then"
        first_at, due_at = max(first_at, window[0]), max(due_at, window[1])
    # The caller is listening to these words: the end of this call makes it due, or at the latest some minutes
    # from now.
    first_at = max(first_at, first_due(desk.call, desk.now))
    if not verified:
        first = Promise(
            number=number, urgency=urgency, reason=reason, verified=False, language=call.language,
            time_zone=zone, requested_at=since or desk.now, due_at=due_at, next_attempt_at=first_at,
            call_id=call.id, silent=bool(call.silent), window=window,
        )  # fmt: skip
        a_day = desk.policies.unverified_callbacks_a_day
        made = request_without_pin(desk.session, call, first, desk.now, a_day=a_day, policy=policy)
        if made is None:
            return "refused"
        line = call.line if call.line in office.lines else office.lines[0]
        return _promised(desk, urgency, window, due_at, wait=wait, line=line)
    found = request_callback(
        desk.session, call=call, number=number, urgency=urgency, reason=reason, due_at=due_at,
        next_attempt_at=first_at, time_zone=zone, now=desk.now, window=window, any_time=any_time,
        requested_at=since, is_shared=asker.phone_key in desk.rules.shared_phone_keys,
        may_put_off=_knows_urgent(desk),
    )  # fmt: skip
    if found is None:
        return "refused"
    line = shown_line(desk.session, found, office.lines)
    if not desk.is_verified:
        # Only this call's answers are said next (R11), so the safer ones must count.
        wishes = Wishes.of_text(call.wishes)
        save_safer(desk.session, found.id, wishes, actor=f"caller:{call.id}", now=desk.now)
        told = asked if asked == "urgent" else _class_of(desk, reason, verified=False)[0]
        due_at, wait = due_of(desk, told, asker)
        # None of these callers hears which number it will show: it may differ from what this caller expects,
        # and omitting it only then would reveal an existing callback.
        return _promised(desk, told, None, due_at, wait=wait, line=None)
    desk.asked_for = found
    if (window is not None or any_time) and not can_change(found):
        # Somebody is already being called for it: the time just chosen does not apply to this round.
        desk.say("callback.gone")
    chosen = None
    if found.window_starts is not None and found.window_ends is not None:
        chosen = found.window_starts, found.window_ends
    if window is not None and window != chosen and can_change(found):
        # Another call made it urgent meanwhile, and this caller has not heard of it.
        desk.say("callback.open")
    if found.urgency != urgency:
        wait = _wait(desk, found.urgency, asker)
    elsewhere = _elsewhere(desk, found.phone_key)
    moved = _moved_to(desk, found) if found.id == call.open_callback_id else None
    return _promised(
        desk, found.urgency, chosen, found.due_at, wait=wait, line=line, elsewhere=elsewhere, moved=moved
    )


def _knows_urgent(desk: Desk) -> bool:
    """Whether this caller has heard that the open callback is urgent."""
    return "callback_open" in steps_in_case(desk) and _was_told(desk)


def _was_told(desk: Desk) -> bool:
    """Whether the open callback is the one that this caller heard of, not one that another call asked for."""
    # While staff call about news, callers are told of the promise that waits behind that call.
    _waiting(desk)
    told = (one for one in reversed(desk.call.trail.split()) if one.startswith(_TOLD))
    return next(told, None) == f"{_TOLD}{desk.call.open_callback_id}"


def _open_number(desk: Desk) -> str | None:
    """The phone of the callback that this verified caller may change, even from a withheld number.

    None if it is marked unsafe or said stop: nobody may call it (R09, R33).
    """
    _waiting(desk)
    callback_id, registrant_id = desk.call.open_callback_id, desk.call.registrant_id
    if not desk.is_verified or callback_id is None or registrant_id is None:
        return None
    phone_key = callbacks.phone_key_of(desk.session, callback_id) or ""
    if is_barred(desk.session, registrant_id, phone_key):
        return None
    return callbacks.number_of(desk.session, callback_id)


def _bring_back(desk: Desk) -> None:
    """A promise that waits behind a task about news is the one told of, also while staff call about that."""
    call = desk.call
    if not desk.is_verified or not waits_behind(desk.session, call.case_id):
        return
    bring_back(desk.session, desk.now, f"caller:{call.id}", 1, call.case_id, at_once=True)
    found = owed_to_case(desk.session, call.case_id)
    if found is not None:
        _tell_of(call, found)


def _waiting(desk: Desk) -> callbacks.Callback | None:
    """The promise that this caller was told of, while it waits behind a call about news."""
    if not desk.is_verified or not waits_behind(desk.session, desk.call.case_id):
        return None
    found = owed_to_case(desk.session, desk.call.case_id)
    if found is None or not is_waiting(found):
        return None
    _tell_of(desk.call, found)
    return found


def _raise_for_news(desk: Desk, callback_id: int) -> None:
    """Fresh hard news makes an open callback urgent, as it does a new one; its hours stay (R36)."""
    call, (urgency, reason) = desk.call, _class_of(desk, "asked", verified=True)
    if call.open_callback_urgency == "urgent" or urgency != "urgent":
        return
    phone_key = callbacks.phone_key_of(desk.session, callback_id) or ""
    due_at, _wait = due_of(desk, urgency, Asker(True, call.caller_id_doubted, phone_key))
    first_at = first_due(call, desk.now)
    found = make_urgent(desk.session, call, reason, due_at=due_at, next_attempt_at=first_at, now=desk.now)
    if found is not None:
        _tell_of(call, found)


def _tell_of(call: CallState, found: callbacks.Callback) -> None:
    call.open_callback_id, call.open_callback_urgency = found.id, found.urgency
    call.open_callback_due_at, call.open_callback_state = found.due_at, found.state
    call.open_callback_window_starts = found.window_starts
    call.open_callback_window_ends = found.window_ends


def _elsewhere(desk: Desk, phone_key: str | None) -> str | None:
    """What is said if the callback goes to a phone other than this verified caller's current one (R35).

    The callback stays with that phone: its answers (who may answer there, which message) were given for it.
    """
    number = desk.called_from()
    if number is None or phone_key == desk.keyring.index("phone", number):
        return None
    # Asking again would call this phone only if it may be called for the case (R08, R33).
    return "callback.elsewhere" if desk.number_to_call() == number else "callback.not_here"


def due_of(desk: Desk, urgency: str, asker: Asker) -> tuple[datetime, timedelta | None]:
    """The latest moment of a callback requested now, and how long eight of ten recently waited."""
    wait = _wait(desk, urgency, asker)
    if urgency == "urgent":
        return urgent_due(desk.session, desk.now, desk.callback_policy, asker, wait), wait
    return desk.office.due_at("other", desk.now), wait


def _wait(desk: Desk, urgency: str, asker: Asker) -> timedelta | None:
    """How long eight of ten recently waited; if urgent, only those who asked in the same office state."""
    is_open = desk.office.is_open(desk.now)
    return callback_wait(
        desk.session, desk.now, urgency=urgency, verified=asker.verified, but=asker.phone_key,
        is_alike=lambda asked_at: urgency != "urgent" or desk.office.is_open(asked_at) == is_open,
    )  # fmt: skip


def _promised(
    desk: Desk,
    urgency: str,
    window: tuple[datetime, datetime] | None,
    due_at: datetime,
    *,
    wait: timedelta | None,
    line: str | None,
    elsewhere: str | None = None,
    moved: datetime | None = None,
) -> str:
    """Say when we call, the latest moment, and which phone will ring or which number it will show.

    ``line`` is the number that it will show, or None if this caller may not hear of it. ``moved`` is the
    moment to say instead of one that was promised before and cannot be kept.
    """
    topic = desk.call.topic
    # Who heard a recording, and then asks for a person, called for that.
    desk.call.topic = "callback" if topic is None or topic in RECORDINGS else topic
    desk.call.asked_at = desk.now
    if window is not None:
        say_window(desk, *window, urgency)
    say_due(desk, due_at, moved, lambda _desk: line)
    if elsewhere is not None:
        desk.say(elsewhere)
    elif line == desk.call.line:
        # No digits aloud; a person who chose another of our numbers knows which one (R32).
        desk.say("callback.shown")
    say_where_sooner(desk, urgency, due_at)
    is_told = wait is not None and window is None and _may_say_when(desk, lambda _desk: line)
    prompt = wait_prompt(wait) if wait is not None and is_told else None
    if prompt is not None:
        desk.say("callback.wait", wait=desk.words(prompt))
    return "promised"


def say_where_sooner(desk: Desk, urgency: str | None, due_at: datetime) -> None:
    """Name a crisis line to a caller who is promised more than the hour, or was so in vain (R36)."""
    within_the_hour = desk.now < due_at <= desk.office.due_at("urgent", desk.now)
    if urgency == "urgent" and not within_the_hour:
        say_crisis_line(desk)


def say_crisis_line(desk: Desk) -> None:
    """Say who answers at any hour, once per turn; on a discreet line after the PIN or call code (R17)."""
    service = next((one for one in desk.office.services if one.key == CRISIS_SERVICE), None)
    is_closed = desk.is_discreet and not desk.is_verified and desk.call.opened_at is None
    if service is None or is_closed or desk.says("person.sooner"):
        return
    desk.say(
        "person.sooner", service=desk.named(service.name), phone=desk.prompts.spoken_number(service.phone)
    )


def _class_of(desk: Desk, reason: str, *, verified: bool) -> tuple[str, str]:
    """The urgent class is also for fresh hard news, and for a caller who could not open their case (R36)."""
    if verified:
        found = desk.heard()
        fresh = timedelta(hours=desk.policies.hard_news_hours)
        if found.hard_news and found.status_at is not None and desk.now - found.status_at <= fresh:
            return "urgent", "hard_news"
    elif not desk.has_tries:
        return "urgent", "lockout"
    return "other", reason


def say_due(
    desk: Desk, due_at: datetime, moved: datetime | None = None, line_of: _LineOf | None = None
) -> None:
    """Until when we will have called; an overdue promise is said to be late.

    ``moved`` is the true moment of a promise that the office's hours do not let us keep: it is said instead,
    with an apology. No hour is promised while nothing places our calls: then a crisis line is named (R36).
    ``line_of`` finds the number that the call will show; without it, or if it finds none, that is the one of
    this call.
    """
    if due_at <= desk.now and moved is None:
        desk.say("callback.late")
    elif not _may_say_when(desk, line_of):
        desk.say("callback.no_hour")
        say_crisis_line(desk)
    else:
        if moved is not None:
            desk.say("callback.moved")
        desk.say("callback.promise", when=_deadline(desk, moved or due_at))


def _moved_to(desk: Desk, found: callbacks.Callback | None = None) -> datetime | None:
    """The true moment of the callback that is open, if closed hours do not let us keep the promised one."""
    if found is None and desk.call.open_callback_id is not None:
        found = desk.session.get(callbacks.Callback, desk.call.open_callback_id)
    return None if found is None else moved_to(desk.session, found, desk.now, desk.callback_policy)


def _deadline(desk: Desk, due_at: datetime) -> str:
    """The deadline by the caller's clock, or by the office's with its zone: a guess may be hours off."""
    if desk.known_zone:
        return desk.deadline(due_at)
    zone = desk.office_zone
    return in_zone(desk.words, desk.deadline(due_at, time_zone=zone), zone, due_at)


def _line_of_open(desk: Desk) -> str | None:
    """The number that the call of the open callback will show."""
    if desk.call.open_callback_id is None:
        return None
    found = desk.session.get(callbacks.Callback, desk.call.open_callback_id)
    return None if found is None else shown_line(desk.session, found, desk.office.lines)


def _may_say_when(desk: Desk, line_of: _LineOf | None) -> bool:
    """Whether a call that shows the number of ``line_of`` goes out, or else one from the number of this call.

    The carrier can be reached, takes the account's calls and those from that number, and a worker or the
    sweeper is alive.
    """
    session = desk.session
    if nobody_dials(session, desk.now):
        return False
    # Mostly nothing is refused: one question to the database answers all, and the number is not looked for.
    if not is_any_noted(session):
        return True
    refused = {one.number for one in refused_lines(session)}
    is_taken = not is_refused(session) and taking_none(session) is None
    line = None if line_of is None else line_of(desk)
    return is_taken and (line or desk.call.line) not in refused


@answers("kept", "gone")
def keep_callback(desk: Desk, _digits: str) -> str:
    """Leave the open callback as it is, and repeat it; ``gone`` if it has since been closed."""
    waiting = _waiting(desk)
    found, due_at = desk.call.open_callback_id, desk.call.open_callback_due_at
    if found is None or due_at is None:
        return "gone"
    if waiting is not None:
        desk.asked_for = waiting
    elif not callbacks.keep_callback(desk.session, found, callbacks.IS_OWED_TO_CALLER):
        return "gone"
    desk.call.asked_at = desk.now
    say_due(desk, due_at, _moved_to(desk), _line_of_open)
    say_where_sooner(desk, desk.call.open_callback_urgency, due_at)
    return "kept"


@answers("cancelled", "changed", "gone")
def cancel_callback(desk: Desk, _digits: str) -> str:
    """Cancel the case's open callback, unless it is being made right now.

    While staff call about news, that is the one that waits: the news is told nevertheless.
    One that another call has made urgent since, or asked for after that was canceled, is said first: this
    caller does not know of it (R35, R36).
    """
    waiting = _waiting(desk)
    found = desk.call.open_callback_id
    is_known = _knows_urgent(desk) if desk.call.open_callback_urgency == "urgent" else _was_told(desk)
    if found is not None and not is_known:
        return "changed"
    is_ended = waiting is not None or (
        found is not None and cancel_with_pin(desk.session, desk.call, found, desk.now)
    )
    if not is_ended:
        return "gone"
    end_waiting_with_pin(desk.session, desk.call, desk.now)
    desk.call.open_callback_id = None
    return "cancelled"

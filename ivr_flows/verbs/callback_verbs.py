"""Verbs of the callback on the caller's side: asking, choosing a time, keeping, moving, canceling."""

from datetime import datetime
from functools import partial

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import answers
from ivr_flows.engine.time_words import neighbour
from ivr_flows.verbs.case_verbs import is_news_owed, is_untold, steps_in_case, tell_no_more
from ivr_flows.verbs.day_part import next_part_of_day
from ivr_flows.verbs.promise_words import (
    class_of,
    due_of,
    line_of_open,
    say_crisis_line,
    say_due,
    say_promised,
    say_where_sooner,
    true_moment,
    usual_wait,
)
from ivr_flows.verbs.told_promise import (
    bring_back_told,
    elsewhere_prompt,
    knows_urgent,
    note_reason,
    note_told,
    open_number,
    raise_for_news,
    rings_elsewhere_or_later,
    waiting_promise,
    was_told,
)
from ivr_flows.verbs.window_words import EVENING, NOON, say_window
from models.callbacks import callback as callbacks
from models.callbacks.asking_call import LISTENS_SLOWLY, first_due
from models.callbacks.callback_policy import Hours
from models.callbacks.callback_request import Promise, can_change, owed_to_case, request_callback
from models.callbacks.promised_time import NO_MOMENT, Asker
from models.callbacks.replaced_request import cancel_with_pin, end_waiting_with_pin
from models.callbacks.shown_line import shown_line
from models.callbacks.unverified_request import made_in_call, request_without_pin
from models.callbacks.wishes import Wishes, last_wishes, save_safer, save_wish
from models.cases.daily_window import DailyWindow
from models.cases.safe_phone import standing_of
from models.overview.phone_stop import ask_once_more
from models.staff.rota import Rota


@answers("urgent", "open", "known", "stranger", "number_keyed", "reported", "cannot")
def check_open_callback(desk: Desk, _digits: str) -> str:
    """Whether a callback is open for this case, and whether there is a phone to call (R35).

    Fresh hard news makes an open one urgent from now on (R36). Without the PIN, the result depends on whether
    this call entered a number, of a case or not (R05).
    """
    call = desk.call
    bring_back_told(desk)
    if desk.is_verified and call.open_callback_id is not None and call.open_callback_due_at is not None:
        raise_for_news(desk, call.open_callback_id)
        note_told(desk, call.open_callback_id)
        desk.say("callback.open")
        starts, ends = call.open_callback_window_starts, call.open_callback_window_ends
        if starts is not None and ends is not None:
            say_window(desk, starts, ends, call.open_callback_urgency)
        phone_key, moved = callbacks.phone_key_of(desk.session, call.open_callback_id), true_moment(desk)
        say_due(desk, call.open_callback_due_at, moved, line_of_open, phone_key)
        elsewhere = elsewhere_prompt(desk, phone_key)
        if elsewhere is not None:
            desk.say(elsewhere)
        say_where_sooner(desk, call.open_callback_urgency, moved or call.open_callback_due_at)
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


@answers("owed", "offered", "locked_out", "reported", "cannot")
def callback_for_silence(desk: Desk, _digits: str) -> str:
    """Whether a silent caller can be called back, and whether this call may still try a PIN (R04, R25).

    One who waited in vain for a person to tell hard news needs no key for it (R19).
    """
    if is_news_owed(desk):
        return "owed"
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
    """The same for a caller who says nothing (R19).

    Silence makes no promise sooner than its person agreed to it, but for hard news.
    """
    if desk.is_verified:
        return promise(desk, "urgent", "hard_news")
    number, case_id = desk.number_to_call(verified=True), desk.call.case_id
    standing = None if _owes_news(desk) else owed_to_case(desk.session, case_id)
    key = None if number is None else desk.keyring.index("phone", number)
    if standing is not None and number is not None and standing.phone_key == key:
        return _say_to_lapsed(desk, "other", "waited", number)
    return _after_wait(desk, "other", "waited")


@answers("promised", "refused")
def request_after_wait(desk: Desk, _digits: str) -> str:
    """A callback for a caller who waited in vain until the PIN would be asked for again (R11, R19).

    It is as urgent as the news of their case, which the words do not tell.
    """
    return _after_wait(desk, "other", "waited")


@answers("promised", "refused")
def request_afraid_after_wait(desk: Desk, _digits: str) -> str:
    """The same within the hour, because the caller is afraid (R36)."""
    return _after_wait(desk, "urgent", "afraid")


def _after_wait(desk: Desk, urgency: str, reason: str) -> str:
    verified = desk.call.opened_its_case()
    return promise(desk, urgency, reason, verified=verified, owes_news=verified and _owes_news(desk))


def _owes_news(desk: Desk) -> bool:
    """Whether this call has not told the hard news of the case that it opened, however long ago."""
    return desk.heard().hard_news and "news" not in steps_in_case(desk, "status")


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
    """The local hour was right: its zone is kept."""
    desk.call.time_zone = desk.asked_zone
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
    guess, stored = desk.guessed_zone(), desk.call.registrant_time_zone if desk.is_verified else None
    likely = (guess,) if stored is None else (guess, stored)
    desk.ask_zone(neighbour(desk.office.zones, desk.asked_zone, desk.now, later=later, likely=likely))
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
    owes_news: bool = False,
) -> str:
    """Write the promise and say it. A case has one open callback: asking again changes that one (R35).

    Without the PIN, or if it would now be asked for again, the caller hears a first request made now,
    whatever their phone or case has already been promised (R11).

    ``hours`` are in the caller's local time, and ``any_time`` drops those chosen before. ``verified`` is
    whether the PIN counts, if that differs from now. ``since`` is when a caller from the queue began to wait,
    and ``owes_news`` whether they wait for a person who tells them hard news, of any age.
    """
    verified = desk.is_verified if verified is None else verified
    asked = urgency
    if verified and owes_news:
        urgency, reason = "urgent", "hard_news"
    elif urgency == "other":
        urgency, reason = class_of(desk, reason, verified=verified)
    call, office = desk.call, desk.office
    if reason != "asked" or hours is not None:
        # Without a time of day, a caller who is afraid and asks once more is still called for that.
        note_reason(call, reason)
    number = desk.number_to_call(verified=verified) or open_number(desk)
    if number is None:
        return "refused"
    phone_key, case_id = desk.keyring.index("phone", number), call.case_id if verified else None
    asker = Asker(verified, call.caller_id_doubted, phone_key, case_id)
    phone_hours = _hours_of_phone(desk, asker)
    due_at, wait = due_of(desk, urgency, asker, phone_hours if desk.is_verified else None)
    is_known = due_at != NO_MOMENT
    if not is_known:
        due_at = office.due_at("other", desk.now)
    zone = desk.zone_to_call(verified=verified)
    # An urgent callback opens the window of the phone it was requested for; others wait for it (R29).
    first_at = desk.now if urgency == "urgent" else desk.callback_policy.calling_window(desk.now, zone)
    window = None
    if hours is not None:
        window = _part_of_day(desk, urgency, zone, first_at, hours, phone_hours)
        if window is None:
            # Nobody is ever there then, or the phone is not called then: the line would call nobody.
            is_theirs = phone_hours and _part_of_day(desk, urgency, zone, first_at, hours, None)
            desk.say("callback.not_then" if is_theirs else "callback.closed_then")
            return "closed_then"
        first_at, due_at = max(first_at, window[0]), max(due_at, window[1])
    # The caller is listening to these words: the end of this call makes it due, or at the latest some minutes
    # from now.
    first_at = max(first_at, first_due(desk.call, desk.now))
    is_lapsed = verified and not desk.is_verified
    if not verified or (is_lapsed and rings_elsewhere_or_later(desk, number, urgency)):
        # No word tells of a callback to another phone, or for a part of the day (R11), so the one promised
        # now rings this phone in its turn. It is without the case, and staff are not told of news.
        why = "waited" if verified and reason == "hard_news" else reason
        first = Promise(
            number=number, urgency=urgency, reason=why, verified=False, language=call.language,
            time_zone=zone, requested_at=since or desk.now, due_at=due_at, next_attempt_at=first_at,
            call_id=call.id, silent=bool(call.silent), window=window,
        )  # fmt: skip
        a_day = desk.policies.unverified_callbacks_a_day
        made = request_without_pin(
            desk.session, call, first, desk.now, a_day=a_day, policy=desk.callback_policy,
            is_limited=not is_lapsed,
        )  # fmt: skip
        if made is None:
            return "refused"
        if verified:
            return _say_to_lapsed(desk, asked, reason, number)
        line = call.line if call.line in office.lines else office.lines[0]
        told_at = due_at if is_known else NO_MOMENT
        return say_promised(desk, urgency, window, told_at, wait=wait, line=line, phone_key=asker.phone_key)
    found = request_callback(
        desk.session, call=call, number=number, urgency=urgency, reason=reason, due_at=due_at,
        next_attempt_at=first_at, time_zone=zone, now=desk.now, window=window, any_time=any_time,
        requested_at=since, is_shared=asker.phone_key in desk.rules.shared_phone_keys,
        may_put_off=knows_urgent(desk), policy=desk.callback_policy,
    )  # fmt: skip
    if found is None:
        return "refused"
    if is_lapsed:
        # Only this call's answers are said next (R11), so the safer ones must count.
        wishes = Wishes.of_text(call.wishes)
        save_safer(desk.session, found.id, wishes, actor=f"caller:{call.id}", now=desk.now)
        return _say_to_lapsed(desk, asked, reason, number)
    line = shown_line(desk.session, found, office.lines)
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
        wait = usual_wait(desk, found.urgency, asker)
    elsewhere = elsewhere_prompt(desk, found.phone_key)
    moved = true_moment(desk, found) if found.id == call.open_callback_id or not is_known else None
    return say_promised(
        desk, found.urgency, chosen, found.due_at, wait=wait, line=line, phone_key=found.phone_key,
        elsewhere=elsewhere, moved=moved,
    )  # fmt: skip


def _hours_of_phone(desk: Desk, asker: Asker) -> DailyWindow | None:
    """The hours agreed on with staff for the phone that will ring: the open callback's, else the asker's."""
    found = desk.call.open_callback_id
    if not asker.verified:
        return None
    phone_key = callbacks.phone_key_of(desk.session, found) if found is not None else None
    return standing_of(desk.session, desk.call.case_id, phone_key or asker.phone_key).window


def _part_of_day(
    desk: Desk,
    urgency: str,
    zone: str,
    first_at: datetime,
    hours: tuple[int, int],
    phone: DailyWindow | None,
) -> tuple[datetime, datetime] | None:
    """The next day's part between these hours in which somebody is there to call ``phone``.

    None if there is none within a week.
    """
    policy, window = desk.callback_policy, next_part_of_day(first_at, zone, *hours)
    may_ring = Hours(urgency, zone, *window, False, first_at)
    opens = Rota(desk.session, desk.now, policy).first_inside(
        max(first_at + LISTENS_SLOWLY, window[0]), partial(policy.moment_inside, may_ring, phone=phone),
        urgent=urgency == "urgent",
    )  # fmt: skip
    return None if opens is None else next_part_of_day(opens, zone, *hours)


def _say_to_lapsed(desk: Desk, asked: str, reason: str, number: str) -> str:
    """Say the promise to a caller whose PIN was right, but would now be asked for again (R11).

    If another phone than the one in the caller's hand is called, they hear that it is one they gave: the
    person knows which, and nobody else learns of it or of why. It is said of the number that a first request
    would call, so it tells of no callback that stands.
    """
    told = asked if asked == "urgent" else class_of(desk, reason, verified=False)[0]
    phone_key = desk.keyring.index("phone", number)
    asker = Asker(True, desk.call.caller_id_doubted, phone_key, desk.call.case_id)
    due_at, wait = due_of(desk, told, asker)
    # None of these callers hears which number it will show: it may differ from what this caller expects,
    # and omitting it only then would reveal an existing callback.
    return say_promised(
        desk, told, None, due_at, wait=wait, line=None, phone_key=asker.phone_key,
        elsewhere=None if number == desk.called_from() else "callback.given",
    )  # fmt: skip


@answers("kept", "changed", "gone")
def keep_callback(desk: Desk, _digits: str) -> str:
    """Leave the open callback as it is, and repeat it; ``gone`` if it has since been closed.

    One that this caller does not know of is said first, as before a cancellation.
    """
    waiting = waiting_promise(desk)
    found, due_at = desk.call.open_callback_id, desk.call.open_callback_due_at
    if found is None or due_at is None:
        return "gone"
    if not _is_known(desk):
        return "changed"
    if waiting is not None:
        desk.asked_for = waiting
    elif not callbacks.keep_callback(desk.session, found, callbacks.IS_OWED_TO_CALLER):
        return "gone"
    desk.call.asked_at = desk.now
    phone_key, moved = callbacks.phone_key_of(desk.session, found), true_moment(desk)
    say_due(desk, due_at, moved, line_of_open, phone_key)
    say_where_sooner(desk, desk.call.open_callback_urgency, moved or due_at)
    return "kept"


@answers("cancelled", "changed", "gone")
def cancel_callback(desk: Desk, _digits: str) -> str:
    """Cancel the case's open callback, unless it is being made right now.

    While staff call about news, that is the one that waits: the news is told nevertheless.
    One that another call has made urgent since, or asked for after that was canceled, is said first: this
    caller does not know of it (R35, R36).
    """
    waiting = waiting_promise(desk)
    found = desk.call.open_callback_id
    if found is not None and not _is_known(desk):
        return "changed"
    is_ended = waiting is not None or (
        found is not None and cancel_with_pin(desk.session, desk.call, found, desk.now)
    )
    if not is_ended:
        return "gone"
    end_waiting_with_pin(desk.session, desk.call, desk.now)
    # One that this call asked for without the PIN is theirs as well: its phone must not ring (R35).
    for made in made_in_call(desk.session, desk.call):
        callbacks.cancel_callback(desk.session, made, desk.now)
    desk.call.open_callback_id = None
    return "cancelled"


def _is_known(desk: Desk) -> bool:
    """Whether the open callback is the one that this caller heard of, and of the class that they heard."""
    return knows_urgent(desk) if desk.call.open_callback_urgency == "urgent" else was_told(desk)

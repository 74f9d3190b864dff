"""Which moment a callback is promised for, and the words of that promise (R35, R36)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from ivr_flows.engine.desk import CRISIS_SERVICE, Desk
from ivr_flows.engine.time_words import in_zone
from ivr_flows.verbs.wait_words import wait_prompt
from ivr_flows.verbs.window_words import say_window
from models.callbacks import callback as callbacks
from models.callbacks.lone_refusal import is_refused_alone, refused_lines
from models.callbacks.promised_time import NO_MOMENT, Asker, moved_to, other_due, urgent_due
from models.callbacks.shown_line import shown_line
from models.calls.pacing import is_any_noted, is_refused, taking_none
from models.cases.daily_window import DailyWindow
from models.cases.duress import waits_for_liaison
from models.outcomes.diverted import RECORDINGS
from models.overview.wait_time import callback_wait
from models.store.heartbeat import nobody_offers

#: Said of the phone that will ring, to a caller of whom nobody knows whether they have it in hand.
MAY_BE_HERE = ("callback.given", "callback.asked_before")
#: Finds the number that a call will show, or None; asked only while the carrier refuses something.
_LineOf = Callable[[Desk], str | None]


def due_of(
    desk: Desk, urgency: str, asker: Asker, phone: DailyWindow | None = None
) -> tuple[datetime, timedelta | None]:
    """The latest moment of a callback requested now, and how long eight of ten recently waited, if known.

    ``phone``: the hours of the phone that will ring. The moment may be NO_MOMENT if it is not urgent.
    """
    wait = usual_wait(desk, urgency, asker)
    if urgency == "urgent":
        return urgent_due(desk.session, desk.now, desk.callback_policy, asker, wait), wait
    zone = desk.zone_to_call(verified=asker.verified)
    return other_due(desk.session, desk.now, desk.callback_policy, zone, phone, wait)


def usual_wait(desk: Desk, urgency: str, asker: Asker) -> timedelta | None:
    """How long eight of ten recently waited who asked while the office was open, or closed, as it is now."""
    is_open = desk.office.is_open(desk.now)
    return callback_wait(
        desk.session, desk.now, urgency=urgency, verified=asker.verified, but=asker.phone_key,
        is_alike=lambda asked_at: desk.office.is_open(asked_at) == is_open,
    )  # fmt: skip


def say_promised(
    desk: Desk,
    urgency: str,
    window: tuple[datetime, datetime] | None,
    due_at: datetime,
    *,
    wait: timedelta | None,
    line: str | None,
    phone_key: str,
    elsewhere: str | None = None,
    moved: datetime | None = None,
) -> str:
    """Say when we call, the latest moment, and which phone will ring or which number it will show.

    ``line`` is the number that it will show, or None if this caller may not hear of it; ``phone_key`` is of
    the phone that rings. ``moved`` is the moment to say instead of one that was promised before and cannot be
    kept.
    """
    topic = desk.call.topic
    # Who heard a recording, and then asks for a person, called for that.
    desk.call.topic = "callback" if topic is None or topic in RECORDINGS else topic
    desk.call.asked_at = desk.now
    if window is not None:
        say_window(desk, *window, urgency)
    say_due(desk, due_at, moved, lambda _desk: line, phone_key)
    if elsewhere is not None:
        desk.say(elsewhere)
    if line == desk.call.line and elsewhere in (None, *MAY_BE_HERE):
        # No digits aloud; a person who chose another of our numbers knows which one (R32).
        desk.say("callback.shown")
    say_where_sooner(desk, urgency, moved or due_at)
    is_known = NO_MOMENT not in (due_at, moved)
    is_told = (
        is_known
        and wait is not None
        and window is None
        and _may_say_when(desk, lambda _desk: line, phone_key)
    )
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


def class_of(desk: Desk, reason: str, *, verified: bool) -> tuple[str, str]:
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
    desk: Desk,
    due_at: datetime,
    moved: datetime | None = None,
    line_of: _LineOf | None = None,
    phone_key: str | None = None,
) -> None:
    """Until when we will have called; an overdue promise is said to be late.

    ``moved`` is the true moment of a promise that nobody can keep: it is said instead, with an apology. No
    hour is promised while nothing makes our calls, or if nobody knows one (NO_MOMENT): then a crisis line is
    named (R36).
    ``line_of`` finds the number that the call will show; without it, or if it finds none, that is the one of
    this call. ``phone_key``: the phone that will ring.
    """
    if due_at <= desk.now and moved is None:
        desk.say("callback.late")
    elif not _may_say_when(desk, line_of, phone_key):
        desk.say("callback.no_hour")
        say_crisis_line(desk)
    elif NO_MOMENT in (due_at, moved):
        desk.say("callback.no_day")
        say_crisis_line(desk)
    else:
        if moved is not None:
            desk.say("callback.moved")
        desk.say("callback.promise", when=_deadline(desk, moved or due_at))


def true_moment(desk: Desk, found: callbacks.Callback | None = None) -> datetime | None:
    """The true moment of the callback that is open, if nobody can keep the promised one."""
    if found is None and desk.call.open_callback_id is not None:
        found = desk.session.get(callbacks.Callback, desk.call.open_callback_id)
    return None if found is None else moved_to(desk.session, found, desk.now, desk.callback_policy)


def _deadline(desk: Desk, due_at: datetime) -> str:
    """The deadline by the caller's clock, or by the office's with its zone: a guess may be hours off."""
    if desk.known_zone:
        return desk.deadline(due_at)
    zone = desk.office_zone
    return in_zone(desk.words, desk.deadline(due_at, time_zone=zone), zone, due_at)


def line_of_open(desk: Desk) -> str | None:
    """The number that the call of the open callback will show."""
    if desk.call.open_callback_id is None:
        return None
    found = desk.session.get(callbacks.Callback, desk.call.open_callback_id)
    return None if found is None else shown_line(desk.session, found, desk.office.lines)


def _may_say_when(desk: Desk, line_of: _LineOf | None, phone_key: str | None) -> bool:
    """Whether a call that shows the number of ``line_of`` goes out, or else one from the number of this call.

    The carrier can be reached, takes the account's calls and those from that number, and the sweeper is
    alive: without it a call that nobody takes at once, or that is missed, is not made again. After a use of
    the duress PIN no call goes out by itself, and none to a phone that the carrier refuses alone. A caller
    whose own PIN tells the status hears so, and nobody else: where the phrase is the neutral one, all words
    are alike, and so are they without the PIN (R10, R13, R35).
    """
    session = desk.session
    if nobody_offers(session, desk.now):
        return False
    tells_status = desk.is_verified and desk.heard().kind == "status"
    if tells_status and (
        waits_for_liaison(session, desk.call.case_id)
        or (phone_key is not None and is_refused_alone(session, phone_key, desk.call.case_id, desk.now))
    ):
        return False
    # Mostly nothing is refused: one question to the database answers all, and the number is not looked for.
    if not is_any_noted(session):
        return True
    refused = {one.number for one in refused_lines(session)}
    is_taken = not is_refused(session) and taking_none(session) is None
    line = None if line_of is None else line_of(desk)
    return is_taken and (line or desk.call.line) not in refused

"""Verbs of the callback and of reaching a person, on the caller's side."""

from ivr_flows.day_part import next_part_of_day
from ivr_flows.desk import Desk, Ring
from ivr_flows.flow import answers
from models import callback as callbacks
from models import leg as legs
from models.liaison import take_liaison_for

#: The service that plans for safety with a caller, by its key in office.toml.
SAFETY_SERVICE = "domestic_violence"


@answers("open", "none", "cannot")
def callback_stands(desk: Desk, _digits: str) -> str:
    """Whether a callback is open for this case, and whether there is a phone to call (R35)."""
    call = desk.call
    if desk.is_verified and call.open_callback_id is not None and call.open_callback_due_at is not None:
        desk.say("callback.open", when=desk.deadline(call.open_callback_due_at))
        return "open"
    return "none" if desk.number_to_call() else "cannot"


@answers("promised", "refused")
def request_express(desk: Desk, _digits: str) -> str:
    """A callback with the safest defaults, in one key (R35)."""
    return _request(desk, "other", "asked")


@answers("promised", "refused")
def request_afraid(desk: Desk, _digits: str) -> str:
    """A callback within the hour, because the caller is afraid (R36)."""
    return _request(desk, "urgent", "afraid")


@answers("promised", "refused")
def request_for_news(desk: Desk, _digits: str) -> str:
    """A callback within the hour, to be told hard news by a person (R19, R36)."""
    return _request(desk, "urgent", "hard_news")


@answers("promised", "refused")
def request_morning(desk: Desk, _digits: str) -> str:
    """A callback before noon, where the caller is."""
    return _request(desk, "other", "asked", (int(desk.office.policy("window_opens_hour")), 12))


@answers("promised", "refused")
def request_afternoon(desk: Desk, _digits: str) -> str:
    """A callback from noon on, where the caller is."""
    return _request(desk, "other", "asked", (12, int(desk.office.policy("window_closes_hour"))))


def _request(desk: Desk, urgency: str, reason: str, hours: tuple[int, int] | None = None) -> str:
    """Write the promise and say it. A case has one open callback: asking again changes that one (R35)."""
    number, call, office = desk.number_to_call(), desk.call, desk.office
    if number is None:
        return "refused"
    # An hour is promised from when someone can keep it: now, or when the office opens next (R36).
    someone = office.is_open(desk.now) or call.liaisons_on_shift > 0
    from_when = desk.now if someone or urgency != "urgent" else office.next_open(desk.now)
    due_at = office.due_at("urgent" if urgency == "urgent" else "other", from_when)
    # An urgent callback opens the window of the phone it was asked for; others wait for it (R29).
    first_at = desk.now if urgency == "urgent" else office.calling_window(desk.now, desk.zone)
    window = next_part_of_day(first_at, desk.zone, *hours) if hours else None
    if window is not None:
        first_at, due_at = window[0], max(due_at, window[1])
    found = callbacks.request_callback(
        desk.session, call=call, number=number, urgency=urgency, reason=reason, due_at=due_at,
        next_attempt_at=first_at, time_zone=desk.zone, verified=desk.is_verified, now=desk.now, window=window,
        unverified_a_day=int(office.policy("unverified_callbacks_a_day")),
    )  # fmt: skip
    if found is None:
        return "refused"
    call.topic = call.topic or "callback"
    desk.jobs.append(("dial_liaison", found.id))
    desk.say("callback.promise", when=desk.deadline(found.due_at))
    return "promised"


@answers("kept")
def keep_callback(desk: Desk, _digits: str) -> str:
    """Leave the open callback as it is, and say it once more."""
    if desk.call.open_callback_due_at is not None:
        desk.say("callback.promise", when=desk.deadline(desk.call.open_callback_due_at))
    return "kept"


@answers("cancelled", "gone")
def cancel_callback(desk: Desk, _digits: str) -> str:
    """Cancel the case's open callback, unless it is being kept right now."""
    found = desk.call.open_callback_id
    if found is None or not callbacks.cancel_callback(desk.session, found, desk.now):
        return "gone"
    desk.call.open_callback_id = None
    return "cancelled"


@answers("ringing", "nobody", "closed")
def find_person(desk: Desk, _digits: str) -> str:
    """0: in opening hours ring a free liaison, verified callers first; else say what is in the way (R36)."""
    call, office = desk.call, desk.office
    if not office.is_open(desk.now):
        desk.say("person.closed", when=desk.moment(office.next_open(desk.now)))
        return "closed"
    taken = take_liaison_for(desk.session, call, desk.now, verified=desk.is_verified)
    if taken is None:
        desk.say("person.nobody")
        return "nobody"
    desk.ring = Ring(taken.number, int(office.policy("liaison_ring_seconds")), taken.leg_id)
    return "ringing"


@answers("talked", "nobody")
def person_ended(desk: Desk, _digits: str) -> str:
    """Whether someone accepted by a key; an answered phone alone proves nothing (Legs)."""
    if legs.direct_ended(desk.session, desk.call, desk.now) == "talked":
        return "talked"
    desk.say("person.nobody")
    return "nobody"


@answers("ringing")
def ring_service(desk: Desk, digits: str) -> str:
    """Join the caller to a service of the help menu, by its position."""
    desk.ring = Ring(
        desk.office.services[int(digits) - 1].phone, int(desk.office.policy("service_ring_seconds"))
    )
    return "ringing"


@answers("ringing")
def ring_safety_line(desk: Desk, _digits: str) -> str:
    """Join the caller to the line that plans for safety (R19)."""
    service = next(service for service in desk.office.services if service.key == SAFETY_SERVICE)
    desk.ring = Ring(service.phone, int(desk.office.policy("service_ring_seconds")))
    return "ringing"


@answers("ended")
def service_ended(_desk: Desk, _digits: str) -> str:
    """The service's leg has ended; the caller is still here."""
    return "ended"

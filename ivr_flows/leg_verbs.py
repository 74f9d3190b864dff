"""Verbs of the legs we ring: the liaison's, the whisper's, and that of the person called back."""

from ivr_flows.desk import Desk
from ivr_flows.flow import answers
from ivr_flows.silent_words import tell_if_silent
from models import leg as legs
from models.line_wait import leave_line


@answers("accepted", "gone")
def accept(desk: Desk, _digits: str) -> str:
    """1: the liaison takes the callback, and the caller's leg is placed at once (Legs)."""
    word = legs.accept_by_liaison(desk.session, desk.call, desk.now)
    if word == "accepted" and desk.call.callback_id is not None:
        desk.call.accepted_at = desk.now
        desk.jobs.append(("dial_caller", desk.call.callback_id))
        tell_if_silent(desk)
    return word


@answers("passed")
def pass_on(desk: Desk, _digits: str) -> str:
    """2: the callback goes back to the list for another liaison."""
    legs.decline_by_liaison(desk.session, desk.call, desk.now, desk.office)
    return "passed"


@answers("ready", "gone")
def find_conference(desk: Desk, _digits: str) -> str:
    """The conference of this leg's callback, while the callback is alive."""
    desk.conference = legs.conference_of(desk.session, desk.call)
    return "ready" if desk.conference else "gone"


@answers("talked", "not_reached")
def conference_left(desk: Desk, _digits: str) -> str:
    """Whether the two keys were pressed before this leg left the conference (Legs)."""
    return legs.conference_ended(desk.session, desk.call, desk.now)


@answers("accepted", "gone")
def accept_direct(desk: Desk, _digits: str) -> str:
    """1: the liaison takes the caller who is waiting; ending the whisper bridges the two."""
    word = legs.accept_direct(desk.session, desk.call, desk.now)
    if word == "accepted":
        desk.call.accepted_at = desk.now
        if desk.call.parent_call_id is not None:
            # With this key the caller's wait is over; it is measured until now.
            leave_line(desk.session, desk.call.parent_call_id, "talked", desk.now)
        tell_if_silent(desk)
    return word


@answers("joined", "gone")
def join(desk: Desk, _digits: str) -> str:
    """1: now is a safe time; this key makes the row talking."""
    word = legs.join_caller(desk.session, desk.call, desk.now)
    if word == "joined":
        desk.call.accepted_at = desk.now
    return word


@answers("put_off")
def not_safe(desk: Desk, _digits: str) -> str:
    """2: not now; the callback keeps its place and is tried later."""
    desk.jobs += legs.not_safe(desk.session, desk.call, desk.now, desk.office)
    return "put_off"

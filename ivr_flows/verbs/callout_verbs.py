"""Verbs of a call-out: staff accept on their phone, and this same leg dials an agency or an interpreter."""

from ivr_flows.engine.desk import Desk, Ring
from ivr_flows.engine.flow import answers
from ivr_flows.verbs.service_verbs import ANSWERED
from models.callouts import callout as callouts
from models.callouts.party import number_of


@answers("wanted", "gone")
def still_wanted(desk: Desk, _digits: str) -> str:
    """Whether the call-out is still to be made."""
    return "gone" if callouts.is_callout_over(desk.session, desk.call.id) else "wanted"


@answers("ringing", "gone")
def ring_party(desk: Desk, _digits: str) -> str:
    """Dial the party by its number of this moment; ``gone`` if the directories have lost it meanwhile."""
    found = callouts.callout_of(desk.session, desk.call.id)
    number = None if found is None else number_of(desk.session, found.party, desk.office)
    if number is None:
        callouts.party_left(desk.session, desk.call, desk.now, is_answered=False)
        return "gone"
    desk.ring = Ring(number, desk.policies.service_ring_seconds)
    return "ringing"


@answers("talked", "failed")
def party_left(desk: Desk, _digits: str) -> str:
    """The party hung up, or never answered: the call-out is over."""
    is_answered = desk.dial_status in ANSWERED
    callouts.party_left(desk.session, desk.call, desk.now, is_answered=is_answered)
    return "talked" if is_answered else "failed"

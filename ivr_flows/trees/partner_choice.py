"""The partner line, for people who asked to be called about hard news while nobody here can talk (R19)."""

from ivr_flows.engine.flow import Choice, Decide
from ivr_flows.verbs import service_verbs


def look_for_partner(offered: str, none: str) -> Decide:
    """After the promise to call: go to ``offered`` if the partner may be offered now, else to ``none``."""
    # ``once``: star repeats the offer, also if somebody has become free meanwhile.
    return Decide(service_verbs.look_for_partner, {"offered": offered, "none": none}, once=True)


def partner_choice(ringing: str, changed: str) -> Choice:
    """The key that connects to it. ``changed``: the office has named another partner since it was said."""
    exits = {"ringing": ringing, "changed": changed}
    return Choice("services.partner", does=service_verbs.ring_partner, on=exits, about="partner")

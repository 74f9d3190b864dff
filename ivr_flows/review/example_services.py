"""What the verbs of the partner lines would say, with the first service of the office, or its partner."""

from collections.abc import Mapping

from ivr_flows.engine.desk import Desk
from ivr_flows.review.example_callbacks import Answer


def _connecting(desk: Desk) -> None:
    desk.say("services.connecting", service=desk.office.services[0].name[desk.call.language])


def _connecting_to_partner(desk: Desk) -> None:
    partner = desk.partner or desk.office.services[0]
    desk.say("services.connecting", service=partner.name[desk.call.language])


def _not_reached(desk: Desk) -> None:
    desk.say("services.failed", phone=desk.prompts.spoken_number(desk.office.services[0].phone))


SERVICE_ANSWERS: Mapping[tuple[str, str], Mapping[str, Answer]] = {
    ("ring_service", "ringing"): {"": _connecting},
    ("ring_safety_line", "ringing"): {"": _connecting},
    ("ring_partner", "ringing"): {"": _connecting_to_partner},
    ("ring_again", "ringing"): {"": _connecting},
    ("service_ended", "talked"): {"": lambda desk: desk.say("services.over")},
    ("service_ended", "failed"): {"": _not_reached},
}
SERVICE_MEANINGS = {
    "look_for_partner: offered": "nobody here can talk now, and they can",
    "look_for_partner: none": "somebody here is free, or they cannot talk",
    "service_ended: talked": "the service answered",
    "service_ended: failed": "the service did not answer",
}

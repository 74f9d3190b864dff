"""What the verbs of the partner lines would say, with the first service of the office."""

from collections.abc import Mapping

from ivr_flows.engine.desk import Desk
from ivr_flows.review.example_callbacks import Answer


def _connecting(desk: Desk) -> None:
    desk.say("services.connecting", service=desk.office.services[0].name[desk.call.language])


def _not_reached(desk: Desk) -> None:
    desk.say("services.failed", phone=desk.prompts.spoken_number(desk.office.services[0].phone))


SERVICE_ANSWERS: Mapping[tuple[str, str], Mapping[str, Answer]] = {
    ("ring_service", "ringing"): {"": _connecting},
    ("ring_safety_line", "ringing"): {"": _connecting},
    ("ring_again", "ringing"): {"": _connecting},
    ("service_ended", "talked"): {"": lambda desk: desk.say("services.over")},
    ("service_ended", "failed"): {"": _not_reached},
}

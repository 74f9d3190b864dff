"""Verbs of the partner lines: connecting a caller to one, and what is said when it does not answer."""

from ivr_flows.engine.desk import SAFETY_SERVICE, Desk, Ring
from ivr_flows.engine.flow import answers
from ivr_flows.engine.rules import ServiceEntry
from ivr_flows.engine.turn import Dial

#: Twilio's words for a dialed leg that was answered.
ANSWERED = frozenset({"completed", "answered"})
#: The prefix of an entry in a call's trail that is not a step: the service dialed, by its key in office.toml.
_RUNG = "rung:"


@answers("ringing", "changed")
def ring_service(desk: Desk, digits: str) -> str:
    """Connect the caller to the service they heard at this key; if the key means another now, ask again."""
    service = desk.office.services[int(digits) - 1]
    if not _was_heard(desk, "services.join", key=digits, service=service.name[desk.call.language]):
        return "changed"
    return _ring(desk, service)


@answers("ringing", "changed")
def ring_safety_line(desk: Desk, _digits: str) -> str:
    """Connect the caller to the safety-planning line (R19), if that is what they heard."""
    if not _was_heard(desk, "case.safety"):
        return "changed"
    return _ring(desk, next(one for one in desk.office.services if one.key == SAFETY_SERVICE))


@answers("offered", "none")
def look_for_partner(desk: Desk, _digits: str) -> str:
    """Whether the partner line is offered to somebody whom we promised to call about hard news (R19).

    Only if nobody here can talk now, and never to a person who cannot talk: a partner asks no yes or no.
    """
    is_offered = desk.partner is not None and not desk.is_anyone_free and not desk.call.silent
    return "offered" if is_offered else "none"


@answers("ringing", "changed")
def ring_partner(desk: Desk, _digits: str) -> str:
    """Connect the person to the partner line that they heard of; the promise to call them is kept."""
    partner = desk.partner
    if partner is None or not _was_heard(desk, "services.partner", service=partner.name[desk.call.language]):
        return "changed"
    return _ring(desk, partner)


@answers("talked", "failed")
def service_ended(desk: Desk, _digits: str) -> str:
    """Whether the service answered; if it did not, its number is read out."""
    if desk.dial_status in ANSWERED:
        desk.say("services.over")
        return "talked"
    end = desk.last_turn().end
    if isinstance(end, Dial):
        desk.say("services.failed", phone=desk.prompts.spoken_number(end.number))
    return "failed"


@answers("ringing", "changed")
def ring_again(desk: Desk, _digits: str) -> str:
    """Dial the last service of this call again, however the caller came back (R22)."""
    rung = next((one for one in reversed(desk.call.trail.split()) if one.startswith(_RUNG)), None)
    for service in desk.office.services:
        if rung == _RUNG + service.key:
            return _ring(desk, service)
    return "changed"


def _ring(desk: Desk, service: ServiceEntry) -> str:
    # Saved among the passed steps, because the words that named it are gone after another menu.
    desk.call.trail = f"{desk.call.trail} {_RUNG}{service.key}"
    desk.say("services.connecting", service=service.name[desk.call.language])
    desk.ring = Ring(service.phone, desk.policies.service_ring_seconds)
    return "ringing"


def _was_heard(desk: Desk, prompt: str, **slots: str) -> bool:
    """Whether our last words to the caller had this option: the office may have changed its list."""
    last = desk.last_turn()
    return any(
        say.prompt == prompt and slots.items() <= dict(say.slots).items() for say in (*last.says, *last.again)
    )

"""What each verb of a document makes a leg do. Pure: elements go in, steps come out."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hotline.exchange.delivery.request import Params
from hotline.exchange.twiml import verbs
from hotline.exchange.twiml.documents import TwimlError, method_of, text_of
from hotline.exchange.twiml.finding import stops
from hotline.exchange.twiml.sound import Sound, sounds_of
from hotline.exchange.twiml.spec import ATTRIBUTES
from hotline.exchange.twiml.terms import new_sid
from hotline.exchange.twiml.urls import Urls
from hotline.exchange.twiml.waits import Conference, Hold, Queued, Ringing, Wait

_PROMPTS = frozenset({"Say", "Play", "Pause"})
#: The verbs allowed in a document that plays while the leg waits, by the kind of wait.
_ON_HOLD = {
    Queued: _PROMPTS | {"Hangup", "Redirect", "Leave", "Gather"},
    Conference: _PROMPTS | {"Redirect"},
}
_NOT_SIMULATED = frozenset({"Start", "Stop", "Connect", "Pay", "Prompt", "Echo", "Queue"})

#: Receives what a carrier would put into its log.
Note = Callable[[str], None]


class Fetch(NamedTuple):
    """The next document to ask for; ``params`` are sent besides those of every request about the leg."""

    url: str
    method: str
    params: Params = ()


class Step(NamedTuple):
    """What one verb makes a leg do. The leg plays ``sounds`` first; at most one of the others is set."""

    sounds: Sequence[Sound] = ()
    waits_for: Wait | None = None
    fetch: Fetch | None = None
    ends: bool = False
    leaves_queue: bool = False


_NOTHING, _ENDS = Step(), Step(ends=True)


def step_of(verb: ET.Element, urls: Urls, note: Note, *, is_dialled: bool, hold: Hold | None) -> Step:
    """Return the step of one verb. Raises TwimlError for a fault that stops a call.

    A verb with another fault that keeps it from running is skipped, with a note. ``is_dialled`` tells
    whether another leg dialed this one. ``hold`` is set while the document is only heard during a wait.
    """
    tag = verb.tag
    known = ATTRIBUTES.get(tag)
    if known is None:
        note(f"12200: <{tag}> is no verb, and is skipped")
        return _NOTHING
    if not verb.attrib.keys() <= known.keys():
        strange = min(verb.attrib.keys() - known.keys())
        note(f"12200: <{tag}> has no attribute {strange}, which is skipped")
    if hold is not None and tag not in _ON_HOLD[type(hold.waits_for)]:
        raise TwimlError(13238, f"<{tag}> may not stand in a document that is heard while waiting")
    try:
        return _step_of(verb, urls, note, is_dialled=is_dialled, hold=hold)
    except TwimlError as problem:
        if stops(problem.code):
            raise
        note(f"{problem.code}: {problem.words}, and is skipped")
        return _NOTHING


def _step_of(verb: ET.Element, urls: Urls, note: Note, *, is_dialled: bool, hold: Hold | None) -> Step:
    match verb.tag:
        case "Say" | "Play" | "Pause":
            return Step(sounds_of(verb, note))
        case "Gather":
            return _gather(verb, urls, note)
        case "Dial":
            return _dial(verb, urls, note, is_dialled=is_dialled)
        case "Redirect":
            url = urls.absolute(verb.text or "", "Redirect")
            return Step(fetch=Fetch(url, method_of(verb), () if hold is None else hold.params))
        case "Hangup":
            return _ENDS
        case "Reject":
            note("13810: <Reject> is not the first verb, so the call was answered and now ends")
            return _ENDS
        case "Record":
            wait = verbs.record(verb, urls.absolute, urls.base)
            _note_unsimulated(verb, note, "transcribeCallback", "transcribe")
            return Step([] if verb.get("playBeep") == "false" else [Sound("beep", "[beep]", 0.5)], wait)
        case "Enqueue":
            return Step(waits_for=verbs.enqueue(verb, urls.absolute))
        case "Leave":
            if hold is not None:
                return Step(leaves_queue=True)
            note("<Leave> outside a queue does nothing")
            return _NOTHING
    return _unsupported(verb, urls, note)


def _gather(verb: ET.Element, urls: Urls, note: Note) -> Step:
    wait = verbs.gather(verb, urls.absolute, urls.base)
    _note_unsimulated(verb, note, "partialResultCallback")
    sounds: list[Sound] = []
    for nested in verb:
        if nested.tag not in _PROMPTS:
            note(f"13320: <{nested.tag}> may not stand in <Gather>, and is skipped")
        elif nested.get("digits") is not None:
            note("13320: <Play> may not send digits in <Gather>, and is skipped")
        else:
            sounds += sounds_of(nested, note)
    return Step(sounds, wait)


def _dial(verb: ET.Element, urls: Urls, note: Note, *, is_dialled: bool) -> Step:
    if is_dialled:
        raise TwimlError(13201, "<Dial> may not stand in a document of a number that was itself dialled")
    wait = verbs.dial(verb, urls.absolute)
    for one in (verb, *verb):
        _note_unsimulated(one, note, "amdStatusCallback", "machineDetection")
    if not isinstance(wait, Ringing):
        _note_unsimulated(verb, note, "record")
    return Step(waits_for=wait)


def _unsupported(verb: ET.Element, urls: Urls, note: Note) -> Step:
    """Note a verb that the exchange does little or nothing for."""
    action = verb.get("action")
    if verb.tag == "Sms":
        note(f"a text message: {text_of(verb)}")
        if action is not None:
            sent = (("SmsSid", new_sid("SM")), ("SmsStatus", "sent"))
            return Step(fetch=Fetch(urls.absolute(action, "Sms"), method_of(verb), sent))
    elif verb.tag == "Refer":
        note("13801: <Refer> is for SIP calls alone, and this is none")
    elif verb.tag in _NOT_SIMULATED:
        note(f"<{verb.tag}> is not simulated, and the call goes on")
    else:
        note(f"12200: <{verb.tag}> may not stand in <Response>, and is skipped")
    return _NOTHING


def _note_unsimulated(verb: ET.Element, note: Note, *names: str) -> None:
    for name in names:
        if verb.get(name, "") not in {"", "false", "do-not-record"}:
            note(f"{name} of <{verb.tag}> is not simulated")

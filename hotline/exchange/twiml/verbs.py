"""Turns each verb that waits into its wait, with the defaults of TwiML."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

from hotline.exchange.twiml.dialable import dialable
from hotline.exchange.twiml.documents import TwimlError, method_of, text_of, truth, whole
from hotline.exchange.twiml.waits import (
    Conference,
    Dequeuing,
    Dial,
    Keys,
    Number,
    Queued,
    Recording,
    RecordingOrder,
    Ringing,
)

KEYS = frozenset("0123456789*#")
#: Makes a URL of the document absolute; its second argument names the element.
Absolute = Callable[[str, str], str]

_PHONES = frozenset({"Number", "Client", "Sip", "Sim", "WhatsApp", "Application"})
_MOST_NUMBERS, _MOST_PARTICIPANTS, _LONGEST_LABEL = 10, 250, 128
_TONES = re.compile("[0-9A-DW w#*]+")


def gather(verb: ET.Element, absolute: Absolute, own_url: str) -> Keys:
    """Return the wait of a Gather. Raises TwimlError."""
    get = verb.get
    inputs = get("input", "dtmf")
    finish_on = get("finishOnKey", "#")
    if not set(finish_on) <= KEYS:
        finish_on = "#"
    if inputs != "dtmf" and not set(inputs.replace(",", " ").split()) <= {"dtmf", "speech"}:
        inputs = "dtmf"
    most = whole(verb, "numDigits", 0, 13314) or None
    return Keys(
        _action(verb, absolute, own_url),
        method_of(verb),
        most,
        finish_on,
        5 if get("timeout") == "auto" else whole(verb, "timeout", 5, 13313),
        truth(verb, "actionOnEmptyResult", False, 13338),
        "dtmf" in inputs,
        "speech" in inputs,
        get("bargeIn") != "false",
    )


def _action(verb: ET.Element, absolute: Absolute, own_url: str) -> str:
    """Return where the keys or the recording go; "" without an action in an inline document."""
    action = verb.get("action", own_url)
    return absolute(action, verb.tag) if action or own_url else ""


def record(verb: ET.Element, absolute: Absolute, own_url: str) -> Recording:
    """Return the wait of a Record. Raises TwimlError."""
    finish_on = verb.get("finishOnKey", "1234567890*#")
    if not set(finish_on) <= KEYS:
        finish_on = "1234567890*#"
    transcribes = truth(verb, "transcribe", False, 12200)
    most = whole(verb, "maxLength", 120 if transcribes else 3600, 13612)
    return Recording(
        action=_action(verb, absolute, own_url),
        method=method_of(verb),
        finish_on=finish_on,
        silence=whole(verb, "timeout", 5, 13611),
        most=most,
        order=_recording_order(verb, absolute),
    )


def dial(verb: ET.Element, absolute: Absolute) -> Dial:
    """Return the wait of a Dial. Raises TwimlError."""
    action = verb.get("action")
    action = None if action is None else absolute(action, "Dial")
    nouns = [noun for noun in verb if noun.tag in _PHONES or noun.tag in {"Conference", "Queue"}]
    seconds = whole(verb, "timeout", 30, 13212)
    talk_seconds = whole(verb, "timeLimit", 14_400, 13216)
    star_ends = truth(verb, "hangupOnStar", False, 13213)
    alone = next((noun for noun in nouns if noun.tag in {"Conference", "Queue"}), None)
    if alone is not None:
        if len(nouns) > 1:
            raise TwimlError(13000, f"<{alone.tag}> must stand alone in <Dial>")
        if not text_of(alone):
            raise TwimlError(14212 if alone.tag == "Queue" else 13237, f"<{alone.tag}> has no name")
        if alone.tag == "Queue":
            return _queue(verb, alone, action, absolute, seconds, talk_seconds, star_ends)
        return _conference(verb, alone, action, absolute, talk_seconds, star_ends)
    if not all(text_of(one) or one.tag == "Application" for one in nouns or (verb,)):
        raise TwimlError(13223, "<Dial> names no phone")
    numbers = tuple(_number(noun, absolute) for noun in nouns[:_MOST_NUMBERS])
    numbers = numbers or (Number(dialable(text_of(verb)) or "", None, "POST", None, frozenset()),)
    return Ringing(
        action=action,
        method=method_of(verb),
        numbers=numbers,
        caller_id=verb.get("callerId") or None,
        seconds=seconds,
        in_turn=truth(verb, "sequential", False, 12200),
        talk_seconds=talk_seconds,
        star_ends=star_ends,
        recording=_talk_recording(verb, absolute),
    )


def enqueue(verb: ET.Element, absolute: Absolute) -> Queued:
    """Return the wait of an Enqueue. Raises TwimlError."""
    name = text_of(verb)
    if len(name) > 64:
        raise TwimlError(14205, "<Enqueue> has a name of more than 64 characters")
    action, wait_url = verb.get("action"), verb.get("waitUrl")
    return Queued(
        action=None if action is None else absolute(action, "Enqueue"),
        method=method_of(verb),
        name=name,
        most=None if verb.get("maxQueueSize") is None else whole(verb, "maxQueueSize", 1000, 12200),
        # An empty address means silence; no address means music.
        wait_url=absolute(wait_url, "Enqueue") if wait_url else wait_url,
        wait_method=method_of(verb, "waitUrlMethod"),
    )


def tones(digits: str) -> float:
    """Return how many seconds Play takes for ``digits``: w is half a second, W a whole one."""
    if not _TONES.fullmatch(digits):
        raise TwimlError(13430, "<Play> has digits that no phone has")
    return sum({"w": 0.5, "W": 1.0, " ": 0.0}.get(sign, 0.25) for sign in digits)


def _recording_order(verb: ET.Element, absolute: Absolute, channels: int = 1) -> RecordingOrder:
    callback = verb.get("recordingStatusCallback")
    return RecordingOrder(
        callback=None if not callback else absolute(callback, verb.tag),
        method=method_of(verb, "recordingStatusCallbackMethod"),
        events=frozenset(verb.get("recordingStatusCallbackEvent", "completed").split()),
        channels=channels,
    )


def _talk_recording(verb: ET.Element, absolute: Absolute) -> RecordingOrder | None:
    """Return how a Dial or a Conference records its talk. Ringing, which has no words here, is left out."""
    record = verb.get("record", "do-not-record")
    if record in {"do-not-record", "false"}:
        return None
    return _recording_order(verb, absolute, 2 if record.endswith("-dual") else 1)


def _number(noun: ET.Element, absolute: Absolute) -> Number:
    url, callback = noun.get("url"), noun.get("statusCallback")
    is_reachable = noun.tag == "Number"
    return Number(
        phone=(dialable(text_of(noun)) or "") if is_reachable else text_of(noun),
        url=None if not url or not is_reachable else absolute(url, "Number"),
        method=method_of(noun),
        status_callback=None if not callback else absolute(callback, noun.tag),
        events=frozenset(noun.get("statusCallbackEvent", "completed").split()),
        send_digits=noun.get("sendDigits", ""),
        kind=noun.tag,
    )


def _conference(
    verb: ET.Element, noun: ET.Element, action: str | None, absolute: Absolute, talk: int, star_ends: bool
) -> Conference:
    wait_url, callback = noun.get("waitUrl"), noun.get("statusCallback")
    most = whole(noun, "maxParticipants", 250, 16002)
    if not 2 <= most <= _MOST_PARTICIPANTS:
        raise TwimlError(16002, "<Conference> has a maxParticipants that is not from 2 to 250")
    if len(noun.get("participantLabel", "")) > _LONGEST_LABEL:
        raise TwimlError(16023, "<Conference> has a participantLabel of over 128 characters")
    return Conference(
        action=action,
        method=method_of(verb),
        name=text_of(noun),
        ends_with_me=truth(noun, "endConferenceOnExit", False, 13231),
        starts_on_enter=truth(noun, "startConferenceOnEnter", True, 13232),
        muted=truth(noun, "muted", False, 13230),
        beep=noun.get("beep", "true"),
        label=noun.get("participantLabel", ""),
        coach=noun.get("coach", ""),
        most=most,
        wait_url=absolute(wait_url, "Conference") if wait_url else wait_url,
        wait_method=method_of(noun, "waitMethod"),
        status_callback=None if not callback else absolute(callback, "Conference"),
        status_method=method_of(noun, "statusCallbackMethod"),
        status_callback_events=frozenset(noun.get("statusCallbackEvent", "").split()),
        talk_seconds=talk,
        star_ends=star_ends,
        recording=_talk_recording(noun, absolute),
    )


def _queue(
    verb: ET.Element,
    noun: ET.Element,
    action: str | None,
    absolute: Absolute,
    seconds: int,
    talk: int,
    star_ends: bool,
) -> Dequeuing:
    url = noun.get("url")
    return Dequeuing(
        action=action,
        method=method_of(verb),
        name=text_of(noun),
        url=None if not url else absolute(url, "Queue"),
        url_method=method_of(noun),
        seconds=seconds,
        talk_seconds=talk,
        star_ends=star_ends,
    )

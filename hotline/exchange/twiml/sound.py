"""The sounds of a Say, a Play or a Pause, and how long each of them lasts."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import NamedTuple

from hotline.exchange.twiml.documents import (
    RECORDING_SECONDS,
    TwimlError,
    spoken,
    strange_mark,
    text_of,
    whole,
)
from hotline.exchange.twiml.verbs import tones

#: How often Twilio plays an endless loop (loop="0").
ENDLESS = 1000


class Sound(NamedTuple):
    """``kind`` is speech, recording, tones, beep or silence; ``seconds`` is how long it lasts once."""

    kind: str
    words: str
    seconds: float
    language: str = "en-US"
    voice: str = "man"
    times: int = 1


def sounds_of(verb: ET.Element, note: Callable[[str], None]) -> list[Sound]:
    """Return the sounds of a Say, Play or Pause; ``note`` gets what is skipped. Raises TwimlError."""
    if verb.tag == "Pause":
        return [Sound("silence", "", whole(verb, "length", 1, 13910))]
    code = 13510 if verb.tag == "Say" else 13410
    times = whole(verb, "loop", 1, code) or ENDLESS
    if times > ENDLESS:
        times = ENDLESS
    if verb.tag == "Play":
        digits = verb.get("digits")
        if digits:
            return [Sound("tones", f"[tones {digits}]", tones(digits), times=times)]
        if not text_of(verb):
            raise TwimlError(13420, "<Play> says nothing")
        return [Sound("recording", f"[recording {text_of(verb)}]", RECORDING_SECONDS, times=times)]
    if len(verb) and (strange := strange_mark(verb)) is not None:
        note(f"12200: <{strange}> is no mark of what is said, and is skipped")
    words, seconds = spoken(verb)
    if not words:
        note("13520: <Say> says nothing, and is skipped")
        return []
    return [Sound("speech", words, seconds, verb.get("language", "en-US"), verb.get("voice", "man"), times)]

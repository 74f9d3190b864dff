"""Reads a TwiML document for a leg: bytes to elements, markup to words, attributes to values."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from hotline.exchange.delivery.xml import NotXmlError, root_element
from hotline.exchange.twiml.finding import stops
from hotline.exchange.twiml.spec import SSML

#: Twilio refuses a longer document (11750).
MOST_BYTES = 64 * 1024
WORDS_A_SECOND = 150 / 60
#: The length of every played recording, since its real length is unknown.
RECORDING_SECONDS = 5.0

_BREAKS = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.75, "x-strong": 1.2}
_TIME = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)(ms|s)")
_ONE_BY_ONE = frozenset({"characters", "spell-out", "digits", "telephone"})
_TRUTH = {"true": True, "false": False}


class TwimlError(ValueError):
    """The document cannot be run. ``code`` is Twilio's error number; the message names the element."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code, self.words = code, message


def parse(document: bytes) -> ET.Element:
    """Return the root of a document. Raises TwimlError for bytes that Twilio would not run at all."""
    if len(document) > MOST_BYTES:
        raise TwimlError(11750, "the document is over 64 kB")
    try:
        root = root_element(document)
    except NotXmlError as problem:
        if not document.strip():
            raise TwimlError(11770, "the document is empty") from None
        raise TwimlError(12100, f"the document is not XML ({problem})") from None
    if root.tag != "Response":
        raise TwimlError(12102, f"<{root.tag}> is no root of a document; it is <Response>")
    return root


def text_of(element: ET.Element) -> str:
    """Return the text of an element without children."""
    return (element.text or "").strip()


def spoken(say: ET.Element) -> tuple[str, float]:
    """Return the words of a Say and how many seconds they last. A break becomes a pause ("…")."""
    if not len(say):
        words = (say.text or "").split()
        return " ".join(words), len(words) / WORDS_A_SECOND
    parts, breaks, more_words = [], 0.0, 0
    for mark, text in _texts(say):
        if mark is None:
            parts.append(text)
        elif mark.tag == "break":
            parts.append(" … ")
            breaks += _break_seconds(mark)
        elif mark.tag == "sub":
            parts.append(mark.get("alias", text))
        elif mark.tag == "say-as" and mark.get("interpret-as") in _ONE_BY_ONE:
            parts.append(text)
            # A text that is read character by character takes as long as that many words.
            more_words += max(0, len("".join(text.split())) - len(text.split()))
        else:
            parts.append(text)
    words = "".join(parts).split()
    pauses = words.count("…")
    seconds = (len(words) - pauses + more_words) / WORDS_A_SECOND + breaks
    return " ".join(words).strip("… "), seconds


def strange_mark(say: ET.Element) -> str | None:
    """Return the first element in a Say that is no SSML, or None."""
    return next((mark.tag for mark in say.iter() if mark is not say and mark.tag not in SSML), None)


def method_of(element: ET.Element, name: str = "method") -> str:
    """Return GET or POST, which is the default."""
    return "GET" if element.get(name, "POST").upper() == "GET" else "POST"


def truth(element: ET.Element, name: str, otherwise: bool, code: int) -> bool:
    """Return an attribute that is true or false.

    Raises TwimlError with ``code`` for anything else if that stops a call, and returns ``otherwise`` if not.
    """
    value = element.get(name)
    if value is None or (value not in _TRUTH and not stops(code)):
        return otherwise
    if value not in _TRUTH:
        raise TwimlError(code, f"<{element.tag}> has a {name} that is neither true nor false")
    return _TRUTH[value]


def whole(element: ET.Element, name: str, otherwise: int, code: int) -> int:
    """Return an attribute that is a whole number. Anything else is treated as ``truth`` does."""
    value = element.get(name)
    if value is None:
        return otherwise
    if not (value.isascii() and value.isdecimal() and len(value) <= 6):
        if not stops(code):
            return otherwise
        raise TwimlError(code, f"<{element.tag}> has a {name} that is no whole number")
    return int(value)


def _texts(say: ET.Element) -> Iterator[tuple[ET.Element | None, str]]:
    """Yield every SSML element of a Say with its own text, and every text between elements, in order.

    It does not use recursion, because a hostile document may be nested thousands of levels deep.
    """
    yield None, say.text or ""
    stack = [iter(say)]
    after: list[str] = []
    while stack:
        mark = next(stack[-1], None)
        if mark is None:
            stack.pop()
            if after:
                yield None, after.pop()
            continue
        yield mark, mark.text or ""
        stack.append(iter(mark))
        after.append(mark.tail or "")


def _break_seconds(mark: ET.Element) -> float:
    time = mark.get("time")
    if time is None:
        return _BREAKS.get(mark.get("strength", "medium"), _BREAKS["medium"])
    found = _TIME.fullmatch(time)
    if found is None:
        return _BREAKS["medium"]
    return float(found[1]) / (1000 if found[2] == "ms" else 1)

"""The exchange's strict reader of TwiML, and what this hotline requires beyond what Twilio does."""

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from hotline.exchange.twiml.finding import Finding
from hotline.exchange.twiml.node import Node, root_of
from hotline.exchange.twiml.reader import read
from hotline.exchange.twiml.rules import POLLY_LANGUAGES

# The paths of the hotline: a turn number and an opaque leg id are the only figures that a URL may have.
_STEP = re.compile(r"/voice/steps/[^/]+/[0-9]{1,9}$")
_LEG = re.compile(r"/voice/legs/[A-Za-z0-9_-]{8,64}$")
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_NUMBER = re.compile(r"\+[1-9][0-9]{7,14}|[0-9]{3,6}")
_URLS = ("action", "url", "waitUrl", "statusCallback", "recordingStatusCallback", "eventCallbackUrl")


# The same words are said in hundreds of tests.
@lru_cache(maxsize=4096)
def check(document: str | bytes, *, whisper: bool = False) -> list[str]:
    """The faults of a voice document, none when it is right. A whisper is what a dialed leg hears first."""
    faults = list(map(str, read(document, whisper=whisper, style=True)))
    root = root_of(document)
    if isinstance(root, Node):
        for node in root.walk():
            faults += _project_rules(node)
    return faults


def check_message(document: str | bytes) -> list[str]:
    """The faults of an answer to a text message: only messages with a text that can be sent."""
    root = root_of(document)
    if isinstance(root, Finding):
        return [str(root)]
    faults = []
    for element in root.children:
        if element.tag != "Message" or element.attributes or element.children:
            faults.append(f"{element.tag} may not stand in an answer to a text message as it does.")
        elif not 0 < len("".join(element.texts)) <= 1600:
            faults.append("A message must have a text of at most 1600 characters (14103).")
    return faults


def heard(document: str | bytes) -> str:
    """Every word that the document says, in order."""
    root = root_of(document)
    assert isinstance(root, Node), root
    return " ".join(" ".join(node.whole_text.split()) for node in root.walk() if node.tag == "Say")


def _project_rules(node: Node) -> Iterator[str]:
    for name in _URLS:
        if node.get(name):
            yield from _url(f"{name} of {node.tag}", node.get(name))
    if node.get("record", "do-not-record") != "do-not-record":
        yield f"{node.tag} records (R43)."
    match node.tag:
        case "Say":
            voice = node.get("voice")
            if voice.startswith("Polly.") and voice[6:].partition("-")[0] not in POLLY_LANGUAGES:
                yield f"Nobody has written down what {voice} speaks (13512)."
            if not re.fullmatch("[1-9]|10", node.get("loop", "1")):
                yield "Say repeats itself without end."
        case "break":
            time = re.fullmatch(r"([0-9]+)ms", node.get("time"))
            if not time or not 500 <= int(time[1]) <= 750:
                yield "A break is not from 500 to 750 ms (R21)."
        case "Redirect" if node.text:
            yield from _url("the address of Redirect", node.text)
        case "Gather":
            if len(node.get("finishOnKey", "#")) > 1:
                yield "Gather ends on more than one key."
        case "Number":
            if not _NUMBER.fullmatch("".join(node.texts)):
                yield "Number holds no number that can be dialled (13224)."
        case "Conference":
            name = "".join(node.texts)
            if not _OPAQUE.fullmatch(name) or name.isdigit():
                yield "The name of a conference must be opaque."


def _url(where: str, url: str) -> Iterator[str]:
    """R03: nothing private and no state is in a URL."""
    parts = urlsplit(url)
    if parts.query:
        yield f"{where} carries state in its query."
    path = unquote(parts.path)
    path = _LEG.sub("", _STEP.sub(lambda found: found[0].rpartition("/")[0], path))
    if re.search(r"[0-9]{3}", path):
        yield f"{where} holds figures that may be somebody's."

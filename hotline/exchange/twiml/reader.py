"""The strict reader of TwiML: it finds everything that Twilio would refuse, skip or run differently.

Any project that answers Twilio can use it: ``read(document)`` returns findings, and none for a good document.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from hotline.exchange.twiml.finding import Finding
from hotline.exchange.twiml.node import Node, root_of
from hotline.exchange.twiml.rules import rules_of
from hotline.exchange.twiml.spec import ATTRIBUTES, CHILDREN, TEXT, VALUES

#: The most characters of a document that comes through the REST API (32018).
MOST_INLINE_CHARACTERS = 4000
#: The range of every whole number, by element and attribute.
RANGES = {
    ("Gather", "timeout"): (1, 600),
    ("Gather", "numDigits"): (1, 20),
    ("Record", "timeout"): (0, 600),
    ("Record", "maxLength"): (1, 86_400),
    ("Dial", "timeout"): (5, 600),
    ("Dial", "timeLimit"): (1, 86_400),
    ("Conference", "maxParticipants"): (2, 250),
    ("Pause", "length"): (1, 60),
    ("Say", "loop"): (0, 1000),
    ("Play", "loop"): (0, 1000),
}
_URLS = frozenset(
    {"action", "url", "waitUrl", "statusCallback", "recordingStatusCallback", "eventCallbackUrl", "referUrl"}
    | {"partialResultCallback", "transcribeCallback", "amdStatusCallback", "statusCallbackUrl"}
)
#: Twilio's error numbers for wrong attributes; any other is a schema warning (12200).
_NUMBERS = {
    ("Gather", "finishOnKey"): 13310,
    ("Gather", "method"): 13312,
    ("Gather", "timeout"): 13313,
    ("Gather", "numDigits"): 13314,
    ("Gather", "input"): 13326,
    ("Gather", "speechTimeout"): 13327,
    ("Gather", "hints"): 13330,
    ("Gather", "language"): 13331,
    ("Gather", "speechModel"): 13334,
    ("Gather", "actionOnEmptyResult"): 13338,
    ("Dial", "timeout"): 13212,
    ("Dial", "hangupOnStar"): 13213,
    ("Dial", "callerId"): 13214,
    ("Dial", "timeLimit"): 13216,
    ("Say", "loop"): 13510,
    ("Say", "voice"): 13511,
    ("Say", "language"): 13512,
    ("Play", "loop"): 13410,
    ("Play", "digits"): 13430,
    ("Record", "maxLength"): 13612,
    ("Record", "finishOnKey"): 13613,
    ("Pause", "length"): 13910,
    ("Reject", "reason"): 13810,
    ("Conference", "maxParticipants"): 16002,
    ("Conference", "muted"): 13230,
    ("Conference", "endConferenceOnExit"): 13231,
    ("Conference", "startConferenceOnEnter"): 13232,
    ("Conference", "waitUrl"): 13233,
    ("Conference", "waitMethod"): 13234,
    ("Conference", "beep"): 13235,
}
_NESTING = {"Gather": 13320, "Dial": 13215}
_OVERRIDES = {
    "ct": r"[0-9]{3,5}",
    "rt": r"[0-9]{3,5}",
    "tt": r"[0-9]{3,5}",
    "rc": "[0-5]",
    "rp": "(4xx|5xx|ct|rt|all)(,(4xx|5xx|ct|rt|all))*",
    "sni": "[yn]",
    "e": r"[a-z-]+",
}
_OVERRIDE_NUMBERS = {"e": 11240}


def read(
    document: str | bytes, *, whisper: bool = False, inline: bool = False, style: bool = False
) -> list[Finding]:
    """Return every finding about a voice document, in the order of its lines.

    A dialed leg hears a ``whisper`` before it is joined to the caller. An ``inline`` document comes through
    the REST API. With ``style`` there are also findings without a number: about what Twilio runs with its
    defaults, in silence, though a caller may be left alone with it.
    """
    root = root_of(document)
    if isinstance(root, Finding):
        return [root]
    findings = [found for node in root.walk() for found in _schema(node)]
    findings += rules_of(root, whisper=whisper)
    if inline:
        findings += _inline(document, root)
    if not style:
        findings = [finding for finding in findings if finding.code is not None]
    return sorted(findings, key=lambda finding: finding.line)


def _schema(node: Node) -> Iterator[Finding]:
    """Check elements, nesting, attributes and values against twiml.json."""
    known = ATTRIBUTES.get(node.tag)
    if known is None:
        yield Finding(12200, node.line, f"{node.tag} is no element of TwiML.")
        return
    for child in node.children:
        if child.tag not in CHILDREN[node.tag]:
            number = _NESTING.get(node.tag, 12200)
            yield Finding(number, child.line, f"{child.tag} may not stand in {node.tag}.")
    if node.tag not in TEXT and node.text:
        yield Finding(12200, node.line, f"{node.tag} holds text.")
    for name, value in node.attributes.items():
        yield from _attribute(node, name, value, known.get(name))


def _attribute(node: Node, name: str, value: str, kind: str | None) -> Iterator[Finding]:
    number = _NUMBERS.get((node.tag, name), 12200)
    where = f"{name}={value!r} of {node.tag}"
    if kind is None:
        yield Finding(12200, node.line, f"{node.tag} has no attribute {name}.")
    elif kind == "boolean" and value not in {"true", "false"}:
        yield Finding(number, node.line, f"{where} is neither true nor false.")
    elif kind == "number":
        yield from _number(node, name, value, number)
    elif kind == "number[]" and not all(map(str.isdecimal, value.split())):
        yield Finding(number, node.line, f"{where} is no list of whole numbers.")
    elif kind.removesuffix("[]") in VALUES:
        given = value.split() if kind.endswith("[]") else [value]
        # With a speech model of a provider, Twilio does not know the languages.
        is_free = node.tag == "Gather" and name == "language" and bool(node.get("speechModel"))
        if not is_free and not (given and set(given) <= VALUES[kind.removesuffix("[]")]):
            yield Finding(number, node.line, f"{where} is none of its values.")
    elif name in _URLS and value:
        yield from _url(node, where, value)
    elif name.lower().endswith("method") and value not in {"GET", "POST"}:
        yield Finding(number, node.line, f"{where} is neither GET nor POST.")


def _number(node: Node, name: str, value: str, number: int) -> Iterator[Finding]:
    where = f"{name}={value!r} of {node.tag}"
    if (node.tag, name, value) == ("Gather", "timeout", "auto") and "speech" in node.get("input"):
        return
    if not re.fullmatch(r"[0-9]{1,6}", value):
        yield Finding(number, node.line, f"{where} is no whole number.")
        return
    least, most = RANGES.get((node.tag, name), (0, 999_999))
    if not least <= int(value) <= most:
        yield Finding(number, node.line, f"{where} is not from {least} to {most}.")


def _url(node: Node, where: str, url: str) -> Iterator[Finding]:
    """Check a URL: its scheme, a host without an underscore, and known connection overrides."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        yield Finding(11100, node.line, f"{where} is no address.")
        return
    if parts.scheme not in {"", "http", "https", "ws", "wss", "sip"}:
        yield Finding(11100, node.line, f"{where} is no address that Twilio asks.")
    if "_" in host:
        yield Finding(11100, node.line, f"The host in {where} has an underscore.")
    for pair in filter(None, parts.fragment.split("&")):
        name, _, value = pair.partition("=")
        if not re.fullmatch(_OVERRIDES.get(name, "(?!)"), value):
            number = _OVERRIDE_NUMBERS.get(name, 11243) if name in _OVERRIDES else 12200
            yield Finding(number, node.line, f"{where} has an unknown connection override.")


def _inline(document: str | bytes, root: Node) -> Iterator[Finding]:
    text = document if isinstance(document, str) else document.decode()
    if len(text) > MOST_INLINE_CHARACTERS:
        yield Finding(32018, 1, f"An inline document has at most {MOST_INLINE_CHARACTERS} characters.")
    for node in root.walk():
        addresses = [node.get(name) for name in _URLS if node.get(name)]
        addresses += [node.text] if node.tag == "Redirect" else []
        for address in addresses:
            if not address.startswith(("http://", "https://", "ws://", "wss://", "sip:")):
                yield Finding(15004, node.line, f"{node.tag} has a relative address in an inline document.")
    for verb in root.children:
        if verb.tag in {"Gather", "Record"} and not verb.get("action"):
            yield Finding(15004, verb.line, f"{verb.tag} has no action, and there is no document to go to.")

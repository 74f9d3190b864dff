"""A strict reader of TwiML for the suite: what Twilio would skip with a warning, or fail on, is a fault."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

SPEC = json.loads((Path(__file__).parents[1] / "hotline" / "exchange" / "twiml.json").read_text("utf-8"))
ELEMENTS: dict[str, dict[str, Any]] = SPEC["elements"]
TYPES: dict[str, list[str]] = SPEC["types"]

DOCUMENT_BYTES = 64_000
SSML = frozenset(ELEMENTS["Say"]["children"])
TEXT = frozenset(
    {
        "Say",
        "Play",
        "Redirect",
        "Dial",
        "Number",
        "Conference",
        "Client",
        "Sip",
        "Queue",
        "Enqueue",
        "Task",
        "Sms",
    }
) | (SSML - {"break"})
URLS = frozenset(
    {"action", "url", "waitUrl", "statusCallback", "recordingStatusCallback", "eventCallbackUrl"}
)
#: The language of the voices that do not carry it in their name.
POLLY_LANGUAGES = {
    **dict.fromkeys(("Joanna", "Matthew", "Ruth", "Danielle", "Stephen"), "en-US"),
    **dict.fromkeys(("Lupe", "Miguel", "Penelope", "Pedro"), "es-US"),
    **dict.fromkeys(("Mia", "Mía", "Andres"), "es-MX"),
    **dict.fromkeys(("Chantal", "Gabrielle", "Liam"), "fr-CA"),
    **dict.fromkeys(("Hala", "Zayd"), "ar-AE"),
    **dict.fromkeys(("Camila", "Vitoria"), "pt-BR"),
    **dict.fromkeys(("Tatyana", "Maxim"), "ru-RU"),
    "Zhiyu": "cmn-CN",
    "Seoyeon": "ko-KR",
}
BASIC_VOICES = frozenset({"man", "woman"})
RANGES = {
    ("Gather", "timeout"): (1, 600),
    ("Gather", "numDigits"): (1, 20),
    ("Dial", "timeout"): (5, 600),
    ("Dial", "timeLimit"): (1, 86_400),
    ("Pause", "length"): (1, 60),
    ("Say", "loop"): (1, 10),
}
ENDS_THE_DOCUMENT = frozenset({"Redirect", "Hangup", "Reject", "Record", "Leave"})
OVERRIDES = frozenset({"ct", "rt", "tt", "rc", "rp", "sni", "e"})
# The paths of the house: a turn number and an opaque leg id are the only figures that a URL may hold.
_STEP = re.compile(r"/voice/steps/[^/]+/[0-9]{1,9}$")
_LEG = re.compile(r"/voice/legs/[A-Za-z0-9_-]{8,64}$")
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def check(document: str | bytes, *, whisper: bool = False) -> list[str]:
    """The faults of a voice document, none when it is right. A whisper is what a dialled leg hears first."""
    root, faults = _read(document)
    if root is None:
        return faults
    faults += _shape(root)
    verbs = list(root)
    for verb in verbs:
        faults += _verb(verb)
    faults += _order(verbs)
    if whisper and root.find(".//Dial") is not None:
        faults.append("A whisper may not dial (13201).")
    return faults


def check_message(document: str | bytes) -> list[str]:
    """The faults of an answer to a text message: only messages with a text that can be sent."""
    root, faults = _read(document)
    if root is None:
        return faults
    for element in root:
        if element.tag != "Message" or element.attrib or len(element):
            faults.append(f"{element.tag} may not stand in an answer to a text message as it does.")
        elif not 0 < len(element.text or "") <= 1600:
            faults.append("A message must have a text of at most 1600 characters (14103).")
    return faults


def heard(document: str | bytes) -> str:
    """Every word that the document says, in order."""
    root, faults = _read(document)
    assert root is not None, faults
    return " ".join(" ".join("".join(say.itertext()).split()) for say in root.iter("Say"))


def _read(document: str | bytes) -> tuple[ET.Element | None, list[str]]:
    try:
        raw = document if isinstance(document, bytes) else document.encode()
        text = raw.decode()
    except UnicodeError:
        return None, ["The document is not UTF-8 (12100)."]
    if len(raw) > DOCUMENT_BYTES:
        return None, ["The document is larger than 64 kB (11750)."]
    if not text.strip():
        return None, ["The document is empty (11770)."]
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None, ["The document declares a type or an entity."]
    try:
        root = ET.fromstring(raw)  # noqa: S314 - our own documents, without entities.
    except ET.ParseError as error:
        return None, [f"The document is not well-formed (12100): {error}."]
    if root.tag != "Response":
        return None, [f"The root is {root.tag}, not Response (12102)."]
    return root, []


def _shape(root: ET.Element) -> list[str]:
    """Elements, nesting, attributes and values as twiml.json declares them."""
    faults: list[str] = []
    for parent in root.iter():
        known = ELEMENTS.get(parent.tag)
        if known is None:
            faults.append(f"{parent.tag} is no element of TwiML (12200).")
            continue
        faults += [
            f"{child.tag} may not stand in {parent.tag}."
            for child in parent
            if child.tag not in known["children"]
        ]
        if parent.tag not in TEXT and any((text or "").strip() for text in _texts(parent)):
            faults.append(f"{parent.tag} holds text.")
        for name, value in parent.attrib.items():
            faults += _value(
                parent.tag, "xml:lang" if name == _XML_LANG else name, value, known["attributes"]
            )
    return faults


def _texts(element: ET.Element) -> Iterator[str | None]:
    yield element.text
    for child in element:
        yield child.tail


def _value(tag: str, name: str, value: str, known: dict[str, str]) -> list[str]:
    kind = known.get(name)
    where = f"{name}={value!r} of {tag}"
    if kind is None:
        return [f"{tag} has no attribute {name} (12200)."]
    if kind == "boolean" and value not in {"true", "false"}:
        return [f"{where} is neither true nor false."]
    if kind == "number":
        if not re.fullmatch(r"[0-9]{1,6}", value):
            return [f"{where} is no whole number."]
        least, most = RANGES.get((tag, name), (0, 999_999))
        if not least <= int(value) <= most:
            return [f"{where} is not from {least} to {most}."]
    if kind.endswith("[]") and not set(value.split()) <= set(TYPES[kind[:-2]]):
        return [f"{where} is none of its values."]
    if kind in TYPES and value not in TYPES[kind]:
        return [f"{where} is none of its values."]
    if name in URLS and value:
        return _url(where, value)
    if name in {"method", "waitMethod"} and value not in {"GET", "POST"}:
        return [f"{where} is neither GET nor POST."]
    return []


def _url(where: str, url: str) -> list[str]:
    """R03 and the lint rules 10 and 13: nothing private, no state, no bad host, no unknown override."""
    parts = urlsplit(url)
    faults = []
    if "_" in (parts.hostname or ""):
        faults.append(f"The host in {where} has an underscore.")
    if parts.query:
        faults.append(f"{where} carries state in its query.")
    if not {pair.partition("=")[0] for pair in parts.fragment.split("&") if pair} <= OVERRIDES:
        faults.append(f"{where} has an unknown connection override (11240).")
    path = unquote(parts.path)
    path = _LEG.sub("", _STEP.sub(lambda found: found[0].rpartition("/")[0], path))
    if re.search(r"[0-9]{3}", path):
        faults.append(f"{where} holds figures that may be somebody's.")
    return faults


def _verb(verb: ET.Element) -> list[str]:
    match verb.tag:
        case "Say":
            return _say(verb)
        case "Gather":
            return _gather(verb)
        case "Dial":
            return _dial(verb)
        case "Redirect":
            text = (verb.text or "").strip()
            faults = _url("the address of Redirect", text) if text else ["Redirect has no address (13710)."]
            return faults if verb.get("method") else [*faults, "Redirect has no method."]
        case "Record":
            return [] if verb.get("action") else ["Record has no action, so it would loop (13610)."]
        case "Enqueue":
            return [] if len(verb.text or "") <= 64 else ["The name of a queue has over 64 characters."]
        case _:
            return []


def _say(say: ET.Element) -> list[str]:
    voice, language = say.get("voice") or "", say.get("language") or ""
    text = "".join(say.itertext()).strip()
    faults = []
    if not any(map(str.isalnum, text)):
        faults.append("Say has nothing to say (13520).")
    is_polly, is_google = voice.startswith("Polly."), voice.startswith("Google.")
    most = 3000 if is_polly else 5000 if is_google else 4096
    counted = len(ET.tostring(say, encoding="unicode")) if is_google else len(text)
    if counted > most or len(quote(text, safe="")) > 4500:
        faults.append(f"Say has {counted} characters, too many for its voice (13521).")
    if len(say) and not (is_polly or is_google):
        faults.append(f"The voice {voice!r} takes no markup.")
    if is_polly and "-" in voice and any(tag.tag == "emphasis" for tag in say.iter()):
        faults.append(f"The voice {voice} takes no emphasis.")
    spoken = voice.removeprefix("Google.")[: len(language)] if is_google else None
    if is_polly:
        spoken = POLLY_LANGUAGES.get(voice.removeprefix("Polly.").partition("-")[0])
    if voice in BASIC_VOICES:
        spoken = language
    if not language or spoken != language:
        faults.append(f"The voice {voice!r} does not speak {language!r} (13512).")
    for pause in say.iter("break"):
        faults += _pause(pause)
    return faults


def _pause(pause: ET.Element) -> list[str]:
    time = re.fullmatch(r"([0-9]+)ms", pause.get("time", ""))
    return [] if time and 500 <= int(time[1]) <= 750 else ["A break is not from 500 to 750 ms (R21)."]


def _gather(gather: ET.Element) -> list[str]:
    faults = [fault for child in gather if child.tag == "Say" for fault in _say(child)]
    if gather.find("Say") is None and gather.find("Play") is None:
        faults.append("Gather asks nothing: no prompt is nested in it.")
    faults += [
        f"Gather has no {name}." for name in ("action", "method", "timeout", "input") if not gather.get(name)
    ]
    if gather.get("numDigits") is None and gather.get("finishOnKey") is None:
        faults.append("Gather has neither numDigits nor finishOnKey.")
    if not re.fullmatch(r"[0-9*#]?", gather.get("finishOnKey", "#")):
        faults.append("finishOnKey is no key (13310).")
    return faults


def _dial(dial: ET.Element) -> list[str]:
    faults = [f"Dial has no {name}." for name in ("action", "method", "timeLimit") if not dial.get(name)]
    if dial.get("record", "do-not-record") != "do-not-record":
        faults.append("Dial records (R43).")
    kinds = {child.tag for child in dial}
    if not kinds and not (dial.text or "").strip():
        faults.append("Dial dials nothing.")
    if "Conference" in kinds and len(dial) > 1:
        faults.append("A Conference stands beside something else (13000).")
    if "Conference" not in kinds:
        faults += [f"Dial has no {name}." for name in ("callerId", "timeout") if not dial.get(name)]
        if dial.get("callerId") and not re.fullmatch(r"\+[1-9][0-9]{7,14}", dial.get("callerId", "")):
            faults.append("callerId is not in E.164 (13214).")
    for number in dial.iter("Number"):
        if not re.fullmatch(r"\+[1-9][0-9]{7,14}|[0-9]{3,6}", number.text or ""):
            faults.append("Number holds no number that can be dialled (13223).")
        if number.get("url") and not number.get("method"):
            faults.append("The whisper of Number has no method.")
        if number.get("url") and dial.get("answerOnBridge") != "true":
            faults.append("A whisper without answerOnBridge leaves the caller in silence.")
    for conference in dial.iter("Conference"):
        faults += _conference(conference)
    return faults


def _conference(conference: ET.Element) -> list[str]:
    faults = []
    name = conference.text or ""
    if not _OPAQUE.fullmatch(name) or name.isdigit():
        faults.append("The name of a conference must be opaque.")
    if conference.get("record", "do-not-record") != "do-not-record":
        faults.append("Conference records (R43).")
    wanted = ("beep", "waitMethod", "startConferenceOnEnter", "endConferenceOnExit")
    faults += [f"Conference has no {attribute}." for attribute in wanted if not conference.get(attribute)]
    if conference.get("waitUrl") is None:
        faults.append("Conference has no waitUrl.")
    return faults


def _order(verbs: list[ET.Element]) -> list[str]:
    faults = []
    for at, verb in enumerate(verbs):
        is_last = at == len(verbs) - 1
        ends = verb.tag in ENDS_THE_DOCUMENT or (verb.tag == "Dial" and verb.get("action"))
        answers_silence = verb.tag == "Gather" and verb.get("actionOnEmptyResult") == "true"
        if (ends or answers_silence) and not is_last:
            faults.append(f"What follows {verb.tag} is never reached.")
        if verb.tag == "Gather" and not answers_silence and is_last:
            faults.append("Nothing follows Gather when no key is pressed.")
        if verb.tag == "Reject" and at:
            faults.append("Reject does not come first (13810).")
    return faults

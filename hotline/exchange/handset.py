"""A small interpreter of TwiML for one leg: documents and keys go in, words and the next request come out."""

import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

from hotline.exchange.request import Params, Request

API_VERSION = "2010-04-01"
KEYS = frozenset("0123456789*#")
FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_MOST_BYTES = 64 * 1024
_MOST_REQUESTS_WITHOUT_A_KEY = 60
_GEOGRAPHY = tuple(
    f"{side}{place}"
    for side in ("From", "To", "Caller", "Called")
    for place in ("City", "State", "Zip", "Country")
)


class TwimlError(ValueError):
    """The document cannot be run; the message names the element."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The leg waits for keys: at most ``most`` (None = any number), ended by ``finish_on`` or ``seconds``."""

    action: str
    method: str
    most: int | None
    finish_on: str
    seconds: int
    even_if_empty: bool


@dataclass(frozen=True, slots=True)
class Number:
    """A phone to ring. ``url`` is the document that screens whoever answers ("whisper")."""

    phone: str
    url: str | None
    method: str
    status_callback: str | None
    events: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ringing:
    """The leg waits until one of ``numbers`` answers or ``seconds`` have passed."""

    action: str | None
    method: str
    numbers: tuple[Number, ...]
    caller_id: str | None
    seconds: int


@dataclass(frozen=True, slots=True)
class Conference:
    """The leg talks in the conference ``name`` until it leaves or the conference ends."""

    action: str | None
    method: str
    name: str
    ends_with_me: bool


def new_sid(prefix: str) -> str:
    """A random identifier in Twilio's shape."""
    return prefix + uuid4().hex


class Leg:
    """One leg of a call. Every method that moves it gives the request to send next, or None.

    With None it is over, bridged (a whisper that was accepted), or ``waits_for`` says what for. ``heard`` is
    every phrase spoken so far.
    """

    def __init__(
        self,
        *,
        account_sid: str,
        from_: str,
        to: str,
        direction: str = "inbound",
        call_sid: str | None = None,
        parent_call_sid: str | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.call_sid = call_sid or new_sid("CA")
        self.account_sid, self.from_, self.to, self.direction = account_sid, from_, to, direction
        self.parent_call_sid = parent_call_sid
        self.call_status = "ringing" if direction == "inbound" else "queued"
        self.heard: list[str] = []
        self.waits_for: Keys | Ringing | Conference | None = None
        self.is_bridged = False
        self._extra = dict(extra or {})
        self._verbs: deque[ET.Element] = deque()
        self._url = ""
        self._pause = 0.0
        self._requests = 0

    @property
    def is_over(self) -> bool:
        """Whether the leg has ended, for whatever reason."""
        return self.call_status in FINAL

    def standard_params(self) -> Params:
        """What stands in every request about this leg."""
        params = {
            "CallSid": self.call_sid,
            "AccountSid": self.account_sid,
            "ApiVersion": API_VERSION,
            "CallStatus": self.call_status,
            "Direction": self.direction,
            "From": self.from_,
            "To": self.to,
            "Caller": self.from_,
            "Called": self.to,
            **dict.fromkeys(_GEOGRAPHY, ""),
        }
        if self.parent_call_sid:
            params["ParentCallSid"] = self.parent_call_sid
        return tuple((params | self._extra).items())

    def fetch(self, url: str, method: str = "POST") -> Request:
        """Ask for the document at ``url``. A leg that was dialled is answered by then."""
        if self.direction != "inbound":
            self.call_status = "in-progress"
        return self._request(url, method)

    def takes(self, document: bytes, *, inline: bool = False) -> Request | None:
        """Run the document that came back. An ``inline`` one has no URL, so its actions must be absolute."""
        self.waits_for = None
        if inline:
            self._url = ""
        self._verbs = deque(_parse(document))
        if self.call_status == "ringing" and self._verbs and self._verbs[0].tag == "Reject":
            self.ends("busy" if self._verbs[0].get("reason") == "busy" else "no-answer")
            return None
        self.call_status = "in-progress"
        return self._run()

    def presses(self, keys: str) -> Request | None:
        """Type ``keys``, then wait. Keys beyond the Gather, or without one, are lost as on a real line."""
        if not keys or not set(keys) <= KEYS:
            raise ValueError("a phone has the keys 0 to 9, * and #")
        self._requests = 0
        if not isinstance(self.waits_for, Keys):
            return None
        gather, digits, finished_on = self.waits_for, "", ""
        for key in keys:
            if key in gather.finish_on:
                finished_on = key
                break
            digits += key
            if gather.most is not None and len(digits) == gather.most:
                break
        return self._gathered(gather, digits, finished_on)

    def hears_out(self) -> Request | None:
        """Press nothing until the Gather gives up."""
        self._requests = 0
        return self._gathered(self.waits_for, "", "") if isinstance(self.waits_for, Keys) else None

    def dial_ends(self, status: str, *, call_sid: str, seconds: int, bridged: bool) -> Request | None:
        """The number that was rung is done with: ``status`` in Twilio's words for a dialled call."""
        if not isinstance(self.waits_for, Ringing):
            return None
        params = {"DialCallStatus": status, "DialCallSid": call_sid, "DialBridged": str(bridged).lower()}
        if status == "completed":
            params["DialCallDuration"] = str(seconds)
        return self._after_dial(self.waits_for, tuple(params.items()))

    def conference_ends(self) -> Request | None:
        """The conference is over, and this leg goes on."""
        if not isinstance(self.waits_for, Conference):
            return None
        return self._after_dial(self.waits_for, (("DialCallStatus", "answered"), ("DialBridged", "true")))

    def ends(self, status: str = "completed") -> None:
        """End the leg from outside: someone hung up, or nobody answered."""
        if not self.is_over:
            self.call_status, self.waits_for = status, None
            self._verbs.clear()

    def event(self, url: str, status: str, *, sequence: int, seconds: int, now: datetime) -> Request:
        """A call event (Twilio's status callback) for ``url``; ``seconds`` is how long the call lasted."""
        params = dict(self.standard_params()) | {
            "CallStatus": status,
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(sequence),
            "Timestamp": format_datetime(now),
        }
        if status in FINAL:
            params["CallDuration"] = str(seconds)
        if status == "completed":
            params["Duration"] = str(-(-seconds // 60))
        return Request.of("POST", url, tuple(params.items()))

    def _run(self) -> Request | None:
        while self._verbs:
            verb = self._verbs.popleft()
            match verb.tag:
                case "Say" | "Play" | "Pause":
                    self._speak(verb)
                case "Gather":
                    self._gather(verb)
                    return None
                case "Dial":
                    self._dial(verb)
                    return None
                case "Redirect":
                    return self._request(self._absolute(verb.text or "", "Redirect"), _method(verb))
                case "Hangup" | "Reject":
                    break
                case _:
                    raise TwimlError(f"<{verb.tag}> is not a verb that this handset knows")
        else:
            # A whisper that ends without hanging up is an acceptance: the carrier joins the two legs.
            self.is_bridged = self.parent_call_sid is not None
        if not self.is_bridged:
            self.ends()
        return None

    def _speak(self, verb: ET.Element) -> None:
        """Hear one Say or Play, or let the seconds of a Pause pass."""
        if verb.tag == "Pause":
            self._pause += _whole(verb.get("length", "1"), "Pause")
            return
        words = f"[recording {_text(verb)}]" if verb.tag == "Play" else _spoken(verb)
        if not words:
            raise TwimlError(f"<{verb.tag}> says nothing")
        self.heard.append(words)
        self._pause = 0

    def _gather(self, verb: ET.Element) -> None:
        if verb.get("input", "dtmf") != "dtmf":
            raise TwimlError("<Gather> listens for something other than keys")
        self._pause = 0
        for nested in verb:
            if nested.tag not in {"Say", "Play", "Pause"}:
                raise TwimlError(f"<{nested.tag}> may not stand in <Gather>")
            self._speak(nested)
        most, finish_on = verb.get("numDigits"), verb.get("finishOnKey", "#")
        if not set(finish_on) <= KEYS:
            raise TwimlError("<Gather> has a finishOnKey that no phone has")
        self.waits_for = Keys(
            action=self._absolute(verb.get("action", self._url), "Gather"),
            method=_method(verb),
            most=None if most is None else _whole(most, "Gather"),
            finish_on=finish_on,
            seconds=_whole(verb.get("timeout", "5"), "Gather"),
            even_if_empty=verb.get("actionOnEmptyResult", "false") == "true",
        )

    def _gathered(self, gather: Keys, digits: str, finished_on: str) -> Request | None:
        self.waits_for = None
        if not digits and not gather.even_if_empty:
            return self._run()
        answer = (("msg", "Gather End"), ("Digits", digits), ("FinishedOnKey", finished_on))
        return self._request(gather.action, gather.method, answer)

    def _dial(self, verb: ET.Element) -> None:
        if self.parent_call_sid:
            raise TwimlError("<Dial> may not stand in a document of a number that was itself dialled")
        action = verb.get("action")
        action = None if action is None else self._absolute(action, "Dial")
        tags = {noun.tag for noun in verb}
        if not tags <= {"Number", "Conference"}:
            raise TwimlError(
                f"<{min(tags - {'Number', 'Conference'})}> is not something that this handset can dial"
            )
        if tags == {"Conference"} and len(verb) == 1:
            ends_with_me = verb[0].get("endConferenceOnExit", "false") == "true"
            self.waits_for = Conference(action, _method(verb), _text(verb[0]), ends_with_me)
            return
        if "Conference" in tags:
            raise TwimlError("<Conference> must stand alone in <Dial>")
        numbers = tuple(map(self._number, verb)) or (Number(_text(verb), None, "POST", None, frozenset()),)
        if not all(number.phone for number in numbers):
            raise TwimlError("<Dial> names no phone")
        seconds = _whole(verb.get("timeout", "30"), "Dial")
        self.waits_for = Ringing(action, _method(verb), numbers, verb.get("callerId"), seconds)

    def _number(self, noun: ET.Element) -> Number:
        url, callback = noun.get("url"), noun.get("statusCallback")
        return Number(
            phone=_text(noun),
            url=None if url is None else self._absolute(url, "Number"),
            method=_method(noun),
            status_callback=None if callback is None else self._absolute(callback, "Number"),
            events=frozenset(noun.get("statusCallbackEvent", "completed").split()),
        )

    def _after_dial(self, dial: Ringing | Conference, params: Params) -> Request | None:
        self.waits_for = None
        self._requests = 0
        return self._run() if dial.action is None else self._request(dial.action, dial.method, params)

    def _request(self, url: str, method: str, params: Params = ()) -> Request:
        self._requests += 1
        if self._requests > _MOST_REQUESTS_WITHOUT_A_KEY:
            raise TwimlError("<Redirect> goes round in circles")
        self._url, pause, self._pause = url, self._pause, 0
        self._verbs.clear()
        return Request.of(method, url, self.standard_params() + params, pause)

    def _absolute(self, url: str, tag: str) -> str:
        joined = urljoin(self._url, url.strip())
        if urlsplit(joined).scheme not in {"http", "https"}:
            raise TwimlError(f"<{tag}> has no absolute URL")
        return joined


def _parse(document: bytes) -> ET.Element:
    if not document.strip():
        raise TwimlError("the document is empty")
    if len(document) > _MOST_BYTES:
        raise TwimlError("the document is over 64 kB")
    try:
        root = ET.fromstring(document)  # noqa: S314  # It comes from our own line, and expat limits expansion.
    except ET.ParseError as problem:
        raise TwimlError(f"the document is not XML ({problem})") from None
    if root.tag != "Response":
        raise TwimlError(f"<{root.tag}> is no root of a document; it is <Response>")
    return root


def _spoken(say: ET.Element) -> str:
    """The words of a Say; a break between them is heard as a pause."""
    words = [say.text or ""]
    for mark in say:
        if mark.tag not in {"break", "say-as"}:
            raise TwimlError(f"<{mark.tag}> is not a mark that this handset can speak")
        words += [" … " if mark.tag == "break" else mark.text or "", mark.tail or ""]
    return " ".join("".join(words).split()).strip("… ")


def _text(noun: ET.Element) -> str:
    return (noun.text or "").strip()


def _method(element: ET.Element) -> str:
    return element.get("method", "POST").upper()


def _whole(text: str, tag: str) -> int:
    if not text.isdecimal():
        raise TwimlError(f"<{tag}> has a number that is none")
    return int(text)

"""Running TwiML: verbs in order, what they say, wait for and ask. It knows no network and no other leg."""

import xml.etree.ElementTree as ET
from collections import deque
from typing import Unpack

from hotline.exchange.delivery.request import Params, Request
from hotline.exchange.twiml import verbs
from hotline.exchange.twiml.documents import TwimlError, method_of, text_of
from hotline.exchange.twiml.leg_facts import Facts, LegFacts, new_sid
from hotline.exchange.twiml.recorded import events_of, told_of
from hotline.exchange.twiml.sound import Sound, sounds_of
from hotline.exchange.twiml.spec import ATTRIBUTES
from hotline.exchange.twiml.urls import Urls
from hotline.exchange.twiml.waits import (
    Conference,
    Dequeuing,
    Hold,
    Keys,
    Phrase,
    Queued,
    Recording,
    Ringing,
    Wait,
)

_MOST_REQUESTS_WITHOUT_A_KEY = 60
_TIME_ENOUGH = 0.5
_PROMPTS = frozenset({"Say", "Play", "Pause"})
#: What may stand in a document that plays while the caller waits, by what for.
_ON_HOLD = {
    Queued: _PROMPTS | {"Hangup", "Redirect", "Leave", "Gather"},
    Conference: _PROMPTS | {"Redirect"},
}
_NOT_SIMULATED = frozenset({"Start", "Stop", "Connect", "Pay", "Prompt", "Echo", "Queue"})


class Interpreter(LegFacts):
    """Runs the verbs of one leg, one after the other, until it must wait, speak, send something, or end.

    ``phrases`` is everything heard so far, and ``notes`` what a carrier would put into its log, each with
    the number of phrases before it. ``asides`` are requests whose answers do not steer the leg: whoever
    drives it takes them from there and sends them.

    ``now`` is the leg's own clock, in seconds since it began, and only what is said of it moves it. A leg
    that is ``timed`` stops at everything that takes time; one that is not runs on to its next wait, as if
    the caller had heard everything out.
    """

    def __init__(self, *, timed: bool = False, **facts: Unpack[Facts]) -> None:
        super().__init__(**facts)
        self.timed = timed
        self.now = 0.0
        self.phrases: list[Phrase] = []
        self.notes: list[tuple[int, str]] = []
        self.asides: list[Request] = []
        self.waits_for: Wait | None = None
        self.is_bridged = False
        self.hold: Hold | None = None
        self._urls = Urls()
        self._verbs: deque[ET.Element] = deque()
        self._sounds: deque[Sound] = deque()
        #: The verbs and the URL of the document that a hold document interrupts.
        self._behind: tuple[deque[ET.Element], str] = (self._verbs, "")
        self._due: float | None = None
        self._is_playing = False
        self._typed = ""
        self._pause = 0.0
        self._began = 0.0
        self._talked = False
        self._recording = new_sid("RE")
        self._requests = 0
        self._asked_at = 0.0
        #: A <Leave> was run: whoever drives the leg knows its queue, and ends the wait.
        self.left_queue = False

    @property
    def waits_behind(self) -> Wait | None:
        """What the leg waits for, be it while a document that fills the time is heard."""
        return self.waits_for if self.hold is None else self.hold.waits_for

    def ends(self, status: str = "completed") -> None:
        """End the leg from outside: someone hung up, or nobody answered."""
        if self.is_over:
            return
        wait = self.waits_behind
        self.call_status = status
        if isinstance(wait, Recording):
            # Twilio still asks for the action of a Record, though nobody will hear the answer.
            seconds = self.now - self._began
            told = told_of(self._recording, seconds, "hangup")
            self.asides.append(Request.of(wait.method, wait.action, self.standard_params() + told))
            self.asides += events_of(self, wait, self._recording, "completed", seconds)
        self._drops_everything()
        self._verbs = deque()

    def stops_hold(self) -> None:
        """Hear no more of the hold document: the wait that it filled is all there is again."""
        if self.hold is not None:
            self._stops()
            self.waits_for, self.hold = self.hold.waits_for, None
            self._verbs, base = self._behind
            self._urls.become(base)

    def _run(self) -> Request | None:
        while not self.is_over:
            if self._sounds:
                self._play(self._sounds.popleft())
                if self.timed:
                    return None
            elif self.waits_for is not None:
                self._begins_to_wait(self.waits_for)
                return None
            elif not self._verbs:
                self._finishes()
                return None
            else:
                request = self._verb(self._verbs.popleft())
                if request is not None:
                    return request
        return None

    def _finishes(self) -> None:
        if self.hold is not None:
            self.stops_hold()
            return
        # A whisper that ends without hanging up is an acceptance: the carrier joins the two legs.
        self.is_bridged = self.parent_call_sid is not None
        if not self.is_bridged:
            self.ends()

    def _verb(self, verb: ET.Element) -> Request | None:
        tag = verb.tag
        known = ATTRIBUTES.get(tag)
        if known is None:
            self._note(f"12200: <{tag}> is no verb, and is skipped")
            return None
        if not verb.attrib.keys() <= known.keys():
            strange = min(verb.attrib.keys() - known.keys())
            self._note(f"12200: <{tag}> has no attribute {strange}, which is skipped")
        if self.hold is not None and tag not in _ON_HOLD[type(self.hold.waits_for)]:
            raise TwimlError(12200, f"<{tag}> may not stand in a document that is heard while waiting")
        match tag:
            case "Say" | "Play" | "Pause":
                self._sounds.extend(sounds_of(verb, self._note))
            case "Gather":
                self._gather(verb)
            case "Dial":
                if self.parent_call_sid:
                    raise TwimlError(
                        13201, "<Dial> may not stand in a document of a number that was itself dialled"
                    )
                self.waits_for = verbs.dial(verb, self._urls.absolute)
                for one in (verb, *verb):
                    self._note_unsimulated(one, "record", "amdStatusCallback", "machineDetection")
            case "Redirect":
                url = self._urls.absolute(verb.text or "", "Redirect")
                return self._request(url, method_of(verb), () if self.hold is None else self.hold.params)
            case "Hangup":
                self.ends()
            case "Reject":
                self._note("13810: <Reject> is not the first verb, so the call was answered and now ends")
                self.ends()
            case "Record":
                self.waits_for = verbs.record(verb, self._urls.absolute, self._urls.base)
                self._note_unsimulated(verb, "transcribeCallback", "transcribe")
                if verb.get("playBeep") != "false":
                    self._sounds.append(Sound("beep", "[beep]", 0.5))
            case "Enqueue":
                self.waits_for = verbs.enqueue(verb, self._urls.absolute)
            case "Leave":
                return self._leave()
            case _:
                return self._hardly(verb)
        return None

    def _hardly(self, verb: ET.Element) -> Request | None:
        """The verbs that a stand-in for a telephone company has nothing to do for, or almost nothing."""
        action = verb.get("action")
        if verb.tag == "Sms":
            self._note(f"a text message: {text_of(verb)}")
            if action is not None:
                sent = (("SmsSid", new_sid("SM")), ("SmsStatus", "sent"))
                return self._request(self._urls.absolute(action, "Sms"), method_of(verb), sent)
        elif verb.tag == "Refer":
            self._note("13801: <Refer> is for SIP calls alone, and this is none")
        elif verb.tag in _NOT_SIMULATED:
            self._note(f"<{verb.tag}> is not simulated, and the call goes on")
        else:
            self._note(f"12200: <{verb.tag}> may not stand in <Response>, and is skipped")
        return None

    def _gather(self, verb: ET.Element) -> None:
        wait = verbs.gather(verb, self._urls.absolute, self._urls.base)
        self._note_unsimulated(verb, "partialResultCallback")
        for nested in verb:
            if nested.tag not in _PROMPTS:
                raise TwimlError(13320, f"<{nested.tag}> may not stand in <Gather>")
            if nested.get("digits") is not None:
                raise TwimlError(13320, "<Play> may not send digits in <Gather>")
            self._sounds.extend(sounds_of(nested, self._note))
        self._pause, self._typed = 0.0, ""
        self.waits_for = wait

    def _note_unsimulated(self, verb: ET.Element, *names: str) -> None:
        for name in names:
            if verb.get(name, "") not in {"", "false", "do-not-record"}:
                self._note(f"{name} of <{verb.tag}> is not simulated")

    def _leave(self) -> Request | None:
        hold = self.hold
        if hold is None:
            self._note("<Leave> outside a queue does nothing")
            return None
        self.stops_hold()
        # Whoever drives the leg knows the queue: it ends the wait when it sees this.
        self.left_queue = True
        return None

    def _play(self, sound: Sound) -> None:
        seconds = sound.seconds * sound.times
        if sound.kind == "silence":
            self._pause += seconds
        else:
            self.phrases.append(
                Phrase(
                    sound.kind, sound.words, sound.seconds, self.now, sound.language, sound.voice, sound.times
                )
            )
            self._pause = 0.0
        if self.timed:
            self._is_playing, self._due = True, self.now + seconds
        else:
            self.now += seconds

    def _begins_to_wait(self, wait: Wait) -> None:
        self._pause = 0.0
        if isinstance(wait, Keys):
            self._due = self.now + wait.seconds
        elif isinstance(wait, Recording):
            self._began, self._talked, self._recording = self.now, False, new_sid("RE")
            self.asides += events_of(self, wait, self._recording, "in-progress")
            self._due = self.now + (min(wait.silence, wait.most) if wait.silence else wait.most)
        else:
            self._due = None

    def _passes_to(self, moment: float) -> Request | None:
        """Go to a moment at which something is due, and do it."""
        self.now, self._due = max(self.now, moment), None
        wait = self.waits_for
        if self._is_playing:
            self._is_playing = False
            return self._run()
        if isinstance(wait, Keys):
            return self._gathered(wait, "")
        return self._recorded(wait, "") if isinstance(wait, Recording) else None

    def _gathered(self, gather: Keys, finished_on: str) -> Request | None:
        digits = self._typed
        self._stops()
        if not digits and not gather.even_if_empty:
            return self._run()
        answer = (("msg", "Gather End"), ("Digits", digits), ("FinishedOnKey", finished_on))
        more = answer if self.hold is None else (*answer, *self.hold.params)
        return self._request(gather.action, gather.method, more)

    def _recorded(self, record: Recording, key: str) -> Request | None:
        """The recording ends, by a key or by silence; one without a word in it counts as none."""
        seconds = self.now - self._began
        if not key and not self._talked:
            self.asides += events_of(self, record, self._recording, "absent")
            self._stops()
            return self._run()
        told = told_of(self._recording, seconds, key)
        self.asides += events_of(self, record, self._recording, "completed", seconds)
        self._stops()
        return self._request(record.action, record.method, told)

    def _after(self, wait: Ringing | Conference | Queued | Dequeuing, params: Params) -> Request | None:
        self._stops()
        return self._run() if wait.action is None else self._request(wait.action, wait.method, params)

    def _request(self, url: str, method: str, params: Params = ()) -> Request:
        if self.timed and self.now - self._asked_at >= _TIME_ENOUGH:
            # Whoever waits for something asks again and again, and that is no circle.
            self._requests = 0
        self._asked_at = self.now
        self._requests += 1
        if self._requests > _MOST_REQUESTS_WITHOUT_A_KEY:
            raise TwimlError(11200, "<Redirect> goes round in circles")
        self._urls.become(url)
        pause, self._pause = self._pause, 0.0
        self._verbs.clear()
        return Request.of(method, url, self.standard_params() + params, 0 if self.timed else pause)

    def _stops(self, typed: str = "") -> None:
        """Nothing is played or waited for any more."""
        self._sounds.clear()
        self._typed, self._due, self._is_playing, self.waits_for = typed, None, False, None

    def _drops_everything(self) -> None:
        self._stops()
        self.hold = None

    def _note(self, words: str) -> None:
        self.notes.append((len(self.phrases), words))

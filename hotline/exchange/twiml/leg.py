"""One leg of a call: it runs TwiML. Documents, keys and time go in; requests come out. No I/O."""

import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Mapping
from datetime import datetime

from hotline.exchange.delivery.request import Params, Request
from hotline.exchange.twiml.call_params import call_params, event_params
from hotline.exchange.twiml.documents import TwimlError, parse
from hotline.exchange.twiml.recorder import Recorded, Recorder
from hotline.exchange.twiml.sound import Sound
from hotline.exchange.twiml.steps import Step, step_of
from hotline.exchange.twiml.terms import API_URL, FINAL, new_sid
from hotline.exchange.twiml.urls import Urls
from hotline.exchange.twiml.verbs import KEYS
from hotline.exchange.twiml.waits import (
    Conference,
    Dequeuing,
    Hold,
    Keys,
    Phrase,
    Queued,
    Recording,
    RecordingOrder,
    Ringing,
    Wait,
)

_MOST_REQUESTS_WITHOUT_A_KEY = 60
#: Requests that are at least this many seconds apart do not count as a circle of redirects.
_APART_SECONDS = 0.5


class Leg:
    """Runs the verbs of one leg in order, until it must wait, speak, send a request, or end.

    Every method that moves the leg returns the request to send next, or None. After None the leg is over,
    bridged (a whisper that was accepted), speaking, or waits for what ``waits_for`` says. The leg has no
    access to the network or to other legs: its driver sends the requests and brings legs together.

    ``call_status`` is in Twilio's words, and ``extra`` goes into every request. ``phrases`` is everything
    heard so far. ``notes`` is what a carrier would log, each with the number of phrases before it. The driver
    takes ``asides`` and sends them: requests whose answers do not steer the leg.

    ``now`` is the leg's own clock, in seconds since it began; only ``passes`` and what is heard move it. A
    ``timed`` leg stops at everything that takes time. Any other runs on to its next wait, as if the caller
    had heard everything out. Its recordings can be fetched at ``api_url``.
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
        timed: bool = False,
        api_url: str = API_URL,
    ) -> None:
        self.call_sid = call_sid or new_sid("CA")
        self._api_url = api_url
        self.account_sid, self.from_, self.to = account_sid, from_, to
        self.direction, self.parent_call_sid = direction, parent_call_sid
        self.call_status = "ringing" if direction == "inbound" else "queued"
        self._extra = dict(extra or {})
        #: The standard parameters, and the call status for which they were made.
        self._standard: tuple[str, Params] = ("", ())

        self.timed = timed
        self.now = 0.0
        self._due: float | None = None

        self.phrases: list[Phrase] = []
        self.notes: list[tuple[int, str]] = []
        self.asides: list[Request] = []
        self._sounds: deque[Sound] = deque()
        self._is_playing = False
        self._silence = 0.0

        self.waits_for: Wait | None = None
        self.is_bridged = False
        #: Set by <Leave>. The driver, which knows the queue, ends the wait and clears this.
        self.left_queue = False
        self._typed = ""
        self._recorder = Recorder(account_sid, ("CallSid", self.call_sid), api_url)

        self._urls = Urls()
        self._verbs: deque[ET.Element] = deque()
        self.hold: Hold | None = None
        #: The verbs and the URL of the document that a hold document interrupts.
        self._interrupted: tuple[deque[ET.Element], str] = (self._verbs, "")
        self._requests = 0
        self._asked_at = 0.0

    # What is known of the leg.

    @property
    def is_over(self) -> bool:
        """Whether the leg has ended, for whatever reason."""
        return self.call_status in FINAL

    @property
    def heard(self) -> list[str]:
        """The words of every phrase heard so far."""
        return [phrase.words for phrase in self.phrases]

    @property
    def due(self) -> float | None:
        """The moment of ``now`` at which the leg goes on by itself; None when only an event moves it."""
        return self._due

    @property
    def is_speaking(self) -> bool:
        """Whether something is being played to the leg now."""
        return self._is_playing

    @property
    def hears_keys(self) -> bool:
        """Whether a key that is typed now is heard: by a Gather, or in a recording."""
        wait = self.waits_for
        return isinstance(wait, Recording) or (isinstance(wait, Keys) and wait.takes_keys)

    @property
    def waits_behind(self) -> Wait | None:
        """What the leg waits for, even while it hears a hold document."""
        return self.waits_for if self.hold is None else self.hold.waits_for

    def standard_params(self) -> Params:
        """Return the parameters that every request about this leg has."""
        status, params = self._standard
        if status != self.call_status:
            # Every turn needs them, and they change with the status alone.
            params = call_params(
                call_sid=self.call_sid,
                account_sid=self.account_sid,
                status=self.call_status,
                direction=self.direction,
                from_=self.from_,
                to=self.to,
                parent_call_sid=self.parent_call_sid,
                extra=self._extra,
            )
            self._standard = (self.call_status, params)
        return params

    def event(self, url: str, status: str, *, sequence: int, seconds: int, now: datetime) -> Request:
        """Return a call event (Twilio's status callback) for ``url``; the call has lasted ``seconds``."""
        params = event_params(self.standard_params(), status, sequence=sequence, seconds=seconds, now=now)
        return Request.of("POST", url, params)

    # Documents.

    def fetch(self, url: str, method: str = "POST", params: Params = ()) -> Request:
        """Ask for the document at ``url``. A leg that was dialed is answered by then."""
        if self.direction != "inbound":
            self.call_status = "in-progress"
        self._drops_everything()
        return self._request(url, method, params)

    def takes(self, document: bytes, *, inline: bool = False, url: str = "") -> Request | None:
        """Run a document. ``url`` is where it came from, if it was not where the leg asked for it.

        An ``inline`` document has no URL, so its actions must be absolute.

        Raises TwimlError for a document that cannot be run, and for a verb that cannot when its turn comes.
        """
        if inline:
            self._drops_everything()
            self._urls.become("")
        elif url:
            self._urls.become(url)
        self._stops()
        self._verbs = deque(parse(document))
        if self.call_status == "ringing" and self._verbs and self._verbs[0].tag == "Reject":
            self.ends("busy" if self._verbs[0].get("reason") == "busy" else "no-answer")
            return None
        self.call_status = "in-progress"
        return self._run()

    def starts_hold(self, url: str, method: str, params: Params) -> Request | None:
        """Ask for the document that is heard while the leg waits in its queue or conference."""
        if self.hold is None:
            if not isinstance(self.waits_for, Queued | Conference):
                return None
            self._interrupted = (self._verbs, self._urls.base)
            self._verbs = deque()
            self.hold, self.waits_for = Hold(self.waits_for, params), None
        return self._request(url, method, params)

    def stops_hold(self) -> None:
        """Stop the hold document and go back to the wait that it interrupted."""
        if self.hold is not None:
            self._stops()
            self.waits_for, self.hold = self.hold.waits_for, None
            self._verbs, base = self._interrupted
            self._urls.become(base)

    def ends(self, status: str = "completed") -> None:
        """End the leg from outside: someone hung up, or nobody answered."""
        if self.is_over:
            return
        wait = self.waits_behind
        self.call_status = status
        if isinstance(wait, Recording) and wait.action:
            # Twilio still asks for the action of a Record, though nobody will hear the answer.
            params = self.standard_params() + self._recorder.params(self.now, "hangup")
            self.asides.append(Request.of(wait.method, wait.action, params))
        self.asides += self._recorder.ends_all(self.now)
        self._drops_everything()
        self._verbs = deque()

    # What the person does.

    def presses(self, keys: str) -> Request | None:
        """Type ``keys``, then wait. Keys beyond the Gather, or without one, are lost as on a real line."""
        before = self.waits_for
        request = self.types(keys)
        if request is None and self.waits_for is before and self._typed:
            return self.hears_out()
        return request

    def types(self, keys: str) -> Request | None:
        """Type ``keys`` at this moment and do not wait. The first stops a Gather's prompt (barge-in).

        Raises ValueError for anything but the keys of a phone.
        """
        if not keys or not set(keys) <= KEYS:
            raise ValueError("a phone has the keys 0 to 9, * and #")
        self._requests = 0
        wait = self.waits_for
        if isinstance(wait, Recording):
            ending = next((key for key in keys if key in wait.finish_on), None)
            return None if ending is None else self._recorded(wait, ending)
        if not isinstance(wait, Keys) or not wait.takes_keys:
            return None
        if wait.barge_in:
            self._stops(typed=self._typed)
            self.waits_for = wait
        for key in keys:
            if key in wait.finish_on:
                return self._gathered(wait, key)
            self._typed += key
            if len(self._typed) == wait.most:
                return self._gathered(wait, "")
        if not self._is_playing:
            self._due = self.now + wait.seconds
        return None

    def speaks(self, words: str) -> Request | None:
        """Say ``words`` to a Gather that listens; any other leg ignores them."""
        wait = self.waits_for
        if not words or not isinstance(wait, Keys) or not wait.takes_speech:
            return None
        self._requests = 0
        self._stops()
        answer = (("SpeechResult", words), ("Confidence", "0.9"))
        return self._request(wait.action, wait.method, answer)

    def talks(self, seconds: float) -> Request | None:
        """Talk for ``seconds`` into a recording; its silence counts from the end. Other legs ignore it."""
        wait = self.waits_for
        if not isinstance(wait, Recording) or self._is_playing:
            return None
        self._recorder.has_words = True
        end, last = self.now + seconds, self._recorder.began + wait.most
        if not self.timed:
            self.now = min(end, last)
        self._due = min(end + wait.silence, last) if wait.silence else last
        return self._recorded(wait, "") if end >= last and not self.timed else None

    def hears_out(self) -> Request | None:
        """Do nothing until the Gather or the Record gives up."""
        self._requests = 0
        wait = self.waits_for
        if not isinstance(wait, Keys | Recording):
            return None
        while self.waits_for is wait and self._due is not None:
            request = self._passes_to(self._due)
            if request is not None:
                return request
        return None

    def passes(self, seconds: float) -> Request | None:
        """Let ``seconds`` go by. The clock stops at a request, and ``now`` tells how far it came."""
        end = self.now + seconds
        while self._due is not None and self._due <= end and not self.is_over:
            request = self._passes_to(self._due)
            if request is not None:
                return request
        self.now = max(self.now, end)
        return None

    # What happens to the legs that this one dialed or waits for.

    def dials(self, phone: str, caller_id: str | None) -> "Leg":
        """Return the leg that rings at ``phone`` for this one, on the same clock."""
        leg = Leg(
            account_sid=self.account_sid,
            from_=caller_id or self.from_,
            to=phone,
            direction="outbound-dial",
            parent_call_sid=self.call_sid,
            timed=self.timed,
            api_url=self._api_url,
        )
        leg.call_status = "ringing"
        return leg

    def dial_ends(
        self, status: str, *, call_sid: str, seconds: int, bridged: bool, more: Params = ()
    ) -> Request | None:
        """Go on after a Dial of phones or a queue: ``status`` in Twilio's words for a dialed call."""
        if not isinstance(self.waits_for, Ringing | Dequeuing):
            return None
        if status != "failed":
            # A phone rang, and someone may have answered: a document that dials again is not a circle.
            self._requests = 0
        params = {"DialCallStatus": status, "DialCallSid": call_sid, "DialBridged": str(bridged).lower()}
        if status == "completed":
            params["DialCallDuration"] = str(seconds)
        recorded, told = self._recorder.ends_with_dial(self.now, seconds)
        self.asides += told
        return self._after(self.waits_for, (*params.items(), *recorded, *more))

    def conference_ends(self) -> Request | None:
        """Go on after the conference."""
        self.stops_hold()
        if not isinstance(self.waits_for, Conference):
            return None
        return self._after(self.waits_for, (("DialCallStatus", "answered"), ("DialBridged", "true")))

    def queue_ends(self, result: str, *, queue_sid: str, seconds: int) -> Request | None:
        """Go on after the queue, with a ``result`` in Twilio's words (leave, bridged, queue-full ...)."""
        self.stops_hold()
        if not isinstance(self.waits_for, Queued):
            return None
        if result == "bridged":
            self._requests = 0
        params = (("QueueResult", result), ("QueueSid", queue_sid), ("QueueTime", str(seconds)))
        return self._after(self.waits_for, params)

    # Recordings.

    @property
    def recordings(self) -> list[Recorded]:
        """Every recording of this leg, the first one first."""
        return self._recorder.all

    def starts_recording(self, source: str, order: RecordingOrder) -> Recorded:
        """Record the call from now on, for ``source`` in Twilio's words (DialVerb, OutboundAPI ...)."""
        recorded, told = self._recorder.begins(source, self.now, order)
        self.asides += told
        return recorded

    def stops_recording(self, recorded: Recorded) -> None:
        """End one recording."""
        self.asides += self._recorder.ends_one(recorded, self.now)

    # How the document runs.

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
                self._document_ends()
                return None
            else:
                verb = self._verbs.popleft()
                is_dialled = bool(self.parent_call_sid)
                step = step_of(verb, self._urls, self._note, is_dialled=is_dialled, hold=self.hold)
                request = self._do(step)
                if request is not None:
                    return request
        return None

    def _do(self, step: Step) -> Request | None:
        self._sounds.extend(step.sounds)
        if step.fetch is not None:
            return self._request(*step.fetch)
        if step.waits_for is not None:
            if isinstance(step.waits_for, Keys):
                self._silence, self._typed = 0.0, ""
            self.waits_for = step.waits_for
        elif step.ends:
            self.ends()
        elif step.leaves_queue:
            self.stops_hold()
            self.left_queue = True
        return None

    def _document_ends(self) -> None:
        if self.hold is not None:
            self.stops_hold()
            return
        # A whisper that ends without hanging up is an acceptance: the carrier joins the two legs.
        self.is_bridged = self.parent_call_sid is not None
        if not self.is_bridged:
            self.ends()

    def _play(self, sound: Sound) -> None:
        seconds = sound.seconds * sound.times
        if sound.kind == "silence":
            self._silence += seconds
        else:
            self.phrases.append(
                Phrase(
                    sound.kind, sound.words, sound.seconds, self.now, sound.language, sound.voice, sound.times
                )
            )
            self._silence = 0.0
        if self.timed:
            self._is_playing, self._due = True, self.now + seconds
        else:
            self.now += seconds

    def _begins_to_wait(self, wait: Wait) -> None:
        self._silence = 0.0
        if isinstance(wait, Keys):
            self._due = self.now + wait.seconds
        elif isinstance(wait, Recording):
            self.asides += self._recorder.starts(wait, self.now)
            self._due = self.now + (min(wait.silence, wait.most) if wait.silence else wait.most)
        else:
            self._due = None

    def _passes_to(self, moment: float) -> Request | None:
        """Move the clock to a moment at which something is due, and do it."""
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
        """End the recording, by a key or by silence. One without words counts as absent."""
        if not key and not self._recorder.has_words:
            self.asides += self._recorder.ends(self.now, is_absent=True)
            self._stops()
            return self._run()
        params = self._recorder.params(self.now, key)
        self.asides += self._recorder.ends(self.now)
        self._stops()
        return self._request(record.action, record.method, params)

    def _after(self, wait: Ringing | Conference | Queued | Dequeuing, params: Params) -> Request | None:
        self._stops()
        return self._run() if wait.action is None else self._request(wait.action, wait.method, params)

    def _request(self, url: str, method: str, params: Params = ()) -> Request:
        if self.timed and self.now - self._asked_at >= _APART_SECONDS:
            # A document that waits and asks again is not a circle.
            self._requests = 0
        self._asked_at = self.now
        self._requests += 1
        if self._requests > _MOST_REQUESTS_WITHOUT_A_KEY:
            raise TwimlError(11200, "<Redirect> goes round in circles")
        if not url:
            raise TwimlError(15004, "there is no action, and an inline document has no address to go back to")
        self._urls.become(url)
        silence, self._silence = self._silence, 0.0
        self._verbs.clear()
        return Request.of(method, url, self.standard_params() + params, 0 if self.timed else silence)

    def _stops(self, typed: str = "") -> None:
        """Stop what is played and waited for."""
        self._sounds.clear()
        self._typed, self._due, self._is_playing, self.waits_for = typed, None, False, None

    def _drops_everything(self) -> None:
        self._stops()
        # What is told to go elsewhere goes at once, and does not wait for the end of a pause.
        self.hold, self._silence = None, 0.0

    def _note(self, words: str) -> None:
        self.notes.append((len(self.phrases), words))

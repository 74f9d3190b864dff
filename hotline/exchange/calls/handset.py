"""One leg of a call as whoever drives it sees it: documents and events go in, requests come out. No I/O."""

from collections import deque

from hotline.exchange.delivery.request import Params, Request
from hotline.exchange.twiml.documents import TwimlError, parse
from hotline.exchange.twiml.interpreter import Interpreter
from hotline.exchange.twiml.leg_facts import API_VERSION, FINAL, new_sid
from hotline.exchange.twiml.verbs import KEYS
from hotline.exchange.twiml.waits import Conference, Dequeuing, Hold, Keys, Queued, Recording, Ringing

#: What else is known of legs is found here as well.
__all__ = ["API_VERSION", "FINAL", "KEYS", "Leg", "TwimlError", "new_sid"]


class Leg(Interpreter):
    """One leg of a call. Every method that moves it gives the request to send next, or None.

    With None it is over, bridged (a whisper that was accepted), speaking, or ``waits_for`` says what for.
    """

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

    # Documents.

    def fetch(self, url: str, method: str = "POST", params: Params = ()) -> Request:
        """Ask for the document at ``url``. A leg that was dialled is answered by then."""
        if self.direction != "inbound":
            self.call_status = "in-progress"
        self._drops_everything()
        return self._request(url, method, params)

    def takes(self, document: bytes, *, inline: bool = False, url: str = "") -> Request | None:
        """Run the document that came back, from ``url`` if that is not where it was asked for.

        An ``inline`` one has no URL, so its actions must be absolute.

        Raises TwimlError for a document that cannot be run, and for what it says when it comes to that.
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

        Raises ValueError for what is no key.
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
        """Say ``words`` to a Gather that listens; any other leg does not take notice."""
        wait = self.waits_for
        if not words or not isinstance(wait, Keys) or not wait.takes_speech:
            return None
        self._requests = 0
        self._stops()
        answer = (("SpeechResult", words), ("Confidence", "0.9"))
        return self._request(wait.action, wait.method, answer)

    def talks(self, seconds: float) -> Request | None:
        """Talk for ``seconds``, which matters while the leg is recorded: silence counts from the end."""
        wait = self.waits_for
        if not isinstance(wait, Recording) or self._is_playing:
            return None
        self._talked = True
        end, last = self.now + seconds, self._began + wait.most
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

    def dials(self, phone: str, caller_id: str | None) -> "Leg":
        """The leg that rings at ``phone`` for this one, on the same clock."""
        leg = Leg(
            account_sid=self.account_sid,
            from_=caller_id or self.from_,
            to=phone,
            direction="outbound-dial",
            parent_call_sid=self.call_sid,
            timed=self.timed,
        )
        leg.call_status = "ringing"
        return leg

    # What becomes of those that the leg dialled or waits for.

    def dial_ends(
        self, status: str, *, call_sid: str, seconds: int, bridged: bool, more: Params = ()
    ) -> Request | None:
        """The number that was rung is done with: ``status`` in Twilio's words for a dialled call."""
        if not isinstance(self.waits_for, Ringing | Dequeuing):
            return None
        if status != "failed":
            # Someone rang, and perhaps answered, in the meantime: a document that dials again is no circle.
            self._requests = 0
        params = {"DialCallStatus": status, "DialCallSid": call_sid, "DialBridged": str(bridged).lower()}
        if status == "completed":
            params["DialCallDuration"] = str(seconds)
        return self._after(self.waits_for, (*params.items(), *more))

    def conference_ends(self) -> Request | None:
        """The conference is over, and this leg goes on."""
        self.stops_hold()
        if not isinstance(self.waits_for, Conference):
            return None
        return self._after(self.waits_for, (("DialCallStatus", "answered"), ("DialBridged", "true")))

    def queue_ends(self, result: str, *, queue_sid: str, seconds: int) -> Request | None:
        """The leg leaves its queue, with a ``result`` in Twilio's words (leave, bridged, queue-full ...)."""
        self.stops_hold()
        if not isinstance(self.waits_for, Queued):
            return None
        if result == "bridged":
            self._requests = 0
        params = (("QueueResult", result), ("QueueSid", queue_sid), ("QueueTime", str(seconds)))
        return self._after(self.waits_for, params)

    def starts_hold(self, url: str, method: str, params: Params) -> Request | None:
        """Ask for the document that is heard while the leg waits in its queue or conference."""
        if self.hold is None:
            if not isinstance(self.waits_for, Queued | Conference):
                return None
            self._behind = (self._verbs, self._urls.base)
            self._verbs = deque()
            self.hold, self.waits_for = Hold(self.waits_for, params), None
        return self._request(url, method, params)

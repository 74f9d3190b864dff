"""The recorder of one leg or conference: its recordings, and what a carrier reports about them."""

from dataclasses import dataclass, field

from hotline.exchange.delivery.request import Params, Request
from hotline.exchange.twiml.terms import API_VERSION, new_sid
from hotline.exchange.twiml.waits import Recording, RecordingOrder


@dataclass(eq=False, slots=True)
class Recorded:
    """One recording. ``source`` and ``status`` are in Twilio's words.

    ``began`` is a moment of the recorder's clock; ``seconds`` is its length once it is over.
    """

    source: str
    began: float
    order: RecordingOrder
    sid: str = field(default_factory=lambda: new_sid("RE"))
    status: str = "in-progress"
    seconds: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether the recording has ended."""
        return self.status in {"completed", "absent"}


class Recorder:
    """Keeps every recording of one leg or conference, and whether anybody has talked into a <Record>.

    ``began`` is when the <Record> began. Moments are seconds of the clock of whoever records. ``about`` goes
    into each event: the call or the conference. Recordings can be fetched at ``api_url``.
    """

    def __init__(self, account_sid: str, about: tuple[str, str], api_url: str) -> None:
        self._account_sid, self._of, self._api_url = account_sid, about, api_url
        self.all: list[Recorded] = []
        self._current = Recorded("RecordVerb", 0.0, RecordingOrder())
        self.has_words = False

    @property
    def began(self) -> float:
        """When the recording of the last <Record> began."""
        return self._current.began

    def starts(self, record: Recording, now: float) -> list[Request]:
        """Begin the recording of a <Record>. Returns its events."""
        self._current, self.has_words = Recorded("RecordVerb", now, record.order), False
        return self._begins(self._current)

    def ends(self, now: float, *, is_absent: bool = False) -> list[Request]:
        """End the recording of the <Record>. Returns its events. One without words ``is_absent``."""
        return self._ends(self._current, None if is_absent else _length(now - self.began))

    def params(self, now: float, key: str) -> Params:
        """Return the parameters of the action; ``key`` ended the recording: a key, ``hangup``, or nothing."""
        return (*self._about(self._current, _length(now - self.began)), ("Digits", key))

    def begins(self, source: str, now: float, order: RecordingOrder) -> tuple[Recorded, list[Request]]:
        """Begin to record the call besides what its document does. Returns the recording and its events."""
        recorded = Recorded(source, now, order)
        return recorded, self._begins(recorded)

    def ends_with_dial(self, now: float, seconds: float | None = None) -> tuple[Params, list[Request]]:
        """End what the Dial recorded. Returns the parameters of an action, and the events."""
        params: Params = ()
        told: list[Request] = []
        for one in self.all:
            if one.source == "DialVerb" and not one.is_over:
                length = _length(now - one.began if seconds is None else seconds)
                told += self._ends(one, length)
                params = self._about(one, length)
        return params, told

    def ends_one(self, recorded: Recorded, now: float) -> list[Request]:
        """End one recording. Returns its events."""
        return [] if recorded.is_over else self._ends(recorded, _length(now - recorded.began))

    def ends_all(self, now: float) -> list[Request]:
        """End every recording that still runs: the call is over. Returns their events."""
        return [event for one in self.all for event in self.ends_one(one, now)]

    def _begins(self, recorded: Recorded) -> list[Request]:
        self.all.append(recorded)
        return self._events(recorded)

    def _ends(self, recorded: Recorded, seconds: int | None) -> list[Request]:
        recorded.status, recorded.seconds = "absent" if seconds is None else "completed", seconds
        return self._events(recorded)

    def _about(self, recorded: Recorded, seconds: int) -> Params:
        return (
            ("RecordingUrl", self._url(recorded)),
            ("RecordingDuration", str(seconds)),
            ("RecordingSid", recorded.sid),
        )

    def _events(self, recorded: Recorded) -> list[Request]:
        order = recorded.order
        if order.callback is None or recorded.status not in order.events:
            return []
        event = {
            "AccountSid": self._account_sid,
            self._of[0]: self._of[1],
            "RecordingSid": recorded.sid,
            "RecordingUrl": self._url(recorded),
            "RecordingStatus": recorded.status,
            "RecordingChannels": str(order.channels),
            "RecordingSource": recorded.source,
        }
        if recorded.seconds is not None:
            event["RecordingDuration"] = str(recorded.seconds)
        return [Request.of(order.method, order.callback, tuple(event.items()))]

    def _url(self, recorded: Recorded) -> str:
        return f"{self._api_url}/{API_VERSION}/Accounts/{self._account_sid}/Recordings/{recorded.sid}"


def _length(seconds: float) -> int:
    return max(1, round(seconds))

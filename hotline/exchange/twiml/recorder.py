"""The recorder of one leg: what a carrier reports about the recording that a <Record> makes."""

from hotline.exchange.delivery.request import Params, Request
from hotline.exchange.twiml.terms import new_sid
from hotline.exchange.twiml.waits import Recording


class Recorder:
    """Keeps when the current recording began and whether anybody has talked into it.

    ``began`` is in seconds of the leg's own clock.
    """

    def __init__(self, account_sid: str, call_sid: str) -> None:
        self._account_sid, self._call_sid = account_sid, call_sid
        self._sid = new_sid("RE")
        self.began = 0.0
        self.has_words = False

    def starts(self, now: float) -> None:
        """Begin a new recording."""
        self.began, self.has_words, self._sid = now, False, new_sid("RE")

    def params(self, now: float, key: str) -> Params:
        """Return the parameters of the action; ``key`` ended the recording: a key, ``hangup``, or nothing."""
        about = {
            "RecordingUrl": self._url(),
            "RecordingDuration": _length(now - self.began),
            "RecordingSid": self._sid,
        }
        return (*about.items(), ("Digits", key))

    def events(self, record: Recording, status: str, now: float | None = None) -> list[Request]:
        """Return the recording event, if ``record`` wants this ``status`` and has a URL for it.

        ``status`` is in-progress, completed or absent. With ``now`` the event includes the duration.
        """
        if record.status_callback is None or status not in record.status_events:
            return []
        event = {
            "AccountSid": self._account_sid,
            "CallSid": self._call_sid,
            "RecordingSid": self._sid,
            "RecordingUrl": self._url(),
            "RecordingStatus": status,
            "RecordingChannels": "1",
            "RecordingSource": "RecordVerb",
        }
        if now is not None:
            event["RecordingDuration"] = _length(now - self.began)
        return [Request.of(record.status_method, record.status_callback, tuple(event.items()))]

    def _url(self) -> str:
        return f"https://recordings.example.org/{self._sid}"


def _length(seconds: float) -> str:
    return str(max(1, round(seconds)))

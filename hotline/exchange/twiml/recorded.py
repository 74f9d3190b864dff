"""What a carrier tells about a recording: to the action of a Record, and to its recordingStatusCallback."""

from hotline.exchange.delivery.request import Params, Request
from hotline.exchange.twiml.leg_facts import LegFacts
from hotline.exchange.twiml.waits import Recording


def told_of(sid: str, seconds: float, key: str) -> Params:
    """The parameters of the action. ``key`` is what ended the recording: a key, ``hangup``, or nothing."""
    about = {"RecordingUrl": _url(sid), "RecordingDuration": _length(seconds), "RecordingSid": sid}
    return (*about.items(), ("Digits", key))


def events_of(
    leg: LegFacts, record: Recording, sid: str, status: str, seconds: float | None = None
) -> list[Request]:
    """The event beside it, if a ``status`` (in-progress, completed, absent) is wanted and there is a URL."""
    if record.status_callback is None or status not in record.status_events:
        return []
    event = {
        "AccountSid": leg.account_sid,
        "CallSid": leg.call_sid,
        "RecordingSid": sid,
        "RecordingUrl": _url(sid),
        "RecordingStatus": status,
        "RecordingChannels": "1",
        "RecordingSource": "RecordVerb",
    }
    if seconds is not None:
        event["RecordingDuration"] = _length(seconds)
    return [Request.of(record.status_method, record.status_callback, tuple(event.items()))]


def _url(sid: str) -> str:
    return f"https://recordings.example.org/{sid}"


def _length(seconds: float) -> str:
    return str(max(1, round(seconds)))

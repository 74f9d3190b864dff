"""What a carrier tells about a recording: to the action of a Record, and to its recordingStatusCallback."""

from hotline.exchange.leg_facts import LegFacts, new_sid
from hotline.exchange.request import Params, Request
from hotline.exchange.waits import Recording


def told_of(leg: LegFacts, record: Recording, seconds: float, key: str) -> tuple[Params, Request | None]:
    """The parameters of the action, and the event beside it if one is wanted.

    ``key`` is what ended the recording: a key, ``hangup``, or nothing.
    """
    sid, length = new_sid("RE"), str(max(1, round(seconds)))
    url = f"https://recordings.example.org/{sid}"
    about = {"RecordingUrl": url, "RecordingDuration": length, "RecordingSid": sid, "Digits": key}
    action = tuple(about.items())
    if record.status_callback is None or "completed" not in record.status_events:
        return action, None
    event = {
        "AccountSid": leg.account_sid,
        "CallSid": leg.call_sid,
        "RecordingSid": sid,
        "RecordingUrl": url,
        "RecordingStatus": "completed",
        "RecordingDuration": length,
        "RecordingChannels": "1",
        "RecordingSource": "RecordVerb",
    }
    return action, Request.of(record.status_method, record.status_callback, tuple(event.items()))

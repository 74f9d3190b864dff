"""What a call to staff says about each kind of alert, with invented numbers, for the transcript."""

from collections.abc import Mapping
from functools import partial

from ivr_flows.engine.desk import Desk
from ivr_flows.review.example_callbacks import Answer

#: Alerts that have a count, each with what is counted.
_COUNTED = {
    "late": "promises at risk",
    "left": "promises left for a person",
    "untaken": "urgent callbacks that nobody takes",
    "set_away": "offers missed in a row",
    "import_held": "held imports",
    "call_list": "lists of people to call",
    "audit_alarm": "alarms of the audit",
    "pin_locks": "locked numbers",
    "lost_pins": "reports of lost PINs",
    "notices": "notices that nobody has confirmed",
    "unlisted": "names or rows that cannot be used",
}
_PLAIN = {
    "calls_refused": "our calls are refused",
    "line_refused": "calls from one of our numbers are refused",
    "texts_refused": "our texts are refused",
    "role_silent": "a role is silent",
    "feed_silent": "the feed is silent",
    "feed_refused": "a file from the feed is refused",
    "feed_stopped": "files of the feed cannot be taken",
    "purge_waits": "the purge waits for a look at the clock",
    "new_approver": "somebody may approve now",
    "only_you": "a matter for one person alone",
}


def _one(desk: Desk, *, kind: str) -> None:
    desk.say(f"alert.{kind}_one")


def _several(desk: Desk, *, kind: str) -> None:
    desk.say(f"alert.{kind}", count="2")


def _plain(desk: Desk, *, kind: str) -> None:
    desk.say(f"alert.{kind}")


ALERT_ANSWERS: Mapping[str, Answer] = {
    **{f"several: {what}": partial(_several, kind=kind) for kind, what in _COUNTED.items()},
    **{f"one: {what}": partial(_one, kind=kind) for kind, what in _COUNTED.items()},
    **{what: partial(_plain, kind=kind) for kind, what in _PLAIN.items()},
}

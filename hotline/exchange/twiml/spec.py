"""What TwiML is: its elements, what may stand in each, their attributes and values, from twiml.json."""

import json
from importlib.resources import files
from typing import Any

_DATA: dict[str, Any] = json.loads(files("hotline.exchange.twiml").joinpath("twiml.json").read_text("utf-8"))

#: The kind of every attribute of every element, by tag and then by attribute.
ATTRIBUTES: dict[str, dict[str, str]] = {tag: one["attributes"] for tag, one in _DATA["elements"].items()}
#: What may stand in each element.
CHILDREN: dict[str, frozenset[str]] = {
    tag: frozenset(one["children"]) for tag, one in _DATA["elements"].items()
}
#: The values of every kind that is a list of them.
VALUES: dict[str, frozenset[str]] = {name: frozenset(values) for name, values in _DATA["types"].items()}
#: The marks that may stand in what is said.
SSML = CHILDREN["Say"]
#: The elements that hold text.
TEXT = (SSML - {"break"}) | {
    "Say",
    "Play",
    "Redirect",
    "Dial",
    "Number",
    "Conference",
    "Client",
    "Sip",
    "Sim",
    "WhatsApp",
    "Queue",
    "Enqueue",
    "Task",
    "Sms",
}

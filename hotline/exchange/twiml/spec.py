"""The schema of TwiML from twiml.json: elements, their children, attributes and values."""

import json
from importlib.resources import files
from typing import Any

_DATA: dict[str, Any] = json.loads(files("hotline.exchange.twiml").joinpath("twiml.json").read_text("utf-8"))

#: The kind of every attribute of every element, by tag and then by attribute.
ATTRIBUTES: dict[str, dict[str, str]] = {tag: one["attributes"] for tag, one in _DATA["elements"].items()}
#: The elements allowed in each element.
CHILDREN: dict[str, frozenset[str]] = {
    tag: frozenset(one["children"]) for tag, one in _DATA["elements"].items()
}
#: The values of every kind that has a list of values.
VALUES: dict[str, frozenset[str]] = {name: frozenset(values) for name, values in _DATA["types"].items()}
#: The SSML elements allowed in a Say.
SSML = CHILDREN["Say"]
#: The elements that may have text.
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

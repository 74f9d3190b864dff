"""Verbs of the announcements that an office makes for some days."""

import re
from collections.abc import Iterator

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import answers

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@answers("told")
def tell_announcements(desk: Desk, _digits: str) -> str:
    """What the office announces today, if anything; a key stops it, as it stops the menu after it (R23)."""
    for text in desk.office.announced(desk.now):
        for sentence in sentences_of(text[desk.call.language]):
            desk.say("announcement", words=sentence)
    return "told"


def sentences_of(text: str) -> Iterator[str]:
    """The sentences one by one: each is spoken separately, and is short enough for any slot."""
    yield from (sentence for sentence in _SENTENCE_END.split(text.strip()) if sentence)

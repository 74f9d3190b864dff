"""Finds the words of a refusal; the console translates them, and commands print them in English."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from hotline.refusals import callbacks, cases, staff, talks
from models.store.refusal import RefusedError

#: The words of every code, by the set of codes: two sets may have a code of the same name.
WORDS: Mapping[type[StrEnum], Mapping[Any, str]] = {
    type(next(iter(words))): words
    for words in (
        callbacks.WORDS,
        callbacks.NOTE_WORDS,
        callbacks.ACTION_WORDS,
        cases.CASE_WORDS,
        staff.SHIFT_WORDS,
        talks.WORDS,
    )
}


def words_for(error: RefusedError) -> str:
    """The English text of a refusal, with slots such as ``%(at)s`` for its facts."""
    return WORDS[type(error.code)][error.code]


def in_english(error: RefusedError) -> str:
    """The whole sentence for a command, with moments in UTC."""
    return words_for(error) % {
        name: f"{fact:%Y-%m-%d %H:%M} UTC" if isinstance(fact, datetime) else fact
        for name, fact in error.facts.items()
    }

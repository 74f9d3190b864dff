"""Finds the words of a refusal; the console translates them, and commands print them in English."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from hotline.refusals import (
    audit,
    callbacks,
    callouts,
    cases,
    custody,
    notices,
    office,
    retention,
    staff,
    talks,
)
from models.store.refusal import Reason

#: The words of every code, grouped by enum: two enums may have a code with the same name.
WORDS: Mapping[type[StrEnum], Mapping[Any, str]] = {
    type(next(iter(words))): words
    for words in (
        audit.ALARM_WORDS,
        audit.EXPORT_WORDS,
        audit.HEAD_WORDS,
        callbacks.WORDS,
        callbacks.NOTE_WORDS,
        callbacks.ACTION_WORDS,
        callouts.WORDS,
        cases.CASE_WORDS,
        cases.WORDS,
        cases.SEARCH_WORDS,
        cases.OPENING_WORDS,
        cases.PHONE_WORDS,
        cases.PIN_REQUEST_WORDS,
        cases.LOST_PIN_WORDS,
        cases.TOTAL_LIFT_WORDS,
        cases.LOCK_WORDS,
        cases.LETTER_WORDS,
        custody.UPLOAD_WORDS,
        custody.SETTLE_WORDS,
        custody.BUSY_WORDS,
        custody.DIRECTORY_WORDS,
        custody.FEED_WORDS,
        custody.BATCH_WORDS,
        custody.ROW_WORDS,
        notices.NOTICE_WORDS,
        notices.REGISTRATION_WORDS,
        office.CHANGE_WORDS,
        office.FORM_WORDS,
        retention.HOLD_WORDS,
        staff.SHIFT_WORDS,
        staff.TIED_WORDS,
        staff.STAFF_WORDS,
        talks.WORDS,
    )
}


def words_for(reason: Reason) -> str:
    """The English text of a refusal, with slots such as ``%(at)s`` for its facts."""
    return words_of(reason.code)


def words_of(code: StrEnum) -> str:
    """The English text of one code."""
    return WORDS[type(code)][code]


def in_english(reason: Reason) -> str:
    """The whole sentence for a command, with moments in UTC."""
    return words_for(reason) % {
        name: f"{fact:%Y-%m-%d %H:%M} UTC" if isinstance(fact, datetime) else fact
        for name, fact in reason.facts.items()
    }

"""Explains a refusal on a page."""

from datetime import datetime

from babel.dates import format_date, format_time, get_timezone

from hotline.console.shell.console import console
from hotline.console.shell.durations import as_promised, zone_if_twice
from hotline.console.shell.named import named_all
from hotline.console.shell.words import gettext, language, written_in
from hotline.refusals.wording import words_of
from models.store.refusal import Fact, Reason, RefusedError


def refused(reason: Reason) -> str:
    """The sentences in the reader's language: moments in the office's time, and ``who`` by name.

    ``due`` is the moment of a promise.
    """
    facts = {name: _said(name, fact) for name, fact in reason.facts.items()}
    # In words without facts, `%` is an ordinary character.
    codes = (reason.code, *(reason.more if isinstance(reason, RefusedError) else ()))
    return " ".join(gettext(words_of(code), **facts) for code in codes)


def moment_of_promise(due_at: datetime) -> str:
    """The day and time by which somebody was promised a call, in the office's time."""
    return moment(as_promised(due_at, console.office.zone))


def _said(name: str, fact: Fact) -> Fact:
    if isinstance(fact, datetime):
        return moment_of_promise(fact) if name == "due" else moment(fact)
    return named_all(str(fact)) if name == "who" else fact


def moment(at: datetime) -> str:
    """A day and time in the office's time."""
    zone, locale = get_timezone(console.office.time_zone), written_in(language())
    local = at.astimezone(zone)
    time = format_time(local, "short", tzinfo=zone, locale=locale) + zone_if_twice(local)
    return f"{format_date(local.date(), 'medium', locale=locale)}, {time}"

"""When something is due, in the fewest words, in English and Spanish."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, g

from hotline.console.callbacks.due_words import due_words, moment_words, time_there
from hotline.console.callbacks.words import there
from hotline.console.shell.refused import moment_of_promise
from hotline.console.shell.words import Words

ZONE = ZoneInfo("America/New_York")
#: A Wednesday, 10:00 in the office.
NOW = datetime.fromisoformat("2026-11-25T10:00:20-05:00")
WORDS = Words.load()


def said_in(language: str, app: Flask, words: object) -> str:
    with app.test_request_context("/console/"):
        g.words, g.language = WORDS, language
        return str(words()).replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("due", "english", "spanish"),
    [
        ("2026-11-25T10:12:50-05:00", "in 12 min", "en 12 min"),
        ("2026-11-25T10:00:30-05:00", "in 1 min", "en 1 min"),
        ("2026-11-25T09:59:50-05:00", "1 min overdue", "1 min tarde"),
        ("2026-11-25T09:52:00-05:00", "8 min overdue", "8 min tarde"),
        ("2026-11-25T07:30:00-05:00", "2 h overdue", "2 h tarde"),
        ("2026-11-24T09:30:00-05:00", "1 day overdue", "1 día tarde"),
        ("2026-11-22T09:30:00-05:00", "3 days overdue", "3 días tarde"),
        ("2026-11-25T14:05:00-05:00", "2:05 PM", "2:05 p.m."),
        ("2026-11-25T11:00:30-05:00", "11 AM", "11 a.m."),
        ("2026-11-26T09:00:00-05:00", "tomorrow 9 AM", "mañana 9 a.m."),
        # The end of a day, as callers hear it.
        ("2026-11-26T00:00:00-05:00", "11:59 PM", "11:59 p.m."),
        ("2026-11-27T00:00:00-05:00", "tomorrow 11:59 PM", "mañana 11:59 p.m."),
        ("2026-11-27T09:30:00-05:00", "Fri 9:30 AM", "vie 9:30 a.m."),
        ("2026-12-01T17:00:00-05:00", "Tue 5 PM", "mar 5 p.m."),
        ("2026-12-05T09:00:00-05:00", "Dec 5, 9 AM", "5 dic, 9 a.m."),
    ],
)
def test_due_moment_is_as_long_as_it_must_be(app: Flask, due: str, english: str, spanish: str) -> None:
    def words() -> str:
        return due_words(datetime.fromisoformat(due), NOW, ZONE)

    assert (said_in("en", app, words), said_in("es", app, words)) == (english, spanish)


@pytest.mark.parametrize(
    ("due", "english", "spanish"),
    [
        ("2026-11-01T01:30:00-04:00", "tomorrow 1:30 AM EDT", "mañana 1:30 a.m. EDT"),
        ("2026-11-01T01:30:00-05:00", "tomorrow 1:30 AM EST", "mañana 1:30 a.m. EST"),
        ("2026-11-01T00:30:00-04:00", "tomorrow 12:30 AM", "mañana 12:30 a.m."),
        ("2026-11-01T02:00:00-05:00", "tomorrow 2 AM", "mañana 2 a.m."),
    ],
)
def test_hour_that_comes_twice_when_the_clocks_go_back_has_its_zone(
    app: Flask, due: str, english: str, spanish: str
) -> None:
    now, at = datetime.fromisoformat("2026-10-31T10:00:00-04:00"), datetime.fromisoformat(due)

    def words() -> str:
        return due_words(at, now, ZONE)

    assert (said_in("en", app, words), said_in("es", app, words)) == (english, spanish)
    refused = said_in("en", app, lambda: moment_of_promise(at))
    assert refused.partition(", 2026, ")[2] == english.removeprefix("tomorrow ").replace("2 AM", "2:00 AM")
    in_the_zone_of_the_person = said_in("en", app, lambda: there(at, "America/New_York"))
    assert in_the_zone_of_the_person.endswith(english.removeprefix("tomorrow").replace(" 2 ", " 2:00 "))


def test_window_that_opens_in_minutes_is_named_by_its_moment(app: Flask) -> None:
    assert said_in("en", app, lambda: moment_words(NOW + timedelta(minutes=30), NOW, ZONE)) == "10:30 AM"


def test_time_there_has_the_day_only_if_it_is_another_one(app: Flask) -> None:
    def in_zone(zone: str) -> str:
        return said_in("en", app, lambda: time_there(NOW, zone, ZONE))

    assert in_zone("America/Los_Angeles") == "7 AM"
    assert in_zone("Pacific/Auckland") == "Thu 4 AM"

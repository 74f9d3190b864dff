"""How a court date is said: in the court's own time zone, by its name, or without an hour (R14)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from ivr_flows.engine.time_words import zone_prompt
from ivr_flows.prompts import Prompts
from ivr_flows.verbs.status_words import say_details
from models.custody.custody_status import Heard

PROMPTS = Prompts.load(("en", "es"))
NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
#: 6:01 PM in New York, and already the next day in Guam.
HEARING = datetime(2026, 12, 17, 23, 1, tzinfo=UTC)


@dataclass
class Page:
    """Records the words of a status. The office is in New York, and the caller in Los Angeles."""

    language: str = "en"
    prompts: Prompts = PROMPTS
    office_zone: str = "America/New_York"
    said: list[str] = field(default_factory=list)

    def say(self, prompt: str, **slots: str) -> None:
        self.said.append(self.words(prompt, **slots))

    def words(self, prompt: str, **slots: str) -> str:
        return self.prompts.text(self.language, prompt, **slots)

    def when(
        self, at: datetime, *, on: bool = False, clock: bool = False, time_zone: str | None = None
    ) -> str:
        zone = time_zone or "America/Los_Angeles"
        return self.prompts.when(
            self.language, at, zone, NOW, on=on, clock=clock, heard_in="America/Los_Angeles"
        )


def said_of(zone: str | None, language: str = "en", at: datetime = HEARING) -> str:
    page, place = Page(language), None if zone is None else "Lumpkin Court"
    found = Heard("status", next_hearing_at=at, next_hearing_place=place, hearing_zone=zone)
    say_details(page, found)
    return " ".join(page.said)


@pytest.mark.parametrize(
    ("zone", "language", "words"),
    [
        ("America/New_York", "en", "is Thursday, December 17 at 6:01 PM Eastern Time."),
        ("America/Chicago", "en", "is Thursday, December 17 at 5:01 PM Central Time."),
        ("America/New_York", "es", "es el jueves 17 de diciembre a las 6:01 de la tarde, hora del este."),
        ("America/Phoenix", "es", "a las 4:01 de la tarde, hora de Arizona."),
        ("Pacific/Guam", "en", "is Friday, December 18 at 9:01 AM Chamorro time."),
        ("America/Puerto_Rico", "en", "at 7:01 PM Atlantic Time."),
    ],
)
def test_court_hour_is_said_in_the_zone_of_the_court_by_its_name(
    zone: str, language: str, words: str
) -> None:
    assert words in said_of(zone, language)


@pytest.mark.parametrize("zone", [None, "America/Adak", "Asia/Kolkata"])
def test_day_is_said_alone_when_the_zone_has_no_name(zone: str | None) -> None:
    said = said_of(zone)

    assert "December 17." in said or "December 18." in said
    assert " at 6:01" not in said
    assert "PM" not in said


def test_every_court_date_says_to_check_with_the_court() -> None:
    assert said_of(None).endswith("Dates change; please check with the court.")
    assert said_of("America/Denver", "es").endswith("La fecha puede cambiar; confirme con la corte.")


def test_arizona_keeps_its_own_hour_in_summer() -> None:
    july = datetime(2027, 7, 6, 16, 0, tzinfo=UTC)

    assert "at 9:00 AM Arizona time." in said_of("America/Phoenix", at=july)
    assert "at 10:00 AM Mountain Time." in said_of("America/Denver", at=july)


def test_every_named_zone_has_words_in_every_language() -> None:
    zones = ["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Anchorage"]
    zones += [
        "America/Los_Angeles",
        "Pacific/Honolulu",
        "Pacific/Guam",
        "Pacific/Pago_Pago",
        "America/St_Thomas",
    ]

    names = {zone_prompt(zone, NOW) for zone in zones}
    told = {prompt for prompt in PROMPTS.languages["en"].texts if prompt.startswith("zone.")}

    assert names == told


def test_spanish_calls_only_the_person_in_the_case_libre() -> None:
    about_the_person = ("status.", "hard_news.")
    texts = PROMPTS.languages["es"].texts

    named = [name for name, text in texts.items() if "libre" in text.casefold()]
    assert [name for name in named if not name.startswith(about_the_person)] == []
    assert "nadie está libre" not in texts["hard_news.alone"].casefold()

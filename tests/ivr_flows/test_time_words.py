"""Which hour it is where a caller may be, and how earlier and later lead to every zone (R29)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.engine.time_words import hour_prompt, neighbour
from ivr_flows.prompts import Prompts
from tests.factories import make_office

ZONES = make_office(countries=("US", "PR")).zones
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, st.sampled_from(ZONES), st.sampled_from(ZONES), st.booleans())
def test_one_key_again_and_again_leads_from_every_zone_to_every_hour(
    at: datetime, start: str, end: str, later: bool
) -> None:
    def offset(zone: str) -> timedelta | None:
        return at.astimezone(ZoneInfo(zone)).utcoffset()

    zone, presses = start, 0
    while offset(zone) != offset(end):
        zone, presses = neighbour(ZONES, zone, at, later=later), presses + 1

        assert presses <= 8


@given(MOMENTS, st.sampled_from(ZONES))
def test_hour_in_the_question_is_the_nearest_one(at: datetime, zone: str) -> None:
    hour = int(hour_prompt(at, zone).removeprefix("hour."))
    local = at.astimezone(ZoneInfo(zone))

    assert hour in {local.hour, (local.hour + 1) % 24}


@pytest.mark.parametrize(
    ("language", "words"), [("en", "three in the afternoon"), ("es", "las tres de la tarde")]
)
def test_three_in_the_afternoon_in_words(language: str, words: str) -> None:
    prompt = hour_prompt(datetime(2026, 11, 25, 19, 50, tzinfo=UTC), "America/New_York")

    assert Prompts.load(("en", "es")).text(language, prompt) == words

"""An office that counts its calling windows as open: notices go out at any hour that no person refused."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from config.office import Office
from models import Notice
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, Registered, reports, sweeps
from tests.calls.notices.test_texting import TEXT, agrees_to_texts
from tests.factories import make_office

Registering = Callable[..., Registered]
NIGHT = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)  # 11 PM in New York


@pytest.fixture
def office() -> Office:
    """The shipped office with ``HOTLINE_OFFICE_ALWAYS_OPEN=1``."""
    return make_office()


@pytest.mark.parametrize(
    ("said", "rings_after"),
    [
        ({}, 0),
        ({"night_allowed": True}, 0),
        ({"night_allowed": False}, 9),
        ({"window_starts": time(15), "window_ends": time(17)}, 16),
    ],
    ids=["nothing", "yes to nights", "no to nights", "own hours"],
)
def test_news_that_waits_for_the_day_rings_and_texts_at_night_unless_the_person_refused_that(
    registered: Registering, hotline: Hotline, said: dict[str, Any], rings_after: int
) -> None:
    """A transfer at 11 PM waited until 8 AM although every window counts as open."""
    hotline.clock.now = NIGHT
    made = registered("in_custody", phone=said)
    agrees_to_texts(made)
    reports(hotline, "transferred", made)

    for _ in range(rings_after):
        assert sweeps(hotline) == hotline.carrier.texts == []
        hotline.clock.passes(hours=1)

    assert FIRST in (*sweeps(hotline), *sweeps(hotline, seconds=30))
    assert hotline.carrier.texts == [(FIRST, TEXT)]


def test_reminder_is_told_at_night(registered: Registering, hotline: Hotline) -> None:
    hotline.clock.now = NIGHT
    made = registered("in_custody")
    reports(hotline, "in_custody", made, expected_release_at=(NIGHT + timedelta(days=3)).isoformat())

    assert FIRST in (*sweeps(hotline), *sweeps(hotline, seconds=30))
    assert hotline.row(select(Notice)).state == "ringing"

"""What staff read of a status: the words of the line itself, without its keys (R13, R14)."""

from datetime import UTC, datetime, timedelta

import pytest

from hotline.console.shell.status_page import words_of
from ivr_flows.prompts import Prompts
from models.custody.custody import DATED_FACTS, IN_CUSTODY_KINDS
from models.custody.custody_status import NEUTRAL, Heard

PROMPTS = Prompts.load(("en", "es"))
NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)


def words(found: Heard, language: str = "en") -> list[str]:
    return words_of(PROMPTS, found, language, "America/Los_Angeles", NOW, office_zone="America/New_York")


def status_of(status: str) -> Heard:
    return Heard(
        "status", status=status, status_at=NOW - timedelta(days=2), as_of=NOW, facility_name="Valle Verde",
        facility_phone="+12025550190", removal_stage="proceedings_open",
        next_hearing_at=NOW + timedelta(days=6), next_hearing_place="Río Claro",
        hearing_zone="America/Chicago", hard_news=status in DATED_FACTS,
    )  # fmt: skip


def test_staff_read_the_status_and_its_details_in_the_order_of_the_line() -> None:
    assert words(status_of("in_custody")) == [
        "This person is in custody. They have been held since Monday, November 23.",
        "They are at Valle Verde.",
        "That is as of today at 7:00 AM.",
        "I have nothing newer.",
        "The phone number of Valle Verde is 202-555-0190.",
        "The immigration court case is still open.",
        "The next court date is Tuesday, December 1 at 9:00 AM Central Time.",
        "It is at Río Claro.",
        "Dates change; please check with the court.",
    ]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("status", [*sorted(IN_CUSTODY_KINDS | DATED_FACTS), "neutral"])
def test_words_that_staff_may_say_name_no_key_of_the_line(status: str, language: str) -> None:
    said = words(NEUTRAL if status == "neutral" else status_of(status), language)

    assert said
    assert not any(mark in line for line in said for mark in ("press", "oprima", "«", "|", "{"))

"""A correction waits for the morning, and meanwhile the feed or two people say something else (R16)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models import Notice
from models.custody.imports.custody_import import ImportResult
from models.notices.taking_back import corrections as watching
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, SECOND, Registered, picks_up, reports, sweeps
from tests.calls.notices.test_correcting import corrections, hears_the_news, takes_back, two_people
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.phone import Phone

__all__ = ["two_people"]

Registering = Callable[..., Registered]


def it_is_night(hotline: Hotline) -> None:
    """2 AM at the registrant's, when nothing rings that is not urgent."""
    local = hotline.clock.now.astimezone(hotline.office.zone)
    hotline.clock.passes(hours=(26 - local.hour) % 24)


def is_rung(hotline: Hotline, minutes: int) -> bool:
    """Whether the registrant's phone rings within these minutes."""
    return any(FIRST in sweeps(hotline, minutes=1) for _ in range(minutes))


def says_released(hotline: Hotline, made: Registered, at: datetime) -> ImportResult:
    """A file says that the person was released at this moment."""
    return reports(hotline, "released", made, status_at=at.isoformat())


@ON_SQLITE
@pytest.mark.parametrize("comes", [False, True], ids=["feed is silent", "next file comes"])
def test_false_death_of_somebody_of_whom_nothing_can_be_confirmed_is_corrected_within_the_hour_at_night(
    phone: Phone, registered: Registering, hotline: Hotline, comes: bool
) -> None:
    made = registered("in_custody")
    hotline.clock.passes(hours=26)
    wrong = reports(hotline, "deceased", made)
    sweeps(hotline)
    hears_the_news(phone, hotline, "2")
    it_is_night(hotline)

    takes_back(hotline, wrong)

    if comes:
        sweeps(hotline, minutes=10)
        reports(hotline, "in_custody", made, hours_ago=90)
        # The person is safe: nobody is woken.
        assert not is_rung(hotline, 60)
        return
    assert is_rung(hotline, 40)
    called = hears_the_news(phone, hotline, confirms=False)
    assert called.hears("was wrong. I cannot confirm where this person is right now")


def test_second_file_that_is_taken_back_at_night_makes_a_correction_urgent(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    """Back in custody and then moved: both were wrong, and the person is out."""
    made = registered("released")
    first = reports(hotline, "returned_to_custody", made, hours_ago=3)
    hotline.clock.passes(minutes=20)
    second = reports(hotline, "transferred", made)
    sweeps(hotline)
    assert hears_the_news(phone, hotline).hears("We will not call about this again")
    it_is_night(hotline)
    takes_back(hotline, second)
    assert not is_rung(hotline, 2)

    takes_back(hotline, first)

    assert is_rung(hotline, 2)
    called = hears_the_news(phone, hotline, "1", confirms=False)
    assert called.hears("was wrong. The record says this person was released")


@ON_SQLITE
def test_news_that_the_feed_sends_again_before_its_correction_was_heard_was_not_wrong(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    released = hotline.clock.now - timedelta(hours=1)
    true = says_released(hotline, made, released)
    sweeps(hotline)
    hears_the_news(phone, hotline, "1")
    hotline.clock.passes(minutes=5)
    takes_back(hotline, true)
    hotline.clock.passes(minutes=5)

    again = says_released(hotline, made, released)

    caller = phone.another()
    opens_the_case(caller, made.case, from_=FIRST)
    caller.presses("1")
    assert caller.hears("was released today")
    assert caller.does_not_hear("wrong")
    caller.hangs_up()
    assert is_rung(hotline, 2)
    assert hears_the_news(phone, hotline, "1").does_not_hear("wrong")
    assert [(one.state, one.outcome) for one in corrections(hotline)] == [("stopped", "replaced")]
    # Taken back once more: now it was wrong.
    takes_back(hotline, again)
    assert is_rung(hotline, 3)
    called = hears_the_news(phone, hotline, confirms=False)
    assert called.hears("What we told you today was wrong. This person is in custody")


@ON_SQLITE
def test_news_that_was_sent_again_unheard_and_taken_back_again_is_corrected(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    released = hotline.clock.now - timedelta(hours=1)
    wrong = says_released(hotline, made, released)
    sweeps(hotline)
    hears_the_news(phone, hotline, "1")
    takes_back(hotline, wrong)
    again = says_released(hotline, made, released)
    sweeps(hotline, minutes=2)
    assert [one.outcome for one in corrections(hotline)] == ["replaced"]

    takes_back(hotline, again)

    assert [one.state for one in corrections(hotline)] == ["waiting"]
    assert is_rung(hotline, 40)
    called = hears_the_news(phone, hotline, confirms=False)
    assert called.hears("What we told you today was wrong. This person is in custody")
    assert {one.state for one in hotline.rows(select(Notice))} <= {"confirmed", "stopped", "ringing"}


@ON_SQLITE
def test_correction_behind_many_others_becomes_urgent_as_well(
    phone: Phone, registered: Registering, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_PAGE", 1)
    moved, dead = registered("in_custody"), registered("in_custody", phones=(SECOND,))
    hotline.clock.passes(hours=20)
    reports(hotline, "in_custody", moved, hours_ago=90)
    wrong = reports(hotline, "released", moved), reports(hotline, "deceased", dead)
    for number, key in ((FIRST, "1"), (SECOND, "2")):
        while not any(call.to == number for call in hotline.carrier.ringing):
            sweeps(hotline, minutes=1)
        called = picks_up(phone.another(), hotline, number)
        for pressed in ("1", CODE, key, "1"):
            called.presses(pressed)
        called.hangs_up()
    it_is_night(hotline)
    for one in wrong:
        takes_back(hotline, one)

    for _ in range(40):
        sweeps(hotline, minutes=1)

    assert [one.is_urgent for one in corrections(hotline)] == [False, True]

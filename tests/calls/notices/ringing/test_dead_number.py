"""A registrant's number that is out of use: the carrier accepts the call, and then it fails (R28, R36)."""

from collections.abc import Callable

from sqlalchemy import select

from models import Callback
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    SECOND,
    Registered,
    misses,
    picks_up,
    sweeps,
    the_notice,
)
from tests.phone import Phone

Registering = Callable[..., Registered]


def test_other_phone_rings_at_once_and_the_dead_one_spends_no_try_and_no_cap(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    """Two of three tries went to the dead number, and staff read that nobody had picked up."""
    registered("transferred", phones=(FIRST, SECOND), cap=3).is_due("transferred")
    assert sweeps(hotline) == [FIRST]
    misses(phone, hotline, FIRST, "failed")
    assert sweeps(hotline, seconds=1) == [SECOND], "it does not wait half an hour for its turn"
    misses(phone, hotline, SECOND)
    fails = rung = 1

    for _ in range(18):
        for number in sweeps(hotline, minutes=30):
            misses(phone, hotline, number, "failed" if number == FIRST else "no-answer")
            fails, rung = fails + (number == FIRST), rung + (number == SECOND)

    assert (rung, the_notice(hotline).tries) == (3, 3), "only the phone that rang was tried"
    assert fails > 3, "and the dead one is asked for beside it"
    (task,) = hotline.rows(select(Callback).where(Callback.reason == "notice"))
    assert task.outcome == "notice_refused", "staff read that a phone cannot be called"


def test_staff_are_to_reach_the_person_at_the_second_failure_in_a_row(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_due()
    sweeps(hotline)
    misses(phone, hotline, FIRST, "failed")
    assert (the_notice(hotline).task, the_notice(hotline).tries) == (None, 0)
    assert sweeps(hotline, minutes=1) == []
    assert sweeps(hotline, minutes=1) == [FIRST]

    misses(phone, hotline, FIRST, "failed")

    assert (the_notice(hotline).state, the_notice(hotline).task) == ("waiting", "refused")
    sweeps(hotline, minutes=1)
    (task,) = hotline.rows(select(Callback).where(Callback.reason == "notice"))
    assert task.outcome == "notice_refused"


def test_number_that_works_again_rings_and_the_news_is_told(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_due()
    sweeps(hotline)
    for minutes in (2, 4, 8):
        misses(phone, hotline, FIRST, "failed")
        assert sweeps(hotline, minutes=minutes) == [FIRST]

    called = picks_up(phone, hotline)
    for keys in ("1", CODE, "1", "1"):
        called.presses(keys)

    assert the_notice(hotline).state == "confirmed"


def test_escape_rings_the_phone_that_works_while_the_other_is_dead(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("escaped", phones=(FIRST, SECOND)).is_due("escaped")
    assert sorted(sweeps(hotline)) == sorted([FIRST, SECOND])
    misses(phone, hotline, FIRST, "failed")

    called = picks_up(phone.another(), hotline, SECOND)
    for keys in ("1", CODE, "1", "1"):
        called.presses(keys)

    assert the_notice(hotline).state == "confirmed"

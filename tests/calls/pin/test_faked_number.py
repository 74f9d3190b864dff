"""Somebody fakes the caller's number, or borrows the phone: the line keeps its promise to her (R35)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.callbacks.test_callbacks import accepted_by, the_callback
from tests.calls.conftest import Hotline
from tests.calls.pin.test_without_pin import DOUBTED, dials_to_the_callback_menu
from tests.conftest import ON_SQLITE
from tests.phone import CALLER, Phone

MakeStaff = Callable[..., Staff]
ATTESTED = {"StirVerstat": "TN-Validation-Passed-A"}
EVENING, EXPRESS, AFRAID = ("2", "1", "3"), ("1",), ("3",)


def asks(phone: Phone, *keys: str, **extra: str) -> str:
    """Ask for a callback by these keys, without a PIN, and hang up; returns what the line said."""
    dials_to_the_callback_menu(phone, **extra)
    for key in keys:
        phone.presses(key)
    heard = phone.heard
    phone.hangs_up()
    return heard


def rings_in_vain(phone: Phone, hotline: Hotline, minutes: int, every: int = 15) -> list[str]:
    """Every liaison accepts at once, and the caller lets her phone ring; the times of these rings, in New
    York.

    The sweeper runs once in ``every`` minutes.
    """
    rung = []
    for _ in range(minutes // every):
        hotline.clock.passes(minutes=every)
        hotline.sweeps()
        if hotline.rung():
            _, to_caller = accepted_by(phone, hotline)
            assert to_caller.to == CALLER
            rung.append(f"{hotline.clock.now - timedelta(hours=5):%H:%M}")
            phone.another().lets_ring(to_caller)
            hotline.jobs.works_off()
    return rung


@ON_SQLITE
@pytest.mark.parametrize("other", [EXPRESS, AFRAID], ids=["as soon as can be", "afraid"])
def test_caller_keeps_the_evening_that_she_chose_whatever_is_asked_for_under_her_number(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, other: tuple[str, ...]
) -> None:
    make_staff()
    assert "today, in the evening" in asks(phone.another(), *EVENING)
    hotline.clock.passes(minutes=30)

    assert "We will call you no later than" in asks(phone.another(), *other)

    assert rings_in_vain(phone, hotline, 600, every=30) == [
        "11:00",
        "11:30",
        "12:00",
        "17:00",
        "17:30",
        "18:00",
    ]
    assert the_callback(hotline).state == ("left_for_staff" if other == AFRAID else "no_answer")


@ON_SQLITE
def test_caller_keeps_the_evening_that_she_chose_though_somebody_asked_before_her(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks(phone.another(), *EXPRESS)

    assert "today, in the evening" in asks(phone, *EVENING)

    assert rings_in_vain(phone, hotline, 600, every=30)[-3:] == ["17:00", "17:30", "18:00"]


@ON_SQLITE
def test_caller_keeps_the_evening_though_somebody_asked_for_the_morning_before(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    assert "today, in the morning" in asks(phone.another(), "2", "1", "1")

    assert "today, in the evening" in asks(phone, *EVENING)

    assert rings_in_vain(phone, hotline, 600, every=30)[-3:] == ["17:00", "17:30", "18:00"]


@pytest.mark.parametrize("theirs", [DOUBTED, {}], ids=["failed", "unattested"])
@pytest.mark.parametrize("keys", [EXPRESS, ("2", "1", "1")], ids=["as soon as can be", "in the morning"])
def test_faked_number_changes_nothing_in_how_an_attested_caller_is_called(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, theirs: dict[str, str], keys: tuple[str, ...]
) -> None:
    make_staff()
    assert (
        "we may leave a short message" in asks(phone.another(), *EVENING, "3", "2", "1", **ATTESTED).lower()
    )
    before = the_callback(hotline)
    fresh = asks(phone.another(), *keys, from_="+12025550188", **theirs)

    assert asks(phone.another(), *keys, **theirs) == fresh

    after = hotline.row(select(Callback).where(Callback.id == before.id))
    for name in ("window_starts", "window_ends", "next_attempt_at", "asked_elsewhere", "voicemail_text"):
        assert getattr(after, name) == getattr(before, name), name


def test_faked_number_does_not_bring_forward_what_a_liaison_promised(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    caller = phone.another()
    caller.dials_in()
    for key in ("1", "0"):
        caller.presses(key)
    liaison = hotline.accepts(caller)
    hotline.clock.passes(minutes=2)
    caller.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("3")
    liaison.hangs_up()
    hotline.jobs.works_off()
    promised_at = the_callback(hotline).next_attempt_at
    assert promised_at == datetime(2026, 11, 25, 17, 2, tzinfo=UTC)

    asks(phone.another(), *EXPRESS, **DOUBTED)
    assert the_callback(hotline).next_attempt_at == promised_at

    asks(phone.another(), *AFRAID, **DOUBTED)
    rung = rings_in_vain(phone, hotline, 180, every=30)
    assert rung == ["10:32", "11:02", "11:32", "12:02", "12:32", "13:02"]


@ON_SQLITE
def test_phone_stops_ringing_though_somebody_keeps_asking(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    rung: list[str] = []
    asks(phone.another(), *EXPRESS)
    while the_callback(hotline).state == "requested" and len(rung) < 8:
        assert "We will call you no later than" in asks(phone.another(), *EXPRESS)
        rung += rings_in_vain(phone, hotline, 30, every=30)

    # Its three tries, and two rounds more.
    assert len(rung) == 5


@ON_SQLITE
def test_phone_does_not_ring_without_end_before_a_promised_part_of_the_day(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks(phone.another(), *EVENING)
    rung: list[str] = []
    for _ in range(10):
        assert "We will call you no later than" in asks(phone.another(), *EXPRESS)
        rung += rings_in_vain(phone, hotline, 40, every=40)

    # Three tries and two rounds more, and none again before the evening.
    assert len(rung) == 5
    assert rings_in_vain(phone, hotline, 120, every=20) == ["17:00", "17:40", "18:20"]

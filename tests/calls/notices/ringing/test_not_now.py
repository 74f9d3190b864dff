"""Whoever says that it is not a good time is left alone for a while, by every call but urgent news (R28)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    FIRST,
    SECOND,
    Registered,
    is_called,
    minutes_until_next,
    picks_up,
    sweeps,
)
from tests.factories import make_callback, make_office
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]


def is_promised(made: Registered, minutes: int = 0) -> None:
    """The afraid person is promised a callback that is due in so many minutes."""
    now = made.hotline.clock.now
    with made.hotline.database.transaction() as session:
        make_callback(
            session, made.case, phone=FIRST, urgency="urgent", reason="afraid", requested_at=now,
            due_at=now + timedelta(hours=1), next_attempt_at=now + timedelta(minutes=minutes),
        )  # fmt: skip


def says_not_now(called: Phone) -> None:
    """Whoever answers presses 2, and is told that we call at another time."""
    called.presses("2")
    assert called.hears("We will call at another time")
    called.hangs_up()


def is_left_alone(hotline: Hotline, minutes: int) -> bool:
    """Whether no phone rings in this time, neither the person's nor a liaison's for them."""
    return not any(sweeps(hotline, minutes=4) for _ in range(minutes // 4))


def test_not_now_about_news_puts_off_the_callback_that_is_due_in_a_minute(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    made = registered("released")
    is_promised(made, minutes=1)

    says_not_now(is_called(phone, made))

    assert is_left_alone(hotline, minutes=28)
    # The news is due by then too, and the phone rings once.
    sweeps(hotline, minutes=4)
    _, to_person = accepted_by(phone.another(), hotline)
    assert [call.to for call in hotline.carrier.ringing] == [FIRST]
    assert to_person.to == FIRST


def test_staff_decide_about_the_promise_after_the_last_not_now_of_somebody_without_the_code(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    """A stranger who has the phone would keep every callback from the afraid person (R35)."""
    made = registered("released", cap=9)
    is_promised(made, minutes=1)
    says_not_now(is_called(phone, made))

    theirs = select(Callback).where(Callback.reason == "afraid")
    for _ in range(2):
        assert hotline.row(theirs).state == "requested"
        while not sweeps(hotline, minutes=10):
            pass
        says_not_now(picks_up(phone.another(), hotline))

    row = hotline.row(theirs)
    assert (row.state, row.outcome) == ("left_for_staff", "not_safe")


@pytest.mark.parametrize(("kind", "rings"), [("transferred", [SECOND]), ("released", [FIRST])])
def test_not_now_in_a_callback_puts_off_news_at_that_phone_unless_it_is_urgent(
    phone: Phone,
    registered: Registering,
    make_staff: MakeStaff,
    hotline: Hotline,
    kind: str,
    rings: list[str],
) -> None:
    make_staff()
    made = registered(kind, phones=(FIRST, SECOND))
    is_promised(made)
    sweeps(hotline)
    liaison, to_person = accepted_by(phone, hotline)
    made.is_due(kind)

    says_not_now(phone.another().answers(to_person))
    hotline.jobs.works_off()
    liaison.hangs_up()

    assert sweeps(hotline, minutes=1) == rings


@pytest.mark.parametrize(("kind", "minutes"), [("escaped", [30] * 5 + [120]), ("transferred", [120, 120])])
def test_phone_at_which_it_is_no_good_time_rings_again_as_soon_as_one_that_nobody_answered(
    phone: Phone, registered: Registering, hotline: Hotline, kind: str, minutes: list[int]
) -> None:
    """Whatever the office means by a later call of a liaison, which may be in two days (R28)."""
    hotline.office = make_office(policies={"carrier_calls_per_second": 100, "call_later_minutes": 2_880})
    registered(kind).is_dialed(kind)
    for pause in minutes:
        says_not_now(picks_up(phone.another(), hotline))

        assert minutes_until_next(hotline) == pause
        assert sweeps(hotline, minutes=pause) == [FIRST]

"""When the sweeper passes, and when it rests."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.call_center import CallCenter
from tests.factories import make_call, make_callback, make_case, make_staff, make_wait
from workers.rest import may_rest
from workers.sweeper import SWEEP_SECONDS


class Sweeper:
    """Looks every two seconds, as the process does; ``passes`` are the moments of its passes."""

    def __init__(self, call_center: CallCenter) -> None:
        self._center = call_center
        self._center.sweeps()
        self.passes = [call_center.now]

    def looks_for(self, seconds: int) -> None:
        center = self._center
        for _ in range(int(seconds / SWEEP_SECONDS)):
            center.now += timedelta(seconds=SWEEP_SECONDS)
            if not may_rest(center.database, center.jobs, self.passes[-1], center.now):  # type: ignore[arg-type]
                center.sweeps()
                self.passes.append(center.now)


def _rings_a_caller(session: Session) -> None:
    make_callback(session, make_case(session), state="ringing_caller")


def _makes_a_due_callback(session: Session) -> None:
    make_callback(session, make_case(session))


def _waits_in_the_call_queue(session: Session) -> None:
    make_wait(session, make_call(session)).ended_at = None


def _has_a_liaison_on_the_phone(session: Session) -> None:
    make_staff(session).busy_call_id = make_call(session).id


def _has_a_leg_at_0(session: Session) -> None:
    make_call(session, parent_call_id=make_call(session).id, role="at_0")


def _has_a_leg_of_a_callback(session: Session) -> None:
    ended = make_callback(session, make_case(session), state="reached")
    make_call(session, callback_id=ended.id, role="caller_leg")


def test_sweeper_passes_every_ten_seconds_while_nothing_goes_on(empty_call_center: CallCenter) -> None:
    sweeper = Sweeper(empty_call_center)
    began = sweeper.passes[0]

    sweeper.looks_for(30)

    assert [(at - began).total_seconds() for at in sweeper.passes] == [0, 10, 20, 30]


@pytest.mark.parametrize(
    "happens",
    [
        _rings_a_caller,
        _makes_a_due_callback,
        _waits_in_the_call_queue,
        _has_a_liaison_on_the_phone,
        _has_a_leg_at_0,
        _has_a_leg_of_a_callback,
    ],
)
def test_sweeper_passes_within_two_seconds_when_something_goes_on(
    empty_call_center: CallCenter, happens: Callable[[Session], None]
) -> None:
    sweeper = Sweeper(empty_call_center)
    sweeper.looks_for(4)
    with empty_call_center.database.transaction() as session:
        happens(session)

    sweeper.looks_for(4)

    assert len(sweeper.passes) == 3


def test_caller_at_the_menus_alone_needs_no_pass(empty_call_center: CallCenter) -> None:
    sweeper = Sweeper(empty_call_center)
    with empty_call_center.database.transaction() as session:
        make_call(session)

    sweeper.looks_for(4)

    assert len(sweeper.passes) == 1


def test_callback_is_offered_within_two_seconds_of_its_time_after_a_rest(
    empty_call_center: CallCenter,
) -> None:
    sweeper = Sweeper(empty_call_center)
    due = empty_call_center.now + timedelta(seconds=61)
    with empty_call_center.database.transaction() as session:
        make_staff(session)
        callback = make_callback(session, make_case(session), next_attempt_at=due)

    sweeper.looks_for(60)
    assert empty_call_center.jobs.waiting == []
    sweeper.looks_for(2)

    assert empty_call_center.jobs.waiting == [("dial_liaison", callback.id)]


@pytest.mark.parametrize("is_down", [True, False])
def test_sweeper_does_not_rest_while_a_job_waits_or_the_queue_is_down(
    empty_call_center: CallCenter, is_down: bool
) -> None:
    sweeper = Sweeper(empty_call_center)
    empty_call_center.jobs.enqueue("send_alert", 1)
    empty_call_center.jobs.is_down = is_down

    sweeper.looks_for(6)

    assert len(sweeper.passes) == 4


def test_clock_that_is_put_back_ends_a_rest(empty_call_center: CallCenter) -> None:
    now = empty_call_center.now

    later = now + timedelta(hours=1)

    assert not may_rest(empty_call_center.database, empty_call_center.jobs, later, now)  # type: ignore[arg-type]

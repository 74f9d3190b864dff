"""Nothing is stuck for more than a minute with the shipped policies, even with a carrier out of reach."""

from datetime import datetime, timedelta

import pytest

from config.office import Office
from models import Callback
from models.callbacks.callback_state import FINAL_STATES
from models.store.database import Database
from models.talks import leg as legs
from models.talks.dispatch import claim_callback, ring_first
from models.talks.next_offer import first_on_list
from tests.call_center import CallCenter, CallCenterCarrier
from tests.conftest import ON_SQLITE
from tests.factories import make_callback, make_case, make_office, make_staff
from workers.carrier import ASKING_SECONDS, CarrierCall, CarrierUnknown
from workers.sweeper import SWEEP_SECONDS

BOUND = timedelta(seconds=60)
MANY = 12


class _SilentCarrier(CallCenterCarrier):
    """Once ``is_deaf`` is set, every question takes its full timeout, and no answer comes."""

    def __init__(self, call_center: CallCenter) -> None:
        super().__init__()
        self._call_center, self.asked = call_center, 0

    def fetch_call(self, call_sid: str) -> CarrierCall:
        if self.is_deaf:
            self.asked += 1
            self._call_center.now += timedelta(seconds=ASKING_SECONDS)
            raise CarrierUnknown("The carrier did not answer.")
        return super().fetch_call(call_sid)


@pytest.fixture
def call_center(database: Database, office: Office, now: datetime) -> CallCenter:
    """Many promises in hand at once, each with a liaison of its own."""
    call_center = CallCenter(database, make_office(policies={"carrier_calls_per_second": 100}), now)
    call_center.carrier = _SilentCarrier(call_center)
    with database.transaction() as session:
        for last in range(MANY):
            make_staff(session, phone=f"+120255501{last + 30}")
            make_callback(session, make_case(session), phone=f"+120255501{last + 60}")
    call_center.sweeps()
    return call_center


def _time_until_nothing_is_stuck(call_center: CallCenter, lost: datetime) -> timedelta:
    while call_center.now - lost < 2 * BOUND:
        # What is offered again meanwhile is another try, which is not measured here.
        call_center.jobs.waiting.clear()
        call_center.sweeps(seconds=3 * SWEEP_SECONDS)
        stuck = [
            row
            for row in call_center.rows(Callback)
            if row.state not in ("requested", "talking", *FINAL_STATES)
        ]
        if not stuck:
            break
    return call_center.now - lost


@ON_SQLITE
@pytest.mark.parametrize("rung", ["liaison", "caller"])
def test_silent_legs_are_left_within_a_minute(call_center: CallCenter, rung: str) -> None:
    """Every event is lost and no question is answered from the moment of dialing on."""
    call_center.works_off()
    assert len(call_center.carrier.placed) == MANY
    if rung == "caller":
        for call in list(call_center.carrier.placed):
            call_center.answers(call)
            call_center.presses(call, legs.accept_by_liaison)
        call_center.works_off()
        assert len(call_center.carrier.placed) == 2 * MANY
    call_center.carrier.is_deaf = True
    assert _time_until_nothing_is_stuck(call_center, call_center.now) <= BOUND
    why = "unknown_call" if rung == "caller" else "unknown_offer"
    assert {(row.state, row.outcome) for row in call_center.rows(Callback)} == {("left_for_staff", why)}
    assert isinstance(call_center.carrier, _SilentCarrier)
    assert call_center.carrier.asked < MANY, "asked once in a pass, or the last would wait for all others"


@ON_SQLITE
def test_workers_that_die_after_their_claim_or_their_intent_hold_nothing_for_a_minute(
    call_center: CallCenter,
) -> None:
    policy = call_center.policy
    call_center.jobs.waiting.clear()
    call_center.carrier.is_deaf = True
    for last in range(MANY):
        with call_center.database.transaction() as session:
            if last % 2:
                assert ring_first(session, call_center.now, policy) is not None
            else:
                (first,) = first_on_list(session, call_center.now, policy, 1)
                assert claim_callback(session, first, call_center.now, policy)
    assert _time_until_nothing_is_stuck(call_center, call_center.now) <= BOUND
    assert {row.state for row in call_center.rows(Callback)} == {"requested", "left_for_staff"}


def test_worker_that_dies_before_the_callers_leg_is_followed_at_once(call_center: CallCenter) -> None:
    call_center.works_off()
    for call in list(call_center.carrier.placed):
        call_center.presses(call, legs.accept_by_liaison)
    call_center.jobs.waiting.clear()
    call_center.sweeps(seconds=3)
    assert [name for name, _ in call_center.jobs.waiting] == ["dial_caller"] * MANY


@ON_SQLITE
def test_talk_whose_end_event_was_lost_is_closed_within_a_minute_after_asking_the_carrier(
    call_center: CallCenter,
) -> None:
    call_center.works_off()
    for call in list(call_center.carrier.placed):
        call_center.presses(call, legs.accept_by_liaison)
    call_center.works_off()
    for call in call_center.carrier.placed[MANY:]:
        call_center.presses(call, legs.join_caller)
        call.status = "completed"
    lost = call_center.now
    while call_center.now - lost < BOUND:
        call_center.sweeps(seconds=3 * SWEEP_SECONDS)
    assert {row.state for row in call_center.rows(Callback)} == {"reached"}
    assert call_center.busy() == 0

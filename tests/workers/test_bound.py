"""Nothing is stuck for more than a minute with the shipped policies, also with a carrier out of reach."""

from datetime import datetime, timedelta

import pytest

from config.office import Office
from models import Callback
from models.callbacks.callback_state import FINAL_STATES
from models.store.database import Database
from models.talks import leg as legs
from models.talks.dispatch import claim_callback, ring_first
from models.talks.next_offer import first_in_line
from tests.callback_desk import CallbackDesk, DeskCarrier
from tests.factories import make_callback, make_case, make_office, make_staff
from workers.carrier import ASKING_SECONDS, CarrierCall, CarrierUnknown
from workers.sweeper import SWEEP_SECONDS

BOUND = timedelta(seconds=60)
MANY = 12


class _SilentCarrier(DeskCarrier):
    """From ``is_deaf`` on every question takes its whole patience, and no answer comes."""

    def __init__(self, desk: CallbackDesk) -> None:
        super().__init__()
        self._desk, self.asked = desk, 0

    def fetch_call(self, call_sid: str) -> CarrierCall:
        if self.is_deaf:
            self.asked += 1
            self._desk.now += timedelta(seconds=ASKING_SECONDS)
            raise CarrierUnknown("The carrier did not answer.")
        return super().fetch_call(call_sid)


@pytest.fixture
def desk(database: Database, office: Office, now: datetime) -> CallbackDesk:
    """Many promises in hand at once, each with a liaison of its own."""
    desk = CallbackDesk(database, make_office(policies={"carrier_calls_per_second": 100}), now)
    desk.carrier = _SilentCarrier(desk)
    with database.transaction() as session:
        for last in range(MANY):
            make_staff(session, phone=f"+120255501{last + 30}")
            make_callback(session, make_case(session), phone=f"+120255501{last + 60}")
    desk.sweeps()
    return desk


def _time_until_nothing_is_stuck(desk: CallbackDesk, lost: datetime) -> timedelta:
    while desk.now - lost < 2 * BOUND:
        # What is offered anew meanwhile is another try, and not what is measured here.
        desk.jobs.waiting.clear()
        desk.sweeps(seconds=SWEEP_SECONDS)
        stuck = [
            row for row in desk.rows(Callback) if row.state not in ("requested", "talking", *FINAL_STATES)
        ]
        if not stuck:
            break
    return desk.now - lost


@pytest.mark.parametrize("rung", ["liaison", "caller"])
def test_legs_of_which_nothing_is_heard_any_more_are_left_within_a_minute(
    desk: CallbackDesk, rung: str
) -> None:
    """Every event is lost and no question is answered from the moment of dialling on."""
    desk.works_off()
    assert len(desk.carrier.placed) == MANY
    if rung == "caller":
        for call in list(desk.carrier.placed):
            desk.answers(call)
            desk.presses(call, legs.accept_by_liaison)
        desk.works_off()
        assert len(desk.carrier.placed) == 2 * MANY
    desk.carrier.is_deaf = True
    assert _time_until_nothing_is_stuck(desk, desk.now) <= BOUND
    why = "unknown_call" if rung == "caller" else "unknown_offer"
    assert {(row.state, row.outcome) for row in desk.rows(Callback)} == {("left_for_staff", why)}
    assert isinstance(desk.carrier, _SilentCarrier)
    assert desk.carrier.asked < MANY, "asked once in a pass, or the last would wait for all others"


def test_workers_that_die_after_their_claim_or_their_intent_hold_nothing_for_a_minute(
    desk: CallbackDesk,
) -> None:
    policy = desk.policy
    desk.jobs.waiting.clear()
    desk.carrier.is_deaf = True
    for last in range(MANY):
        with desk.database.transaction() as session:
            if last % 2:
                assert ring_first(session, desk.now, policy) is not None
            else:
                (first,) = first_in_line(session, desk.now, policy, 1)
                assert claim_callback(session, first, desk.now, policy)
    assert _time_until_nothing_is_stuck(desk, desk.now) <= BOUND
    assert {row.state for row in desk.rows(Callback)} == {"requested", "left_for_staff"}


def test_a_worker_that_dies_before_the_callers_leg_is_followed_at_once(desk: CallbackDesk) -> None:
    desk.works_off()
    for call in list(desk.carrier.placed):
        desk.presses(call, legs.accept_by_liaison)
    desk.jobs.waiting.clear()
    desk.sweeps(seconds=3)
    assert [name for name, _ in desk.jobs.waiting] == ["dial_caller"] * MANY


def test_a_talk_whose_end_was_lost_is_closed_within_a_minute_by_the_carriers_word(desk: CallbackDesk) -> None:
    desk.works_off()
    for call in list(desk.carrier.placed):
        desk.presses(call, legs.accept_by_liaison)
    desk.works_off()
    for call in desk.carrier.placed[MANY:]:
        desk.presses(call, legs.join_caller)
        call.status = "completed"
    lost = desk.now
    while desk.now - lost < BOUND:
        desk.sweeps(seconds=SWEEP_SECONDS)
    assert {row.state for row in desk.rows(Callback)} == {"reached"}
    assert desk.busy() == 0

"""Call events: late, doubled, out of order, of unknown calls; and the state table driven by all of them."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from config.office import Office
from models import Call, Callback, CallEvent, Staff, Talk
from models.callbacks.callback import cancel_callback
from models.callbacks.callback_state import FINAL_STATES
from models.overview.caller_state import load_by_leg
from models.store.database import Database
from models.talks import leg as legs
from models.talks.call_event import record_call_event
from models.talks.hold import staff_left
from tests.call_center import CallCenter
from tests.conftest import ON_SQLITE
from tests.factories import NOW, make_call, make_callback, make_case, make_office, make_staff

STATUSES = ("initiated", "ringing", "in-progress", "completed")


@pytest.fixture
def call_center(database: Database, office: Office) -> CallCenter:
    return CallCenter(database, office, NOW)


def _inbound(call_center: CallCenter) -> Call:
    with call_center.database.transaction() as session:
        return make_call(session)


def test_events_of_a_call_are_kept_once_and_its_end_is_noted(call_center: CallCenter) -> None:
    call = _inbound(call_center)
    for sequence, status in enumerate(STATUSES):
        for _ in range(3):
            call_center.tells(call, status, sequence)
    assert [event.call_status for event in call_center.events()] == list(STATUSES)
    (row,) = call_center.rows(Call)
    assert (row.call_status, row.ended_at) == ("completed", NOW)


@pytest.mark.parametrize("seed", range(6))
def test_events_out_of_order_never_take_a_call_back(call_center: CallCenter, seed: int) -> None:
    call = _inbound(call_center)
    order = list(enumerate(STATUSES)) * 2
    random.Random(seed).shuffle(order)
    for sequence, status in order:
        call_center.tells(call, status, sequence)
    (row,) = call_center.rows(Call)
    assert (row.call_status, row.ended_at) == ("completed", NOW)


def test_first_end_that_is_reported_stays(call_center: CallCenter) -> None:
    call = _inbound(call_center)
    call_center.tells(call, "busy", 2)
    call_center.now += timedelta(minutes=1)
    call_center.tells(call, "completed", 3)
    (row,) = call_center.rows(Call)
    assert (row.call_status, row.ended_at) == ("busy", NOW)


def test_event_of_an_unknown_call_is_kept_without_a_fault(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        values = {"CallSid": "CA" + "9" * 32, "CallStatus": "completed"}
        for leg_id in (None, "no such leg"):
            assert record_call_event(session, values, NOW, call_center.policy, leg_id) == []
    assert len(call_center.events()) == 1


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"CallSid": "CA1"},
        {"CallStatus": "completed"},
        {"CallSid": "CA\x00", "CallStatus": "completed"},
        {"CallSid": "C" * 65, "CallStatus": "completed"},
        {"CallSid": "CA\ud800", "CallStatus": "completed"},
        {"CallSid": "CA1", "CallStatus": "leaving"},
        {"CallSid": "CA1", "CallStatus": "x" * 500},
    ],
)
def test_malformed_event_is_ignored(call_center: CallCenter, values: dict[str, str]) -> None:
    with call_center.database.transaction() as session:
        assert record_call_event(session, values, NOW, call_center.policy) == []
    assert call_center.events() == []


def test_odd_details_are_dropped_and_the_event_is_kept(call_center: CallCenter) -> None:
    values = {
        "CallSid": "CA1", "CallStatus": "completed", "SequenceNumber": "9" * 30,
        "AnsweredBy": "human\x00",
    }  # fmt: skip
    with call_center.database.transaction() as session:
        record_call_event(session, values, NOW, call_center.policy)
    (event,) = call_center.events()
    assert (event.sequence_number, event.answered_by) == (-1, None)


# Everything that can happen to a callback, in any order, more than once.
HAPPENS = (
    *("dial_liaison", "dial_caller", "sweep", "event"),
    *("accept", "decline", "join", "not_safe", "leave", "cancel"),
)
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(HAPPENS),
        st.integers(0, 5),
        st.sampled_from(("ringing", "in-progress", "completed", "no-answer", "busy", "failed")),
        st.sampled_from((0, 1, 20, 130, 2000)),
        st.sampled_from(("dialled", "refused", "lost", "lost before dialling")),
    ),
    max_size=30,
)
#: The usual way of a callback; an oddity begins somewhere along it.
WAY = (("dial_liaison", 0), ("accept", 0), ("dial_caller", 0), ("join", 1))
KEYS: dict[str, Any] = {
    "accept": legs.accept_by_liaison,
    "join": legs.join_caller,
    "leave": staff_left,
}


@ON_SQLITE
@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(along=st.integers(0, len(WAY)), happenings=HAPPENINGS)
def test_final_state_stays_and_nobody_is_rung_twice_whatever_happens_in_whatever_order(
    database: Database, along: int, happenings: list[tuple[str, int, str, int, str]]
) -> None:
    call_center = CallCenter(database, make_office(), NOW)
    with database.transaction() as session:
        _forget_everything(session)
        for _ in range(2):
            make_staff(session)
        callback_id = make_callback(session, make_case(session)).id
    accepted_before = call_center.audited().count("accept_callback")
    for what, which in WAY[:along]:
        _happens(call_center, callback_id, what, which, "")
    final: str | None = None
    for what, which, status, seconds, fate in happenings:
        call_center.now += timedelta(seconds=seconds)
        call_center.carrier._next = [fate]
        _happens(call_center, callback_id, what, which, status)
        (row,) = call_center.rows(Callback, Callback.id == callback_id)
        if final is not None:
            assert row.state == final
        final = row.state if row.state in FINAL_STATES else None
        assert (row.closed_at is not None) == (final is not None)
        _nobody_is_rung_twice(call_center, call_center.audited().count("accept_callback") - accepted_before)


def _forget_everything(session: Session) -> None:
    """Hypothesis runs many examples in one test, and so in one database."""
    session.execute(update(Staff).values(busy_call_id=None))
    session.execute(update(Callback).values(liaison_call_id=None, caller_call_id=None, staff_id=None))
    session.execute(update(Call).values(callback_id=None, staff_id=None))
    for kind in (Talk, Callback, Call, Staff, CallEvent):
        session.execute(delete(kind))


def _happens(call_center: CallCenter, callback_id: int, what: str, which: int, status: str) -> None:
    match what:
        case "dial_liaison" | "dial_caller":
            call_center.dialler.do(what, callback_id)
        case "sweep":
            call_center.sweeps()
            call_center.works_off()
        case "cancel":
            with call_center.database.transaction() as session:
                cancel_callback(session, callback_id, call_center.now)
        case "event" if call_center.carrier.placed:
            call = call_center.carrier.placed[which % len(call_center.carrier.placed)]
            call.status = status
            call_center.tells(call, status, which, leg_id=call.leg_id)
        case _:
            found = call_center.rows(Call, Call.callback_id == callback_id)
            if found:
                _press(call_center, found[which % len(found)].leg_id, what)


def _press(call_center: CallCenter, leg_id: str, what: str) -> None:
    with call_center.database.transaction() as session:
        leg = load_by_leg(session, leg_id, call_center.now)
        assert leg is not None
        if what == "decline":
            legs.decline_by_liaison(session, leg, call_center.now, call_center.policy)
        elif what == "not_safe":
            _word, jobs = legs.put_off(session, leg, call_center.now, call_center.policy)
            call_center.take(jobs)
        elif what in KEYS:
            KEYS[what](session, leg, call_center.now)


def _nobody_is_rung_twice(call_center: CallCenter, accepted: int) -> None:
    dialled = [call.leg_id for call in call_center.carrier.placed]
    assert len(dialled) == len(set(dialled))
    callers = {leg.leg_id for leg in call_center.legs("called_back")}
    assert len(callers & set(dialled)) <= accepted
    busy = [member.busy_call_id for member in call_center.rows(Staff, Staff.busy_call_id.is_not(None))]
    assert len(busy) == len(set(busy))

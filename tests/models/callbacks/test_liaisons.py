"""Who is rung: the language, the longest idle, half of the capacity, and callers who press 0."""

import secrets
from datetime import datetime, timedelta

import pytest

from config.office import Office
from models import Call, Staff
from models.callbacks.liaison import choose_liaison, free_liaison, reserve_liaison
from models.calls.call_state import CallState
from models.calls.offer import note_offer
from models.store.database import Database
from models.talks.queue_ring import Taken, take_liaison_for
from tests.call_center import CallCenter
from tests.factories import make_call, make_callback, make_case, make_staff


@pytest.fixture
def call_center(database: Database, office: Office, now: datetime) -> CallCenter:
    return CallCenter(database, office, now)


def _caller(call_center: CallCenter, verified: bool = False) -> CallState:
    with call_center.database.transaction() as session:
        call: Call = make_call(session, leg_id=secrets.token_hex(16))
        call.verified_at = call_center.now if verified else None
    return call_center.leg(str(call.leg_id))


def _take(call_center: CallCenter, caller: CallState, verified: bool = False) -> Taken | None:
    with call_center.database.transaction() as session:
        return take_liaison_for(session, caller, call_center.now, verified=verified)


def _staff(call_center: CallCenter, count: int) -> None:
    with call_center.database.transaction() as session:
        for position in range(count):
            make_staff(session, phone=f"+120255501{position:02}")


def test_liaison_with_the_language_goes_first_and_then_the_one_idle_longest(
    call_center: CallCenter, now: datetime
) -> None:
    with call_center.database.transaction() as session:
        busy_lately = make_staff(session, last_offered_at=now - timedelta(minutes=5))
        just_came = make_staff(session, shift_changed_at=now, last_offered_at=now - timedelta(days=1))
        spanish = make_staff(session, languages="en,es", last_offered_at=now)
        idle = make_staff(session, shift_changed_at=now - timedelta(hours=1))
        make_staff(session, on_shift=False, languages="es")
        call = make_call(session)
        order = []
        for language in ("es", "es", "en", "en", "en"):
            chosen = choose_liaison(session, language, now, verified=True)
            if chosen is not None:
                order.append((chosen.id, chosen.language))
                assert reserve_liaison(session, chosen.id, call.id, now)
                assert not reserve_liaison(session, chosen.id, call.id, now)
    assert order == [(spanish.id, "es"), (idle.id, "en"), (busy_lately.id, "en"), (just_came.id, "en")]


def test_freed_liaison_goes_to_the_end_of_the_order(call_center: CallCenter, now: datetime) -> None:
    _staff(call_center, 2)
    with call_center.database.transaction() as session:
        call = make_call(session)
        first = choose_liaison(session, "en", now, verified=True)
        assert first is not None
        reserve_liaison(session, first.id, call.id, now)
        assert free_liaison(session, call.id, now + timedelta(minutes=1))
        second = choose_liaison(session, "en", now, verified=True)
        assert second is not None
        assert second.id != first.id


def test_verified_caller_gets_any_free_liaison(call_center: CallCenter) -> None:
    _staff(call_center, 1)
    taken = _take(call_center, _caller(call_center), verified=True)
    assert taken is not None
    (leg,) = call_center.legs("liaison_at_0")
    assert (leg.id, leg.staff_id, leg.direction) == (taken.call_id, taken.staff_id, "outbound")
    assert call_center.database.keyring.unseal("call.phone", leg.phone_sealed or "") == "+12025550100"
    assert _take(call_center, _caller(call_center), verified=True) is None


@pytest.mark.parametrize(("on_shift", "served"), [(1, 1), (2, 1), (3, 2), (5, 3)])
def test_unverified_callers_hold_at_most_half_of_the_liaisons_on_shift(
    call_center: CallCenter, on_shift: int, served: int
) -> None:
    _staff(call_center, on_shift)
    taken = [_take(call_center, _caller(call_center)) for _ in range(on_shift)]
    assert sum(found is not None for found in taken) == served
    assert (_take(call_center, _caller(call_center, verified=True), verified=True) is not None) == (
        served < on_shift
    )


def test_unverified_caller_waits_while_a_verified_callback_is_due(call_center: CallCenter) -> None:
    _staff(call_center, 2)
    with call_center.database.transaction() as session:
        make_callback(session, make_case(session))
    assert _take(call_center, _caller(call_center)) is None
    assert _take(call_center, _caller(call_center), verified=True) is not None


def test_one_of_four_offers_is_an_unverified_callers_while_a_verified_callback_is_due(
    call_center: CallCenter,
) -> None:
    _staff(call_center, 2)
    with call_center.database.transaction() as session:
        make_callback(session, make_case(session))
        for _ in range(3):
            note_offer(session, verified=True, now=call_center.now)
    assert _take(call_center, _caller(call_center)) is not None
    assert _take(call_center, _caller(call_center)) is None


def test_printed_liaison_shows_no_staff_phone(call_center: CallCenter) -> None:
    _staff(call_center, 1)
    taken = _take(call_center, _caller(call_center))
    assert "555" not in repr(taken)
    assert call_center.rows(Staff)[0].busy_since == call_center.now

"""After a talk the line rings its liaison again once the outcome is saved, or after the wrap-up (Legs)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Staff, Talk
from models.overview.outcome import note_outcome
from models.staff.wrap_up import extend_wrap_up
from models.store.refusal import RefusedError
from models.talks import leg as legs
from tests.call_center import CallCenter, accept
from tests.conftest import ON_BOTH
from tests.factories import make_callback, make_case, make_office, make_staff


@pytest.fixture
def call_center(database, now):  # type: ignore[no-untyped-def]
    """A liaison who has just talked, and another callback that is due."""
    call_center = CallCenter(database, make_office(policies={"wrap_up_seconds": 30}), now)
    with database.transaction() as session:
        make_staff(session)
        make_callback(session, make_case(session))
    call_center.sweeps()
    liaison, caller = accept(call_center)
    call_center.answers(caller)
    call_center.presses(caller, legs.join_caller)
    with database.transaction() as session:
        make_callback(session, make_case(session))
    call_center.hangs_up(caller)
    call_center.hangs_up(liaison)
    call_center.works_off()
    return call_center


def _rung(call_center: CallCenter, **later: float) -> int:
    before = len(call_center.carrier.placed)
    call_center.sweeps(**later)
    call_center.works_off()
    return len(call_center.carrier.placed) - before


def _saves(call_center: CallCenter, callback_id: int) -> None:
    """The liaison saves that the person of this callback was reached."""
    with call_center.database.transaction() as session:
        talk = session.scalars(select(Talk).where(Talk.callback_id == callback_id)).one()
        assert note_outcome(session, talk, "reached", 1, call_center.now, call_center.policy)[0] == "noted"


def test_liaison_is_not_rung_again_while_they_type(call_center: CallCenter) -> None:
    assert _rung(call_center, seconds=29) == 0
    assert _rung(call_center, seconds=2) == 1


def test_saved_outcome_frees_the_liaison_at_once(call_center: CallCenter) -> None:
    _saves(call_center, 1)
    assert _rung(call_center, seconds=2) == 1


def test_outcome_of_an_earlier_talk_frees_no_liaison_who_types_about_the_last_one(
    call_center: CallCenter,
) -> None:
    assert _rung(call_center, seconds=31) == 1
    liaison, caller = accept(call_center)
    call_center.answers(caller)
    call_center.presses(caller, legs.join_caller)
    with call_center.database.transaction() as session:
        make_callback(session, make_case(session))
    call_center.hangs_up(caller)
    call_center.hangs_up(liaison)
    call_center.works_off()

    _saves(call_center, 1)
    assert _rung(call_center, seconds=2) == 0
    _saves(call_center, 2)
    assert _rung(call_center, seconds=2) == 1


@ON_BOTH
def test_wrap_up_is_extended_twice_and_no_more(call_center: CallCenter) -> None:
    for _ in range(2):
        with call_center.database.transaction() as session:
            extend_wrap_up(session, 1, 30, call_center.now)
    with pytest.raises(RefusedError), call_center.database.transaction() as session:
        extend_wrap_up(session, 1, 30, call_center.now)
    (person,) = call_center.rows(Staff)
    assert person.wrap_up_until == call_center.now + timedelta(seconds=90)
    assert _rung(call_center, seconds=89) == 0
    assert _rung(call_center, seconds=2) == 1

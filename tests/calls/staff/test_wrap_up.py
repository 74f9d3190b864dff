"""After a talk the line calls its liaison again once the outcome is saved, or after the wrap-up (Legs)."""

from datetime import timedelta

import pytest

from models import Callback, Staff
from models.overview.outcome import note_outcome
from models.staff.wrap_up import extend_wrap_up
from models.store.refusal import RefusedError
from models.talks import leg as legs
from tests.callback_desk import CallbackDesk, accept
from tests.factories import make_callback, make_case, make_office, make_staff


@pytest.fixture
def desk(database, now):  # type: ignore[no-untyped-def]
    """A liaison who has just talked, and another callback that is due."""
    desk = CallbackDesk(database, make_office(policies={"wrap_up_seconds": 30}), now)
    with database.transaction() as session:
        make_staff(session)
        make_callback(session, make_case(session))
    desk.sweeps()
    liaison, caller = accept(desk)
    desk.answers(caller)
    desk.presses(caller, legs.join_caller)
    with database.transaction() as session:
        make_callback(session, make_case(session))
    desk.hangs_up(caller)
    desk.hangs_up(liaison)
    desk.works_off()
    return desk


def _rung(desk: CallbackDesk, **later: float) -> int:
    before = len(desk.carrier.placed)
    desk.sweeps(**later)
    desk.works_off()
    return len(desk.carrier.placed) - before


def test_the_next_ring_does_not_come_while_the_liaison_types(desk: CallbackDesk) -> None:
    assert _rung(desk, seconds=29) == 0
    assert _rung(desk, seconds=2) == 1


def test_a_saved_outcome_frees_the_liaison_at_once(desk: CallbackDesk) -> None:
    with desk.database.transaction() as session:
        talk = session.get_one(Callback, 1)
        assert note_outcome(session, talk, "reached", 1, desk.now, desk.policy)[0] == "noted"
    assert _rung(desk, seconds=2) == 1


def test_a_wrap_up_is_extended_twice_and_no_more(desk: CallbackDesk) -> None:
    for _ in range(2):
        with desk.database.transaction() as session:
            extend_wrap_up(session, 1, 30, desk.now)
    with pytest.raises(RefusedError), desk.database.transaction() as session:
        extend_wrap_up(session, 1, 30, desk.now)
    (person,) = desk.rows(Staff)
    assert person.wrap_up_until == desk.now + timedelta(seconds=90)
    assert _rung(desk, seconds=89) == 0
    assert _rung(desk, seconds=2) == 1

"""A turn's state has every column of its call, and the values read beside it, by name."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models.calls.call import CALLS
from models.calls.call_state import FACTS, CallState
from models.cases.pin import ATTESTED, STRANGERS, PinCounter
from models.overview.caller_state import glance, load_by_sid
from models.store.database import Database
from models.store.unit import Unit
from tests.factories import NOW, make_call, make_callback, make_case, make_staff

GIVEN = {
    "id": 1, "direction": "inbound", "flow": "victim_line", "started_at": NOW, "language": "en",
    "step": "language", "turn": 1, "heard_from": "language", "said": "",
}  # fmt: skip


def test_state_has_each_column_of_its_call_as_it_is_in_the_table(database: Database, now: datetime) -> None:
    moments = {
        name: now + timedelta(minutes=number)
        for number, name in enumerate(("pending_since", "last_key_at", "progress_at", "letter_at"))
    }
    counts = {"misses": 1, "silences": 2, "tries": 3, "wrong_tries": 4, "turn": 5}
    words = {name: name for name in ("topic", "trail", "tried_key", "new_pin_hash", "wishes", "pace")}
    with database.transaction() as session:
        sid = make_call(session, "CA1", phone="+12025550123", **moments, **counts, **words).call_sid
    with database.transaction() as session:
        state = load_by_sid(session, str(sid), now)
        row = session.execute(select(CALLS).where(CALLS.c.call_sid == sid)).one()

    assert state is not None
    assert {column.name: getattr(state, column.name) for column in CALLS.c} == dict(row._mapping)


def test_fact_has_the_same_value_read_later_or_at_once(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        case = make_case(session, "in_custody", facility="Stewart", as_of=now)
        make_call(session, "CA1", phone="+12025550123", case_id=case.id)
        make_callback(session, case, phone="+12025550123")
        make_staff(session)

    with Unit(database) as unit:
        late, early = glance(unit, "CA1"), glance(unit, "CA1", with_case=True)
        assert late is not None
        assert early is not None
        read_late = {name: getattr(late, name) for name in FACTS}
        read_early = {name: getattr(early, name) for name in FACTS}
    with database.transaction() as session:
        whole = load_by_sid(session, "CA1", now)

    assert read_late == read_early == {name: getattr(whole, name) for name in FACTS}
    assert (late.facility_name, late.stops_untold, late.liaisons_on_shift) == ("Stewart", 0, 1)
    assert late.open_callback_id is not None


def test_later_read_does_not_replace_a_fact_that_the_turn_changed(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        make_call(session, "CA1", phone="+12025550123", case_id=make_case(session).id)

    with Unit(database) as unit:
        state = glance(unit, "CA1")
        assert state is not None
        state.pin_issued_at, state.case_id = now, None
        # The case is the one that the call had when it was read.
        assert state.registrant_id is not None

    assert state.pin_issued_at == now
    assert state.case_id is None


def test_unknown_field_of_a_state_raises(database: Database) -> None:
    with database.transaction() as session:
        make_call(session, "CA1", phone="+12025550123")

    with Unit(database) as unit:
        state = glance(unit, "CA1")
        assert state is not None
        with pytest.raises(AttributeError, match="no favourite_colour"):
            getattr(state, "favourite_colour")  # noqa: B009  # mypy knows that there is none.


def test_state_has_the_wait_and_the_lock_of_each_counter_apart(database: Database, now: datetime) -> None:
    first, second, third, fourth = (now + timedelta(minutes=number) for number in range(4))
    with database.transaction() as session:
        call = make_call(session, "CA1", phone="+12025550123", caller_id_attested=True, tried_key="number")
        session.add_all(
            PinCounter(number_key="number", counter=counter, consecutive=1, wait_until=wait, locked_at=lock)
            for counter, wait, lock in (
                (STRANGERS, first, second),
                (f"{ATTESTED}{call.phone_key}", third, fourth),
            )
        )
    with database.transaction() as session:
        state = load_by_sid(session, "CA1", now, for_pin=True)

    assert state is not None
    assert (state.stranger_wait_until, state.stranger_locked_at) == (first, second)
    assert (state.own_wait_until, state.own_locked_at) == (third, fourth)


def test_state_without_a_row_has_the_defaults_of_the_table() -> None:
    state = CallState(**GIVEN)

    assert (state.pace, state.line, state.tries, state.silent) == ("normal", "", 0, False)
    assert (state.call_sid, state.verified_at, state.found_case_id, state.turn_read) == (None, None, None, 1)


def test_state_needs_each_column_without_a_default_and_takes_no_other_name() -> None:
    with pytest.raises(TypeError, match="needs said, step"):
        CallState(**{name: value for name, value in GIVEN.items() if name not in {"said", "step"}})
    with pytest.raises(TypeError, match="has no own_wait"):
        CallState(**GIVEN, own_wait=NOW)

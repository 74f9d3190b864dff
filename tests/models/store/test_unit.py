"""Two requests of one call at once: one moves the call on, the other writes nothing at all."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from itertools import count
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Boolean, Integer, func, insert, select, text, update
from sqlalchemy.exc import OperationalError

from models.audit.audit import AuditEntry, record
from models.callbacks.callback import Callback
from models.calls.call import CALLS, Call, saving_turn
from models.calls.call_state import CallState
from models.calls.role import STAFF_LINE
from models.calls.staff_line_stay import sign_out
from models.cases.registrant import Registrant, register, saving_slow_pace
from models.overview.caller_state import glance, load_by_sid
from models.store.base import UtcDateTime
from models.store.database import Database
from models.store.unit import OvertakenError, Unit
from tests.conftest import ON_SQLITE
from tests.factories import make_callback, make_case, make_staff

_serial = count(1)


def _call(database: Database, now: datetime) -> str:
    """A call that waits for its first answer."""
    sid = f"CA{next(_serial):032d}"
    with database.transaction() as session:
        session.execute(
            insert(Call).values(
                call_sid=sid, direction="inbound", flow="victim_line", line="", started_at=now, language="en",
                pace="normal", step="language", turn=1, heard_from="language", misses=0, silences=0, tries=0,
                said="", trail="",
            )
        )  # fmt: skip
    return sid


def _moved_on(state: CallState | None, step: str) -> CallState:
    assert state is not None
    state.step, state.turn = step, state.turn + 1
    return state


def _answer_with_an_entry(database: Database, state: CallState, now: datetime) -> None:
    with Unit(database) as unit:
        record(unit.session, actor="test", action="tried", target="call", now=now)
        unit.save(saving_turn(state))


def _where(database: Database, sid: str) -> tuple[str, int]:
    with Unit(database) as unit:
        state = glance(unit, sid)
    assert state is not None
    return state.step, state.turn


@pytest.mark.parametrize("name", [c.name for c in CALLS.c if c.info.get("written") in ("by turn", "seldom")])
def test_turn_saves_each_column_that_it_may_change(database: Database, now: datetime, name: str) -> None:
    column = CALLS.c[name]
    new: Any = {Integer: 7, Boolean: True, UtcDateTime: now}.get(type(column.type), "new")
    sid = _call(database, now)
    with database.transaction() as session:
        case_id = make_case(session).id
    new = case_id if name == "case_id" else new

    with Unit(database) as unit:
        state = _moved_on(glance(unit, sid), "first_menu")
        setattr(state, name, new)
        unit.save(saving_turn(state))

    with database.reading() as session:
        assert session.scalar(select(column).where(CALLS.c.call_sid == sid)) == new


def _sign_in(database: Database, sid: str, now: datetime) -> int:
    """A member of staff signs in on this call; returns their id."""
    with database.transaction() as session:
        person = make_staff(session, phone="+12025550170").id
        signed_in = {"staff_id": person, "role": STAFF_LINE, "verified_at": now}
        session.execute(update(Call).where(Call.call_sid == sid).values(signed_in))
    return person


def test_turn_that_began_before_a_sign_out_does_not_undo_it(database: Database, now: datetime) -> None:
    sid = _call(database, now)
    person = _sign_in(database, sid, now)

    with Unit(database) as unit:
        state = _moved_on(glance(unit, sid), "staff_menu")
        with database.transaction() as session:
            sign_out(session, person)
        unit.save(saving_turn(state))

    with database.reading() as session:
        assert session.execute(select(Call.step, Call.verified_at)).one() == ("staff_menu", None)


def test_turn_with_a_new_pace_is_overtaken_by_a_sign_out(database: Database, now: datetime) -> None:
    sid = _call(database, now)
    person = _sign_in(database, sid, now)

    with Unit(database) as unit:
        state = _moved_on(glance(unit, sid), "staff_menu")
        state.pace = "slow"
        with database.transaction() as session:
            sign_out(session, person)
        with pytest.raises(OvertakenError):
            unit.save(saving_turn(state))

    with database.reading() as session:
        assert session.execute(select(Call.step, Call.pace, Call.verified_at)).one() == (
            "language", "normal", None,
        )  # fmt: skip


def test_slower_of_two_answers_is_not_saved(database: Database, now: datetime) -> None:
    sid = _call(database, now)
    with Unit(database) as slow, Unit(database) as fast:
        late = _moved_on(glance(slow, sid), "goodbye")
        fast.save(saving_turn(_moved_on(glance(fast, sid), "first_menu")))
        with pytest.raises(OvertakenError):
            slow.save(saving_turn(late))

    assert _where(database, sid) == ("first_menu", 2)


@ON_SQLITE
def test_turn_that_cannot_write_for_too_long_gives_up_and_the_next_one_writes(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.store.database.BUSY_SECONDS", 0.05)
    sid = _call(database, now)
    with Unit(database) as unit:
        state = _moved_on(glance(unit, sid), "first_menu")
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
            with pytest.raises(OperationalError, match="locked"):
                unit.save(saving_turn(state))
        unit.save(saving_turn(state))

    assert _where(database, sid) == ("first_menu", 2)


@ON_SQLITE
def test_turn_saves_once_the_writer_before_it_has_ended(database: Database, now: datetime) -> None:
    sid = _call(database, now)
    with Unit(database) as unit, ThreadPoolExecutor(1) as pool:
        state = _moved_on(glance(unit, sid), "first_menu")
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
            saved = pool.submit(unit.save, saving_turn(state))
            with pytest.raises(TimeoutError):
                saved.result(0.05)
        saved.result(10)

    assert _where(database, sid) == ("first_menu", 2)


def test_audit_entry_of_the_slower_answer_is_undone(database: Database, now: datetime) -> None:
    sid = _call(database, now)
    with Unit(database) as unit:
        late = _moved_on(glance(unit, sid), "goodbye")
    with Unit(database) as fast:
        fast.save(saving_turn(_moved_on(glance(fast, sid), "first_menu")))
    with pytest.raises(OvertakenError):
        _answer_with_an_entry(database, late, now)

    with database.reading() as session:
        assert session.scalar(select(func.count()).where(AuditEntry.action == "tried")) == 0


@pytest.mark.parametrize("by", ["turn", "news"])
def test_promise_that_names_a_call_does_not_wait_for_a_transaction_that_holds_the_call(
    database: Database, now: datetime, by: str
) -> None:
    sid = _call(database, now)
    with ExitStack() as held:
        unit = held.enter_context(Unit(database))
        state = glance(unit, sid)
        assert state is not None
        # SQLite has one writer, so there nobody holds a call while another writes.
        if database.engine.dialect.name == "postgresql":
            if by == "turn":
                assert unit.session.is_active
            else:
                load_by_sid(held.enter_context(database.transaction()), sid, now)
        with database.transaction() as session:
            if database.engine.dialect.name == "postgresql":
                # Two transactions that wait for each other never end; without a wait this takes no time.
                session.execute(text("SET LOCAL lock_timeout = '2s'"))
            made = make_callback(session, requested_in_call_id=state.id).id

    with database.reading() as session:
        assert session.get_one(Callback, made).requested_in_call_id == state.id


def test_writes_that_go_with_the_slower_answer_are_undone_too(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        registrant = register(session, language="en", time_zone="America/New_York", phone=None, now=now)
        session.flush()
        registrant_id = registrant.id
    sid = _call(database, now)
    with Unit(database) as unit:
        late = _moved_on(glance(unit, sid), "goodbye")
    with Unit(database) as fast:
        fast.save(saving_turn(_moved_on(glance(fast, sid), "first_menu")))
    with pytest.raises(OvertakenError), Unit(database) as slow:
        slow.save(saving_slow_pace(registrant_id), saving_turn(late))

    with database.reading() as session:
        assert session.scalar(select(Registrant.pace).where(Registrant.id == registrant_id)) == "normal"


def test_turn_that_writes_more_waits_for_an_event_of_the_call(database: Database, now: datetime) -> None:
    sid = _call(database, now)
    has_read, has_ended = Event(), Event()

    def answer() -> None:
        with Unit(database) as unit:
            glance(unit, sid)
            has_read.set()
            has_ended.wait(10)
            # The event locks the call first too, so neither can wait for the other.
            record(unit.session, actor="test", action="tried", target="call", now=now)

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(answer)
        assert has_read.wait(10)
        with database.transaction() as session:
            session.execute(update(Call).where(Call.call_sid == sid).values(turn=2))
        has_ended.set()
        with pytest.raises(OvertakenError):
            late.result(10)


def test_unit_that_opened_a_session_commits_all_of_it(database: Database, now: datetime) -> None:
    sid = _call(database, now)
    with Unit(database) as unit:
        state = _moved_on(glance(unit, sid), "first_menu")
    _answer_with_an_entry(database, state, now)

    assert _where(database, sid) == ("first_menu", 2)
    with database.reading() as session:
        assert session.scalar(select(func.count()).where(AuditEntry.action == "tried")) == 1

"""The page of locks: the kind of phone, lifted by a supervisor, and lost PINs that wait (R04, R08)."""

from typing import Any

import pytest
from sqlalchemy import select

from models import AuditEntry, Callback, LostPinReport, PinCounter
from models.store.database import Database
from tests.console.conftest import Clock, Member
from tests.factories import MadeCase, make_call, make_case


@pytest.fixture
def case(database: Database) -> MadeCase:
    with database.transaction() as session:
        return make_case(session, phone="+12025550155")


def lock(database: Database, clock: Clock, case: MadeCase, counter: str) -> None:
    key = database.keyring.index("case", case.number)
    with database.transaction() as session:
        session.add(PinCounter(number_key=key, counter=counter, consecutive=10, locked_at=clock.now))


def test_supervisor_sees_the_kind_of_phone_and_lifts_the_lock(
    supervisor: Member, database: Database, clock: Clock, case: MadeCase
) -> None:
    lock(database, clock, case, "")
    lock(database, clock, case, "u" + "f" * 64)
    supervisor.opens("/console/locks")
    assert supervisor.reads("Phones that the case does not know", "that the carrier does not vouch for")
    assert "ffff" not in supervisor.words

    sent = {"csrf_token": supervisor.token, "kind": "strangers"}
    supervisor.sends(f"/console/locks/{case.id}/lift", sent)

    assert supervisor.reads("The lock is lifted")
    with database.reading() as session:
        locked = {one.counter: one.locked_at for one in session.scalars(select(PinCounter))}
        entry = session.execute(
            select(AuditEntry.target, AuditEntry.facts).where(AuditEntry.action == "lift_pin_lock")
        ).one()
    assert locked[""] is None
    assert locked["u" + "f" * 64] is not None
    assert tuple(entry) == (f"case:{case.id}", {"kind": "strangers", "counters": 1})
    supervisor.sends(f"/console/locks/{case.id}/lift", sent)
    assert supervisor.reads("This lock was already lifted")


@pytest.mark.parametrize(("decision", "rows"), [("call", 1), ("drop", 0)])
def test_supervisor_decides_about_a_lost_pin_that_waits(
    supervisor: Member, database: Database, clock: Clock, case: MadeCase, decision: str, rows: int
) -> None:
    with database.transaction() as session:
        report = LostPinReport(
            number_key=database.keyring.index("case", case.number), call_id=make_call(session).id,
            silent=False, reported_at=clock.now, state="waiting",
        )  # fmt: skip
        session.add(report)
        session.flush()
        report_id = report.id
    supervisor.opens("/console/locks")
    assert supervisor.reads("Call confirmed phone")

    sent = {"csrf_token": supervisor.token, "decision": decision}
    supervisor.sends(f"/console/locks/lost-pins/{report_id}", sent)

    with database.reading() as session:
        assert len(session.scalars(select(Callback)).all()) == rows
    assert supervisor.reads("No report waits.")


def test_supervisor_reads_that_a_call_about_this_pin_is_open_already(
    supervisor: Member, database: Database, clock: Clock, case: MadeCase
) -> None:
    with database.transaction() as session:
        reports = [
            LostPinReport(
                number_key=database.keyring.index("case", case.number), call_id=make_call(session).id,
                silent=False, reported_at=clock.now, state="waiting",
            )
            for _ in range(2)
        ]  # fmt: skip
        session.add_all(reports)
        session.flush()
        ids = [report.id for report in reports]
    supervisor.opens("/console/locks")
    sent = {"csrf_token": supervisor.token, "decision": "call"}

    supervisor.sends(f"/console/locks/lost-pins/{ids[0]}", sent)
    assert supervisor.reads("The confirmed phone will be called.")
    supervisor.sends(f"/console/locks/lost-pins/{ids[1]}", sent)

    assert supervisor.reads("A call about this PIN is already open. Drop this report.")
    with database.reading() as session:
        assert len(session.scalars(select(Callback)).all()) == 1


@pytest.mark.parametrize("role", ["liaison", "administrator"])
def test_others_do_not_see_locks(staff: Any, role: str) -> None:
    person = staff(role).signs_in()

    person.opens("/console/locks")

    assert "Lift lock" not in person.buttons


def test_supervisor_reads_that_there_is_no_safe_phone_to_call_about_a_lost_pin(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    """The page said "The confirmed phone will be called" of a case that has none."""
    with database.transaction() as session:
        number = make_case(session).number
        session.add(
            LostPinReport(
                number_key=database.keyring.index("case", number), call_id=make_call(session).id,
                silent=False, reported_at=clock.now, state="waiting",
            )
        )  # fmt: skip

    supervisor.opens("/console/locks").clicks("Call confirmed phone")

    assert supervisor.reads("The case has no safe phone for this call. It needs attention.")
    with database.reading() as session:
        assert session.scalars(select(Callback.state)).all() == ["left_for_staff"]

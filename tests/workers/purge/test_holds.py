"""Legal holds: what one keeps from the purge, and the audit chain that this leaves whole (R41)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import (
    AuditEntry,
    Callback,
)
from models.audit import audit
from models.notices.registration import Registration
from models.retention.legal_hold import add_hold, lift_hold
from models.retention.purge import EverythingHeldError
from models.store.database import Database
from tests.factories import (
    make_call,
    make_callback,
    make_case,
    make_duress_pin,
    make_office,
    make_staff,
)
from tests.workers.purge.purged import (
    NIGHT,
    OFFICE,
    OLD,
    STRANGER,
    VICTIM,
    Records,
    chain_is_whole,
    count_rows,
    fill,
    purge,
)
from workers.carrier import ListedRecord
from workers.records.purge import NightlyPurge, Purge


def _hold(database: Database, number: str | None) -> Callable[[], None]:
    """Two people hold a case or everything; returns how they lift it."""
    with database.transaction() as session:
        first = make_staff(session, role="supervisor", on_shift=False).email
        second = make_staff(session, role="administrator", on_shift=False).email
        hold = add_hold(session, number, "litigation", by=first, and_by=second, now=NIGHT, tied_days=30)

    def lift() -> None:
        with database.transaction() as session:
            lift_hold(session, hold, by=first, and_by=second, now=NIGHT, tied_days=30)

    return lift


def test_hold_on_a_case_keeps_its_rows_until_it_is_lifted(database: Database) -> None:
    held, _ = fill(database, OLD), fill(database, OLD, phone=STRANGER)
    with database.transaction() as session:
        # The victim's phone called without a PIN as well.
        make_call(session, phone=VICTIM, started_at=OLD, ended_at=OLD)
    lift = _hold(database, held.number)
    carrier = Records()
    carrier.listed["message"] = [
        ListedRecord("SM" + "1" * 32, VICTIM),
        ListedRecord("SM" + "2" * 32, STRANGER),
    ]

    purge(database, carrier)

    counts = count_rows(database)
    assert (counts["calls"], counts["callbacks"], counts["talks"], counts["pin_tries"]) == (4, 1, 1, 2)
    assert (counts["callouts"], counts["queued_calls"], counts["case_openings"]) == (1, 1, 1)
    assert (counts["lost_pin_reports"], counts["call_events"]) == (1, 1)
    assert [one.sid for one in carrier.listed["message"]] == ["SM" + "1" * 32]
    with database.reading() as session:
        mine = select(AuditEntry.facts).where(AuditEntry.target == f"case:{held.id}")
        assert {"x": 1} in session.scalars(mine.where(AuditEntry.action == "reveal_number")).all()
    assert chain_is_whole(database)

    lift()
    purge(database, carrier, NIGHT + timedelta(days=1))

    counts = count_rows(database)
    assert (counts["calls"], counts["callbacks"], counts["talks"], counts["pin_tries"]) == (0, 0, 0, 0)
    assert carrier.listed["message"] == []
    assert chain_is_whole(database)


def test_hold_on_a_case_keeps_a_promise_that_another_one_replaced(database: Database) -> None:
    with database.transaction() as session:
        held, other = make_case(session, phone=VICTIM), make_case(session, phone=STRANGER)
        for case, phone in ((held, VICTIM), (other, STRANGER)):
            make_callback(
                session, case, phone=phone, state="left_for_staff", outcome="promised_anew", closed_at=OLD,
                requested_at=OLD,
            )  # fmt: skip
    lift = _hold(database, held.number)

    purge(database, Records())

    with database.reading() as session:
        assert session.scalars(select(Callback.case_id)).all() == [held.id]

    lift()
    purge(database, Records(), NIGHT + timedelta(days=1))
    assert count_rows(database)["callbacks"] == 0


def test_hold_on_a_case_keeps_the_calls_with_its_duress_pin(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session)
        duress = make_duress_pin(session, case)
        make_call(session, phone=STRANGER, started_at=OLD, ended_at=OLD, case_id=duress.id)
    _hold(database, case.number)

    purge(database, Records())

    assert count_rows(database)["calls"] == 1


def test_hold_on_a_case_keeps_what_was_chosen_at_a_registration_and_who_knew_of_its_duress_pin(
    database: Database,
) -> None:
    with database.transaction() as session:
        held, other = make_case(session), make_case(session)
        for case in (held, other):
            registration = Registration(case_id=case.id, made_at=OLD, made_by="caller", lapses_at=NIGHT)
            session.add(registration)
            session.flush()
            duress = make_duress_pin(session, case, now=OLD)
            for target in (f"registration:{registration.id}", f"duress:{duress.id}"):
                audit.record(session, actor="a", action="x", target=target, facts={"of": case.id}, now=OLD)
    _hold(database, held.number)

    purge(database, Records())

    with database.reading() as session:
        kept = session.scalars(select(AuditEntry.facts).where(AuditEntry.action == "x")).all()
    assert [facts for facts in kept if facts] == [{"of": held.id}, {"of": held.id}]


def test_entry_that_a_hold_kept_breaks_the_chain_when_it_is_emptied(database: Database) -> None:
    held, _ = fill(database, OLD), fill(database, OLD, phone=STRANGER)
    _hold(database, held.number)
    purge(database, Records())
    with database.transaction() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.target == f"case:{held.id}", AuditEntry.salt.is_not(None))
        ).first()
        assert entry is not None
        entry.facts = entry.salt = None
        session.flush()
        entry_id = entry.id

    with database.reading() as session:
        assert audit.find_fault(session) == audit.Fault(entry_id, "emptied")


def test_hold_on_everything_stops_a_purge_that_is_under_way(database: Database) -> None:
    fill(database, OLD)
    carrier = Records()
    parts = Purge(
        database, carrier, OFFICE, actor="sweeper", clock=lambda: NIGHT, wait=lambda _: None
    ).parts()
    next(parts)
    lift = _hold(database, None)

    with pytest.raises(EverythingHeldError):
        list(parts)
    with pytest.raises(EverythingHeldError):
        purge(database, carrier)

    assert count_rows(database)["calls"] == 3
    assert carrier.asked == []
    lift()
    assert purge(database, carrier).deleted["calls"] == 3


@pytest.mark.parametrize("how", ["killed", "held", "going_on"])
def test_office_that_keeps_rows_for_longer_loses_none_to_a_purge_that_had_begun_before(
    database: Database, how: str
) -> None:
    """A lawsuit: everything is held, the period becomes a year, and then two people lift the hold."""
    fill(database, OLD)
    longer = make_office(policies={"purge_days": 365})
    moment, lift = [NIGHT], None
    nightly = NightlyPurge(database, Records(), clock=lambda: moment[0], wait=lambda _seconds: None)
    begun = Purge(database, Records(), OFFICE, actor="sweeper", clock=lambda: NIGHT, wait=lambda _: None)
    if how == "going_on":
        nightly._do_slice = lambda parts: next(parts, None)  # type: ignore[assignment,method-assign]
        nightly.work(OFFICE, NIGHT)
    else:
        next(begun.parts())
    if how == "held":
        lift = _hold(database, None)
        nightly.work(OFFICE, NIGHT)
    before = count_rows(database)
    if lift is not None:
        lift()

    for _ in range(60):
        moment[0] += timedelta(minutes=11)
        nightly.work(longer, moment[0])

    counts = count_rows(database)
    kept = ("calls", "callbacks", "talks", "call_events", "pin_tries", "carrier_records")
    assert [counts[name] for name in kept] == [before[name] for name in kept]
    assert counts["calls"] == 3
    with database.reading() as session:
        purges = select(AuditEntry).where(AuditEntry.action == "purge_rows").order_by(AuditEntry.id)
        told = session.scalars(purges).all()
        assert [entry.facts["before"][:10] for entry in told if entry.facts] == ["2026-09-30", "2025-12-29"]
        assert all(entry.facts and entry.facts["deleted"] == {} for entry in told)
    assert chain_is_whole(database)

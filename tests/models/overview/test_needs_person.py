"""What needs a person now: each thing once, the most pressing first, in a fixed number of statements."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models import AuditAlarm, AuditEntry, AuditExport, Callback, Case, LostPinReport, PinCounter, PinRequest
from models.audit import audit
from models.callbacks.follow_up import ANEW
from models.overview.wallboard.needs_person import MOST, Needs, needs
from models.staff.schedule import Absence
from models.store.database import Database
from tests.factories import NOW, make_call, make_callback, make_case, make_import, make_staff
from tests.statements import sent_statements


def read(database: Database) -> Needs:
    with database.reading() as session:
        return needs(
            session, NOW, day=NOW.date(), risk=timedelta(minutes=30), soon=timedelta(minutes=15),
            pin_request_life=timedelta(hours=72),
        )  # fmt: skip


def ids(database: Database) -> list[int]:
    return [one.id for one in read(database).promises]


def in_minutes(database: Database, minutes: float, **facts: Any) -> int:
    with database.transaction() as session:
        return make_callback(session, due_at=NOW + timedelta(minutes=minutes), **facts).id


def test_empty_office_needs_nobody(database: Database) -> None:
    assert read(database) == Needs([], False, [], [], 0, 0, 0, 0, 0, 0)


def test_promises_at_stake_stand_urgent_first_and_then_by_their_moment(database: Database) -> None:
    at_risk = in_minutes(database, 20)
    overdue = in_minutes(database, -8)
    afraid = in_minutes(database, 50, urgency="urgent", rank=2)
    left = in_minutes(database, 300, state="left_for_staff", closed_at=NOW)
    put_off = in_minutes(database, 310, next_attempt_at=NOW + timedelta(hours=40), warned=2)
    # None of these needs anybody: later, in a talk, over, or replaced by another one.
    in_minutes(database, 300)
    in_minutes(database, -8, state="talking", talking_at=NOW)
    in_minutes(database, -8, state="reached", closed_at=NOW)
    anew = in_minutes(database, -8, state="left_for_staff", closed_at=NOW, outcome=ANEW)
    with database.transaction() as session:
        session.get_one(Callback, anew).rank = None

    assert ids(database) == [afraid, overdue, at_risk, left, put_off]


def test_urgent_callback_that_somebody_has_is_listed_once_it_is_at_risk(database: Database) -> None:
    with database.transaction() as session:
        ana = make_staff(session).id
    held = {"urgency": "urgent", "state": "claimed", "staff_id": ana, "claimed_at": NOW}
    in_minutes(database, 50, **held)
    late = in_minutes(database, 25, **held)

    (found,) = read(database).promises
    assert (found.id, found.holder_id, found.needs_attention) == (late, ana, False)


def test_urgent_promise_is_listed_beside_many_ordinary_ones_that_are_more_overdue(database: Database) -> None:
    with database.transaction() as session:
        ana = make_staff(session).id
        for minutes in range(MOST + 1):
            late = {"due_at": NOW - timedelta(minutes=60 + minutes), "rank": 1}
            make_callback(session, **late)
            make_callback(session, **late, state="left_for_staff", closed_at=NOW)
    urgent = [
        in_minutes(database, -20, urgency="urgent", state="claimed", staff_id=ana, claimed_at=NOW),
        in_minutes(
            database, -10, urgency="urgent", caller_tries=1, next_attempt_at=NOW + timedelta(minutes=25)
        ),
        in_minutes(database, 40, urgency="urgent", state="left_for_staff", rank=0, closed_at=NOW),
        in_minutes(database, 50, urgency="urgent", rank=3),
    ]

    assert ids(database)[: len(urgent)] == urgent


def test_list_is_short_and_says_that_there_are_more(database: Database) -> None:
    with database.transaction() as session:
        for minutes in range(MOST + 5):
            make_callback(session, due_at=NOW - timedelta(minutes=minutes))

    found = read(database)

    assert (len(found.promises), found.has_more) == (MOST, True)
    assert found.promises[0].due_at == NOW - timedelta(minutes=MOST + 4)


def test_people_who_are_away_are_listed_with_the_reason(database: Database) -> None:
    with database.transaction() as session:
        make_staff(session)
        rests = make_staff(session, resting_until=NOW + timedelta(minutes=5)).id
        gone = make_staff(session, on_shift=False, away=True).id
        missed = make_staff(session, on_shift=False, set_away_at=NOW, missed_offers=2).id
        # Off shift, without a break to come back from; and somebody who has left.
        make_staff(session, on_shift=False, resting_until=NOW + timedelta(minutes=5))
        make_staff(session, on_shift=False, set_away_at=NOW, left_at=NOW)
        day = NOW.date()
        session.add(Absence(staff_id=gone, first_day=day, last_day=day + timedelta(days=2)))
        session.add(
            Absence(staff_id=rests, first_day=day + timedelta(days=1), last_day=day + timedelta(days=2))
        )

    found = read(database).away

    assert [(one.staff_id, one.why) for one in found] == [
        (missed, "set_away"), (rests, "break"), (gone, "absent"),
    ]  # fmt: skip
    assert (found[0].missed, found[0].since) == (2, NOW)
    assert found[1].until == NOW + timedelta(minutes=5)
    assert found[2].last_day == NOW.date() + timedelta(days=2)


def test_what_waits_for_a_second_person_or_a_supervisor_is_counted(database: Database) -> None:
    with database.transaction() as session:
        audit.record(session, actor="sweeper", action="warn_of_callback", target="callback:1", now=NOW)
    with database.transaction() as session:
        entry_id = session.scalars(select(AuditEntry.id)).one()
        ana = make_staff(session).id
        case, other = make_case(session), make_case(session)
        held = make_import(
            session, state="held", settled_at=None, decided_at=NOW, asked="release", asked_by_id=ana
        )
        make_import(session)
        import_id = held.id
        for of, hours in ((case, 1), (other, 80)):
            session.add(
                PinRequest(
                    case_id=of.id, kind="first", delivery="told", evidence="met_in_person", requested_by=ana,
                    requested_at=NOW - timedelta(hours=hours),
                )
            )  # fmt: skip
        for hours, agreed in ((1, None), (30, None), (2, ana)):
            session.add(
                AuditExport(
                    search={}, newest_id=1, newest_at=NOW, count=1, requested_by=ana, role="supervisor",
                    requested_at=NOW - timedelta(hours=hours), agreed_by=agreed,
                )
            )  # fmt: skip
        for state in ("waiting", "called"):
            call = make_call(session)
            session.add(
                LostPinReport(
                    number_key=f"{state}", call_id=call.id, silent=False, reported_at=NOW, state=state
                )
            )
        for target, settled in (("case:1", None), ("case:2", NOW)):
            session.add(
                AuditAlarm(
                    rule="many_looks", actor="sweeper", target=target, count=9, entry_id=entry_id,
                    last_at=NOW, settled_at=settled,
                )
            )  # fmt: skip
        key = session.get_one(Case, case.id).number_key
        # Two locks of one case, one spent total, and a lock of a number that no case has.
        session.add(PinCounter(number_key=key, counter="", locked_at=NOW))
        session.add(PinCounter(number_key=key, counter="a1", spent_at=NOW))
        session.add(PinCounter(number_key="nobody", counter="", locked_at=NOW))

    found = read(database)

    assert [(one.id, one.asked, one.asked_by_id, one.since) for one in found.held] == [
        (import_id, "release", ana, NOW)
    ]
    assert (found.pin_requests, found.audit_files, found.lost_pins) == (1, 1, 1)
    assert (found.alarms, found.locked_cases) == (1, 1)


def test_thirty_rows_take_as_many_statements_as_three(database: Database) -> None:
    def looks(rows: int) -> int:
        with database.transaction() as session:
            for _ in range(rows):
                make_callback(session, due_at=NOW)
                make_staff(session, set_away_at=NOW, on_shift=False)
                make_import(session, state="held")
        with sent_statements(database) as statements:
            read(database)
        return len(statements)

    assert looks(3) == looks(30)

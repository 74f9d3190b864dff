"""What the tests of the purge share: a line with old rows in each table, and a carrier with records."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from config.office import Office
from models import (
    Alert,
    AuditExport,
    Base,
    CallEvent,
    Callout,
    CaseOpening,
    KnownPhone,
    LostPinReport,
    PinTry,
    SignInCounter,
    StaffSession,
    Talk,
)
from models.audit import audit
from models.retention.rules import rules
from models.store.database import Database
from tests.factories import (
    MadeCase,
    make_call,
    make_callback,
    make_case,
    make_office,
    make_staff,
    make_wait,
)
from workers.carrier import ListedRecord
from workers.records.purge import Purge

OLD = datetime(2026, 8, 31, 15, 0, tzinfo=UTC)


#: 120 days later: 4 AM in the office.
NIGHT = datetime(2026, 12, 29, 9, 0, tzinfo=UTC)


OFFICE = make_office()


VICTIM, STRANGER = "+12025550123", "+12025550124"


class Records:
    """A carrier with records of calls and texts, which it deletes, refuses to delete, or says nothing of."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.listed: dict[str, list[ListedRecord]] = {"call": [], "message": []}
        #: What it says to a deletion, by the record's id.
        self.refuses: dict[str, Exception] = {}
        self.fails: Exception | None = None

    def delete_record(self, kind: str, sid: str) -> None:
        """Delete one, unless it is to be refused."""
        self.asked.append(sid)
        if fault := self.fails or self.refuses.get(sid):
            raise fault
        self.listed[kind] = [one for one in self.listed[kind] if one.sid != sid]

    def records_before(self, kind: str, line: str, before: datetime) -> Iterator[list[ListedRecord]]:
        """Those of the main line, in one page."""
        if line == OFFICE.lines[0] and before < NIGHT + timedelta(days=366):
            yield list(self.listed[kind])


def purge(database: Database, carrier: Any, now: datetime = NIGHT, office: Office = OFFICE) -> Purge:
    run = Purge(database, carrier, office, actor="sweeper", clock=lambda: now, wait=lambda _seconds: None)
    for _ in run.parts():
        pass
    return run


def fill(database: Database, at: datetime, *, phone: str = VICTIM, language: str = "en") -> MadeCase:
    """A verified call to the line, its callback and talk, and a row in each table that a purge looks at."""
    later = at + timedelta(minutes=10)
    with database.transaction() as session:
        case = make_case(session, phone=phone)
        staff = make_staff(session)
        call = make_call(
            session, phone=phone, case_id=case.id, started_at=at, verified_at=at, ended_at=later,
            language=language, topic="my_case", trail="ask_number ask_pin status", call_status="completed",
        )  # fmt: skip
        make_wait(session, call)
        liaison = make_call(
            session, direction="outbound", role="liaison", started_at=at, ended_at=later, staff_id=staff.id
        )
        callback = make_callback(
            session, case, phone=phone, state="reached", requested_at=at, due_at=later, talking_at=None,
            closed_at=later, requested_in_call_id=call.id, liaison_call_id=liaison.id, caller_call_id=call.id,
            staff_id=staff.id, language=language, note_sealed=database.keyring.seal("callback.note", "x"),
        )  # fmt: skip
        callback.talking_at = later
        session.add(
            Talk(
                callback_id=callback.id, caller_call_id=call.id, leader_call_id=liaison.id, staff_id=staff.id,
                language=language, conference=f"{call.id:032x}", began_at=later, closed_at=later,
            )
        )  # fmt: skip
        call.callback_id = liaison.callback_id = callback.id
        leg = make_call(
            session, direction="outbound", role="colleague", started_at=at, ended_at=later,
            parent_call_id=call.id,
        )  # fmt: skip
        number_key, phone_key = database.keyring.index("case", case.number), call.phone_key
        common = {"number_key": number_key, "phone_key": phone_key}
        session.add_all(
            [
                PinTry(call_id=call.id, turn=4, at=at, opened=False, **common),
                PinTry(call_id=call.id, turn=5, at=at, opened=True, **common),
                KnownPhone(last_verified_at=at, **common),
                LostPinReport(
                    call_id=call.id, silent=False, reported_at=at, state="called", settled_at=at, **common
                ),
                CallEvent(call_sid=call.call_sid, call_status="completed", received_at=later),
                Alert(
                    staff_id=staff.id, channel="call", level="unkept", promises=1, state="sent", made_at=at,
                    sent_at=at, call_id=leg.id,
                ),
                Callout(
                    case_id=case.id, staff_id=staff.id, call_id=leg.id, party="interpreter",
                    requested_at=at, closed_at=later, outcome="answered",
                ),
                CaseOpening(
                    case_id=case.id, staff_id=staff.id, ground="call", reason="call", opened_at=at,
                    until=later,
                ),
                AuditExport(
                    search={}, newest_id=1, newest_at=at, count=1, requested_by=staff.id, role="supervisor",
                    requested_at=at,
                ),
                StaffSession(
                    staff_id=staff.id, token_hash=f"{call.id:064x}", method="password", browser="Firefox",
                    created_at=at, seen_at=at, fresh_at=at, ends_at=later,
                ),
                SignInCounter(key=f"{call.id:064x}", failures=2, failed_at=at),
            ]
        )  # fmt: skip
        audit.record(
            session, actor="caller", action="verify_call", target=f"call:{call.id}", facts={"turn": 5}, now=at
        )
        audit.record(
            session, actor="a", action="reveal_number", target=f"case:{case.id}", facts={"x": 1}, now=at
        )
    return case


def count_rows(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def purged_tables() -> list[str]:
    return [rule.table.name for rule in rules(NIGHT, NIGHT, any_held=False)]


def chain_is_whole(database: Database) -> bool:
    with database.reading() as session:
        return audit.find_fault(session) is None

"""The purge: old calls and what belongs to them go, here and at the carrier; the audit chain stays whole."""

import dataclasses
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from config.office import Office
from config.settings import Settings
from models import (
    Alert,
    AuditEntry,
    AuditExport,
    Base,
    Call,
    Callback,
    CallEvent,
    Callout,
    CarrierRecord,
    CaseOpening,
    CustodyRecord,
    KnownPhone,
    LostPinReport,
    MonthFigure,
    PinTry,
    PurgeRun,
    SignInCounter,
    StaffSession,
    Talk,
)
from models.audit import audit
from models.calls.pacing import open_breaker
from models.custody.custody_event import CustodyEvent
from models.notices.notice import Notice
from models.notices.registration import Registration
from models.retention.carrier_record import KeptRecord, kept_records
from models.retention.legal_hold import add_hold, lift_hold
from models.retention.purge import EverythingHeldError, would_go
from models.retention.rules import rules
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.exchange.small_exchange import CALLER, LINE, Exchange, place
from tests.exchange.small_line import ACCOUNT, TOKEN
from tests.factories import (
    MadeCase,
    make_call,
    make_callback,
    make_case,
    make_duress_pin,
    make_office,
    make_staff,
    make_wait,
)
from workers.carrier import Carrier, CarrierRefused, CarrierUnknown, ListedRecord
from workers.purge import NightlyPurge, Purge

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


def _purge(database: Database, carrier: Any, now: datetime = NIGHT, office: Office = OFFICE) -> Purge:
    run = Purge(database, carrier, office, actor="sweeper", clock=lambda: now, wait=lambda _seconds: None)
    for _ in run.parts():
        pass
    return run


def _fill(database: Database, at: datetime, *, phone: str = VICTIM, language: str = "en") -> MadeCase:
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


def _counts(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def _purged_tables() -> list[str]:
    return [rule.table.name for rule in rules(NIGHT, NIGHT, any_held=False)]


def _chain_is_whole(database: Database) -> bool:
    with database.reading() as session:
        return audit.find_fault(session) is None


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


def test_everything_of_an_old_call_goes_and_only_figures_stay(database: Database) -> None:
    _fill(database, OLD)

    run = _purge(database, Records(), NIGHT + timedelta(days=120))

    counts = _counts(database)
    assert {name: counts[name] for name in _purged_tables() if counts[name]} == {}
    assert run.deleted["calls"] == 3
    assert run.deleted["callbacks"] == 1
    with database.reading() as session:
        facts = session.scalars(select(AuditEntry).where(AuditEntry.at < NIGHT)).all()
        assert facts
        assert all(entry.facts is None and entry.salt is None for entry in facts)
    assert _chain_is_whole(database)


@ON_SQLITE
def test_id_of_a_deleted_call_is_in_no_page_of_sqlites_file(database: Database) -> None:
    _fill(database, OLD)
    with database.reading() as session:
        call_sids = session.scalars(select(Call.call_sid)).all()

    _purge(database, Records())

    with database.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = Path(str(database.engine.url.database)).read_bytes()
    assert b"purge_rows" in file
    assert not [sid for sid in call_sids if sid and sid.encode() in file]


def test_figures_of_the_month_are_those_of_its_rows(database: Database) -> None:
    _fill(database, OLD)
    _fill(database, OLD - timedelta(days=1), phone=STRANGER, language="es")
    # Of the next month in the office, though August in no zone of it: its rows go and its month is over.
    _fill(database, datetime(2026, 9, 1, 3, 59, tzinfo=UTC), phone="+12025550125")

    _purge(database, Records())

    with database.reading() as session:
        rows = session.execute(select(MonthFigure.__table__)).all()
    assert {row.month for row in rows} == {"2026-08", "2026-09"}
    august = {(row.figure, row.language, row.detail): row.count for row in rows if row.month == "2026-08"}
    assert august == {
        ("counted", "", ""): 1,
        ("calls", "en", ""): 2, ("calls", "es", ""): 1,
        ("calls_verified", "en", ""): 2, ("calls_verified", "es", ""): 1,
        ("calls_topic", "en", "my_case"): 2, ("calls_topic", "es", "my_case"): 1,
        ("calls_step", "en", "ask_number"): 2, ("calls_step", "es", "ask_number"): 1,
        ("calls_step", "en", "ask_pin"): 2, ("calls_step", "es", "ask_pin"): 1,
        ("calls_step", "en", "status"): 2, ("calls_step", "es", "status"): 1,
        ("wrong_pins", "en", ""): 2, ("wrong_pins", "es", ""): 1,
        ("callbacks", "en", "other/verified"): 2, ("callbacks", "es", "other/verified"): 1,
        ("callbacks_ended", "en", "other/verified/reached"): 2,
        ("callbacks_ended", "es", "other/verified/reached"): 1,
        ("callbacks_kept", "en", "other/verified"): 2, ("callbacks_kept", "es", "other/verified"): 1,
        ("talk_minutes", "en", "10"): 2, ("talk_minutes", "es", "10"): 1,
        ("waits", "en", "talked"): 2, ("waits", "es", "talked"): 1,
        ("wait_seconds", "en", "0"): 2, ("wait_seconds", "es", "0"): 1,
    }  # fmt: skip


def test_month_is_counted_once_though_its_rows_go_on_many_nights(database: Database) -> None:
    for day in (1, 10, 20):
        _fill(database, datetime(2026, 8, day, 12, tzinfo=UTC), phone=f"+1202555013{day // 10}")

    for day in (1, 12, 25):
        _purge(database, Records(), datetime(2026, 11, day, 12, tzinfo=UTC))

    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Call)) == 0
        calls = session.scalars(select(MonthFigure.count).where(MonthFigure.figure == "calls")).all()
    assert calls == [3]


def test_what_is_young_or_still_owed_stays(database: Database) -> None:
    _fill(database, NIGHT - timedelta(days=89))
    with database.transaction() as session:
        asked = make_call(session, phone=STRANGER, started_at=OLD, ended_at=OLD)
        make_callback(
            session, phone=STRANGER, state="left_for_staff", closed_at=OLD, requested_at=OLD,
            requested_in_call_id=asked.id,
        )  # fmt: skip
        ringing = make_call(session, phone=STRANGER, started_at=OLD, ended_at=OLD)
        make_callback(session, phone="+12025550111", requested_at=OLD, requested_in_call_id=ringing.id)
    before = _counts(database)

    _purge(database, Records())

    after = _counts(database)
    assert {name: after[name] for name in _purged_tables()} == {
        name: before[name] for name in _purged_tables()
    }


def test_dry_run_counts_what_goes_and_changes_nothing(database: Database) -> None:
    _fill(database, OLD)
    _fill(database, NIGHT - timedelta(days=3), phone=STRANGER)
    before = _counts(database)

    found = would_go(database, 90, OFFICE.zone, NIGHT)

    assert _counts(database) == before
    run = _purge(database, Records())
    assert found.rows == {name: count for name, count in run.deleted.items() if name != "carrier_records"}
    assert found.carrier_records == run.deleted["carrier_records"] == 3
    assert found.months == ["2026-08", "2026-09"]


def test_notice_and_registration_stay_and_name_no_old_call(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, "released", phone=VICTIM)
        asked, rung, waiting = (make_call(session, started_at=OLD, ended_at=OLD) for _ in range(3))
        registration = Registration(
            case_id=case.id, made_at=OLD, made_by="caller", call_id=asked.id, lapses_at=NIGHT
        )
        record = session.scalars(select(CustodyRecord)).one()
        event = CustodyEvent(subject_id=case.subject_id, kind="released", record_id=record.id, made_at=OLD)
        again = CustodyEvent(
            subject_id=case.subject_id, kind="hearing", at=OLD, record_id=record.id, made_at=OLD
        )
        session.add_all([registration, event, again])
        session.flush()
        told, open_notice = (
            Notice(
                event_id=one.id, registration_id=registration.id, case_id=case.id, is_urgent=True,
                state=state, made_at=OLD, next_attempt_at=OLD, call_id=call.id, closed_at=OLD,
            )
            for one, state, call in ((event, "confirmed", rung), (again, "left_for_staff", waiting))
        )  # fmt: skip
        session.add_all([told, open_notice])
        session.flush()
        rung.notice_id = told.id

    _purge(database, Records())

    with database.reading() as session:
        assert session.scalars(select(Call.id)).all() == [waiting.id]
        notices = select(Notice.state, Notice.call_id).order_by(Notice.id)
        assert session.execute(notices).all() == [("confirmed", None), ("left_for_staff", waiting.id)]
        assert session.scalars(select(Registration.call_id)).all() == [None]


def test_purge_that_is_killed_anywhere_goes_on_and_deletes_the_same(database: Database) -> None:
    _fill(database, OLD)
    _fill(database, OLD, phone=STRANGER)
    carrier, parts = Records(), 0
    while True:
        run = Purge(database, carrier, OFFICE, actor="sweeper", clock=lambda: NIGHT, wait=lambda _: None)
        # Each run is killed after its first transactions; a run that ends was not.
        killed = run.parts()
        if None in [next(killed, None) for _ in range(4)]:
            break
        killed.close()
        parts += 1
        assert _chain_is_whole(database)

    counts = _counts(database)
    gone = [name for name in _purged_tables() if name != "known_phones"]
    assert {name: counts[name] for name in gone if counts[name]} == {}
    assert counts["carrier_records"] == 0
    assert sorted(set(carrier.asked)) == sorted(carrier.asked)
    assert len(carrier.asked) == 6
    with database.reading() as session:
        (done,) = session.scalars(select(PurgeRun)).all()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "purge_rows")).one()
        assert (done.deleted["calls"], done.deleted["callbacks"]) == (6, 2)
        assert entry.facts is not None
        assert entry.facts["deleted"] == done.deleted
    assert parts > 5
    assert _chain_is_whole(database)


def test_hold_on_a_case_keeps_its_rows_until_it_is_lifted(database: Database) -> None:
    held, _ = _fill(database, OLD), _fill(database, OLD, phone=STRANGER)
    with database.transaction() as session:
        # The victim's phone called without a PIN as well.
        make_call(session, phone=VICTIM, started_at=OLD, ended_at=OLD)
    lift = _hold(database, held.number)
    carrier = Records()
    carrier.listed["message"] = [
        ListedRecord("SM" + "1" * 32, VICTIM),
        ListedRecord("SM" + "2" * 32, STRANGER),
    ]

    _purge(database, carrier)

    counts = _counts(database)
    assert (counts["calls"], counts["callbacks"], counts["talks"], counts["pin_tries"]) == (4, 1, 1, 2)
    assert (counts["callouts"], counts["queued_calls"], counts["case_openings"]) == (1, 1, 1)
    assert (counts["lost_pin_reports"], counts["call_events"]) == (1, 1)
    assert [one.sid for one in carrier.listed["message"]] == ["SM" + "1" * 32]
    with database.reading() as session:
        mine = select(AuditEntry.facts).where(AuditEntry.target == f"case:{held.id}")
        assert {"x": 1} in session.scalars(mine.where(AuditEntry.action == "reveal_number")).all()
    assert _chain_is_whole(database)

    lift()
    _purge(database, carrier, NIGHT + timedelta(days=1))

    counts = _counts(database)
    assert (counts["calls"], counts["callbacks"], counts["talks"], counts["pin_tries"]) == (0, 0, 0, 0)
    assert carrier.listed["message"] == []
    assert _chain_is_whole(database)


def test_hold_on_a_case_keeps_the_calls_with_its_duress_pin(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session)
        duress = make_duress_pin(session, case)
        make_call(session, phone=STRANGER, started_at=OLD, ended_at=OLD, case_id=duress.id)
    _hold(database, case.number)

    _purge(database, Records())

    assert _counts(database)["calls"] == 1


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

    _purge(database, Records())

    with database.reading() as session:
        kept = session.scalars(select(AuditEntry.facts).where(AuditEntry.action == "x")).all()
    assert [facts for facts in kept if facts] == [{"of": held.id}, {"of": held.id}]


def test_entry_that_a_hold_kept_breaks_the_chain_when_it_is_emptied(database: Database) -> None:
    held, _ = _fill(database, OLD), _fill(database, OLD, phone=STRANGER)
    _hold(database, held.number)
    _purge(database, Records())
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
    _fill(database, OLD)
    carrier = Records()
    parts = Purge(
        database, carrier, OFFICE, actor="sweeper", clock=lambda: NIGHT, wait=lambda _: None
    ).parts()
    next(parts)
    lift = _hold(database, None)

    with pytest.raises(EverythingHeldError):
        list(parts)
    with pytest.raises(EverythingHeldError):
        _purge(database, carrier)

    assert _counts(database)["calls"] == 3
    assert carrier.asked == []
    lift()
    assert _purge(database, carrier).deleted["calls"] == 3


def test_record_that_the_carrier_keeps_is_listed_and_tried_again_by_the_next_purge(
    database: Database,
) -> None:
    _fill(database, OLD)
    with database.reading() as session:
        sids = sorted(session.scalars(select(Call.call_sid)))
    carrier = Records()
    carrier.refuses[str(sids[1])] = CarrierRefused("refused", about="record", code=20409)

    for tries in (1, 2):
        _purge(database, carrier, NIGHT + timedelta(days=tries))
        with database.reading() as session:
            assert kept_records(session) == [KeptRecord("call", str(sids[1]), tries, 20409)]
    carrier.refuses.clear()
    _purge(database, carrier, NIGHT + timedelta(days=3))

    assert _counts(database)["carrier_records"] == 0


@pytest.mark.parametrize(
    "fault",
    [
        CarrierRefused("no such account", about="account", code=20003),
        CarrierRefused("too many requests", about="pace", code=20429),
        CarrierRefused("not reached", about="connection"),
        CarrierUnknown("no answer"),
    ],
)
def test_carrier_that_does_not_serve_us_is_asked_once_and_again_by_the_next_purge(
    database: Database, fault: Exception
) -> None:
    _fill(database, OLD)
    carrier = Records()
    carrier.fails = fault

    run = _purge(database, carrier)

    assert len(carrier.asked) == 1
    assert run.stopped == str(fault)
    assert _counts(database)["calls"] == 0
    assert _counts(database)["carrier_records"] == 3
    # Another run within half a minute leaves the carrier alone.
    _purge(database, carrier, NIGHT + timedelta(seconds=10))
    assert len(carrier.asked) == 1
    carrier.fails = None
    _purge(database, carrier, NIGHT + timedelta(days=1))
    assert _counts(database)["carrier_records"] == 0


def test_record_without_an_answer_does_not_hold_up_the_others(database: Database) -> None:
    _fill(database, OLD)
    with database.reading() as session:
        first = str(min(filter(None, session.scalars(select(Call.call_sid)))))
    carrier = Records()
    carrier.refuses[first] = CarrierUnknown("The carrier failed (500).")

    for day in range(2):
        _purge(database, carrier, NIGHT + timedelta(days=day))

    with database.reading() as session:
        assert kept_records(session) == [KeptRecord("call", first, 2, None)]


def test_carrier_is_left_alone_while_it_refuses_the_calls_of_the_office(database: Database) -> None:
    _fill(database, OLD)
    with database.transaction() as session:
        open_breaker(session, "calls", 20003, NIGHT)
    carrier = Records()

    _purge(database, carrier)

    assert carrier.asked == []
    assert _counts(database)["carrier_records"] == 3


def test_sweeper_purges_once_a_night(database: Database) -> None:
    office = dataclasses.replace(OFFICE, time_zone="America/New_York")
    _fill(database, OLD)
    moment = [NIGHT]
    nightly = NightlyPurge(database, Records(), clock=lambda: moment[0], wait=lambda _seconds: None)

    def works(now: datetime) -> int:
        moment[0] = now
        for step in range(40):
            nightly.work(office, now + timedelta(seconds=2 * step))
        return _counts(database)["purge_runs"]

    midnight = datetime(2026, 12, 29, 6, 0, tzinfo=UTC)
    assert works(midnight) == 0
    assert works(midnight + timedelta(hours=2, minutes=1)) == 1
    assert _counts(database)["calls"] == 0
    assert works(midnight + timedelta(hours=6)) == 1
    assert works(midnight + timedelta(days=1)) == 1
    assert works(midnight + timedelta(days=1, hours=2, minutes=1)) == 2


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    exchange = Exchange()
    yield exchange
    exchange.closes()


def test_purge_rehearsed_with_the_exchange_as_the_carrier(
    database: Database, settings: Settings, exchange: Exchange
) -> None:
    over, ringing, elsewhere = place(exchange), place(exchange), place(exchange)
    exchange.act(over.sid, "decline")
    exchange.act(elsewhere.sid, "decline")
    exchange.twilio.messages.create(to=CALLER, from_=LINE, body="The line has a message.")
    # A text and a call to the line, of which no row is left: only the exchange's own list names them.
    exchange.web.post("/handset/text", json={"from": CALLER, "to": LINE, "body": "STOP"})
    inbound = exchange.web.post("/handset/dial", json={"from": CALLER, "to": LINE}).json
    assert exchange.waits_until(lambda: exchange.board.find(inbound["sid"]).live.state == "keys")
    exchange.act(inbound["sid"], "hang-up")
    assert exchange.waits_until(lambda: len(exchange.twilio.messages.list()) == 2)
    now = datetime.now(UTC)
    with database.transaction() as session:
        for call in (over, ringing):
            make_call(session, str(call.sid), phone=CALLER, started_at=now, ended_at=now)
        audit.record(
            session, actor="caller", action="verify_call", target="call:1", facts={"turn": 5}, now=now
        )
    carrier = Carrier(
        dataclasses.replace(
            settings,
            twilio_api_base_url=exchange.url,
            twilio_account_sid=ACCOUNT,
            twilio_auth_tokens=(TOKEN,),
        ),
        LINE,
    )

    run = _purge(database, carrier, now + timedelta(days=100))

    # Not the call that still rings, of which the exchange says that it is not over.
    assert [call.sid for call in exchange.twilio.calls.list()] == [ringing.sid]
    assert exchange.twilio.messages.list() == []
    assert run.deleted["calls"] == 2
    # Three calls that are over and two texts.
    assert run.deleted["carrier_records"] == 5
    with database.reading() as session:
        assert kept_records(session) == [KeptRecord("call", str(ringing.sid), 1, 20409)]
        assert session.scalar(select(func.count()).select_from(Call)) == 0
    assert _chain_is_whole(database)

    exchange.act(ringing.sid, "decline")
    _purge(database, carrier, now + timedelta(days=101))

    assert exchange.twilio.calls.list() == []
    assert _counts(database)["carrier_records"] == 0
    assert _chain_is_whole(database)
    carrier.close()


KILLED = """
import os, signal, sys
from datetime import datetime
from models.store.database import Database
from models.store.keyring import Keyring
from tests.workers.purge.test_purge import OFFICE, Records
from workers.purge import Purge

database = Database(sys.argv[1], Keyring([("k1", bytes(range(32)))], b"any"))
now = datetime.fromisoformat(sys.argv[2])
commits = 0

def die(_session):
    global commits
    commits += 1
    if commits == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

from sqlalchemy import event
event.listen(database._writers, "before_commit", die)
for _ in Purge(database, Records(), OFFICE, actor="sweeper", clock=lambda: now, wait=lambda _: None).parts():
    pass
"""


@pytest.mark.parametrize("at", [2, 5, 9, 14])
def test_purge_whose_process_is_killed_before_a_commit_leaves_nothing_half_done(
    database: Database, database_url: str, at: int
) -> None:
    _fill(database, OLD)

    killed = subprocess.run(
        [sys.executable, "-c", KILLED, database_url, NIGHT.isoformat(), str(at)],
        cwd=Path(__file__).parents[3],
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    assert _chain_is_whole(database)
    with database.reading() as session:
        (run,) = session.scalars(select(PurgeRun)).all()
        gone = {"calls": 3, "callbacks": 1, "talks": 1, "pin_tries": 2, "call_events": 1}
        counts = _counts(database)
        for table, filled in gone.items():
            assert counts[table] + run.deleted.get(table, 0) == filled, table
    carrier = Records()
    _purge(database, carrier)
    with database.reading() as session:
        (run,) = session.scalars(select(PurgeRun)).all()
        assert {name: run.deleted[name] for name in gone} == gone
    assert _chain_is_whole(database)


def test_rows_of_a_call_name_no_record_twice(database: Database) -> None:
    """A record that the carrier lists and that a row names is one deletion."""
    _fill(database, OLD)
    carrier = Records()
    with database.reading() as session:
        carrier.listed["call"] = [
            ListedRecord(str(sid), VICTIM) for sid in session.scalars(select(Call.call_sid))
        ]

    _purge(database, carrier)

    assert sorted(carrier.asked) == sorted(set(carrier.asked))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CarrierRecord)) == 0
        assert session.scalar(select(func.count()).select_from(Callback)) == 0

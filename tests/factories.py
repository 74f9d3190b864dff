"""Plain functions that make what a test needs, with defaults for everything that it does not care about."""

import dataclasses
import secrets
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.office import Office
from config.office_file import WEEKDAYS
from models import (
    Call,
    Callback,
    Court,
    CustodyEvent,
    CustodyImport,
    CustodyRecord,
    Facility,
    Notice,
    QueuedCall,
    Registration,
    Staff,
    Subject,
    Talk,
)
from models.cases.case import Case, add_case, new_number
from models.cases.duress import choose_duress_pin, duress_case
from models.cases.pin_hash import PinHasher
from models.cases.registrant import Consent, Phone, register
from models.custody.custody_event import REMINDERS
from models.custody.directory import place_key
from models.notices.notice_code import code_key
from models.store.database import keyring_of
from models.store.policies import Policies
from workers.office_rules import policies_of

#: The moment of the ``now`` fixture.
NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
#: The pepper of the ``settings`` fixture, and a KDF light enough for a suite; a stored hash names its cost.
HASHER = PinHasher(b"the PIN pepper of the test suite, never of a hotline", memory_kib=64, time_cost=1)
#: The PIN that callers of the suite choose; cases of ``tests/calls`` accept it (``refuses``).
NEW_PIN = "583961"
_SHIPPED = Path(__file__).parent.parent / "config" / "office.toml"


def make_office(**changes: Any) -> Office:
    """The shipped office, always open by default, with some of its fields replaced.

    ``policies`` may be given as plain values: ``make_office(policies={"tries_per_call": 2})``. After a talk
    its liaison is free at once, except in the tests of the wrap-up.
    """
    shipped = Office.load(_SHIPPED, always_open=True)
    changes["policies"] = {
        **shipped.policies,
        **{
            name: dataclasses.replace(shipped.policies[name], value=value)
            for name, value in {"wrap_up_seconds": 0, **changes.get("policies", {})}.items()
        },
    }
    return dataclasses.replace(shipped, **changes)


def open_by_hours(office: Office) -> Office:
    """An office open around the clock by its hours, so that its calling windows still close (R29)."""
    hours = dict.fromkeys(WEEKDAYS, ((time(0), time.max),))
    return dataclasses.replace(
        office, always_open=False, hours=hours, holiday_country=None, extra_closures=frozenset()
    )


def make_policies(**values: Any) -> Policies:
    """The numbers of ``make_office``, with some of them replaced."""
    return policies_of(make_office(policies=values))


@dataclasses.dataclass(frozen=True)
class MadeCase:
    """A case with what only its registrant knows."""

    id: int
    number: str
    pin: str
    subject_id: int
    registrant_id: int


def make_subject(session: Session, *, feed_id: str | None = None, **facts: Any) -> Subject:
    """Someone a case is about, of whom nothing is known yet."""
    feed_id = feed_id or f"S-{secrets.token_hex(6)}"
    return _added(
        session,
        Subject,
        feed_key=keyring_of(session).index("feed", feed_id),
        feed_id_sealed=keyring_of(session).seal("subject.feed_id", feed_id),
        name_sealed=keyring_of(session).seal("subject.name", facts.pop("name", "Ivo Invented")),
        created_at=facts.pop("created_at", NOW),
        **facts,
    )


def make_facility(
    session: Session, name: str = "Stewart", phone: str = "+12025550190", **facts: Any
) -> Facility:
    """An entry of the office's directory."""
    facts = {"created_at": NOW, **facts}
    return _added(session, Facility, name=name, name_key=place_key(name), phone=phone, **facts)


def make_court(
    session: Session, name: str = "Lumpkin Court", time_zone: str = "America/New_York", **facts: Any
) -> Court:
    """A court of the office's directory, made once for each name."""
    known: Court | None = session.scalar(select(Court).where(Court.name_key == place_key(name)))
    facts = {"created_at": NOW, **facts}
    return known or _added(session, Court, name=name, name_key=place_key(name), time_zone=time_zone, **facts)


def make_import(session: Session, **facts: Any) -> CustodyImport:
    """An import that landed."""
    defaults = {"state": "landed", "full": False, "started_at": NOW, "settled_at": NOW}
    return _added(session, CustodyImport, **{**defaults, **facts})


def make_custody_record(
    session: Session,
    subject: Subject,
    status: str = "in_custody",
    *,
    facility: str | None = None,
    as_of: datetime | None = None,
    **facts: Any,
) -> CustodyRecord:
    """The newest record of ``subject``, by default releasable and confirmed at NOW.

    ``next_hearing_place`` names a court, which is added to the directory, in ``hearing_zone``.
    """
    if (place := facts.pop("next_hearing_place", None)) is not None:
        zone = facts.pop("hearing_zone", "America/New_York")
        facts["court_key"] = make_court(session, place, zone).name_key
    defaults: dict[str, Any] = {"status_at": NOW - timedelta(days=2), "releasable": True, "recorded_at": NOW}
    if "import_id" not in facts:
        defaults["import_id"] = make_import(session).id
    record: CustodyRecord = _added(
        session,
        CustodyRecord,
        subject_id=subject.id,
        status=status,
        facility_key=place_key(facility) if facility is not None else None,
        as_of=as_of or NOW,
        **{**defaults, **facts},
    )
    subject.record_id = record.id
    subject.as_of = record.as_of
    session.flush()
    return record


def make_case(
    session: Session,
    custody_status: str | None = None,
    *,
    facility: str | None = None,
    subject: Subject | None = None,
    number: str | None = None,
    pin: str = "739482",
    language: str = "en",
    time_zone: str = "America/New_York",
    pace: str = "normal",
    phone: str | None = None,
    hasher: PinHasher = HASHER,
    as_of: datetime | None = None,
    record: dict[str, Any] | None = None,
    **facts: Any,
) -> MadeCase:
    """An open case; with ``custody_status`` its subject has a fresh record, else none.

    ``record`` changes fields of that record and ``facts`` fields of the case. A ``facility`` that the
    directory lacks is added to it.
    """
    subject = subject or make_subject(session)
    if facility is not None and not session.scalar(
        select(Facility.id).where(Facility.name_key == place_key(facility))
    ):
        make_facility(session, facility)
    if custody_status is not None:
        make_custody_record(session, subject, custody_status, facility=facility, as_of=as_of, **record or {})
    registrant = register(session, language=language, time_zone=time_zone, phone=phone, now=NOW)
    registrant.pace = pace
    number = number or unused_number()
    case = add_case(
        session,
        number=number,
        pin_hash=hasher.hash(pin),
        subject=subject,
        registrant=registrant,
        now=NOW,
        actor="the suite",
    )
    for name, value in facts.items():
        setattr(case, name, value)
    session.flush()
    return MadeCase(case.id, number, pin, subject.id, registrant.id)


def make_duress_pin(session: Session, case: MadeCase, pin: str = "518263", now: datetime = NOW) -> MadeCase:
    """Give a case a duress PIN; returns the case that it opens, under the same number."""
    real = session.get_one(Case, case.id)
    choose_duress_pin(
        session,
        real,
        pin_hash=HASHER.hash(pin),
        mark=HASHER.mark(pin),
        beside=real.pin_hash,
        actor="the suite",
        now=now,
    )
    duress = duress_case(session, case.id)
    assert duress is not None
    return dataclasses.replace(case, id=duress.id, pin=pin, registrant_id=duress.registrant_id)


def make_staff(
    session: Session,
    email: str | None = None,
    *,
    name: str = "Lea Invented",
    role: str = "liaison",
    phone: str = "+12025550170",
    on_shift: bool = True,
    **facts: Any,
) -> Staff:
    """A liaison on shift at an office phone."""
    keyring = keyring_of(session)
    return _added(
        session,
        Staff,
        email=email or f"{secrets.token_hex(4)}@office.example.org",
        name_sealed=keyring.seal("staff.name", name),
        role=role,
        phone_sealed=keyring.seal("staff.phone", phone),
        phone_key=keyring.index("phone", phone),
        on_shift=on_shift,
        **{"password_hash": "none", "created_at": NOW, **facts},
    )


def make_call(
    session: Session, call_sid: str | None = None, *, phone: str | None = None, **facts: Any
) -> Call:
    """An inbound call at its first turn, from a withheld number unless ``phone`` is given."""
    keyring = keyring_of(session)
    defaults = {
        "direction": "inbound",
        "flow": "victim_line",
        "line": "+12025550100",
        "started_at": NOW,
        "language": "en",
        "step": "danger_line",
        "heard_from": "danger_line",
        "turn": 1,
    }
    facts = {**defaults, **facts}
    return _added(
        session,
        Call,
        call_sid=call_sid or f"CA{secrets.token_hex(16)}",
        phone_sealed=keyring.seal("call.phone", phone) if phone else None,
        phone_key=keyring.index("phone", phone) if phone else None,
        said=keyring.seal("call.said", facts.pop("said", "[]")),
        **facts,
    )


def make_wait(session: Session, call: Call, *, verified: bool = True) -> QueuedCall:
    """The place in the queue that this caller had until now, when a liaison took them."""
    now = call.verified_at or call.started_at
    values = {"verified": verified, "since": now, "seen_at": now, "ended_at": now, "outcome": "talked"}
    return _added(session, QueuedCall, call_id=call.id, **values)


def make_callback(
    session: Session, case: MadeCase | None = None, *, phone: str = "+12025550110", **facts: Any
) -> Callback:
    """A promise to call ``phone``, due within the day; verified when it is given a case."""
    keyring = keyring_of(session)
    defaults = {
        "urgency": "other",
        "reason": "asked",
        "verified": case is not None,
        "case_id": case.id if case else None,
        "language": "en",
        "time_zone": "America/New_York",
        "requested_at": NOW,
        "due_at": NOW + timedelta(hours=24),
        "next_attempt_at": NOW,
        "begun_by_staff": facts.get("reason") == "staff_call",
    }
    of_talk = {name: facts.pop(name) for name in ("held_at", "announced_at") if name in facts}
    callback: Callback = _added(
        session,
        Callback,
        number_sealed=keyring.seal("callback.number", phone),
        phone_key=keyring.index("phone", phone),
        **{**defaults, **facts},
    )
    if callback.talking_at is not None:
        make_talk(session, callback, **of_talk)
    return callback


def make_registration(
    session: Session, case: MadeCase, *, code: str | None = "2593", **facts: Any
) -> Registration:
    """The registrant of a case asked to be called; with a notice code, or with a key alone (None)."""
    key = None if code is None else code_key(keyring_of(session), case.id, code)
    defaults = {"made_at": NOW, "made_by": "caller", "lapses_at": NOW + timedelta(days=365)}
    made = _added(session, Registration, case_id=case.id, code_key=key, **{**defaults, **facts})
    # On the phones and in the channels on which the registrant may be called already.
    of_case = select(Phone).join(Case, Case.registrant_id == Phone.registrant_id).where(Case.id == case.id)
    for phone in session.scalars(of_case).all():
        for one in list(phone.consents):
            given = {"words": one.words, "cap_per_day": one.cap_per_day, "granted_at": one.granted_at}
            phone.consents.append(Consent(registration_id=made.id, channel=one.channel, **given))
    session.flush()
    return made


def make_event(session: Session, subject_id: int, kind: str = "released", **facts: Any) -> CustodyEvent:
    """A change that the subject's newest record reports, already turned into notices."""
    record_id = session.get_one(Subject, subject_id).record_id
    before = None if kind in REMINDERS else record_id
    defaults = {"at": NOW, "record_id": record_id, "before_id": before, "made_at": NOW, "spread_at": NOW}
    event = CustodyEvent(subject_id=subject_id, kind=kind, **{**defaults, **facts})
    session.add(event)
    session.flush()
    return event


def make_notice(session: Session, registration: Registration, event: CustodyEvent, **facts: Any) -> Notice:
    """A notice that is due; urgent for an escape and any release (R28)."""
    urgent = event.kind == "escaped" or event.kind.startswith("released")
    defaults = {"is_urgent": urgent, "made_at": NOW, "next_attempt_at": NOW, "case_id": registration.case_id}
    return _added(
        session, Notice, event_id=event.id, registration_id=registration.id, **{**defaults, **facts}
    )


def make_talk(session: Session, callback: Callback, **facts: Any) -> Talk:
    """The talk of a callback that is talking, or that talked; its legs are bare rows."""
    leg = make_call(session, direction="outbound", role="called_back", ended_at=callback.talking_at)
    return _added(
        session,
        Talk,
        callback_id=callback.id,
        caller_call_id=callback.caller_call_id or leg.id,
        leader_call_id=callback.liaison_call_id or leg.id,
        staff_id=callback.staff_id,
        language=callback.language,
        conference=secrets.token_hex(16),
        began_at=callback.talking_at,
        closed_at=callback.closed_at or (callback.talking_at if callback.state == "reached" else None),
        outcome=callback.outcome,
        **facts,
    )


def refuses(session: Session, number: str, pin: str) -> bool:
    """Whether a case with this number, and without a duress PIN beside it, refuses ``pin`` as a new PIN.

    Each number has a decoy, so that a refusal does not tell of a duress PIN: one in 800 refuses a PIN that
    others accept (R10, R13).
    """
    return HASHER.is_near(HASHER.decoy_mark(keyring_of(session).index("case", number)), pin)


#: Every number that a case of this process was given.
_used: set[str] = set()


def unused_number() -> str:
    """A case number that no case of this process has."""
    # Of a hundred cases two would have the same one in every two thousandth test, and as many a number whose
    # person may not choose the notice code of the tests.
    while (number := new_number()) in _used or "2593" in number:
        pass
    _used.add(number)
    return number


def _added(session: Session, kind: type[Any], **facts: Any) -> Any:
    row = kind(**facts)
    session.add(row)
    session.flush()
    return row

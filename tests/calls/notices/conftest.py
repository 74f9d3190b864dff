"""A registrant whose phone the line rings because custody changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from config.office import Office
from models import Notice, Registration, Subject
from models import Phone as PhoneRow
from models.cases.registrant import Consent
from models.custody.imports.custody_import import ImportResult, ImportRules
from models.notices.placing import due_notices
from models.notices.spreading import spread
from models.store.database import keyring_of
from tests import factories
from tests.calls.conftest import Hotline
from tests.factories import MadeCase, open_by_hours
from tests.models.custody.feed import feed_row, load
from tests.phone import Phone, PlacedCall
from workers.sweeper import sweep

FIRST, SECOND = "+12025550130", "+12025550131"
CODE = "2593"
OPENING = "Hello. This is a call from the information line."
#: What nobody may learn who answers without the code.
TELLING = (
    "released", "escaped", "custody", "died", "moved", "case", "notice", "hotline", "victim", "news",
    "record",
    "danger", "court",
)  # fmt: skip


@dataclass(frozen=True)
class Registered:
    """A registrant with a case, and how to give them news."""

    hotline: Hotline
    case: MadeCase
    registration_id: int

    def is_due(self, kind: str = "released", **facts: Any) -> int:
        """A change of this kind has just been reported, and its notice is due; returns the notice's id."""
        now = self.hotline.clock.now
        with self.hotline.database.transaction() as session:
            event = factories.make_event(session, self.case.subject_id, kind, at=now, made_at=now)
            registration = session.get_one(Registration, self.registration_id)
            notice = factories.make_notice(
                session, registration, event, made_at=now, next_attempt_at=now, **facts
            )
            return notice.id

    def is_dialed(self, kind: str = "released", **facts: Any) -> None:
        """The same, and workers have dialed, as they do once the sweeper has found the notice."""
        jobs = self.hotline.jobs
        jobs.enqueue("dial_notice", self.is_due(kind, **facts))
        jobs.works_off()

    def changes(self, table: Any, **values: Any) -> None:
        """Change the only row of a table."""
        with self.hotline.database.transaction() as session:
            row = session.scalars(select(table).order_by(table.id)).first()
            for name, value in values.items():
                setattr(row, name, value)


@pytest.fixture
def office(office: Office) -> Office:
    """It is open around the clock, and its calls keep to their hours (R29)."""
    return open_by_hours(office)


@pytest.fixture
def registered(hotline: Hotline, make_case: Callable[..., MadeCase]) -> Callable[..., Registered]:
    """Registers somebody: ``registered("released", phones=(FIRST, SECOND))``; no code for a key alone."""

    def make(
        custody_status: str = "released",
        *,
        code: str | None = CODE,
        phones: tuple[str, ...] = (FIRST,),
        phone: dict[str, Any] | None = None,
        cap: int = 9,
        **facts: Any,
    ) -> Registered:
        facts = {"time_zone": "America/New_York", **facts}
        now = hotline.clock.now
        case = make_case(custody_status=custody_status, phone=phones[0], **facts)
        with hotline.database.transaction() as session:
            keyring = keyring_of(session)
            for position, number in enumerate(phones[1:], 2):
                session.add(
                    PhoneRow(
                        registrant_id=case.registrant_id, position=position,
                        number_sealed=keyring.seal("phone.number", number),
                        phone_key=keyring.index("phone", number), confirmed_at=now,
                        consents=[
                            Consent(channel="voice", words="Yes.", cap_per_day=9, granted_at=now)
                        ],
                    )
                )  # fmt: skip
            session.flush()
            for row in session.scalars(select(PhoneRow).where(PhoneRow.registrant_id == case.registrant_id)):
                for name, value in (phone or {}).items():
                    setattr(row, name, value)
                for consent in row.consents:
                    consent.cap_per_day = cap
            registration = factories.make_registration(session, case, code=code)
            return Registered(hotline, case, registration.id)

    return make


def reports(
    hotline: Hotline, status: str, *made: Registered, hours_ago: float = 1.0, **more: str
) -> ImportResult:
    """The feed says now that this happened to these people; ``more`` are other columns."""
    now = hotline.clock.now
    with hotline.database.reading() as session:
        keyring = keyring_of(session)
        names = [
            keyring.unseal("subject.feed_id", session.get_one(Subject, one.case.subject_id).feed_id_sealed)
            for one in made
        ]
    facts = {"status": status, "status_at": now - timedelta(hours=hours_ago), "as_of": now, **more}
    rules = ImportRules(hotline.office.gates, hotline.policies)
    return load(hotline.database, *(feed_row(name, **facts) for name in names), now=now, rules=rules)


def sweeps(hotline: Hotline, **passed: float) -> list[str]:
    """Let time pass, and the sweeper and the workers do their work; the phones that ring then."""
    hotline.clock.passes(**passed)
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now, lambda _s: None)
    return hotline.rung()


def calls_go_out(hotline: Hotline) -> None:
    """Workers call about all news, as they do once the sweeper has found it."""
    with hotline.database.transaction() as session:
        jobs = spread(session, hotline.clock.now, 50)
        jobs += [("dial_notice", one) for one in due_notices(session, hotline.clock.now, 50)]
    for job in jobs:
        hotline.jobs.enqueue(*job)
    hotline.jobs.works_off()


def picks_up(phone: Phone, hotline: Hotline, number: str = FIRST, **extra: str) -> Phone:
    """The phone that rings at ``number`` is answered."""
    return phone.answers(ringing(hotline, number), **extra)


def ringing(hotline: Hotline, number: str = FIRST) -> PlacedCall:
    """The call that rings at ``number``."""
    found = [call for call in hotline.carrier.ringing if call.to == number]
    assert found, f"{number} does not ring"
    return found[-1]


def is_called(phone: Phone, made: Registered, *keys: str, kind: str = "released") -> Phone:
    """There is news of this kind, the phone rings, and whoever answers presses these keys."""
    made.is_dialed(kind)
    called = picks_up(phone, made.hotline)
    for key in keys:
        called.presses(key)
    return called


def misses(phone: Phone, hotline: Hotline, number: str = FIRST, status: str = "no-answer") -> None:
    """The phone at ``number`` is not answered."""
    phone.another().declines(ringing(hotline, number), status)


def the_notice(hotline: Hotline) -> Notice:
    """The only notice there is."""
    found: Notice = hotline.row(select(Notice))
    return found


def minutes_until_next(hotline: Hotline) -> float:
    """How soon the only notice rings again."""
    at: datetime = the_notice(hotline).next_attempt_at
    return (at - hotline.clock.now) / timedelta(minutes=1)


def until_the_last_try(phone: Phone, hotline: Hotline, tries: int) -> None:
    """The phone is not answered, but in the last of so many tries it rings on."""
    for _ in range(tries - 1):
        sweeps(hotline, minutes=max(0, minutes_until_next(hotline)))
        misses(phone, hotline)
    sweeps(hotline, minutes=max(0, minutes_until_next(hotline)))

"""The people of a storm who asked for notices, and the files that report the changes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Literal

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import Phone
from models.cases.registrant import Consent
from models.custody.imports.custody_import import ImportBusyError, ImportRules, import_custody
from models.store.database import Database, keyring_of
from tests.chaos.installation import Installation
from tests.factories import make_case, make_office, make_registration, make_subject
from tests.models.custody.feed import feed_file, feed_row
from workers.office_rules import policies_of

#: Areas of people who ask for callbacks, of those who press 0, and of the office.
AREAS, AREAS_AT_0 = (
    ("206", "212", "305", "312", "404", "415", "503", "602", "617", "713"),
    ("702", "804", "919"),
)
_OTHERS = (*AREAS, *AREAS_AT_0, "202")
#: Each area has a hundred numbers that nobody has. The line dials no number of an area that does not exist.
_CAN_DIAL = make_office().can_dial
_DIALLED = (
    area for area in map(str, range(205, 990)) if area not in _OTHERS and _CAN_DIAL(f"+1{area}5550100")
)
AREAS_NOTIFIED = tuple(islice(_DIALLED, 60))
CODE = "2593"
#: Urgent ones and one that waits for the day; each is hard news, and a death has a warning of its own.
_KINDS = ("released", "released", "released", "escaped", "deceased")
#: The area codes of second phones. Only an escape has them: it rings both at once, and one of the two
#: confirms while the other rings or is asked for the code.
_SECOND_AREAS = tuple(islice(_DIALLED, 12))
Bar = Literal["withdrawn", "unsafe", "night"]
#: Three people in so many must not be called, by their place among these.
_BARS_OF = 21
_BARS: dict[int, Bar] = {3: "withdrawn", 7: "unsafe", 11: "night"}
#: One person in so many chose a key alone.
_KEY_ALONE_OF = 10
#: Into how many files the changes are divided; the last one comes twice.
_FILES = 4
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Notified:
    """A registrant. ``bar`` is why their phones must not ring; ``code`` is None for a key alone.

    ``cap`` is how often each phone may ring.
    """

    case_id: int
    feed_id: str
    kind: str
    phones: tuple[str, ...]
    cap: int
    code: str | None
    bar: Bar | None


def registers(place: Installation, notices: int, cap: int) -> list[Notified]:
    """Let so many people ask for calls about somebody who is in custody, at most ``cap`` to each phone."""
    with place.database.transaction() as session:
        now = datetime.now(UTC)
        found = []
        for number in range(notices):
            kind = _KINDS[number % len(_KINDS)]
            bar = _BARS.get(number % _BARS_OF)
            phones = _phones(number, kind)
            feed_id = f"storm-{number}"
            case = make_case(
                session, "in_custody", as_of=now, phone=phones[0],
                subject=make_subject(session, feed_id=feed_id),
                record={"status_at": now - timedelta(days=2), "recorded_at": now},
                # It is the middle of the night, or of the day, there.
                time_zone=_zone(now, 2 if bar == "night" else 13),
            )  # fmt: skip
            for position, second in enumerate(phones[1:], 2):
                _adds_phone(session, case.registrant_id, position, second, now)
            mine = select(Phone).where(Phone.registrant_id == case.registrant_id)
            rows = session.scalars(mine.order_by(Phone.position)).all()
            for consent in [consent for row in rows for consent in row.consents]:
                consent.cap_per_day = cap
            code = None if number % _KEY_ALONE_OF == 0 else CODE
            registration = make_registration(session, case, code=code, made_at=now)
            for row in rows:
                _bars(row, bar, registration.id, now)
            found.append(Notified(case.id, feed_id, kind, phones, cap, code, bar))
    return found


def _phones(number: int, kind: str) -> tuple[str, ...]:
    first = f"+1{AREAS_NOTIFIED[number // 100]}55501{number % 100:02d}"
    if kind != "escaped":
        return (first,)
    place = number // len(_KINDS)
    return first, f"+1{_SECOND_AREAS[place // 100]}55501{place % 100:02d}"


def _adds_phone(session: Session, registrant_id: int, position: int, number: str, now: datetime) -> None:
    keyring = keyring_of(session)
    consent = Consent(channel="voice", words="Yes.", cap_per_day=1, granted_at=now)
    session.add(
        Phone(
            registrant_id=registrant_id, position=position, phone_key=keyring.index("phone", number),
            number_sealed=keyring.seal("phone.number", number), confirmed_at=now, consents=[consent],
        )
    )  # fmt: skip
    session.flush()


def _bars(phone: Phone, bar: Bar | None, registration_id: int, now: datetime) -> None:
    if bar == "unsafe":
        phone.unsafe_since = now
    elif bar == "night":
        phone.night_allowed = False
    elif bar == "withdrawn":
        for consent in _of_registration(phone.consents, registration_id):
            consent.withdrawn_at = now


def _of_registration(consents: Sequence[Consent], registration_id: int) -> list[Consent]:
    return [one for one in consents if one.registration_id == registration_id]


def _zone(now: datetime, hour: int) -> str:
    """A zone in which it is about this hour."""
    ahead = (hour - now.hour + 11) % 24 - 11
    # These zones count to the west.
    return f"Etc/GMT{-ahead:+d}"


def reports(place: Installation, people: Sequence[Notified], seconds: float) -> None:
    """Import the changes as files over so many seconds, each until it was taken, and the last one twice."""
    rules = ImportRules(place.office.gates, policies_of(place.office))
    changed_at = datetime.now(UTC)
    files = [people[start::_FILES] for start in range(min(_FILES, len(people)))]
    for part in [*files, *files[-1:]]:
        as_of = datetime.now(UTC)
        file = place.folder / "feed.csv"
        changed = [feed_row(one.feed_id, status=one.kind, status_at=changed_at, as_of=as_of) for one in part]
        file.write_bytes(feed_file(*changed).read())
        _again_until(lambda file=file: _imports(place.database, file, rules))  # type: ignore[misc]
        time.sleep(seconds / (_FILES + 1))


def _imports(database: Database, file: Path, rules: ImportRules) -> None:
    now = datetime.now(UTC)
    result = import_custody(database, file, rules, full=False, dry_run=False, strict=True, now=now)
    if result.refused or result.held:
        raise RuntimeError("The feed of the storm was not taken.")


def _again_until(imports: Callable[[], None]) -> None:
    """As an operator does whose database was away, or where another import ran."""
    gives_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            imports()
        except (SQLAlchemyError, ImportBusyError):
            if time.monotonic() > gives_up:
                raise
            time.sleep(0.5)
        else:
            return

"""The people of a replay: their phones, their wishes, and what they do when one of them rings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.office import Office
from models import Subject
from models.cases.registrant import Consent
from models.cases.registrant import Phone as PhoneRow
from models.store.database import Database, keyring_of
from tests.factories import MadeCase, make_case, make_registration, make_subject

CODE, WRONG_CODE = "2593", "3862"
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
WINDOWS = ((time(9), time(17)), (time(12), time(20)))
#: What happens of a hundred times that a phone rings: an assumption, and the figures depend on it.
RINGS = {
    "answers": 70, "no-answer": 12, "busy": 2, "machine": 7, "not now": 3, "stranger": 3, "hangs up": 3,
}  # fmt: skip
#: After midnight fewer people wake up.
AT_NIGHT = {**RINGS, "answers": 50, "no-answer": 32}
_CHUNK = 500


@dataclass(eq=False)
class Person:
    """A registrant. ``nights`` is the answer about nights, None if never asked; ``code`` None is a key alone.

    ``stops_at`` is when they text STOP from their first phone, and ``ends_at`` when they stop the calls.
    ``knows_code``: the others have lost it.
    """

    feed_id: str
    numbers: tuple[str, ...]
    zone: str
    code: str | None
    knows_code: bool
    window: tuple[time, time] | None
    nights: bool | None
    texts: bool
    cap: int
    stops_at: datetime | None = None
    ends_at: datetime | None = None
    case: MadeCase | None = None

    def chances(self, at: datetime) -> dict[str, int]:
        """What may happen when a phone of theirs rings now."""
        return AT_NIGHT if at.astimezone(ZoneInfo(self.zone)).hour < 6 else RINGS

    def may_ring(self, at: datetime, *, urgent: bool) -> bool:
        """Whether a phone of theirs may ring now, from the rules and not from the code that follows them."""
        if urgent and self.nights:
            # They agreed to "at any hour".
            return True
        local = at.astimezone(ZoneInfo(self.zone)).time()
        if not time(8) <= local < time(21):
            return urgent and self.nights is not False
        return self.window is None or self.window[0] <= local < self.window[1]


def people_of(
    feed_ids: Sequence[str], numbers: Iterator[str], start: datetime, days: int, random: Random
) -> list[Person]:
    """One registrant for each feed id in the list; an id that is there twice has two."""
    found = []
    for feed_id in feed_ids:
        first = [next(numbers)]
        if random.random() < 0.1:
            first.append(next(numbers))
        person = Person(
            feed_id, tuple(first), random.choices(ZONES, (6, 2, 1, 1))[0],
            code=None if random.random() < 0.1 else CODE,
            knows_code=random.random() < 0.95,
            window=random.choice(WINDOWS) if random.random() < 0.15 else None,
            nights=random.choices((True, False, None), (4, 2, 4))[0],
            texts=random.random() < 0.1,
            cap=random.choices((8, 3), (9, 1))[0],
        )  # fmt: skip
        if random.random() < 0.02:
            person.stops_at = start + random.random() * timedelta(days=days)
        elif random.random() < 0.02:
            person.ends_at = start + random.random() * timedelta(days=days)
        found.append(person)
    return found


def numbers_of(office: Office) -> Iterator[str]:
    """Invented numbers: 555-0100 to 555-0199 of every area code that the office may dial."""
    # Staff have those of 202.
    for area in range(203, 990):
        if office.can_dial(f"+1{area}5550100"):
            for last in range(100):
                yield f"+1{area}55501{last:02d}"


def move_in(database: Database, people: Sequence[Person], start: datetime) -> None:
    """Write the subjects, cases, phones, consents and registrations of these people."""
    subjects: dict[str, int] = {}
    for first in range(0, len(people), _CHUNK):
        with database.transaction() as session:
            for person in people[first : first + _CHUNK]:
                _move_in(session, person, subjects, start)


def _move_in(session: Session, person: Person, subjects: dict[str, int], start: datetime) -> None:
    if person.feed_id not in subjects:
        subjects[person.feed_id] = make_subject(session, feed_id=person.feed_id, created_at=start).id
    subject = session.get_one(Subject, subjects[person.feed_id])
    case = make_case(session, subject=subject, phone=person.numbers[0], time_zone=person.zone)
    keyring = keyring_of(session)
    for position, number in enumerate(person.numbers[1:], 2):
        consent = Consent(channel="voice", words="Yes.", cap_per_day=person.cap, granted_at=start)
        session.add(
            PhoneRow(
                registrant_id=case.registrant_id, position=position, confirmed_at=start,
                number_sealed=keyring.seal("phone.number", number),
                phone_key=keyring.index("phone", number), consents=[consent],
            )
        )  # fmt: skip
    session.flush()
    for phone in session.scalars(select(PhoneRow).where(PhoneRow.registrant_id == case.registrant_id)):
        phone.night_allowed = person.nights
        if person.window is not None:
            phone.window_starts, phone.window_ends = person.window
        for consent in phone.consents:
            consent.cap_per_day = person.cap
        if person.texts:
            phone.consents.append(
                Consent(channel="text", words="Yes.", cap_per_day=person.cap, granted_at=start)
            )
    make_registration(session, case, code=person.code, made_at=start)
    person.case = case

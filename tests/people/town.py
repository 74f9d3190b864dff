"""A town of simulated people and the line they call: a hotline on SQLite with a clock of its own."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from config.office import Office
from config.settings import Settings
from hotline import create_app
from models import Staff
from models.cases.case import check_digit_is_right
from models.store.database import Database
from models.store.heartbeat import SILENT, Pulse
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.calls.conftest import Clock, Hotline
from tests.conftest import FIELD_KEYS
from tests.factories import HASHER, NOW, make_case, make_staff
from tests.fake_carrier import FakeCarrier
from tests.people.ear import EVERY_STATUS
from tests.people.person import Card, Ending, Person
from tests.people.temperament import TEMPERAMENTS
from tests.phone import Phone

#: Every number of these is 555-01xx, which belongs to nobody.
AREAS = ("202", "212", "305", "312", "404", "415", "503", "602", "617", "713")
STATUSES = ("in_custody", "in_custody", "transferred", "released", "escaped", None)
FROM_CALL_TO_CALL = timedelta(minutes=11)
ENVIRONMENT = {
    "HOTLINE_PUBLIC_URL": "https://line.example.org",
    "HOTLINE_SECRET_KEY": "the secret key of a town of people who do not exist",
    "HOTLINE_PIN_PEPPER": "the PIN pepper of the test suite, never of a hotline",
    "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "TWILIO_AUTH_TOKEN": "the-token-of-the-test-suite",
    "TWILIO_API_BASE_URL": "http://127.0.0.1:1",
}


@dataclass(frozen=True, slots=True)
class Resident:
    """One person of the town, and how it ended. ``knows`` is ``right``, ``wrong`` or ``none``: the PIN."""

    seed: int
    temperament: str
    language: str
    knows: str
    ending: Ending

    @property
    def heard_a_status(self) -> bool:
        """Whether words of any status were spoken in any of the calls, in any language."""
        return any(words in self.ending.transcript for words in EVERY_STATUS)


@contextmanager
def town(folder: Path) -> Iterator["Town"]:
    """Open an office in an empty folder: it closes at night, and has one liaison or two on shift."""
    url = f"sqlite:///{folder / 'hotline.db'}"
    settings = Settings.from_env(
        {
            **ENVIRONMENT,
            "HOTLINE_DATA_DIR": str(folder),
            "HOTLINE_DATABASE_URL": url,
            "HOTLINE_REDIS_URL": f"unix://{folder}/down.sock",
        }
    )
    database = Database(url, Keyring(FIELD_KEYS, ENVIRONMENT["HOTLINE_SECRET_KEY"].encode()))
    upgrade(database)
    office = Office.load(settings.office_file)
    hotline = Hotline(database, office, Clock(NOW), FakeCarrier(), settings)
    # This town has no workers and no sweeper: at 0 a caller's own call rings the office's number.
    hotline.jobs.is_down = True
    with database.transaction() as session:
        Pulse("web").beat(session, NOW - SILENT)
        make_staff(session, phone="+12025550170")
        second = make_staff(session, phone="+12025550171").id
    app = create_app(
        settings, office=office, database=database, hasher=HASHER, jobs=hotline.jobs, clock=hotline.clock
    )
    try:
        yield Town(hotline, app.test_client(), second)
    finally:
        app.extensions["hotline.line"].guesses.close()
        database.close()


class Town:
    """People who call one after another, each with a case and a phone of their own."""

    def __init__(self, hotline: Hotline, client: object, second_liaison: int) -> None:
        self.hotline, self._client, self._second_liaison = hotline, client, second_liaison
        self._callers = 0

    def person(self, seed: int, knows: str = "right") -> Resident:
        """The person with this seed calls; it decides the temperament, the language and the status."""
        chance = Random(seed)
        temperament = TEMPERAMENTS[seed % len(TEMPERAMENTS)]
        language = ("en", "es")[seed // len(TEMPERAMENTS) % 2]
        hotline = self.hotline
        hotline.clock.now += FROM_CALL_TO_CALL
        with hotline.database.transaction() as session:
            session.get_one(Staff, self._second_liaison).on_shift = chance.random() < 0.5
            case = make_case(
                session,
                chance.choice(STATUSES),
                number=_number(chance),
                language=language,
                as_of=hotline.clock.now,
            )
        wrong = str((int(case.pin) + 111111) % 1_000_000).zfill(6)
        card = Card(case.number, {"right": case.pin, "wrong": wrong, "none": None}[knows])
        from_ = f"+1{AREAS[self._callers // 100 % len(AREAS)]}55501{self._callers % 100:02d}"
        self._callers += 1
        caller = Person(
            seed, temperament, language, card, lambda seconds: hotline.clock.passes(seconds=seconds)
        )
        return Resident(seed, temperament.name, language, knows, caller.calls(self.new_phone, from_))

    def new_phone(self) -> Phone:
        """A telephone of this town that has no call yet."""
        settings = self.hotline.settings
        return Phone(
            self._client,  # type: ignore[arg-type]
            public_url=settings.public_url,
            auth_token=settings.twilio_auth_tokens[0],
            account_sid=settings.twilio_account_sid,
            line=self.hotline.office.lines[0],
            clock=self.hotline.clock,
        )


def _number(chance: Random) -> str:
    """A well-formed case number that the seed decides on."""
    first = str(chance.randrange(1_000_000, 10_000_000))
    return next(number for digit in "0123456789" if check_digit_is_right(number := first + digit))


def share_who_heard(people: list[Resident]) -> float:
    """The share of people who heard the status in their own language, within all their calls."""
    return sum(person.ending.heard for person in people) / len(people)


def share_of_good_ends(people: list[Resident]) -> float:
    """Of all who know their PIN, the share who heard the status or reached a person or a callback."""
    return sum(person.ending.is_good for person in people) / len(people)


def table(people: list[Resident]) -> str:
    """How it ended, for each temperament; the most frequent end first."""
    lines = []
    for name in dict.fromkeys(person.temperament for person in people):
        ends = Counter(person.ending.how for person in people if person.temperament == name)
        spent = [person.ending.seconds for person in people if person.temperament == name]
        heard = sum(person.ending.heard for person in people if person.temperament == name) / len(spent)
        told = ", ".join(f"{how} {count}" for how, count in ends.most_common())
        lines.append(f"  {name:<28} {sum(spent) / len(spent):5.0f} s  {heard:4.0%} heard; {told}")
    return "\n".join(lines)


def why_not(people: list[Resident]) -> str:
    """The table, and the calls of people whom the line lost or who had a right PIN and heard no status."""
    lost = [p for p in people if not p.ending.is_good or (p.knows == "right" and not p.ending.heard)]
    calls = "\n".join(
        f"\nseed {p.seed}, {p.temperament}, {p.language}: {p.ending.how}\n{p.ending.transcript}" for p in lost
    )
    return f"{share_of_good_ends(people):.1%} of {len(people)}\n{table(people)}\n{calls}"

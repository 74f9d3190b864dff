"""Makes the office, the people and the month of a replay, on a database of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from config.office import Office
from config.settings import Settings
from hotline import create_app
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.calls.conftest import Clock, Hotline, a_phone
from tests.factories import HASHER, open_by_hours
from tests.replay.month import Month
from tests.replay.office import Replay, ReplayCarrier
from tests.replay.people import move_in, numbers_of, people_of

#: Midnight in New York, two weeks before its clocks change.
START = datetime(2027, 3, 1, 5, 0, tzinfo=UTC)
#: Of a hundred people of the feed, this many have two registrants.
_WITH_TWO = 0.1


@contextmanager
def replay_of(
    folder: Path, registrants: int, *, days: int, seed: int, busy: float, whole: float
) -> Iterator[Replay]:
    """A replay that has not begun, with its files in ``folder``."""
    settings = _settings(folder)
    database = Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key))
    upgrade(database)
    try:
        with begun(database, settings, registrants, days=days, seed=seed, busy=busy, whole=whole) as replay:
            yield replay
    finally:
        database.close()


@contextmanager
def begun(
    database: Database,
    settings: Settings,
    registrants: int,
    *,
    days: int,
    seed: int,
    busy: float,
    whole: float,
) -> Iterator[Replay]:
    """A replay on a database without a row."""
    random = Random(seed)
    office = open_by_hours(Office.load(settings.office_file))
    carrier, clock = ReplayCarrier(), Clock(START)
    hotline = Hotline(database, office, clock, carrier, settings)
    ids = [f"R-{number}" for number in range(round(registrants / (1 + _WITH_TWO)))]
    ids += random.sample(ids, registrants - len(ids))
    people = people_of(ids, numbers_of(office), START, days, random)
    move_in(database, people, START)
    month = Month(sorted(set(ids)), START, days, seed, busy)
    app = create_app(
        settings, office=office, database=database, hasher=HASHER, jobs=hotline.jobs, with_console=False,
        clock=clock,
    )  # fmt: skip
    try:
        yield Replay(hotline, a_phone(app, hotline), month, people, whole)
    finally:
        app.extensions["hotline.line"].guesses.close()


def _settings(folder: Path) -> Settings:
    return Settings.from_env(
        {
            "HOTLINE_DATA_DIR": str(folder),
            "HOTLINE_DATABASE_URL": f"sqlite:///{folder / 'hotline.db'}",
            "HOTLINE_REDIS_URL": f"unix://{folder}/down.sock",
            "HOTLINE_PUBLIC_URL": "https://line.example.org",
            "HOTLINE_SECRET_KEY": "the secret key of a replay, never of a hotline",
            "HOTLINE_PIN_PEPPER": "the PIN pepper of the test suite, never of a hotline",
            "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "TWILIO_AUTH_TOKEN": "the-token-of-the-test-suite",
            "TWILIO_API_BASE_URL": "http://127.0.0.1:1",
        }
    )

"""A line with one case and one liaison, whose calls are played for the documents."""

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from config.office import Office
from config.settings import Settings
from hotline import create_app
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.calls.conftest import Clock, Hotline, a_phone
from tests.conftest import FIELD_KEYS
from tests.factories import HASHER, NOW, MadeCase, make_case, make_staff
from tests.fake_carrier import FakeCarrier
from tests.people.town import ENVIRONMENT
from tests.phone import Phone


@dataclass(frozen=True)
class SmallLine:
    """The line, a phone to call it, and the case that is called about."""

    hotline: Hotline
    phone: Phone
    case: MadeCase


@contextmanager
def small_line() -> Iterator[SmallLine]:
    """Open the line on a Wednesday at 10 AM; the office is open and its liaison is on shift."""
    with tempfile.TemporaryDirectory(prefix="documents-") as folder:
        url = f"sqlite:///{Path(folder) / 'hotline.db'}"
        settings = Settings.from_env(
            {
                **ENVIRONMENT,
                "HOTLINE_DATA_DIR": folder,
                "HOTLINE_DATABASE_URL": url,
                "HOTLINE_REDIS_URL": f"unix://{folder}/down.sock",
            }
        )
        database = Database(url, Keyring(FIELD_KEYS, ENVIRONMENT["HOTLINE_SECRET_KEY"].encode()))
        upgrade(database)
        office = Office.load(settings.office_file, always_open=True)
        # Of two calls that start at one moment of this clock none waits.
        pace = dataclasses.replace(office.policies["carrier_calls_per_second"], value=100)
        office = dataclasses.replace(office, policies={**office.policies, "carrier_calls_per_second": pace})
        hotline = Hotline(database, office, Clock(NOW), FakeCarrier(), settings)
        with database.transaction() as session:
            make_staff(session, phone="+12025550170")
            case = make_case(
                session,
                "in_custody",
                number="41000723",
                facility="Juniper Flats Detention Center",
                as_of=NOW - timedelta(minutes=24),
                record={"status_at": NOW - timedelta(days=11)},
                pin_issued_at=NOW - timedelta(days=30),
            )
        app = create_app(
            settings,
            office=office,
            database=database,
            hasher=HASHER,
            jobs=hotline.jobs,
            with_console=False,
            clock=hotline.clock,
        )
        try:
            yield SmallLine(hotline, a_phone(app, hotline), case)
        finally:
            app.extensions["hotline.line"].guesses.close()
            database.close()

"""The installation under a storm: `hotline serve` on a database of its own, with much to be killed."""

import re
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import psutil
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from config.office import Office
from config.settings import EXCHANGE_ACCOUNT
from models import Staff
from models.overview.staff_menu import set_shift
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.conftest import FIELD_KEYS
from tests.factories import MadeCase, make_case, make_staff
from tests.hotline.cli.test_serve import Serving, free_ports
from tests.people.town import ENVIRONMENT
from tests.servers import Postgres, running_postgres

_SHIPPED = Path(__file__).parent.parent.parent / "config" / "office.toml"
#: The least that each may be, without the carrier's pace: a storm has no time for an office's patience.
POLICIES = {
    "liaison_ring_seconds": 5,
    "caller_ring_seconds": 5,
    "lease_seconds": 8,
    "liaison_retry_seconds": 1,
    "retry_minutes": 1,
    "talk_check_seconds": 10,
    "dropped_seconds": 5,
    # Liaisons of a storm write nothing down.
    "wrap_up_seconds": 1,
    "carrier_calls_per_second": 100,
    # The changes of a storm are many and true: no two people look at them first.
    "brake_floor": 100000,
    "brake_day_floor": 100000,
    "brake_releasable_floor": 100000,
    "notice_first_minutes": 5,
    "notice_retry_minutes": 5,
    "call_later_minutes": 5,
}
TARGETS = ("web", "worker", "sweeper", "valkey")
SUPERVISOR = "+12025550190"


class Installation:
    """``database`` is the line's own, looked at from outside; ``killed`` counts the kills by kind."""

    def __init__(self, folder: Path, url: str, postgres: Postgres | None, caller_tries: int) -> None:
        self.port = free_ports()
        self.carrier_port = self.port + 1
        self.public_url = f"http://127.0.0.1:{self.port}"
        self.token = ENVIRONMENT["TWILIO_AUTH_TOKEN"]
        self.folder, self._url, self._postgres = folder, url, postgres
        self.office_file = folder / "office.toml"
        self.office_file.write_text(_quick(_SHIPPED.read_text(), {**POLICIES, "caller_tries": caller_tries}))
        self.office = Office.load(self.office_file, always_open=True)
        self.keyring = Keyring(FIELD_KEYS, ENVIRONMENT["HOTLINE_SECRET_KEY"].encode())
        self.database = Database(url, self.keyring)
        upgrade(self.database)
        self.killed: dict[str, int] = dict.fromkeys(TARGETS, 0)
        self._data = folder / "var"
        self._serving: Serving | None = None
        self._stopped: list[psutil.Process] = []

    def opens(self) -> None:
        """Start everything and wait until the line answers."""
        environ = {
            **ENVIRONMENT,
            "HOTLINE_OFFICE_ALWAYS_OPEN": "1",
            "HOTLINE_PUBLIC_URL": self.public_url,
            "HOTLINE_DATABASE_URL": self._url,
            "HOTLINE_OFFICE_FILE": str(self.office_file),
            "HOTLINE_CARRIER": "twilio",
            "TWILIO_ACCOUNT_SID": EXCHANGE_ACCOUNT,
            "TWILIO_API_BASE_URL": f"http://127.0.0.1:{self.carrier_port}",
        }
        self._serving = Serving(self._data, self.port, "--no-demo", **environ)
        self._serving.waits_until_ready()

    def closes(self) -> None:
        """Stop everything."""
        for process in self._stopped:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if self._serving is not None:
            self._serving.stops()
        self.database.close()

    @property
    def log(self) -> str:
        """All that its programs wrote."""
        return self._serving.printed if self._serving is not None else ""

    def moves_in(self, liaisons: int, cases: int) -> tuple[list[str], list[MadeCase]]:
        """Make liaisons on shift, a supervisor, and cases of people in custody; returns phones and cases."""
        now = datetime.now(UTC)
        phones = [f"+1202555{number:04d}" for number in range(150, 150 + liaisons)]
        record = {"status_at": now - timedelta(days=2), "recorded_at": now}
        with self.database.transaction() as session:
            for phone in phones:
                make_staff(session, phone=phone)
            make_staff(session, role="supervisor", phone=SUPERVISOR)
            made = [make_case(session, "in_custody", as_of=now, record=record) for _ in range(cases)]
        return [*phones, SUPERVISOR], made

    def returns_to_work(self, but: Collection[str]) -> None:
        """Liaisons whom the line set away after two missed rings begin their shift again, except phones in
        ``but``.
        """
        absent = [self.keyring.index("phone", phone) for phone in but]
        with suppress(SQLAlchemyError), self.database.transaction() as session:
            away = select(Staff.id).where(Staff.set_away_at.is_not(None), Staff.phone_key.not_in(absent))
            for staff_id in session.scalars(away).all():
                set_shift(session, staff_id, on_shift=True, now=datetime.now(UTC))

    # What happens to it.

    def suffers_kill(self, chance: Random) -> None:
        """SIGKILL one program."""
        # A worker that hangs for good would be started again by a kill.
        kinds = [kind for kind in TARGETS if not (kind == "worker" and self._stopped)]
        chance.shuffle(kinds)
        for kind in kinds:
            # One that is being restarted just now cannot be killed: the next kind is.
            with suppress(psutil.NoSuchProcess, OSError, ValueError, IndexError):
                self._kill(kind)
                self.killed[kind] += 1
                return

    def _kill(self, kind: str) -> None:
        assert self._serving is not None
        self._serving.child(kind).kill()

    def loses_its_worker(self) -> None:
        """The worker hangs for good: nothing restarts it, and it takes no job and gives none back."""
        assert self._serving is not None
        worker = self._serving.child("worker")
        worker.suspend()
        self._stopped.append(worker)

    def suffers_wipe(self, chance: Random) -> None:
        """Valkey forgets everything: by a command, or by the loss of its files and a kill."""
        with suppress(RedisError, psutil.NoSuchProcess, OSError, ValueError):
            if chance.random() < 0.5:
                with Redis.from_url(f"unix://{self._data / 'valkey.sock'}") as client:
                    client.flushall()
                return
            for file in sorted((self._data / "valkey").rglob("*")):
                if file.is_file():
                    file.unlink()
            self._kill("valkey")

    def suffers_restart(self, _chance: Random) -> None:
        """PostgreSQL is restarted, as after a crash."""
        if self._postgres is not None:
            self._postgres.restart()


@contextmanager
def installation(folder: Path, kind: str, caller_tries: int) -> Iterator[Installation]:
    """An installation that is not open yet, on ``sqlite`` or on a ``postgresql`` of its own."""
    with ExitStack() as stack:
        postgres = None
        url = f"sqlite:///{folder / 'hotline.db'}"
        if kind == "postgresql":
            postgres = stack.enter_context(running_postgres(durable=True))
            url = postgres.url(postgres.create())
        place = Installation(folder, url, postgres, caller_tries)
        try:
            yield place
        finally:
            place.closes()


def _quick(office: str, policies: dict[str, int]) -> str:
    for name, value in policies.items():
        office, found = re.subn(rf"(\[policies\.{name}\]\nvalue = )\S+", rf"\g<1>{value}", office)
        assert found == 1, name
    return office

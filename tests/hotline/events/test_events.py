"""`hotline events` as open consoles use it: a process of its own, real cookies, and streams that go on."""

import base64
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from hotline.console.shell.other_port import EVENTS
from hotline.events.listeners import MOST_OF_ONE
from models.staff.staff_session import StaffSession
from models.store.database import Database
from models.store.keyring import Keyring
from tests.conftest import FIELD_KEYS, ON_SQLITE, SECRET_KEY
from tests.console.signed_in import cookie_of
from tests.events_process import PATIENCE_SECONDS, EventsProcess
from tests.factories import make_callback, make_case, make_staff
from tests.hotline.cli.test_serve import until

EVENT = re.compile(r"event: changed\ndata: ([0-9a-f]{24})\n\n")


class Listener:
    """A console of one person that listens; ``heard`` is every byte so far."""

    def __init__(self, port: int, cookie: str = "", path: str = EVENTS, **headers: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", path, headers={"Cookie": f"console={cookie}", **told})
        self.answer: HTTPResponse = self._connection.getresponse()
        self.heard = ""

    def hears(self) -> str:
        """The token of the next event."""
        known = len(self.tokens)
        while len(self.tokens) == known:
            line = self.answer.readline()
            assert line, "the stream has ended"
            self.heard += line.decode()
        return self.tokens[-1]

    def hears_until_the_end(self) -> None:
        self.heard += self.answer.read().decode()

    @property
    def tokens(self) -> list[str]:
        return EVENT.findall(self.heard)

    def leaves(self) -> None:
        self.answer.close()
        self._connection.close()


class Events(EventsProcess):
    """One `hotline events` with people who are signed in."""

    def __init__(self, folder: Path, database: Database, database_url: str) -> None:
        self.database, self._listeners = database, ExitStack()
        keys = ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in FIELD_KEYS)
        told = {
            "HOTLINE_DATA_DIR": str(folder), "HOTLINE_DATABASE_URL": database_url,
            "HOTLINE_SECRET_KEY": SECRET_KEY.decode(), "HOTLINE_FIELD_KEYS": keys,
            "HOTLINE_PUBLIC_URL": "http://127.0.0.1:8000",
        }  # fmt: skip
        super().__init__(folder, told)

    def signs_in(self, name: str = "Ana Invented") -> str:
        """A member of staff who has just signed in; their cookie."""
        with self.database.transaction() as session:
            staff_id = make_staff(session, name=name).id
        return cookie_of(self.database, staff_id, datetime.now(UTC))

    def opens(self, cookie: str = "", path: str = EVENTS, **headers: str) -> Listener:
        listener = Listener(self.port, cookie, path, **headers)
        self._listeners.callback(listener.leaves)
        return listener

    def listens(self, cookie: str) -> Listener:
        """A listener that has heard how things are, and waits for a change."""
        listener = self.opens(cookie)
        assert listener.answer.status == 200
        listener.hears()
        return listener

    def stops(self, how: int = signal.SIGTERM) -> int:
        self._listeners.close()
        return super().stops(how)


@pytest.fixture
def events(tmp_path: Path, database: Database, database_url: str) -> Iterator[Events]:
    started = Events(tmp_path, database, database_url)
    yield started
    started.stops()


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, _migrated_sqlite: Path, _keyring: Keyring
) -> Iterator[Events]:
    """One on SQLite for all tests that only ask it."""
    folder = tmp_path_factory.mktemp("events")
    shutil.copyfile(_migrated_sqlite, folder / "hotline.db")
    database = Database(url := f"sqlite:///{folder / 'hotline.db'}", _keyring)
    started = Events(folder, database, url)
    yield started
    started.stops()
    database.close()


def _promises(database: Database) -> int:
    """Somebody asks for a callback, and it is on the list."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        made = make_case(session, "in_custody", facility="Stewart", as_of=now)
        return make_callback(session, made, rank=0, requested_at=now, due_at=now + timedelta(hours=8)).id


def _changes(database: Database, **values: Any) -> None:
    with database.transaction() as session:
        session.execute(update(StaffSession).values(**values))


def test_every_open_console_hears_of_a_new_callback(running: Events) -> None:
    ana, luis = running.listens(running.signs_in()), running.listens(running.signs_in("Luis Invented"))
    before = ana.tokens[-1]

    _promises(running.database)

    assert ana.hears() == luis.hears() != before


def test_stream_says_that_something_changed_and_never_what(running: Events) -> None:
    listener = running.listens(running.signs_in())
    for _ in range(2):
        _promises(running.database)
        listener.hears()

    assert re.fullmatch(rf"retry: \d{{4}}\n\n(?:{EVENT.pattern}|:\n\n)+", listener.heard)
    headers = {name.lower(): value for name, value in listener.answer.headers.items()}
    assert headers["content-type"] == "text/event-stream"
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers


def _of_nobody(_events: Events) -> str:
    return ""


def _made_up(_events: Events) -> str:
    return "k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def _without_a_session(events: Events) -> str:
    return events.database.keyring.seal("console.cookie", '{"language":"es"}')


def _signed_out(events: Events) -> str:
    cookie = events.signs_in()
    _changes(events.database, ended_at=datetime.now(UTC))
    return cookie


@pytest.mark.parametrize("cookie", [_of_nobody, _made_up, _without_a_session, _signed_out])
def test_nobody_listens_without_signing_in(running: Events, cookie: Callable[[Events], str]) -> None:
    listener = running.opens(cookie(running))

    assert listener.answer.status == 401
    listener.hears_until_the_end()
    assert listener.heard == ""


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_stream_ends_with_its_session_and_listening_keeps_none_alive(
    events: Events, database: Database
) -> None:
    signed_out = events.listens(events.signs_in())
    _changes(database, ended_at=datetime.now(UTC))
    idle = events.listens(events.signs_in())
    long_ago = datetime.now(UTC) - timedelta(minutes=40)
    _changes(database, seen_at=long_ago)
    stays = events.listens(events.signs_in())

    signed_out.hears_until_the_end()
    idle.hears_until_the_end()

    with database.reading() as session:
        assert (
            session.scalars(select(StaffSession.seen_at).order_by(StaffSession.id)).all()[:2]
            == [long_ago] * 2
        )
    _promises(database)
    assert stays.hears()


def test_page_with_too_many_streams_is_told_to_come_later(running: Events) -> None:
    cookie = running.signs_in()
    listeners = [running.opens(cookie) for _ in range(MOST_OF_ONE)]
    assert {listener.answer.status for listener in listeners} == {200}

    assert running.opens(cookie).answer.status == 503
    assert running.opens(running.signs_in()).answer.status == 200

    listeners[0].leaves()
    until(lambda: running.opens(cookie).answer.status == 200, "the place of the one that left")


@ON_SQLITE
def test_process_ends_when_it_is_told_to_though_consoles_listen_and_its_log_names_nobody(
    events: Events,
) -> None:
    cookie = events.signs_in()
    listener = events.listens(cookie)
    events.opens(cookie, f"{EVENTS}?who=Rosa")

    events.process.send_signal(signal.SIGTERM)

    assert events.process.wait(5) == 0
    listener.hears_until_the_end()
    assert "Started." in events.printed
    assert not re.search(r"Invented|Rosa|\+1202|error", events.printed)


def test_only_the_consoles_own_pages_read_the_stream_from_another_port(running: Events) -> None:
    cookie = running.signs_in()
    asked = {"Host": f"localhost:{running.port}"}
    allowed = "access-control-allow-origin", "access-control-allow-credentials"

    console = running.opens(cookie, Origin="http://localhost:8000", **asked).answer
    others = [
        running.opens(cookie, Origin=origin, **asked).answer
        for origin in ("http://localhost:8001", "http://127.0.0.1:8000", "https://example.org", "null")
    ]

    assert [console.headers[name] for name in allowed] == ["http://localhost:8000", "true"]
    assert {other.headers[name] for other in others for name in allowed} == {None}
    assert {one.headers["vary"].lower() for one in (console, *others)} == {"origin"}


def test_every_other_path_leads_to_the_console(running: Events) -> None:
    answer = running.opens(path="/console/callbacks").answer

    assert (answer.status, answer.headers["location"]) == (303, "http://127.0.0.1:8000/console/callbacks")

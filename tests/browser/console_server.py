"""The console on a port of its own, with people in it, for tests in a real browser."""

import os
import shutil
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakSet
from zlib import crc32

import pyotp
from werkzeug.serving import make_server

from config.office import Office
from config.settings import Settings
from hotline import create_app
from hotline.console.sign_in.passwords import Passwords
from models.cases.pin_hash import PinHasher
from models.staff.staff import Staff, add_person, add_staff
from models.staff.staff_password import PasswordKdf
from models.staff.staff_totp import set_totp
from models.store.database import Database
from models.store.keyring import Keyring
from tests.browser.axe import ADDRESS, AXE, COLORS, LOOKS, WCAG, violations
from tests.browser.conftest import EMPTY, HEIGHT
from tests.call_center import WaitingJobs
from tests.console.kept_templates import TEMPLATES
from tests.console.signed_in import cookie_of
from tests.events_process import EventsProcess
from tests.hotline.cli.test_serve import free_ports

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Visitors

#: With this set, `judge` saves a picture of each look of each page in it.
PICTURES = "HOTLINE_PICTURES"
#: The narrowest window, in CSS pixels.
NARROW = 320
#: The title, the menu and the person above each page of the console.
HEAD = "header.top"
#: Runs before a page's scripts: its clock asks for no changes (desk_clock.js).
NO_CLOCK = "window.Worker = class { postMessage() {} };"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "a long enough password of Ana"
CHEAP_KIB, CHEAP_COST = 8, 1


@dataclass(frozen=True)
class Colleague:
    """A member of staff who is set up."""

    staff_id: int
    email: str
    password: str

    def code(self) -> str:
        """What their authenticator shows now; it opens once."""
        return pyotp.TOTP(TOTP_SECRET).now()


#: Shortens the pauses of a page that no process tells of changes (desk.js), in which its test only waits.
HURRIES = """
    const [tell, wait] = [Worker.prototype.postMessage, window.setTimeout];
    Worker.prototype.postMessage = function (pause) { tell.call(this, Math.min(pause, 1000)); };
    window.setTimeout = (act, pause, ...more) => wait(act, pause === 1500 ? 500 : pause, ...more);
"""


class ConsoleServer:
    """``database``, ``office``, ``jobs`` and ``app`` are the server's; its clock is the real one.

    ``events`` is the process that tells its pages of changes, if there is one; without it they poll.
    """

    #: Of servers that are closed. At the same address a window knows the styles, scripts and fonts already.
    _ports: ClassVar[list[int]] = []

    def __init__(self, folder: Path, migrated: Path, *, with_events: bool = False) -> None:
        shutil.copyfile(migrated, folder / "hotline.db")
        self._server: Any = None
        self._connected = WeakSet[socket.socket]()
        self.jobs = WaitingJobs()
        self._passwords = Passwords(PasswordKdf(CHEAP_KIB, CHEAP_COST))
        # The port is known once the server listens, and the app needs to know it first.
        self._server = self._listens()
        self.url = f"http://localhost:{self._server.server_port}"
        told = {
            "HOTLINE_DATA_DIR": str(folder),
            "HOTLINE_REDIS_URL": f"unix://{folder}/down.sock",
            "HOTLINE_PUBLIC_URL": self.url,
            "HOTLINE_SECRET_KEY": "the secret key of the test suite, never of a server",
            "HOTLINE_PIN_PEPPER": "the PIN pepper of the test suite, never of a server",
            "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "HOTLINE_OFFICE_ALWAYS_OPEN": "1",
            "HOTLINE_EVENTS_PORT": str(free_ports() if with_events else 0),
            "TWILIO_AUTH_TOKEN": "the-token-of-the-test-suite",
        }
        self.settings = Settings.from_env(told)
        self.office = Office.load(self.settings.office_file, always_open=True)
        self.database = Database(
            self.settings.database_url, Keyring(self.settings.field_keys, self.settings.secret_key)
        )
        self.app = create_app(
            self.settings,
            office=self.office,
            database=self.database,
            hasher=PinHasher(self.settings.pin_pepper, CHEAP_KIB, CHEAP_COST),
            jobs=self.jobs,
            passwords=self._passwords,
        )
        self.app.jinja_env.bytecode_cache = TEMPLATES
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        self.events = EventsProcess(folder, told, self.settings.events_port) if with_events else None
        self._count = 0

    def adds(self, role: str = "liaison", name: str = "Ana Invented", **facts: Any) -> Colleague:
        """Add a member of staff who is set up."""
        self._count += 1
        email = f"{role}{self._count}@office.example.org"
        facts = {"phone": f"+120255501{70 + self._count}", "languages": ["en"], "on_shift": False, **facts}
        now = datetime.now(UTC)
        with self.database.transaction() as session:
            staff_id = add_person(
                session, email=email, name=name, role=role, actor="test", now=now,
                password_hash=PasswordKdf(CHEAP_KIB, CHEAP_COST).hash(PASSWORD), **facts,
            )  # fmt: skip
            session.get_one(Staff, staff_id).password_is_one_time = False
            set_totp(session, staff_id, TOTP_SECRET, 0)
        return Colleague(staff_id, email, PASSWORD)

    def adds_newcomer(self) -> Colleague:
        """Add someone who has only the password that works once."""
        with self.database.transaction() as session:
            staff_id, password = add_staff(
                session, email="neu@office.example.org", name="Nina Newcomer", role="liaison",
                phone="+12025550179", languages=["en"], on_shift=False, actor="test", now=datetime.now(UTC),
            )  # fmt: skip
        return Colleague(staff_id, "neu@office.example.org", password)

    def opens(
        self,
        visitors: "Visitors",
        path: str,
        who: Colleague | None = None,
        width: int = 1280,
        **options: Any,
    ) -> "Page":
        """A page in which ``who`` has signed in, in a window that nobody else uses meanwhile.

        Where it polls, it looks every second.
        """
        if self.events is None and options.get("java_script_enabled", True):
            options["script"] = HURRIES + options.get("script", "")
        return visitors.opens(f"{self.url}{path}", width, cookies=self._cookies(who), **options)

    def shows(self, visitors: "Visitors", path: str, who: Colleague | None = None) -> "Page":
        """A page in which ``who`` has signed in, in place of the one that was shown before."""
        return visitors.shows(f"{self.url}{path}", self._cookies(who))

    def is_well_made(
        self,
        visitors: "Visitors",
        path: str,
        who: Colleague | None,
        name: str,
        widths: tuple[int, ...] = (NARROW, 1280),
        **options: Any,
    ) -> None:
        """Judge a page as it is opened."""
        judge(self.shows(visitors, path, who), name, widths, **options)

    def _cookies(self, who: Colleague | None) -> list[Any]:
        if who is None:
            return []
        value = cookie_of(self.database, who.staff_id, datetime.now(UTC))
        cookie = {
            "name": "console", "value": value, "domain": "localhost", "path": "/console",
            "httpOnly": True, "sameSite": "Lax",
        }  # fmt: skip
        return [cookie]

    def closes(self) -> None:
        """End the server and give everything back."""
        if self.events is not None:
            self.events.stops()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for one in list(self._connected):
            # A browser connects ahead, and would ask this server for the first page of the next at its port.
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._ports.append(self._server.server_port)
        self._passwords.close()
        self.app.extensions["hotline.line"].guesses.close()
        self.database.close()

    def _listens(self) -> Any:
        if self._ports:
            # Somebody else may have taken it meanwhile, for which werkzeug would end the process.
            with suppress(SystemExit):
                return self._listens_at(self._ports.pop())
        return self._listens_at(0)

    def _listens_at(self, port: int) -> Any:
        server: Any = make_server("127.0.0.1", port, self._answers, threaded=True)
        server.verify_request = lambda one, _address: self._connected.add(one) is None
        return server

    def _answers(self, environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] == EMPTY:
            start_response("200 OK", [("Content-Type", "text/html")])
            return [b"<!doctype html>"]
        if environ["PATH_INFO"] == ADDRESS:
            kept = [("Content-Type", "text/javascript"), ("Cache-Control", "max-age=86400, immutable")]
            start_response("200 OK", kept)
            return [AXE.encode()]
        return self.app(environ, start_response)


def looks_again(page: "Page") -> None:
    """Its parts ask for what is new, as they do when the server says that something changed."""
    page.evaluate("document.body.dispatchEvent(new CustomEvent('desk:changed'))")


def judge(
    page: "Page",
    name: str,
    widths: tuple[int, ...] = (NARROW, 1280),
    part: str | None = None,
    *,
    has_new_head: bool = False,
) -> None:
    """Check a page in its current state against WCAG 2.2 AA at these widths (CSS pixels), light and dark.

    Each width is judged in one of the two, in turn: what a page shows is nearly the same at all widths, and
    which width begins in the light depends on ``name``. None may scroll sideways, not even at 320 px. With
    ``PICTURES`` set, each width saves a picture in both.

    The head of the console is the same on every page, and larger than many of them: only the first look has
    it, and with ``has_new_head`` all. Where only a part of a page that was judged has changed, ``part`` (a
    selector) is all that is judged.
    """
    rest = None if has_new_head else {"exclude": [HEAD]}
    asked = page.viewport_size
    if NARROW not in widths:
        _fits(page, name, NARROW)
    first, folder, shown = crc32(name.encode()), os.environ.get(PICTURES), "light"
    # Another width costs ten times as much as other colors.
    for number, width in enumerate(widths):
        _fits(page, name, width)
        for other, scheme in enumerate(("light", "dark")):
            # A screen reader gets the same in the dark and at every width.
            rules = LOOKS if number else WCAG
            if (first + number + other) % 2:
                rules = COLORS if len(widths) == 1 else None
            if rules is None and folder is None:
                continue
            if scheme != shown:
                page.emulate_media(color_scheme=scheme)
                shown = scheme
            look = f"{name}-{width}-{scheme}"
            if folder is not None:
                Path(folder).mkdir(parents=True, exist_ok=True)
                page.screenshot(path=Path(folder) / f"{look}.png", full_page=True, animations="disabled")
            found = violations(page, rules, part or (None if rules is WCAG else rest)) if rules else []
            assert found == [], f"{look}: {found}"
    if shown != "light":
        page.emulate_media(color_scheme="light")
    if asked is not None and asked["width"] != widths[-1]:
        page.set_viewport_size(asked)


def _fits(page: "Page", name: str, width: int) -> None:
    """Make the page as wide as this; it must not scroll sideways."""
    page.set_viewport_size({"width": width, "height": HEIGHT})
    wide = page.evaluate(
        """document.fonts.ready.then(() =>
            document.documentElement.scrollWidth - document.documentElement.clientWidth)"""
    )
    assert wide <= 0, f"{name}-{width} scrolls sideways by {wide} px"

"""The console as its people use it: a member of staff who signs in, opens pages, fills in forms and reads."""

from collections.abc import Iterator
from copy import copy
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pyotp
import pytest
from flask import Flask
from lxml import html

from config.office import Office
from config.settings import Settings
from hotline import create_app
from hotline.console.shell.console import EXTENSION, Console
from hotline.console.sign_in.passwords import Passwords
from models.cases.pin_hash import PinHasher
from models.staff.staff import Staff, add_person, add_staff
from models.staff.staff_password import PasswordKdf
from models.staff.staff_totp import set_totp
from models.store.database import Database
from tests.call_center import WaitingJobs
from tests.console.kept_templates import TEMPLATES
from tests.console.signed_in import cookie_of

#: The cheapest settings of the KDFs, so that a test takes no time.
CHEAP_KIB, CHEAP_COST = 8, 1
HOST, COOKIE = "line.example.org", "__Host-console"
#: The authenticator's secret of every member who has one.
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "a long enough password of Ana"


class Clock:
    """A clock that does not run until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, **time: float) -> None:
        """Let time pass, as in ``timedelta``."""
        self.now += timedelta(**time)


class Browser:
    """A browser without scripts: it keeps cookies, follows redirects, and shows one page."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self._client = app.test_client()
        self._client.environ_base["REMOTE_ADDR"] = address
        self._base = f"https://{HOST}"
        self.path = self._query = ""
        self.status = 0
        self.headers: Any = {}
        self.text = ""
        self._page: Any = None
        #: The address of the next page, which is opened once somebody looks at it.
        self._ahead = ""
        self.filled: dict[str, Any] = {}

    def opens(self, path: str, **headers: str) -> "Browser":
        """Open a page, and follow its redirects."""
        self._shows(self._client.get(path, base_url=self._base, headers=self._as_browsers_do(headers)))
        return self

    def gets(self, path: str) -> Any:
        """The bare answer for a path; redirects are not followed."""
        return self._client.get(path, base_url=self._base, headers=self._as_browsers_do({}))

    def posts(self, path: str, data: dict[str, Any]) -> Any:
        """The bare answer for a form; redirects are not followed."""
        return self._client.post(path, base_url=self._base, data=data, headers=self._as_browsers_do({}))

    def sends(self, path: str, data: dict[str, Any], **headers: str) -> "Browser":
        """Send a form that is not on the page, as forgers and old tabs do."""
        answer = self._client.post(
            path, base_url=self._base, data=data, headers=self._as_browsers_do(headers)
        )
        self._shows(answer)
        return self

    def sends_body(self, path: str, body: bytes, content_type: str) -> "Browser":
        """Send a form whose bytes were made by hand."""
        answer = self._client.post(
            path,
            base_url=self._base,
            data=body,
            content_type=content_type,
            headers=self._as_browsers_do({}),
        )
        self._shows(answer)
        return self

    def fills(self, **fields: Any) -> "Browser":
        """Type into fields of the page, by their names; a list ticks several boxes, "" empties a field."""
        names = {element.get("name") for element in self.page.xpath("//input|//select|//textarea")}
        unknown = set(fields) - names
        assert not unknown, f"no field {unknown} on {self.path}, but {names}"
        self.filled.update(fields)
        return self

    def clicks(self, text: str) -> "Browser":
        """Press the button or follow the link with this text."""
        for button in self.page.xpath("//button|//input[@type='submit']"):
            if words(button) == text:
                return self._submits(button)
        for link in self.page.xpath("//a"):
            if words(link) == text:
                return self.opens(link.get("href"))
        buttons = [words(one) for one in self.page.xpath("//button|//a")]
        raise AssertionError(f"nothing on {self.path} says {text!r}, but {buttons}")

    def reads(self, *texts: str) -> bool:
        """Whether all these words are on the page."""
        return all(text in self.words for text in texts)

    @property
    def page(self) -> Any:
        """The page that is open, as lxml reads it; None for an answer without a word."""
        if self._ahead:
            self.opens(self._ahead)
        return self._page

    @property
    def address(self) -> str:
        """Path and query of the page that is open."""
        return f"{self.path}{self._query}"

    def new_tab(self, path: str) -> "Browser":
        """Another tab of this browser, with the same cookies."""
        return copy(self).opens(path)

    @property
    def words(self) -> str:
        """All the words of the page, with single spaces."""
        return words(self.page)

    @property
    def heading(self) -> str:
        """The page's first heading."""
        return words(self.page.xpath("//h1")[0])

    @property
    def links(self) -> dict[str, str]:
        """The address of each link of the page, by its text."""
        return {words(link): link.get("href") for link in self.page.xpath("//a[@href]")}

    @property
    def buttons(self) -> list[str]:
        """The texts of the page's buttons."""
        return [words(button) for button in self.page.xpath("//button")]

    def value(self, name: str) -> str:
        """The value of a field of the page."""
        field = self.page.xpath(f"//*[@name='{name}']")[0]
        return str(field.value if field.value is not None else "")

    @property
    def token(self) -> str:
        """The CSRF token of the page."""
        return str(self.page.xpath("//input[@name='csrf_token']/@value")[0])

    def cookie(self) -> Any:
        """The console's cookie as this browser has it, or None."""
        return self._client.get_cookie(COOKIE, HOST, "/")

    def holds(self, value: str) -> None:
        """Use this as the console's cookie, as someone does who copied it."""
        self._client.set_cookie(COOKIE, value, domain=HOST, path="/", secure=True)

    def forgets(self) -> None:
        """Lose every cookie."""
        self._client.delete_cookie(COOKIE, domain=HOST, path="/")

    def _submits(self, button: Any) -> "Browser":
        form = button.xpath("ancestor::form")[0]
        names = {element.get("name") for element in form.xpath(".//input|.//select|.//textarea")}
        data: dict[str, Any] = {}
        for name, value in form.form_values():
            if button.get("name") != name:
                data.setdefault(name, []).append(value)
        data.update({name: value for name, value in self.filled.items() if name in names})
        if button.get("name"):
            data[button.get("name")] = button.get("value", "")
        path = button.get("formaction") or form.get("action") or self.path
        if (form.get("method") or "get").lower() == "get":
            return self.opens(f"{path}?{urlencode(data, doseq=True)}" if data else path)
        return self.sends(path, data)

    def _as_browsers_do(self, headers: dict[str, str]) -> dict[str, str]:
        said = {"Referer": f"{self._base}{self.path}{self._query}"} if self.path else {}
        return said | {name.replace("_", "-"): value for name, value in headers.items()}

    def _shows(self, answer: Any) -> None:
        for _ in range(8):
            if answer.status_code not in {301, 302, 303, 307}:
                break
            where = urlsplit(answer.headers["Location"])
            assert where.netloc in {"", HOST}, f"led to {where.netloc}"
            path = where.path + (f"?{where.query}" if where.query else "")
            answer = self._client.get(path, base_url=self._base, headers=self._as_browsers_do({}))
        self.path = answer.request.path
        query = answer.request.query_string.decode()
        self._query = f"?{query}" if query else ""
        self.status, self.headers, self.text = answer.status_code, answer.headers, answer.text
        self._page, self._ahead = html.fromstring(answer.text) if answer.text.strip() else None, ""
        self.filled = {}


class Member(Browser):
    """A member of staff at their browser."""

    def __init__(self, app: Flask, staff_id: int, email: str, password: str) -> None:
        super().__init__(app)
        self.staff_id, self.email, self.password = staff_id, email, password

    @property
    def console(self) -> Console:
        """What the console's pages are made of, for what a test does without a page."""
        console: Console = self._client.application.extensions[EXTENSION]
        return console

    def code(self, now: datetime) -> str:
        """What their authenticator shows; it opens once."""
        return pyotp.TOTP(TOTP_SECRET).at(now)

    def signs_in(self) -> "Member":
        """Have just signed in, with the first page ahead; test_sign_in.py tests the form."""
        self.holds(cookie_of(self.console.database, self.staff_id, self.console.clock()))
        # Most tests go on to another page at once, and a page takes longer than its whole hotline.
        self.path = self._ahead = "/console/"
        return self

    def signs_in_again(self, now: datetime) -> "Member":
        """Sign in on the page that says that the session has ended; for one who has an authenticator."""
        assert self.heading == "Sign in"
        self.fills(email=self.email, password=self.password).clicks("Sign in")
        self.fills(code=self.code(now)).clicks("Continue")
        return self


def words(element: Any) -> str:
    """The words in an element, with single spaces."""
    return " ".join(str(element.text_content()).split())


@pytest.fixture
def clock(now: datetime) -> Clock:
    """The clock of the console, which does not run."""
    return Clock(now)


@pytest.fixture
def jobs() -> WaitingJobs:
    """Takes every job and does none."""
    return WaitingJobs()


@pytest.fixture
def app(
    settings: Settings, database: Database, office: Office, clock: Clock, jobs: WaitingJobs
) -> Iterator[Flask]:
    """The whole hotline with cheap hashes and a clock that does not run."""
    passwords = Passwords(PasswordKdf(CHEAP_KIB, CHEAP_COST))
    hasher = PinHasher(settings.pin_pepper, CHEAP_KIB, CHEAP_COST)
    made = create_app(
        settings,
        office=office,
        database=database,
        hasher=hasher,
        jobs=jobs,
        passwords=passwords,
        clock=clock,
    )
    made.jinja_env.bytecode_cache = TEMPLATES
    yield made
    passwords.close()
    made.extensions["hotline.line"].guesses.close()


@pytest.fixture
def staff(app: Flask, database: Database, clock: Clock) -> Any:
    """Adds a member of staff who is set up, by role; they are not signed in yet."""
    kdf = PasswordKdf(CHEAP_KIB, CHEAP_COST)
    count = 0

    def add(
        role: str = "liaison", *, email: str = "", name: str = "", totp: bool = False, **facts: Any
    ) -> Member:
        nonlocal count
        count += 1
        email = email or f"{role}{count}@office.example.org"
        facts = {"phone": f"+120255501{70 + count}", "languages": ["en"], "on_shift": False, **facts}
        with database.transaction() as session:
            staff_id = add_person(
                session,
                email=email,
                name=name or f"{role.capitalize()} {count}",
                role=role,
                password_hash=kdf.hash(PASSWORD),
                actor="test",
                now=clock(),
                **facts,
            )
            session.get_one(Staff, staff_id).password_is_one_time = False
            if totp:
                set_totp(session, staff_id, TOTP_SECRET, 0)
        return Member(app, staff_id, email, PASSWORD)

    return add


@pytest.fixture
def liaison(staff: Any) -> Member:
    """A liaison who has signed in."""
    return staff("liaison").signs_in()  # type: ignore[no-any-return]


@pytest.fixture
def supervisor(staff: Any) -> Member:
    """A supervisor who has signed in."""
    return staff("supervisor").signs_in()  # type: ignore[no-any-return]


@pytest.fixture
def administrator(staff: Any) -> Member:
    """An administrator who has signed in."""
    return staff("administrator").signs_in()  # type: ignore[no-any-return]


@pytest.fixture
def newcomer(app: Flask, database: Database, clock: Clock) -> Member:
    """Someone who was just added, with the password that works once."""
    with database.transaction() as session:
        staff_id, password = add_staff(
            session,
            email="neu@office.example.org",
            name="Nina Newcomer",
            role="liaison",
            phone="+12025550179",
            languages=["en"],
            on_shift=False,
            actor="test",
            now=clock(),
        )
    return Member(app, staff_id, "neu@office.example.org", password)

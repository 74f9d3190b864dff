"""A real Chromium for the tests of pages. A page that complains in its console fails its test."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import psutil
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.console_server import ConsoleServer

from tests.exchange.small_exchange import Exchange
from tests.hotline.cli.test_serve import Serving

#: With 1 a machine without a browser fails, as the gate must; else these tests are left out there.
REQUIRED = "HOTLINE_REQUIRE_BROWSER"
#: The first is Chromium without its own windows and menus, which take a quarter of the time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MILLISECONDS = 20_000
# It asks nobody on the network for anything, and needs no screen.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def installed() -> str | None:
    """Where this machine's Chromium is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def is_missing(what: str) -> NoReturn:
    """Leave tests out because ``what`` is missing, or fail them where they must not be left out."""
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{REQUIRED} is 1 and no {what} is installed.", pytrace=False)
    pytest.skip(f"no {what} is installed", allow_module_level=True)


class WithoutPlaywright(pytest.Module):
    """A file of tests that cannot even be read, because it imports playwright."""

    def collect(self) -> NoReturn:
        is_missing("playwright")


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Read a file of tests as usual (None), where its imports are installed."""
    if find_spec("playwright") is not None:
        return None
    return WithoutPlaywright.from_parent(parent, path=module_path)


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """One browser for all; each page is a visitor of its own."""
    from playwright.sync_api import expect, sync_playwright

    where = installed()
    if where is None:
        is_missing("Chromium")
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=where, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def showcase(browser: "Browser") -> "Iterator[Page]":
    """The window in which pages are only looked at, one after the other: a new one costs a second."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    yield context.new_page()
    context.close()


class Visitors:
    """Opens pages and keeps their complaints."""

    def __init__(self, browser: "Browser", showcase: "Page") -> None:
        self._browser, self._showcase = browser, showcase
        self._contexts: list[Any] = []
        self._is_showing = False
        self.complaints: list[str] = []

    def opens(self, url: str, width: int = 1280, context: Any = None, **options: Any) -> "Page":
        """A page in a browser window of its own, or as another tab of ``context``."""
        if context is None:
            context = self._browser.new_context(viewport={"width": width, "height": 900}, **options)
            context.set_default_timeout(PATIENCE_MILLISECONDS)
            self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", self._sees_fail)
        page.on("console", self._hears)
        page.goto(url)
        return page

    def shows(self, url: str, cookies: Any = ()) -> "Page":
        """A page that is only looked at, in a window that has no more than these cookies."""
        page = self._showcase
        if self._is_showing:
            self._forgets()
        else:
            self._is_showing = True
            page.on("pageerror", self._sees_fail)
            page.on("console", self._hears)
        page.set_viewport_size({"width": 1280, "height": 900})
        # Another test may have left the window on paper.
        page.emulate_media(media="screen", color_scheme="light")
        page.context.clear_cookies()
        page.context.add_cookies(list(cookies))
        page.goto(url)
        return page

    def _sees_fail(self, problem: Any) -> None:
        self.complaints.append(str(problem))

    def _hears(self, message: Any) -> None:
        # A browser plays nothing before the first click in a page; the tones then wait for it (alerts.js).
        if message.type in {"error", "warning"} and "AudioContext was not allowed" not in message.text:
            self.complaints.append(message.text)

    def leave(self) -> None:
        """Close every page. A server is closed after that, or pages that poll it complain."""
        while self._contexts:
            self._contexts.pop().close()
        if self._is_showing:
            self._is_showing = False
            self._forgets()
            self._showcase.goto("about:blank")
            self._showcase.remove_listener("pageerror", self._sees_fail)
            self._showcase.remove_listener("console", self._hears)

    def _forgets(self) -> None:
        self._showcase.evaluate("localStorage.clear(), sessionStorage.clear()")


@pytest.fixture
def visitors(browser: "Browser", showcase: "Page") -> Iterator[Visitors]:
    """Opens pages; none of them may have complained when the test is over."""
    one = Visitors(browser, showcase)
    yield one
    one.leave()
    assert one.complaints == []


@pytest.fixture
def exchange(visitors: Visitors) -> Iterator[Exchange]:
    """An exchange in front of the small line."""
    one = Exchange()
    yield one
    visitors.leave()
    one.closes()


@pytest.fixture
def console_server(
    visitors: Visitors, tmp_path: Path, request: pytest.FixtureRequest
) -> "Iterator[ConsoleServer]":
    """The console on a port of its own; see tests/browser/console_server.py."""
    from tests.browser.console_server import ConsoleServer

    one = ConsoleServer(tmp_path, request.getfixturevalue("_migrated_sqlite"))
    yield one
    visitors.leave()
    one.closes()


@pytest.fixture
def live_server(
    visitors: Visitors, tmp_path: Path, request: pytest.FixtureRequest
) -> "Iterator[ConsoleServer]":
    """The same with a `hotline events`, from which its pages hear of changes."""
    from tests.browser.console_server import ConsoleServer

    one = ConsoleServer(tmp_path, request.getfixturevalue("_migrated_sqlite"), with_events=True)
    yield one
    visitors.leave()
    one.closes()


@pytest.fixture(scope="module")
def shared_server(
    tmp_path_factory: pytest.TempPathFactory, _migrated_sqlite: Path
) -> "Iterator[ConsoleServer]":
    """The same for all tests of a file that only look."""
    from tests.browser.console_server import ConsoleServer

    one = ConsoleServer(tmp_path_factory.mktemp("console"), _migrated_sqlite)
    yield one
    one.closes()


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server from an empty folder, open at any hour."""
    one = Serving(tmp_path_factory.mktemp("server") / "var", None, HOTLINE_OFFICE_ALWAYS_OPEN="1")
    try:
        yield one.waits_until_ready()
    finally:
        # tests/hotline/cli/test_serve.py tests how a server ends; an orderly end takes it seven seconds.
        if one.process.poll() is None:
            for process in one.family():
                # The processes of a role end with it.
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        one.ends()

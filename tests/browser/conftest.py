"""A real Chromium for the tests of pages. A page that complains in its console fails its test."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urljoin

import psutil
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.console_server import ConsoleServer

from config.logging import where
from tests.exchange.small_exchange import Exchange
from tests.hotline.cli.test_serve import Serving

#: With 1 a machine without a browser fails, as the gate must; else these tests are left out there.
REQUIRED = "HOTLINE_REQUIRE_BROWSER"
#: The first is Chromium without its own windows and menus, which take a quarter of the time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MILLISECONDS = 20_000
#: Of a window, in CSS pixels.
HEIGHT = 900
#: Where a server of the tests has an empty page. The page after the browser's own begins a new process,
#: which reads every script anew.
EMPTY = "/empty.html"
# It asks nobody on the network for anything, and needs no screen, nor a process that draws for one.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page of a few seconds does not give back the work of its optimizing compilers.
    "--js-flags=--no-opt --no-maglev",
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
    """One browser for all."""
    from playwright.sync_api import expect, sync_playwright

    where = installed()
    if where is None:
        is_missing("Chromium")
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=where, args=ARGUMENTS)
        yield started
        started.close()


#: Runs before the scripts of each page: the first page of a test finds nothing that an earlier one stored.
#: An empty page has no place to store anything.
FORGETS = """try {
    if (localStorage.getItem("test") !== "%(test)d") {
        localStorage.clear();
        sessionStorage.clear();
        localStorage.setItem("test", "%(test)d");
    }
} catch { }"""

#: Whether a page is shown as no new window shows it. One that is told of the look that it has renders again.
IS_ALTERED = "!matchMedia('screen and (prefers-color-scheme: light)').matches"

#: A page that stays behind asks nothing more: where the next server has the port of the last one, an answer
#: would replace the cookies of the next visitor.
STOPS = f"""() => {{
    XMLHttpRequest.prototype.send = () => {{}};
    window.fetch = () => new Promise(() => {{}});
    window.stop();
    return {IS_ALTERED};
}}"""


class Windows:
    """Windows that one test hands to the next: a new one costs four times as much as a page in an old one."""

    def __init__(self, browser: "Browser") -> None:
        self._browser = browser
        self._idle: dict[bool, list[Page]] = {True: [], False: []}
        self._lent = 0

    def opens(self, width: int, **options: Any) -> "Page":
        """A new window with these options of playwright."""
        context = self._browser.new_context(viewport={"width": width, "height": HEIGHT}, **options)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        return context.new_page()

    def lends(self, width: int, *, has_scripts: bool) -> "tuple[Page, Any]":
        """A window that remembers nothing, and what makes it forget."""
        if not self._idle[has_scripts]:
            page = self.opens(width, java_script_enabled=has_scripts)
        else:
            page = self._idle[has_scripts].pop()
            page.set_viewport_size({"width": width, "height": HEIGHT})
        self._lent += 1
        return page, page.add_init_script(FORGETS % {"test": self._lent})

    def takes_back(self, page: "Page", *, has_scripts: bool) -> None:
        """Keep a window for another test. Its page stays: to leave it for an empty one ends its process."""
        context = page.context
        if page.is_closed():
            context.close()
            return
        for tab in context.pages:
            if tab is not page:
                tab.close()
        context.clear_cookies()
        context.set_offline(False)
        is_altered = self._stops(page) if has_scripts else True
        if is_altered is None:
            context.close()
            return
        page.unroute_all()
        if is_altered:
            page.emulate_media(media="screen", color_scheme="light")
        page.mouse.move(0, 0)
        self._idle[has_scripts].append(page)

    def _stops(self, page: "Page") -> bool | None:
        """Stop what the page does, and tell whether it is altered.

        None: one whose request is cut off may go to another page at that moment.
        """
        from playwright.sync_api import Error

        try:
            return bool(page.evaluate(STOPS))
        except Error:
            return None


@pytest.fixture(scope="session")
def windows(browser: "Browser") -> Windows:
    """The windows of all tests. They close with the browser."""
    return Windows(browser)


class Visitors:
    """Opens pages and keeps their complaints."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._lent: list[tuple[Page, bool]] = []
        self._own: list[Page] = []
        self._heard: list[tuple[Page, Any, Any]] = []
        self._scripts: list[Any] = []
        self._shown: Page | None = None
        self.complaints: list[str] = []

    def opens(
        self,
        url: str,
        width: int = 1280,
        context: Any = None,
        *,
        cookies: Any = (),
        script: str = "",
        clock: bool = False,
        new: bool = False,
        java_script_enabled: bool = True,
        **options: Any,
    ) -> "Page":
        """A page in a window that nobody else uses meanwhile, or as another tab of ``context``.

        With ``clock`` the test can move time there. ``script`` runs in each of its pages before their own.
        A window with a clock, or with playwright's ``options``, is new and closed after the test. Ask for a
        ``new`` one to leave in it what `Windows` does not undo.
        """
        if context is not None:
            page = context.new_page()
        elif new or clock or options:
            page = self._windows.opens(width, java_script_enabled=java_script_enabled, **options)
            self._own.append(page)
        else:
            page, forgetting = self._windows.lends(width, has_scripts=java_script_enabled)
            self._lent.append((page, java_script_enabled))
            self._scripts.append(forgetting)
        self._hears(page)
        page.context.add_cookies(list(cookies))
        if clock:
            page.clock.install()
        if script:
            self._scripts.append(page.context.add_init_script(script))
        page.goto(url)
        return page

    def shows(self, url: str, cookies: Any = ()) -> "Page":
        """A page that takes the place of the last one that was shown, for a visitor with these cookies.

        The last page is left first: it polls, and would complain that it is signed out, or lead the next
        visitor to the home page of theirs.
        """
        if self._shown is None:
            self._shown = self.opens(url, cookies=cookies)
            return self._shown
        page = self._shown
        if page.evaluate(f"localStorage.clear(), sessionStorage.clear(), {IS_ALTERED}"):
            page.emulate_media(media="screen", color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": HEIGHT})
        page.goto(urljoin(page.url, EMPTY))
        page.context.add_cookies(list(cookies))
        page.goto(url)
        return page

    def _hears(self, page: "Page") -> None:
        """Keep the complaints of the pages that are opened in this window from now on."""
        arrived = False

        def arrives(_frame: Any) -> None:
            # Until then the page of an earlier test is there, and its server may be gone.
            nonlocal arrived
            arrived = True

        def fails(problem: Any) -> None:
            if arrived:
                self.complaints.append(str(problem))

        def says(message: Any) -> None:
            # A browser plays nothing before the first click in a page; the tones wait for it (alerts.js).
            is_sound = "AudioContext was not allowed" in message.text
            if arrived and message.type in {"error", "warning"} and not is_sound:
                self.complaints.append(message.text)

        page.once("framenavigated", arrives)
        page.on("pageerror", fails)
        page.on("console", says)
        self._heard.append((page, fails, says))

    def leave(self) -> None:
        """Close each window or hand it on. A page that is left may complain of its server."""
        self._shown = None
        # These are answered after everything that the pages have said until now.
        while self._scripts:
            self._scripts.pop().close()
        while self._own:
            self._own.pop().context.close()
        while self._heard:
            page, fails, says = self._heard.pop()
            page.remove_listener("pageerror", fails)
            page.remove_listener("console", says)
        while self._lent:
            page, has_scripts = self._lent.pop()
            self._windows.takes_back(page, has_scripts=has_scripts)


@pytest.fixture
def visitors(windows: Windows, caplog: pytest.LogCaptureFixture) -> Iterator[Visitors]:
    """Opens pages; none of them may have complained when the test is over."""
    one = Visitors(windows)
    yield one
    one.leave()
    # The page names no fault, the log does.
    faults = [where(fault) for record in caplog.get_records("call") if (fault := vars(record).get("fault"))]
    assert one.complaints == [], faults


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

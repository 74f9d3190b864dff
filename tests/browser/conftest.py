"""A real Chromium for the tests of pages. A page that complains in its console fails its test."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.exchange.small_exchange import Exchange

#: With 1 a machine without a browser fails, as the gate must; else these tests are left out there.
REQUIRED = "HOTLINE_REQUIRE_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all; each page is a visitor of its own."""
    where = installed()
    if where is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{REQUIRED} is 1 and no Chromium is installed.")
        pytest.skip("no Chromium is installed")
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=where, args=ARGUMENTS)
        yield started
        started.close()


class Visitors:
    """Opens pages and keeps what they complain of."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self.complaints: list[str] = []

    def opens(self, url: str, width: int = 1280, context: Any = None, **options: Any) -> Page:
        """A page in a browser window of its own, or as another tab of ``context``."""
        if context is None:
            context = self._browser.new_context(viewport={"width": width, "height": 900}, **options)
            context.set_default_timeout(PATIENCE_MILLISECONDS)
            self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda problem: self.complaints.append(str(problem)))
        page.on("console", self._hears)
        page.goto(url)
        return page

    def _hears(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def leave(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def visitors(browser: Browser) -> Iterator[Visitors]:
    """Opens pages; none of them may have complained when the test is over."""
    one = Visitors(browser)
    yield one
    one.leave()
    assert one.complaints == []


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """An exchange in front of the small line."""
    one = Exchange()
    yield one
    one.closes()

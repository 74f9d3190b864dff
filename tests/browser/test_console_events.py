"""A page that hears of changes from `hotline events`, in a real browser: cookie, policy and another port."""

import signal
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.console_server import ConsoleServer
from tests.factories import make_callback
from tests.hotline.cli.test_serve import until

LISTENS = """
    window.heard = [];
    document.addEventListener("DOMContentLoaded", () => {
      const source = new EventSource(document.body.dataset.events, { withCredentials: true });
      source.addEventListener("changed", (event) => window.heard.push(event.data));
    });
"""


def _promises(server: ConsoleServer, **facts: Any) -> None:
    now = datetime.now(UTC)
    facts = {"rank": 0, "requested_at": now, "due_at": now + timedelta(hours=8)} | facts
    with server.database.transaction() as session:
        make_callback(session, **facts)


def _tells(page: Page) -> None:
    """Another tab of this browser has heard that something changed."""
    page.evaluate("new BroadcastChannel('console.desk').postMessage('changed')")


def test_page_hears_of_a_callback_and_again_after_the_events_were_killed(
    visitors: Visitors, live_server: ConsoleServer
) -> None:
    assert live_server.events is not None
    page = live_server.opens(visitors, "/console/callbacks", live_server.adds(), script=LISTENS)

    def heard() -> int:
        return int(page.evaluate("new Set(window.heard).size"))

    until(lambda: heard() == 1, "how things are")
    _promises(live_server)
    until(lambda: heard() == 2, "the change")
    live_server.events.stops(signal.SIGKILL)
    live_server.events.starts()
    until(lambda: heard() == 3, "the first word of the next process")
    # The browser says in its console that it lost the connection.
    visitors.complaints.clear()


def test_bar_looks_at_once_and_the_list_within_seconds_unless_an_own_call_changed(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    page = console_server.opens(visitors, "/console/callbacks", ana, clock=True)
    expect(page.get_by_text("Nothing is open.")).to_be_visible()
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/callbacks/" in one.url else None)

    for _ in range(2):
        _promises(console_server, rank=1)
        with page.expect_response("**/console/bar"):
            _tells(page)
    assert asked == []
    page.clock.run_for(4_000)
    expect(page.locator("[data-row]")).to_have_count(2)
    assert [url for url in asked if "/current" in url] == []

    _promises(console_server, state="ringing_liaison", staff_id=ana.staff_id, rank=None)
    _tells(page)
    expect(page.locator("#work-in")).to_be_visible()
    expect(page.locator("[data-row]")).to_have_count(3)
    visitors.complaints.clear()  # Nobody had clicked yet, so the sound of the ring waited.

"""A page that hears of changes from `hotline events`, in a real browser: cookie, policy and another port."""

import signal
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from models.callbacks.callback import advance
from tests.browser.conftest import Visitors
from tests.browser.console_server import NO_CLOCK, ConsoleServer, looks_again
from tests.browser.test_console_bar import opens, said
from tests.browser.test_console_callbacks import promises
from tests.hotline.cli.test_serve import until

LISTENS = """
    window.heard = [];
    document.addEventListener("DOMContentLoaded", () => {
      const source = new EventSource(document.body.dataset.events, { withCredentials: true });
      source.addEventListener("changed", (event) => window.heard.push(event.data));
    });
"""


#: Nobody looks at the tab.
HIDES = """for (const [name, value] of [["hidden", true], ["visibilityState", "hidden"]]) {
    Object.defineProperty(document, name, { get: () => value });
}"""


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
    promises(live_server)
    until(lambda: heard() == 2, "the change")
    live_server.events.stops(signal.SIGKILL)
    live_server.events.starts()
    until(lambda: heard() == 3, "the first word of the next process")
    # The browser says in its console that it lost the connection.
    visitors.complaints.clear()


def test_bar_looks_at_once_and_the_list_within_seconds_unless_the_bar_changed(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    page = console_server.opens(visitors, "/console/callbacks", ana, clock=True)
    expect(page.get_by_text("Nothing is open.")).to_be_visible()
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/callbacks/" in one.url else None)

    for _ in range(2):
        promises(console_server, rank=1)
        with page.expect_response("**/console/bar"):
            _tells(page)
    assert asked == []
    page.clock.run_for(4_000)
    expect(page.locator("[data-row]")).to_have_count(2)
    assert [url for url in asked if "/current" in url] == []

    promises(console_server, state="ringing_liaison", staff_id=ana.staff_id, rank=None)
    _tells(page)
    expect(page.locator("#work-in")).to_be_visible()
    expect(page.locator("[data-row]")).to_have_count(3)
    visitors.complaints.clear()  # Nobody had clicked yet, so the sound of the ring waited.


def test_only_a_look_that_nobody_waits_for_waits_for_other_pages(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    page = console_server.opens(visitors, "/console/callbacks", ana, script=NO_CLOCK)
    expect(page.get_by_text("Nothing is open.")).to_be_visible()
    asked: list[tuple[str, str | None]] = []
    page.on("request", lambda one: asked.append((urlsplit(one.url).path, one.headers.get("looks-again"))))

    promises(console_server, rank=1)
    _tells(page)
    expect(page.locator("[data-row]")).to_have_count(1)
    assert {("/console/bar", "bar"), ("/console/callbacks/part", "parts")} == set(asked)

    asked.clear()
    promises(console_server, state="ringing_liaison", staff_id=ana.staff_id, rank=None)
    _tells(page)
    expect(page.locator("[data-row]")).to_have_count(2)
    assert ("/console/callbacks/part", None) in asked

    asked.clear()
    page.get_by_role("button", name="Start shift").click()
    expect(page.locator("#bar-state")).to_contain_text("On shift")
    looks_again(page)
    assert not any(looks for _path, looks in asked)
    visitors.complaints.clear()  # The sound of the ring waited for a click.


def test_hidden_tab_announces_an_offered_call_with_events_and_after_they_were_killed(
    visitors: Visitors, live_server: ConsoleServer
) -> None:
    server, now = live_server, datetime.now(UTC)
    assert server.events is not None
    ana = server.adds(name="Ana Demo", on_shift=True)
    page = opens(server, visitors, ana, "/console/cases")
    page.evaluate(HIDES)
    region = page.locator("#announce p").last
    facts = {"state": "ringing_liaison", "staff_id": ana.staff_id, "rank": None, "lease_until": now}

    first = promises(server, **facts)
    expect(region).to_have_text("Your phone rings: Callback, English.", timeout=2_000)
    with server.database.transaction() as session:
        # A move leaves an audit entry. Without it the list would be again what the events saw at first.
        advance(session, first, "cancel", actor="caller", now=now)
    expect(region).to_have_text("Your phone has stopped ringing.")
    server.events.stops(signal.SIGKILL)
    promises(server, language="es", **facts)
    expect(region).to_have_text("Your phone rings: Callback, Spanish.", timeout=5_000)

    assert said(page) == [
        "Your phone rings: Callback, English.", "Your phone has stopped ringing.",
        "Your phone rings: Callback, Spanish.",
    ]  # fmt: skip
    visitors.complaints.clear()  # The browser says that it lost the connection, and that the sound waits.


def test_one_of_two_tabs_listens_for_both_and_the_other_goes_on_when_it_is_closed(
    visitors: Visitors, live_server: ConsoleServer
) -> None:
    server = live_server
    ana = server.adds(name="Ana Demo", on_shift=True)
    first = opens(server, visitors, ana, "/console/cases")
    listening: list[Page] = []
    first.context.on(
        "request", lambda one: listening.append(one.frame.page) if "/events" in one.url else None
    )
    second = visitors.opens(f"{server.url}/console/shift", context=first.context)
    expect(second.locator("#bar-state")).to_contain_text("On shift")

    promises(server, urgency="urgent")
    for page in (first, second):
        expect(page.locator("#bar")).to_contain_text("1 to claim now")
    assert second not in listening
    first.close()
    promises(server, urgency="urgent")

    expect(second.locator("#bar")).to_contain_text("2 to claim now")
    assert listening.count(second) == 1
    visitors.complaints.clear()  # Nobody had clicked, so the sounds waited.

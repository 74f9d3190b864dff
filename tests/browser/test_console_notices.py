"""Title, sound and notification tell of a ringing call and of unclaimed work, also in a hidden tab."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, Route, expect

from models import Callback, StaffSession
from models.staff.set_away import note_miss
from tests.browser.conftest import Visitors
from tests.browser.console_server import Colleague, ConsoleServer, looks_again
from tests.browser.test_console_callbacks import claims, promises
from workers.office_rules import policies_of

#: The test records what a browser would show and play. A tone counts once it was played to its end.
WATCHED = """([allows, refuses]) => {
    if (location.protocol === "about:") return;
    window.shown = [];
    window.withdrawn = 0;
    window.tones = 0;
    window.asked = 0;
    document.addEventListener("htmx:afterRequest", (event) => {
        if (event.target.id === "bar") window.asked += 1;
    });
    window.Notification = class {
        static permission = localStorage.getItem("test.permission") || (allows ? "granted" : "default");
        static async requestPermission() {
            localStorage.setItem("test.permission", "granted");
            return (this.permission = "granted");
        }
        constructor(title, options) {
            if (refuses) throw new TypeError("Illegal constructor");
            window.shown.push({ title, ...options });
        }
        close() { window.withdrawn += 1; }
    };
    const create = AudioContext.prototype.createOscillator;
    AudioContext.prototype.createOscillator = function () {
        const tone = create.call(this);
        tone.addEventListener("ended", () => { window.tones += 1; });
        return tone;
    };
    for (const [name, value] of [["hidden", true], ["visibilityState", "hidden"]]) {
        Object.defineProperty(document, name, { get: () => value });
    }
}"""
TONES = 2
RINGS = "Your phone rings: Callback, Spanish."
AWAY = "You are set away. You missed 2 offers in a row, so your shift has ended."
ONE = "An urgent callback is unclaimed."
TWO = "2 urgent callbacks are unclaimed."


class Tab:
    """A tab that nobody looks at, as its browser knows it. Tabs of one browser share a clock."""

    def __init__(
        self,
        server: ConsoleServer,
        visitors: Visitors,
        who: Colleague,
        context: Any = None,
        *,
        path: str = "/console/callbacks",
        allows: bool = False,
        refuses: bool = False,
    ) -> None:
        self.page: Page
        if context is None:
            script = f"({WATCHED})({json.dumps([allows, refuses])})"
            self.page = server.opens(visitors, path, who, clock=True, script=script)
        else:
            self.page = visitors.opens(f"{server.url}{path}", context=context)

    def asks(self) -> "Tab":
        """It looks again, and does what follows from the answer."""
        before = self.page.evaluate("window.asked")
        looks_again(self.page)
        until(lambda: self.page.evaluate("window.asked") > before)
        return self

    def is_titled(self, count: int) -> None:
        expect(self.page).to_have_title(re.compile(rf"^\({count}\) Callbacks" if count else "^Callbacks"))

    @property
    def sounds(self) -> int:
        return int(self.page.evaluate("window.tones")) // TONES

    @property
    def told(self) -> list[str]:
        return [f"{one['title']}: {one['body']}" for one in self.page.evaluate("window.shown")]

    def has_told(self, *bodies: str) -> None:
        """One sound for each was played to its end, and no more notifications were shown than these."""
        until(lambda: self.sounds >= len(bodies))
        assert (self.sounds, self.told) == (len(bodies), [f"Hotline: {body}" for body in bodies])

    def switches(self, name: str, *, on: bool) -> None:
        self.page.locator("#alerts-summary").click()
        box = self.page.get_by_role("checkbox", name=name)
        self.page.get_by_text(name, exact=True).click()
        expect(box).to_be_checked(checked=on)
        self.page.locator("#alerts-summary").click()


def until(holds: Callable[[], object]) -> None:
    """Wait for what a page does by itself; its own clock does not run meanwhile."""
    end = time.monotonic() + 10
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)


def expects(visitors: Visitors, *complaints: str) -> None:
    """The browser notes in its console what the test brought about, and nothing else."""
    assert all(any(one in noted for one in complaints) for noted in visitors.complaints), visitors.complaints
    visitors.complaints.clear()


def on_shift(server: ConsoleServer, name: str) -> Colleague:
    return server.adds(name=name, on_shift=True)


def becomes(server: ConsoleServer, callback_id: int, **facts: Any) -> None:
    with server.database.transaction() as session:
        callback = session.get_one(Callback, callback_id)
        for name, value in facts.items():
            setattr(callback, name, value)


def test_hidden_tab_tells_of_each_urgent_callback_once(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    server = console_server
    ana, luis = on_shift(server, "Ana Demo"), on_shift(server, "Luis Demo")
    tab = Tab(server, visitors, ana)
    tab.switches("by a notification", on=True)
    visitors.opens("about:blank", context=tab.page.context).bring_to_front()
    first = promises(server, urgency="urgent", reason="afraid")

    tab.asks().is_titled(1)
    tab.has_told(ONE)
    becomes(server, first, state="ringing_liaison", rank=None)
    tab.asks().is_titled(0)
    becomes(server, first, state="requested", rank=0)
    tab.asks().is_titled(1)
    tab.has_told(ONE)

    # Somebody takes one and another comes: as many as before, and none of them was announced.
    tab.page.locator("#bar-urgent-link").focus()
    claims(server, first, luis)
    promises(server, urgency="urgent", reason="afraid")
    tab.asks().is_titled(1)
    tab.has_told(ONE, ONE)
    becomes(server, first, state="requested", rank=0, staff_id=None, claimed_at=None)
    tab.asks().is_titled(2)
    tab.has_told(ONE, ONE, TWO)

    # A callback that is not urgent is no news until its promise is due in a quarter of an hour.
    other = promises(server, rank=1)
    tab.asks().is_titled(2)
    becomes(server, other, due_at=datetime.now(UTC) + timedelta(minutes=14))
    tab.asks().is_titled(3)
    tab.has_told(ONE, ONE, TWO, TWO.replace("2", "3"))

    with server.database.transaction() as session:
        for callback in session.query(Callback):
            callback.state, callback.rank = "cancelled", None
    tab.asks().is_titled(0)
    tab.asks()
    assert tab.page.evaluate("window.withdrawn") >= 1
    tab.has_told(ONE, ONE, TWO, TWO.replace("2", "3"))


def test_one_of_two_tabs_tells_and_what_is_switched_off_stays_off(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    server = console_server
    first = Tab(server, visitors, on_shift(server, "Ana Demo"))
    first.switches("by a notification", on=True)
    second = Tab(server, visitors, on_shift(server, "Ana Demo"), first.page.context)
    promises(server, urgency="urgent", reason="afraid")

    # Both ask at the same moment; the second has its answer first.
    held: list[Route] = []

    def holds(route: Route) -> None:
        held.append(route)

    first.page.route("**/console/bar", holds)
    second.asks().is_titled(1)
    until(lambda: first.page.title() and held)
    held.pop().continue_()
    first.page.unroute("**/console/bar")
    first.is_titled(1)
    first.has_told(ONE)
    second.has_told()

    # The tab that told is closed; the other goes on, and repeats nothing.
    first.page.close()
    promises(server, urgency="urgent", reason="afraid")
    second.asks().is_titled(2)
    second.has_told(TWO)

    second.switches("by a sound", on=False)
    second.page.reload()
    expect(second.page.locator("#alerts-sound")).not_to_be_checked()
    promises(server, urgency="urgent", reason="afraid")
    second.asks().is_titled(3)
    assert (second.sounds, second.told) == (0, [f"Hotline: {TWO.replace('2', '3')}"])
    second.switches("by a notification", on=False)
    second.page.reload()
    promises(server, urgency="urgent", reason="afraid")
    second.asks().is_titled(4)
    assert (second.sounds, second.told) == (0, [])
    expect(second.page.locator("#alerts-notification")).not_to_be_checked()


def test_lost_connection_and_ended_session_are_told_once(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    server, ana = console_server, on_shift(console_server, "Ana Demo")
    promises(server, urgency="urgent", reason="afraid")
    tab = Tab(server, visitors, ana, path="/console/cases", allows=True)
    page = tab.page
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    until(lambda: tab.told)
    # Nobody has clicked in this page: the browser keeps the sound until somebody does.
    assert (tab.sounds, tab.told) == (0, [f"Hotline: {ONE}"])
    page.mouse.click(5, 500)
    tab.has_told(ONE)

    page.route("**/console/bar", lambda route: route.abort())
    for _ in range(3):
        tab.asks()
    expect(page).to_have_title(re.compile(r"^\(\?\) "))
    expect(page.locator("#connection")).to_contain_text("The connection is lost.")
    page.unroute("**/console/bar")
    tab.asks()
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    expect(page.locator("#connection")).to_contain_text("The connection is back.")
    tab.has_told(ONE)

    with server.database.transaction() as session:
        for one in session.query(StaffSession):
            one.ended_at = datetime.now(UTC)
    out = "You are signed out: calls and urgent work are not announced here."
    tab.asks()
    expect(page).to_have_title(re.compile("^Signed out – "))
    expect(page.locator("#connection")).to_contain_text("You are signed out. Sign in again")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(26_000)
    looks_again(page)
    page.clock.run_for(5_000)
    tab.asks()
    assert len(asked) == 1
    tab.has_told(ONE, out)
    expects(visitors, "AudioContext was not allowed", "ERR_FAILED", "401", "htmx:")


def test_browser_that_refuses_notifications_goes_on_and_sounds(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    server = console_server
    promises(server, urgency="urgent", reason="afraid")
    tab = Tab(server, visitors, on_shift(server, "Ana Demo"), allows=True, refuses=True)
    tab.page.mouse.click(5, 500)
    until(lambda: tab.sounds == 1)
    promises(server, urgency="urgent", reason="afraid")

    tab.asks().is_titled(2)
    until(lambda: tab.sounds == 2)
    assert (tab.sounds, tab.told) == (2, [])
    expects(visitors, "AudioContext was not allowed")


def test_ring_set_away_and_overdue_promise_are_told_once_in_a_hidden_tab_without_a_name(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    server, now = console_server, datetime.now(UTC)
    ana = on_shift(server, "Ana Demo")
    tab = Tab(server, visitors, ana)
    tab.switches("by a notification", on=True)
    ringing = promises(
        server, state="ringing_liaison", staff_id=ana.staff_id, rank=None, lease_until=now, language="es"
    )

    tab.asks().is_titled(1)
    tab.has_told(RINGS)
    becomes(server, ringing, state="cancelled")
    tab.asks().is_titled(0)
    with server.database.transaction() as session:
        for _ in range(2):
            note_miss(session, ana.staff_id, now, policies_of(server.office))
    tab.asks()
    tab.has_told(RINGS, AWAY)

    # Someone off shift is not alerted to work that nobody has; whoever begins their shift is.
    promises(server, rank=1, due_at=now - timedelta(minutes=1))
    tab.asks().is_titled(1)
    tab.has_told(RINGS, AWAY)
    tab.page.locator("#bar-switch").click()
    until(lambda: tab.sounds == 3)
    tab.has_told(RINGS, AWAY, f"{ONE} A promised callback is overdue.")

    tab.switches("by a number in the title", on=False)
    tab.is_titled(0)
    tab.switches("by a number in the title", on=True)
    tab.is_titled(1)


def test_next_person_at_the_same_computer_is_told_as_well(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    server = console_server
    tab = Tab(server, visitors, on_shift(server, "Ana Demo"))
    tab.switches("by a notification", on=True)
    promises(server, urgency="urgent", reason="afraid")
    tab.asks()
    tab.has_told(ONE)

    cookie = server._cookies(on_shift(server, "Luis Demo"))
    tab.page.context.add_cookies(cookie)
    tab.page.reload()
    tab.page.mouse.click(5, 500)

    tab.has_told(ONE)
    expects(visitors, "AudioContext was not allowed")

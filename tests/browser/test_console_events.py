"""A page that hears of changes from `hotline events`, in a real browser: cookie, policy and another port."""

import signal
from datetime import UTC, datetime

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


def _promises(server: ConsoleServer) -> None:
    now = datetime.now(UTC)
    with server.database.transaction() as session:
        make_callback(session, rank=0, requested_at=now, due_at=now)


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

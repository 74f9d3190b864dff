"""The windows and addresses that tests share: nothing of one test or visitor is left for the next."""

import socket
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.browser.conftest import EMPTY, Visitors, Windows
from tests.browser.console_server import ConsoleServer

#: The page asks for what is new all the time, as several do on a busy machine.
ASKS = "setInterval(() => document.body.dispatchEvent(new CustomEvent('desk:changed')), 1)"
STORED = "[localStorage.getItem('draft'), sessionStorage.getItem('draft')]"


def test_next_visitor_of_a_shown_page_is_signed_in_without_a_gap(
    visitors: Visitors, shared_server: ConsoleServer
) -> None:
    people = [shared_server.adds(name=name) for name in ("Ana Demo", "Luis Demo")]

    for who in people * 3:
        page = shared_server.shows(visitors, "/console/cases", who)
        page.evaluate(ASKS)
        page.wait_for_timeout(50)

    assert visitors.complaints == []


def test_window_that_is_handed_on_is_signed_out_and_has_nothing_stored(
    windows: Windows, shared_server: ConsoleServer
) -> None:
    first, second = Visitors(windows), Visitors(windows)
    page = shared_server.opens(first, "/console/cases", shared_server.adds(name="Ana Demo"))
    page.evaluate("localStorage.setItem('draft', 'a'), sessionStorage.setItem('draft', 'b')")
    first.leave()

    again = shared_server.opens(second, "/console/cases")

    assert again is page
    assert again.url.startswith(f"{shared_server.url}/console/sign-in")
    assert again.evaluate(STORED) == [None, None]
    second.leave()
    assert first.complaints == second.complaints == []


def test_server_whose_earlier_port_was_taken_listens_at_another(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    migrated = request.getfixturevalue("_migrated_sqlite")
    earlier = ConsoleServer(tmp_path, migrated)
    earlier.closes()
    with socket.create_server(("127.0.0.1", int(earlier.url.rpartition(":")[2]))):
        later = ConsoleServer(tmp_path, migrated)

    assert later.url != earlier.url
    later.closes()


def test_browser_that_connected_ahead_is_not_answered_by_a_server_that_was_closed(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Its page was the first of the next test, and the closed server had no database any more."""
    server = ConsoleServer(tmp_path, request.getfixturevalue("_migrated_sqlite"))
    ahead = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
    # It is accepted before a later one is answered.
    urlopen(f"{server.url}{EMPTY}").close()  # noqa: S310
    server.closes()

    with suppress(OSError):
        ahead.sendall(b"GET /console/cases HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert ahead.recv(100) == b""
    ahead.close()

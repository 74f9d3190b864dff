"""What the call bar says of a lost connection, and of a click that was not carried out, in a real browser."""

import re
import sqlite3
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Route, expect
from sqlalchemy.exc import OperationalError

from tests.browser.conftest import Visitors
from tests.browser.console_server import ConsoleServer, looks_again
from tests.browser.test_console_bar import looks, opens, said
from tests.browser.test_console_callbacks import claims, promises


def test_lost_connection_and_its_return_are_said_once_each(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    page = opens(console_server, visitors, console_server.adds(name="Ana Demo"), "/console/cases")
    connection = page.locator("#connection")

    page.context.set_offline(True)
    expect(connection).to_contain_text("The connection is lost.")
    for _ in range(2):
        with page.expect_event("requestfailed"):
            looks_again(page)
    page.context.set_offline(False)
    expect(connection).to_contain_text("The connection is back.")
    looks(page)

    lost, back = said(page)
    assert lost.startswith("The connection is lost.")
    assert back == "The connection is back."
    visitors.complaints.clear()  # The browser notes each request that failed.


def test_click_that_was_not_carried_out_is_said_as_that(
    visitors: Visitors, console_server: ConsoleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "The connection is lost" and "back" were said, and the person was thought to be on hold."""
    ana, now = console_server.adds(name="Ana Demo"), datetime.now(UTC)
    promises(console_server, state="talking", staff_id=ana.staff_id, rank=None, talking_at=now)
    page = opens(console_server, visitors, ana, "/console/cases")
    connection = page.locator("#connection")

    def busy() -> None:
        fault = sqlite3.OperationalError("database is locked")
        fault.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise OperationalError("UPDATE", {}, fault)

    with monkeypatch.context() as patch:
        patch.setattr(console_server.database, "transaction", busy)
        page.locator("#bar-hold").click()
        expect(connection).to_contain_text(
            "Please try again in a moment. The database did not answer in time."
        )
    expect(connection).to_contain_text(re.compile("an administrator. Reference number: [A-Z]{4}-[A-Z]{4}$"))
    looks(page)
    # Later answers do not take that away; a click that is carried out does.
    expect(connection).to_contain_text("look whether it was done")
    page.locator("#bar-hold").click()
    expect(page.locator("#bar")).to_contain_text("On hold")
    expect(connection).to_be_empty()

    page.route(
        "**/console/bar", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    page.locator("#bar-hold").click()
    expect(connection).to_contain_text("your last click may not have been carried out")
    assert said(page)[-1].startswith("The connection is lost, so your last click")
    visitors.complaints.clear()  # The browser notes each request that failed.


@pytest.mark.parametrize("answer", ["of the proxy", "none"])
def test_click_that_never_reached_the_line_is_not_said_to_be_tried_again(
    visitors: Visitors, console_server: ConsoleServer, answer: str
) -> None:
    """While the line restarts the proxy answers with its own words; the bar waits eight seconds for any."""
    ana, now = console_server.adds(name="Ana Demo"), datetime.now(UTC)
    promises(console_server, state="talking", staff_id=ana.staff_id, rank=None, talking_at=now)
    page = opens(console_server, visitors, ana, "/console/cases")

    def fails(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
        elif answer == "of the proxy":
            route.fulfill(status=503, content_type="text/plain", body="The console starts again.")

    page.route("**/console/bar", fails)
    page.locator("#bar-hold").click()

    connection = page.locator("#connection")
    expect(connection).to_contain_text("your last click", timeout=12_000)
    looks(page)
    # The next answer, which comes within moments, does not take it away; a click that is carried out does.
    expect(connection).to_have_text(
        "The connection is back. Look whether your last click was carried out before you press again."
    )
    lost, back = (one for one in said(page) if one.startswith("The connection"))
    assert lost.startswith("The connection is lost, so your last click may not have been carried out.")
    assert back.startswith("The connection is back. Look whether your last click was carried out")
    looks(page)
    expect(connection).to_contain_text("your last click")
    page.unroute("**/console/bar")
    page.locator("#bar-hold").click()
    expect(page.locator("#bar")).to_contain_text("On hold")
    expect(connection).to_be_empty()
    visitors.complaints.clear()  # The browser notes each request that failed.


def test_page_says_that_it_may_be_old_while_the_bar_gets_no_answer_although_other_parts_do(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """While the console was slow the list was answered and the bar was not: the call had no *End call*."""
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = opens(console_server, visitors, ana, f"/console/callbacks/{callback_id}")
    page.evaluate("document.getElementById('bar').setAttribute('hx-request', '{\"timeout\": 300}')")
    page.route("**/console/bar", lambda _route: None)
    behind = page.locator("#connection")
    looks_again(page)
    expect(behind).to_contain_text("What you see may be old")

    claims(console_server, callback_id, ana)
    with page.expect_response(re.compile(f"/console/callbacks/{callback_id}/part")):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('desk:parts'))")
    expect(page.locator("#does-release")).to_be_visible()

    expect(behind).to_contain_text("What you see may be old")
    assert "The connection is back." not in said(page)
    page.unroute("**/console/bar")
    page.evaluate("document.getElementById('bar').setAttribute('hx-request', '{\"timeout\": 8000}')")
    looks_again(page)
    expect(behind).to_contain_text("The connection is back.")
    visitors.complaints.clear()  # The browser says that requests were given up.

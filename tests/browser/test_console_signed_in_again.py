"""A session that ends while its pages are open, and the sign-in after it, in a real browser."""

import re
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Page, expect

from models import Callback
from models.staff.staff_session import StaffSession
from tests.browser.conftest import Visitors
from tests.browser.console_server import Colleague, ConsoleServer, looks_again
from tests.browser.test_console_bar import opens, said
from tests.browser.test_console_callbacks import promises

OUT = "You are signed out. Sign in again to go on; what you have typed here stays until you leave the page."
AGAIN = "You are signed in again."


def ends_sessions(server: ConsoleServer) -> None:
    """Every session ends, as it does by itself after half an hour without use."""
    with server.database.transaction() as session:
        for one in session.query(StaffSession):
            one.ended_at = datetime.now(UTC)


def signs_in_beside(server: ConsoleServer, page: Page, who: Colleague) -> None:
    """In another tab of the same window."""
    page.context.add_cookies(server._cookies(who))
    page.context.new_page().goto(f"{server.url}/console/account")


def talked(server: ConsoleServer, who: Colleague) -> int:
    """A talk of theirs that is over, with no outcome yet."""
    now = datetime.now(UTC)
    over: dict[str, Any] = {"outcome": "reached", "talking_at": now, "closed_at": now}
    return promises(server, state="reached", rank=None, staff_id=who.staff_id, **over)


def is_told(page: Page, sentence: str) -> None:
    expect(page.locator("#connection")).to_contain_text(sentence)


def is_signed_out(server: ConsoleServer, page: Page) -> None:
    """Their session ends, and the page says so; only once, however often it looks."""
    ends_sessions(server)
    for _ in range(2):
        looks_again(page)
    is_told(page, OUT)


def test_tab_goes_on_with_what_was_typed_after_the_same_person_signed_in_in_another_one(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = talked(console_server, ana)
    page = opens(console_server, visitors, ana, f"/console/callbacks/{callback_id}")
    page.locator("label[for=outcome-nobody_there]").click()
    page.get_by_label("Note for colleagues").fill("Prefers mornings.")
    is_signed_out(console_server, page)

    signs_in_beside(console_server, page, ana)

    is_told(page, AGAIN)
    expect(page.locator("#connection")).to_be_empty()
    assert [" ".join(said(page)).count(one) for one in (OUT, AGAIN)] == [1, 1]
    page.locator("#save-outcome").click()
    expect(page.locator("#desk").get_by_text("Saved: No one was there")).to_be_visible()
    with console_server.database.reading() as session:
        assert session.get_one(Callback, callback_id).outcome == "nobody_there"
    visitors.complaints.clear()  # The browser counts each 401 as a complaint.


def test_click_that_is_refused_as_a_whole_says_why_beside_what_was_typed(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = talked(console_server, ana)
    page = opens(console_server, visitors, ana, f"/console/callbacks/{callback_id}")
    page.get_by_label("Note for colleagues").fill("Prefers mornings.")
    page.locator("label[for=outcome-reached]").click()
    # The token of an older session: they have signed in anew, and the page has not looked yet.
    token = page.locator("#finish [name=csrf_token]")
    good = token.input_value()
    token.evaluate("it => { it.value = 'old' }")

    page.locator("#save-outcome").click()

    why = "That did not work. The form came from an old page."
    is_told(page, why)
    assert " ".join(said(page)).count(why) == 1
    expect(page.get_by_label("Note for colleagues")).to_have_value("Prefers mornings.")
    token.evaluate("(it, good) => { it.value = good }", good)
    page.locator("#save-outcome").click()
    expect(page.locator("#desk").get_by_text("Saved: Reached")).to_be_visible()
    expect(page.locator("#connection")).to_be_empty()
    visitors.complaints.clear()  # The browser counts the refusal as one.


def test_signed_out_tab_that_leads_to_the_sign_in_says_nothing_else(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = talked(console_server, ana)
    page = opens(console_server, visitors, ana, f"/console/callbacks/{callback_id}")
    page.locator("label[for=outcome-reached]").click()
    is_signed_out(console_server, page)
    page.evaluate("""() => {
        const place = document.getElementById("connection");
        const heard = () => sessionStorage.getItem("heard") || "";
        const hear = () => sessionStorage.setItem("heard", `${heard()} ${place.textContent}`);
        new MutationObserver(hear).observe(place, { childList: true });
    }""")
    page.locator("#save-outcome").click()
    page.wait_for_url(re.compile("/console/sign-in"))

    assert AGAIN not in str(page.evaluate("sessionStorage.getItem('heard')"))
    visitors.complaints.clear()  # The browser counts each 401 as a complaint.


def test_tab_of_one_person_is_left_when_another_one_signs_in_beside_it(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(), console_server.adds(name="Luis Invented")
    callback_id = talked(console_server, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.get_by_label("Note for colleagues").fill("Prefers mornings.")

    signs_in_beside(console_server, page, luis)
    looks_again(page)

    expect(page.locator(".top-name")).to_contain_text("Luis Invented")
    expect(page.get_by_text("Prefers mornings.")).to_have_count(0)
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('note:'))") == []
    visitors.complaints.clear()


def test_that_a_form_was_not_sent_is_said_until_it_is_sent(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id, following = talked(console_server, ana), promises(console_server)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.locator("label[for=outcome-nobody_there]").click()
    page.get_by_label("Note for colleagues").fill("Prefers mornings.")
    ends_sessions(console_server)
    page.locator("#save-outcome").click()
    page.wait_for_url(re.compile("/console/sign-in"))
    page.get_by_label("E-mail").fill(ana.email)
    page.get_by_label("Password").fill(ana.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Code").fill(ana.code())
    page.get_by_role("button", name="Continue").click()
    not_sent = page.get_by_text("You had to sign in first, so this was not sent.")
    expect(not_sent).to_be_visible()
    expect(page.locator("#outcome-nobody_there")).to_be_checked()
    looks_again(page)
    expect(not_sent).to_be_visible()

    page.locator("#save-outcome").click()

    expect(page.locator("#work").get_by_text("Saved: No one was there")).to_be_visible()
    expect(page.locator("#work-in")).to_have_attribute("data-of", str(following))
    expect(not_sent).to_have_count(0)
    visitors.complaints.clear()  # The browser counts each 401 as a complaint.

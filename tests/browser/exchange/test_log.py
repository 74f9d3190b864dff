"""The log of the page: each call as a ladder of requests, with what is wrong with them."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Visitors
from tests.browser.exchange.page import dialed, opened, rings_liaison
from tests.browser.handset import Handset
from tests.exchange.small_exchange import LINE, Exchange


def test_log_shows_each_request_with_its_document_and_what_is_wrong_with_it(
    visitors: Visitors, exchange: Exchange
) -> None:
    page, caller = dialed(visitors, exchange)
    caller.presses("4")
    caller.hears("an application error has occurred", "The line failed:")
    ladder = page.get_by_role("region", name="Calls").get_by_role("listitem").filter(has_text="Victim →")
    expect(ladder.get_by_role("heading")).to_have_text("Victim → Small line")
    expect(ladder.locator("summary").first).to_contain_text("findings")
    asked = ladder.locator(".turn").filter(has_text="/voice/steps/menu/1")

    asked.locator("summary").click()

    expect(asked.locator("summary")).to_contain_text("keys 4")
    expect(asked.locator("summary")).to_contain_text("200Dial")
    expect(asked.locator("dl")).to_contain_text("Digits4")
    document = asked.get_by_role("group", name="The document that came back")
    line = document.locator(".line").nth(1)
    expect(line).to_contain_text("<Dial/>")
    expect(line).to_contain_text(re.compile("Error: .*Dial"))
    expect(line.locator(".x-tag").first).to_have_text("<Dial")
    events = ladder.locator(".event").filter(has_text="/voice/call-events")
    expect(events).to_have_count(1)
    page.get_by_label("Call events").uncheck()
    expect(events).to_be_hidden()


def test_log_says_that_no_call_has_findings(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    liaison, caller = rings_liaison(exchange, page), Handset(page, "Victim")
    liaison.answers()
    liaison.hears("To accept, press 1.")
    says = page.get_by_text("No call has findings or faults.")
    expect(says).to_be_hidden()

    page.get_by_label("Only findings and faults").check()
    expect(says).to_be_visible()

    caller.dials()
    caller.hears("To talk to someone")
    caller.presses("4")
    caller.hears("The line failed:")
    expect(says).to_be_hidden()


def test_log_shows_the_last_sentence_or_keys_of_each_call(visitors: Visitors, exchange: Exchange) -> None:
    page, caller = dialed(visitors, exchange)
    caller.presses("2")
    caller.is_shown_as("Call over")

    first = page.get_by_role("region", name="Calls").locator(".call > details > summary").first

    expect(first).to_contain_text("Completed")
    expect(first).to_contain_text("“Goodbye.”")


def test_log_keeps_the_newest_calls_alone_and_counts_those_that_it_shows(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    for number in range(61):
        exchange.board.dial(f"+12025551{number:03}", LINE)

    ladders = page.get_by_role("region", name="Calls").locator(".call")
    expect(ladders.first).to_contain_text("+1 202 555 1060")
    expect(ladders).to_have_count(60)
    expect(page.get_by_role("link", name="Calls 60")).to_be_visible()

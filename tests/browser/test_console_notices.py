"""Urgent work that nobody has is told in the title, by a sound and a notification, also in a hidden tab."""

import re
from datetime import UTC, datetime

from playwright.sync_api import expect

from models import Staff
from tests.browser.conftest import Visitors
from tests.browser.console_house import ConsoleHouse
from tests.browser.test_console_callbacks import promises


def test_urgent_work_is_told_in_a_tab_that_nobody_looks_at(
    visitors: Visitors, console_house: ConsoleHouse
) -> None:
    ana = console_house.adds(name="Ana Demo")
    with console_house.database.transaction() as session:
        session.get_one(Staff, ana.staff_id).on_shift = True
    page = console_house.opens(visitors, "/console/callbacks", ana)
    page.context.grant_permissions(["notifications"])
    page.clock.install()
    page.goto(f"{console_house.url}/console/callbacks")
    page.get_by_role("button", name="Sound and notification for urgent work").click()
    page.evaluate(
        """() => {
            window.told = [];
            document.addEventListener("console:urgent", (event) => window.told.push(event.detail));
            Object.defineProperty(document, "hidden", { get: () => true });
        }"""
    )
    expect(page).to_have_title(re.compile("^Due now"))

    for number in (1, 2):
        promises(console_house, urgency="urgent", reason="afraid")
        with page.expect_response(lambda answer: "/console/standing" in answer.url):
            page.clock.run_for(10_500)
        expect(page).to_have_title(re.compile(rf"^\({number}\) Due now"))

    assert page.evaluate("window.told") == [1, 2]
    expect(page.locator("#standing")).to_contain_text("2 urgent callbacks have nobody.")


def test_who_was_set_away_reads_it_on_every_page_and_comes_back_by_one_click(
    visitors: Visitors, console_house: ConsoleHouse
) -> None:
    ana = console_house.adds(name="Ana Demo")
    with console_house.database.transaction() as session:
        person = session.get_one(Staff, ana.staff_id)
        person.on_shift, person.set_away_at, person.missed_offers = False, datetime.now(UTC), 2
    for path in ("/console/callbacks", "/console/cases", "/console/account"):
        page = console_house.opens(visitors, path, ana)
        expect(page.get_by_text("You are set away.")).to_be_visible()
    console_house.is_well_made(visitors, "/console/cases", ana, "set-away")

    page = console_house.opens(visitors, "/console/cases", ana)
    page.get_by_role("button", name="Begin my shift again").click()
    expect(page.get_by_role("heading", name="You are on shift")).to_be_visible()
    expect(page.get_by_text("You are set away.")).to_be_hidden()

"""The console on paper: what a page is and when it was printed, and nothing to press."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitors
from tests.browser.console_server import ConsoleServer
from tests.browser.test_console_callbacks import claims, promises

PRESSED = "a.usa-button:visible, button:visible, input[type=submit]:visible, summary.usa-button:visible"
LIAISON = ("/console/callbacks", "/console/shift", "/console/cases", "/console/account")
ADMINISTRATOR = ("/console/office/hours", "/console/office/policies/tries_per_call", "/console/staff/new")


@pytest.mark.parametrize(("role", "paths"), [("liaison", LIAISON), ("administrator", ADMINISTRATOR)])
def test_printed_page_says_what_and_when_it_is_and_has_nothing_to_press(
    visitors: Visitors, console_server: ConsoleServer, role: str, paths: tuple[str, ...]
) -> None:
    who = console_server.adds(role=role, name="Ana Demo")
    mine = promises(console_server)
    if role == "liaison":
        claims(console_server, mine, who)
        paths = (*paths, f"/console/callbacks/{mine}")
    for path in paths:
        page = _on_paper(console_server.shows(visitors, path, who))

        expect(page.locator(".print-head")).to_contain_text("by Ana Demo")
        expect(page.locator(".print-head time")).to_be_visible()
        expect(page.locator(PRESSED)).to_have_count(0)
        expect(page.locator("#bar, .top").first).not_to_be_visible()


def test_printed_list_explains_its_marks_and_names_only_the_filter_that_is_on(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    promises(console_server, silent=True, urgency="urgent")

    page = _on_paper(console_server.shows(visitors, "/console/callbacks?urgent=1", ana))

    expect(page.locator("#legend li", has_text="Cannot talk: ask yes or no questions")).to_be_visible()
    expect(page.locator(".filter:visible")).to_contain_text(["Urgent"])
    expect(page.get_by_text("Nothing is open")).not_to_be_visible()


def test_page_that_was_open_for_hours_has_the_time_of_printing_on_it(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    page = console_server.opens(visitors, "/console/callbacks", console_server.adds(), clock=True)
    printed = page.locator(".print-head time")
    loaded = printed.text_content()

    page.clock.set_fixed_time(datetime.now(UTC) + timedelta(hours=2))
    page.pdf()

    expect(printed).not_to_have_text(loaded or "")
    expect(printed).to_contain_text(", 20")


def test_paper_of_an_open_callback_has_its_history_and_no_other_persons_row(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    promises(console_server)
    mine = promises(
        console_server, state="talking", talking_at=datetime.now(UTC), recognized_by="last_call",
        staff_id=ana.staff_id, rank=None,
    )  # fmt: skip
    page = console_server.opens(visitors, f"/console/callbacks/{mine}", ana)
    expect(page.locator(".row:visible")).to_have_count(2)

    _on_paper(page)

    expect(page.locator(".row:visible")).to_have_count(0)
    expect(page.locator("select:visible")).to_have_count(0)
    expect(page.get_by_role("list", name="What happened so far")).to_be_visible()


def test_paper_with_recovery_codes_does_not_say_whose_they_are(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds(name="Ana Demo")
    page = console_server.opens(visitors, "/console/account", ana)
    page.get_by_role("button", name="Get ten new codes").click()

    _on_paper(page)

    expect(page.locator(".codes li").first).to_be_visible()
    expect(page.get_by_text("Ana Demo").locator("visible=true")).to_have_count(0)


def _on_paper(page: Any) -> Any:
    page.emulate_media(media="print")
    return page

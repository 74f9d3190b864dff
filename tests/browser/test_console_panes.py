"""The desk in a real browser: three panes on one screen, and nothing that loads a whole page."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import Visitors
from tests.browser.console_server import ConsoleServer, judge
from tests.browser.test_console_callbacks import promises


def test_click_on_a_row_opens_it_beside_the_list_and_keeps_the_focus(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.evaluate("window.isSamePage = true")

    page.locator(f"#callback-{second}").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"Callback {second}")
    expect(page).to_have_title(re.compile(f"Callback {second}"))
    expect(page.locator(f"#callback-{second}")).to_be_focused()
    assert page.url.endswith(f"/console/callbacks/{second}")
    page.locator(f"#callback-{first}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Callback {first}")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Callback {second}")
    expect(page.locator("#desk")).to_have_count(1)
    assert page.evaluate("window.isSamePage")


def test_list_work_and_case_are_one_screen_and_each_pane_scrolls_by_itself(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    for _ in range(25):
        callback_id = promises(console_server)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.set_viewport_size({"width": 1280, "height": 800})

    assert page.evaluate("document.documentElement.scrollHeight") <= 800
    lefts = [_box(page, name)["x"] for name in ("#list", "#work", "#case")]
    assert lefts == sorted(set(lefts))
    for name in ("#list", "#case"):
        assert page.evaluate("it => it.scrollHeight > it.clientHeight", page.query_selector(name)), name
    judge(page, "desk", (900, 1280))


def test_narrow_window_has_the_open_callback_alone_with_a_link_to_the_list(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)

    page.locator(f"#callback-{callback_id}").click()

    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator("#list")).to_be_hidden()
    judge(page, "desk-narrow", (390,))
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(f"#callback-{callback_id}")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Callbacks")


def test_button_of_a_row_acts_in_place_and_keeps_the_focus(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.evaluate("window.isSamePage = true")

    page.get_by_role("button", name=f"Take callback {callback_id}").click()

    expect(page.locator("#work").get_by_text("You took it.")).to_be_visible()
    assert page.url.endswith(f"/console/callbacks/{callback_id}")
    assert page.evaluate("window.isSamePage")
    assert page.evaluate("document.activeElement !== document.body")


def test_signed_out_person_who_clicks_a_row_is_led_to_the_sign_in_page(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    callback_id = promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", console_server.adds())
    page.context.clear_cookies()

    page.locator(f"#callback-{callback_id}").click()

    page.wait_for_url(re.compile("/console/sign-in"))
    expect(page.locator("#desk")).to_have_count(0)


def _box(page: Any, selector: str) -> dict[str, float]:
    found: dict[str, float] = page.locator(selector).bounding_box()
    return found

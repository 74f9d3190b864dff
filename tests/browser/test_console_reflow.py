"""The console at 320 pixels (a zoom of 400 %) and in the reader's own colors."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visitors
from tests.browser.console_server import ConsoleServer
from tests.browser.test_console_bar import talks
from tests.browser.test_console_callbacks import claims, many, promises


@pytest.mark.parametrize("width", [320, 390])
def test_choices_of_alerts_are_inside_a_narrow_window(
    visitors: Visitors, console_server: ConsoleServer, width: int
) -> None:
    page = console_server.opens(visitors, "/console/shift", console_server.adds(), width)

    page.locator(".alerts > summary").click()

    left, right = _sides(page.locator(".alerts-choices"))
    assert 0 <= left < right <= width


def test_marks_and_words_of_a_row_are_beside_its_button_at_320_pixels(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(name="Ana Demo"), console_server.adds(name="Luis Demo")
    many(console_server, ana, luis)

    page = console_server.opens(visitors, "/console/callbacks", ana, 320)

    rows = page.locator(".row:has(.row-button)")
    for row in rows.all():
        button, _ = _sides(row.locator(".row-button").first)
        for part in (".row-marks", ".row-why", ".row-state"):
            assert _sides(row.locator(part))[1] <= button
        for part in (".row-why", ".row-state", ".row-tries"):
            assert row.locator(part).evaluate("it => it.scrollWidth <= it.clientWidth + 1"), part
    assert rows.count() > 3


def test_first_card_of_the_staff_is_whole_on_a_phone(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """Its upper line lay outside the frame of the table, which cut it off."""
    page = console_server.opens(visitors, "/console/staff", console_server.adds("administrator"), 390)

    frame, card = page.locator(".table-frame").bounding_box(), page.locator("tbody tr").first.bounding_box()

    assert frame is not None
    assert card is not None
    assert card["y"] >= frame["y"]


@pytest.mark.parametrize("width", [390, 1280])
def test_call_that_opens_by_itself_has_its_controls_in_sight_and_is_first_on_a_phone(
    visitors: Visitors, console_server: ConsoleServer, width: int
) -> None:
    ana = console_server.adds(name="Ana Demo", on_shift=True)
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    talks(console_server, callback_id)

    page = console_server.opens(visitors, "/console/callbacks", ana, width)

    title, rows = page.get_by_role("heading", level=1), page.locator("#rows")
    at, list_at = title.bounding_box(), rows.bounding_box()
    assert at is not None
    assert list_at is not None
    assert width > 390 or at["y"] < list_at["y"], "the call comes before the list"
    page.locator("#rows").scroll_into_view_if_needed()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("#bar-end")).to_be_in_viewport(ratio=1)


def test_chosen_radio_button_can_be_told_in_the_readers_own_colors(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    page = console_server.opens(visitors, "/console/shift", console_server.adds(), forced_colors="active")
    label = page.locator("label[for=kind-personal]")
    page.locator("label[for=kind-office]").click()
    page.locator("h1").click()
    unchosen = label.screenshot()

    label.click()
    page.evaluate("document.activeElement.blur()")

    assert label.screenshot() != unchosen


def test_choice_that_gets_the_focus_by_tab_is_scrolled_into_view(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    page = console_server.opens(visitors, "/console/shift", console_server.adds())
    label = page.locator("label[for=speaks_es]")
    height = label.evaluate("it => Math.round(it.getBoundingClientRect().top)") - 2
    page.set_viewport_size({"width": 1280, "height": height})

    page.locator("#speaks_en").focus()
    page.keyboard.press("Tab")

    box = label.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= height


def _sides(box: Locator) -> tuple[float, float]:
    """The left and the right end of it in the window, in pixels."""
    found = box.bounding_box()
    assert found is not None
    return found["x"], found["x"] + found["width"]

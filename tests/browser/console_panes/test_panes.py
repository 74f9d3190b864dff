"""The desk in a real browser: three panes on one screen, and nothing that loads a whole page."""

import re
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import expect

from models import Callback
from models.audit import audit
from tests.browser.conftest import Visitors
from tests.browser.console_server import NARROW, Colleague, ConsoleServer, judge
from tests.browser.test_console_callbacks import claims, promises


def box(page: Any, selector: str) -> dict[str, float]:
    found: dict[str, float] = page.locator(selector).bounding_box()
    return found


def box_of(one: Any) -> dict[str, float]:
    found: dict[str, float] = one.bounding_box()
    return found


def has_open(page: Any, callback_id: int) -> None:
    expect(page.locator("#work-in")).to_have_attribute("data-of", str(callback_id))


def test_click_on_a_row_opens_it_beside_the_list_and_keeps_the_focus(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.evaluate("window.isSamePage = true")

    page.locator(f"#callback-{second}").click()

    has_open(page, second)
    expect(page).to_have_title(re.compile("Callback: English"))
    expect(page.locator(f"#callback-{second}")).to_be_focused()
    assert page.url.endswith(f"/console/callbacks/{second}")
    page.locator(f"#callback-{first}").click()
    has_open(page, first)
    page.go_back()
    has_open(page, second)
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
    lefts = [box(page, name)["x"] for name in ("#list", "#work", "#case")]
    assert lefts == sorted(set(lefts))
    assert page.evaluate("it => it.scrollHeight > it.clientHeight", page.query_selector("#list"))
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
    judge(page, "desk-narrow", (NARROW,))
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

    page.locator(f"#does-row-{callback_id}").click()

    expect(page.locator(f"#does-row-{callback_id}")).to_have_text("Call now")
    expect(page.locator(f"#does-row-{callback_id}")).to_be_focused()
    assert page.url.endswith(f"/console/callbacks/{callback_id}")
    assert page.evaluate("window.isSamePage")


def talked_in_open_case(server: ConsoleServer, who: Colleague) -> tuple[int, int]:
    """A talk of theirs is over, and they have looked at what may be said, which opened the case beside it.

    Returns the callback and the case.
    """
    now = datetime.now(UTC)
    callback_id = promises(
        server, state="reached", outcome="reached", staff_id=who.staff_id, closed_at=now, talking_at=now,
        recognized_by="agreed_word", rank=None,
    )  # fmt: skip
    with server.database.transaction() as session:
        case_id = session.get_one(Callback, callback_id).case_id
        assert case_id is not None
        audit.record(
            session, actor=f"staff:{who.staff_id}", action="look_at_case", target=f"case:{case_id}",
            facts={"callback": callback_id}, now=datetime.now(UTC),
        )  # fmt: skip
    return callback_id, case_id


def test_agency_is_called_from_the_case_pane_after_a_talk(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id, _case_id = talked_in_open_case(console_server, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.evaluate("window.isSamePage = true")
    judge(page, "desk-call-out")

    page.get_by_text("Add a phone").click()
    expect(page.get_by_label("Phone", exact=True)).to_be_visible()
    judge(page, "desk-add-phone", part="#case")
    page.locator("#call-out-agency").select_option("service:victim_connect")
    page.locator("#call-agency").click()

    expect(page.locator("#bar")).to_contain_text("accept to call VictimConnect")
    expect(page.locator("#work")).to_contain_text("You asked for the call.")
    assert page.url.endswith(f"/console/callbacks/{callback_id}")
    expect(page.locator("#call-agency")).to_be_focused()
    page.locator("#bar-end").click()
    expect(page.locator("#bar")).not_to_contain_text("VictimConnect")
    assert page.evaluate("window.isSamePage")


def test_callback_is_chosen_claimed_and_called_by_keys_in_the_list(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.evaluate("window.isSamePage = true")

    page.keyboard.press("j")
    expect(page.locator(f"#callback-{first}")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(f"#callback-{second}")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    has_open(page, first)
    page.keyboard.press("j")
    page.keyboard.press("t")
    expect(page.locator(f"#does-row-{second}")).to_have_text("Call now")
    expect(page.locator(f"#callback-{second}")).to_be_focused()
    page.keyboard.press("c")
    expect(page.locator(f"#row-{second}")).to_contain_text("Ringing liaison: You have it")
    page.locator("#work-title").focus()
    page.keyboard.press("l")

    expect(page.locator(f"#callback-{second}")).to_be_focused()
    assert page.evaluate("window.isSamePage")
    assert [name for name, _ in console_server.jobs.waiting] == ["ring_taker"]


def test_key_in_a_row_that_offers_nothing_does_not_claim_the_open_callback(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(), console_server.adds(name="Luis Demo")
    open_one, theirs = promises(console_server), promises(console_server)
    claims(console_server, theirs, luis)
    page = console_server.opens(visitors, f"/console/callbacks/{open_one}", ana)
    page.locator(f"#callback-{theirs}").focus()

    page.keyboard.press("t")
    page.keyboard.press("c")

    expect(page.locator(f"#row-{open_one}")).to_contain_text("Waiting")
    page.locator(f"#callback-{open_one}").focus()
    page.keyboard.press("t")
    expect(page.locator(f"#row-{open_one}")).to_contain_text("Claimed: You have it")


def test_callback_that_is_opened_beside_the_list_is_announced(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)

    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page.locator("#announce p").last).to_have_text("Callback: English")
    expect(page.locator(f"#callback-{callback_id}")).to_be_focused()


def test_list_without_scripts_has_no_dead_button_and_a_link_to_look_again(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    page = console_server.opens(visitors, "/console/callbacks", ana, java_script_enabled=False)
    expect(page.get_by_text("No callback is open.")).to_be_visible()
    expect(page.locator("#opens-keys")).to_be_hidden()
    callback_id = promises(console_server)

    page.get_by_role("link", name="Look again").click()

    page.locator(f"#callback-{callback_id}").click()
    has_open(page, callback_id)


def test_signed_out_person_who_clicks_a_row_is_led_to_the_sign_in_page(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    callback_id = promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", console_server.adds())
    page.context.clear_cookies()

    page.locator(f"#callback-{callback_id}").click()

    page.wait_for_url(re.compile("/console/sign-in"))
    expect(page.locator("#desk")).to_have_count(0)

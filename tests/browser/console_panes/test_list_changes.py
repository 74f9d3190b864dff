"""The list changes under the hands of its reader: nothing of theirs moves."""

from datetime import UTC, datetime

from playwright.sync_api import expect

from models import Callback
from models.audit import audit
from tests.browser.conftest import Visitors
from tests.browser.console_server import ConsoleServer
from tests.browser.test_console_callbacks import claims, promises


def test_new_callback_appears_and_focus_open_legend_and_scroll_stay(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(), console_server.adds(name="Luis Demo")
    first, second = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.get_by_text("What the marks mean").click()
    page.locator(f"#callback-{second}").focus()

    claims(console_server, first, luis)

    expect(page.locator(f"#row-{first}")).to_contain_text("Claimed: Luis has it")
    expect(page.locator(f"#callback-{second}")).to_be_focused()
    expect(page.get_by_text("Discreet line: nobody names the office.")).to_be_visible()


def test_row_that_disappears_hands_its_focus_to_the_next_and_nothing_else_moves_it(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second, third = (promises(console_server) for _ in range(3))
    page = console_server.opens(visitors, "/console/callbacks", ana)

    def ends(callback_id: int) -> None:
        now = datetime.now(UTC)
        with console_server.database.transaction() as session:
            session.get_one(Callback, callback_id).state = "cancelled"
            audit.record(session, actor="caller", action="cancel_callback", target="callback:1", now=now)
        expect(page.locator(f"#row-{callback_id}")).to_have_count(0)

    page.locator(f"#callback-{first}").focus()
    ends(first)
    expect(page.locator(f"#callback-{second}")).to_be_focused()

    page.evaluate("document.activeElement.blur()")
    ends(second)
    expect(page.locator(f"#row-{third}")).to_be_visible()
    assert page.evaluate("document.activeElement === document.body"), "a reader is not interrupted"


def test_row_that_is_clicked_as_soon_as_it_appears_opens_in_place(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    page = console_server.opens(visitors, "/console/callbacks", console_server.adds())
    expect(page.get_by_text("No callback is open.")).to_be_visible()
    page.evaluate(
        """() => {
          window.isSamePage = true;
          document.addEventListener("htmx:afterSwap", () => queueMicrotask(() => {
            const row = document.querySelector("[data-row]:not([aria-current])");
            if (row) row.click();
          }));
        }"""
    )

    callback_id = promises(console_server)

    expect(page.locator(f"#work-in[data-of='{callback_id}']")).to_be_visible()
    assert page.evaluate("window.isSamePage")

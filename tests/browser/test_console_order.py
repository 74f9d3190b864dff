"""Answers that arrive in another order than they were asked for in: the desk shows the newest."""

from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import expect

from models import Callback
from tests.browser.conftest import Visitors
from tests.browser.console_panes.test_panes import talked_in_open_case
from tests.browser.console_server import NO_CLOCK, Colleague, ConsoleServer, looks_again
from tests.browser.test_console_callbacks import claims, promises

#: Answers are held by their path below `/console` until a test releases them.
HOLDS = (
    NO_CLOCK
    + """
    window.held = {};
    window.released = [];
    window.holds = [];
    const open = XMLHttpRequest.prototype.open;
    XMLHttpRequest.prototype.open = function (verb, path, ...rest) {
      this.asksFor = new URL(path, location.href).pathname.replace("/console", "");
      return open.call(this, verb, path, ...rest);
    };
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (...body) {
      if (window.holds.includes(this.asksFor)) {
        const arrives = this.onload;
        this.onload = (event) => { window.held[this.asksFor] = () => arrives.call(this, event); };
      }
      return send.apply(this, body);
    };
"""
)


def holds(page: Any, *names: str) -> None:
    """Hold the answers of requests that are sent from now on to these paths."""
    page.evaluate("names => { window.holds = names; }", list(names))


def waits_for(page: Any, name: str) -> None:
    """Its answer is there, and held."""
    page.wait_for_function("name => name in window.held", arg=name)


def releases(page: Any, name: str) -> str:
    """Let its answer in; returns what the open callback says at once, before anything else is asked for."""
    found: str = page.evaluate(
        """name => {
          window.holds = [];
          window.held[name]();
          delete window.held[name];
          return document.getElementById("work").textContent;
        }""",
        name,
    )
    return found


def opens_held(visitors: Visitors, server: ConsoleServer, who: Colleague, opened: int | None = None) -> Any:
    """The page of this callback, or of the list alone, whose answers can be held."""
    path = "/console/callbacks" if opened is None else f"/console/callbacks/{opened}"
    return server.opens(visitors, path, who, script=HOLDS)


def clicks_row(page: Any, callback_id: int) -> str:
    """Click this row of the list; its answer is there, and held. Returns what it is an answer to."""
    opening = f"/callbacks/{callback_id}"
    holds(page, opening)
    page.locator(f"#callback-{callback_id}").click()
    waits_for(page, opening)
    return opening


def asks_for_part(page: Any, callback_id: int) -> str:
    """The open callback asks for what is new in it; the answer is there, and held."""
    part = f"/callbacks/{callback_id}/part"
    holds(page, part)
    looks_again(page)
    waits_for(page, part)
    return part


def becomes_due(server: ConsoleServer, callback_id: int, **values: Any) -> None:
    """The callback changes, so that a part that was asked for is sent."""
    with server.database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        row.due_at = datetime.now(UTC)
        for name, value in values.items():
            setattr(row, name, value)


def talked(server: ConsoleServer, who: Colleague) -> int:
    """A talk of theirs is over, and its outcome is not saved."""
    now = datetime.now(UTC)
    over = {"outcome": "reached", "staff_id": who.staff_id, "talking_at": now, "closed_at": now}
    return promises(server, state="reached", rank=None, **over)


def is_open(page: Any, callback_id: int) -> None:
    """The pane in the middle shows this callback."""
    expect(page.locator(f"#work-in[data-of='{callback_id}']")).to_be_visible()


def test_message_about_a_call_to_an_agency_outlives_a_part_that_was_asked_for_before_it(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id, case_id = talked_in_open_case(console_server, ana)
    page = opens_held(visitors, console_server, ana, callback_id)
    action, part = f"/cases/{case_id}/call-out", f"/callbacks/{callback_id}/part"
    holds(page, action, part)

    page.locator("#call-out-agency").select_option("service:victim_connect")
    page.locator("#call-agency").click()
    waits_for(page, action)
    # An event tells the page of the call before its answer has come.
    looks_again(page)
    waits_for(page, part)
    releases(page, action)

    assert "You asked for the call." in releases(page, part)
    expect(page.locator("#bar")).to_contain_text("accept to call VictimConnect")
    expect(page.locator("#work")).to_contain_text("You asked for the call.")


def test_part_that_was_asked_for_before_a_click_does_not_undo_what_the_click_shows(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = opens_held(visitors, console_server, ana, callback_id)
    becomes_due(console_server, callback_id)
    part = asks_for_part(page, callback_id)

    page.locator("#does-claim").click()
    expect(page.locator("#work")).to_contain_text("You claimed it.")

    assert "Claimed: Ana" in releases(page, part)
    expect(page.locator("#does-release")).to_be_visible()


def test_row_that_was_clicked_last_stays_open_when_an_earlier_answer_comes_late(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second = promises(console_server), promises(console_server)
    page = opens_held(visitors, console_server, ana)
    opening = clicks_row(page, first)

    page.locator(f"#callback-{second}").click()
    is_open(page, second)
    releases(page, opening)

    is_open(page, second)
    assert page.url.endswith(f"/console/callbacks/{second}")


def test_claim_that_is_answered_late_is_told_beside_the_callback_that_was_opened_since(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second = promises(console_server), promises(console_server)
    page = opens_held(visitors, console_server, ana)
    action = f"/callbacks/{first}/claim"
    holds(page, action)
    page.locator(f"#does-row-{first}").click()
    waits_for(page, action)

    page.locator(f"#callback-{second}").click()
    is_open(page, second)
    releases(page, action)

    is_open(page, second)
    expect(page.locator("#work")).to_contain_text("You claimed it.")
    expect(page.locator(f"#row-{first}")).to_contain_text("Claimed: You have it")
    assert page.url.endswith(f"/console/callbacks/{second}")


def test_click_whose_answer_is_older_than_the_list_beside_it_looks_again(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(), console_server.adds(name="Luis Demo")
    first, second = promises(console_server), promises(console_server)
    page = opens_held(visitors, console_server, ana)
    opening = clicks_row(page, first)

    claims(console_server, second, luis)
    looks_again(page)
    expect(page.locator(f"#row-{second}")).to_contain_text("Luis has it")
    releases(page, opening)

    is_open(page, first)
    expect(page.locator(f"#row-{second}")).to_contain_text("Luis has it")


def test_page_of_the_history_stays_when_the_answer_to_an_earlier_click_comes_late(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second, third = (promises(console_server) for _ in range(3))
    page = opens_held(visitors, console_server, ana, first)
    page.locator(f"#callback-{second}").click()
    is_open(page, second)
    opening = clicks_row(page, third)

    page.go_back()
    is_open(page, first)
    releases(page, opening)

    is_open(page, first)
    assert page.url.endswith(f"/console/callbacks/{first}")


def test_answer_about_a_callback_that_was_left_for_the_list_shows_its_case_beside_no_other(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    left, other = promises(console_server), promises(console_server)
    page = opens_held(visitors, console_server, ana)
    page.locator(f"#callback-{left}").click()
    expect(page.locator("#work-title")).to_contain_text("Callback")
    becomes_due(console_server, left, reason="lost_pin")
    part = asks_for_part(page, left)

    page.keyboard.press("Escape")
    page.go_back()
    expect(page.locator("#work-in")).to_have_count(0)
    page.locator(f"#callback-{other}").click()
    expect(page.locator("#case")).to_contain_text("asked to be called back")
    releases(page, part)

    assert "lost the PIN" not in page.locator("#case").inner_text()


def test_answer_about_a_callback_that_comes_after_its_outcome_was_saved_is_left_out(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    done = talked(console_server, ana)
    page = opens_held(visitors, console_server, ana, done)
    becomes_due(console_server, done)
    part = asks_for_part(page, done)

    page.locator("label[for=outcome-reached]").click()
    page.locator("#save-outcome").click()
    expect(page.locator("#desk")).to_contain_text("Saved: Reached")

    assert "Nothing is open." in releases(page, part)


def test_bar_asks_for_an_outcome_no_more_once_the_page_says_that_it_is_saved(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    done = talked(console_server, ana)
    # No clock asks for changes here.
    page = opens_held(visitors, console_server, ana, done)
    expect(page.locator("#bar")).to_contain_text("Save the outcome of the call")

    page.locator("label[for=outcome-reached]").click()
    page.locator("#save-outcome").click()

    expect(page.locator("#desk")).to_contain_text("Saved: Reached")
    expect(page.locator("#bar")).not_to_contain_text("Save the outcome of the call")

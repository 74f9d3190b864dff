"""Answers that arrive in another order than they were asked for in: the desk shows the newest."""

from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import expect

from models import Callback
from tests.browser.conftest import Visitors
from tests.browser.console_server import ConsoleServer, looks_again
from tests.browser.test_console_callbacks import claims, promises
from tests.browser.test_console_panes import talked_in_open_case

#: Answers are held by their path below `/console` until a test releases them. No clock asks for changes.
HOLDS = """
    window.Worker = class { postMessage() {} };
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


def test_message_about_a_call_to_an_agency_outlives_a_part_that_was_asked_for_before_it(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id, case_id = talked_in_open_case(console_server, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana, script=HOLDS)
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
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana, script=HOLDS)
    with console_server.database.transaction() as session:
        session.get_one(Callback, callback_id).due_at = datetime.now(UTC)
    part = f"/callbacks/{callback_id}/part"
    holds(page, part)
    looks_again(page)
    waits_for(page, part)

    page.locator("#does-claim").click()
    expect(page.locator("#work")).to_contain_text("You claimed it.")

    assert "Claimed: Ana" in releases(page, part)
    expect(page.locator("#does-release")).to_be_visible()


def test_row_that_was_clicked_last_stays_open_when_an_earlier_answer_comes_late(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana, script=HOLDS)
    opening = f"/callbacks/{first}"
    holds(page, opening)
    page.locator(f"#callback-{first}").click()
    waits_for(page, opening)

    page.locator(f"#callback-{second}").click()
    expect(page.locator(f"#work-in[data-of='{second}']")).to_be_visible()
    releases(page, opening)

    expect(page.locator(f"#work-in[data-of='{second}']")).to_be_visible()
    assert page.url.endswith(f"/console/callbacks/{second}")


def test_claim_that_is_answered_late_is_told_beside_the_callback_that_was_opened_since(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana, script=HOLDS)
    action = f"/callbacks/{first}/claim"
    holds(page, action)
    page.locator(f"#does-row-{first}").click()
    waits_for(page, action)

    page.locator(f"#callback-{second}").click()
    expect(page.locator(f"#work-in[data-of='{second}']")).to_be_visible()
    releases(page, action)

    expect(page.locator(f"#work-in[data-of='{second}']")).to_be_visible()
    expect(page.locator("#work")).to_contain_text("You claimed it.")
    expect(page.locator(f"#row-{first}")).to_contain_text("Claimed: You have it")
    assert page.url.endswith(f"/console/callbacks/{second}")


def test_click_whose_answer_is_older_than_the_list_beside_it_looks_again(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(), console_server.adds(name="Luis Demo")
    first, second = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana, script=HOLDS)
    opening = f"/callbacks/{first}"
    holds(page, opening)
    page.locator(f"#callback-{first}").click()
    waits_for(page, opening)

    claims(console_server, second, luis)
    looks_again(page)
    expect(page.locator(f"#row-{second}")).to_contain_text("Luis has it")
    releases(page, opening)

    expect(page.locator(f"#work-in[data-of='{first}']")).to_be_visible()
    expect(page.locator(f"#row-{second}")).to_contain_text("Luis has it")


def test_page_of_the_history_stays_when_the_answer_to_an_earlier_click_comes_late(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second, third = (promises(console_server) for _ in range(3))
    page = console_server.opens(visitors, f"/console/callbacks/{first}", ana, script=HOLDS)
    page.locator(f"#callback-{second}").click()
    expect(page.locator(f"#work-in[data-of='{second}']")).to_be_visible()
    opening = f"/callbacks/{third}"
    holds(page, opening)
    page.locator(f"#callback-{third}").click()
    waits_for(page, opening)

    page.go_back()
    expect(page.locator(f"#work-in[data-of='{first}']")).to_be_visible()
    releases(page, opening)

    expect(page.locator(f"#work-in[data-of='{first}']")).to_be_visible()
    assert page.url.endswith(f"/console/callbacks/{first}")


def test_answer_about_a_callback_that_was_left_for_the_list_shows_its_case_beside_no_other(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    left, other = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana, script=HOLDS)
    page.locator(f"#callback-{left}").click()
    expect(page.locator("#work-title")).to_contain_text("Callback")
    with console_server.database.transaction() as session:
        row = session.get_one(Callback, left)
        row.reason, row.due_at = "lost_pin", datetime.now(UTC)
    part = f"/callbacks/{left}/part"
    holds(page, part)
    looks_again(page)
    waits_for(page, part)

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
    now = datetime.now(UTC)
    ana = console_server.adds()
    over = {"outcome": "reached", "staff_id": ana.staff_id, "talking_at": now, "closed_at": now}
    done = promises(console_server, state="reached", rank=None, **over)
    page = console_server.opens(visitors, f"/console/callbacks/{done}", ana, script=HOLDS)
    with console_server.database.transaction() as session:
        session.get_one(Callback, done).due_at = datetime.now(UTC)
    part = f"/callbacks/{done}/part"
    holds(page, part)
    looks_again(page)
    waits_for(page, part)

    page.locator("label[for=outcome-reached]").click()
    page.locator("#save-outcome").click()
    expect(page.locator("#desk")).to_contain_text("Saved: Reached")

    assert "Nothing is open." in releases(page, part)


def test_bar_asks_for_an_outcome_no_more_once_the_page_says_that_it_is_saved(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    now = datetime.now(UTC)
    ana = console_server.adds()
    over = {"outcome": "reached", "staff_id": ana.staff_id, "talking_at": now, "closed_at": now}
    done = promises(console_server, state="reached", rank=None, **over)
    # No clock asks for changes here.
    page = console_server.opens(visitors, f"/console/callbacks/{done}", ana, script=HOLDS)
    expect(page.locator("#bar")).to_contain_text("Save the outcome of the call")

    page.locator("label[for=outcome-reached]").click()
    page.locator("#save-outcome").click()

    expect(page.locator("#desk")).to_contain_text("Saved: Reached")
    expect(page.locator("#bar")).not_to_contain_text("Save the outcome of the call")

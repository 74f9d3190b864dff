"""What a liaison hears who does not see the page, and where their keys lead: from the ring to the outcome."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from models import Callback, Staff
from models.talks.leg_end import leg_ended
from tests.browser.conftest import Visitors
from tests.browser.console_panes.test_panes import has_open
from tests.browser.console_server import ConsoleServer, looks_again
from tests.browser.test_console_bar import opens, said
from tests.browser.test_console_callbacks import claims, promises
from tests.browser.test_console_cases import asks_for_pin, opened_case
from tests.browser.test_console_work import two_talk
from tests.hotline.cli.test_serve import until
from workers.office_rules import callback_policy_of


def is_in_talk(server: ConsoleServer, page: Page, callback_id: int) -> None:
    """They call the person, and both press their key."""
    page.goto(f"{server.url}/console/callbacks/{callback_id}")
    page.locator("#does-call").click()
    expect(page.locator("#work").get_by_text("Accept there by pressing 1")).to_be_visible()
    two_talk(server, callback_id)
    expect(page.locator("#bar-end")).to_be_visible()


def hangs_up(server: ConsoleServer, callback_id: int) -> None:
    with server.database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        assert row.caller_call_id is not None
        policy = callback_policy_of(server.office)
        leg_ended(session, row.caller_call_id, "completed", datetime.now(UTC), policy)


def described(page: Page, selector: str) -> Any:
    """The name and the description of an element, as assistive technology gets them."""
    return page.locator(selector).evaluate(
        """it => it.getAttribute("aria-describedby").split(" ")
            .map(id => document.getElementById(id)?.textContent).join(" ").replace(/\\s+/g, " ").trim()"""
    )


def test_end_of_a_call_is_said_before_the_wrap_up_whose_length_is_said_and_said_again_when_it_grows(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """ "Your wrap-up has begun. The call has ended." told of no end, and *Add time* said nothing."""
    ana = console_server.adds(on_shift=True)
    callback_id = promises(console_server)
    page = opens(console_server, visitors, ana, "/console/callbacks")
    is_in_talk(console_server, page, callback_id)

    hangs_up(console_server, callback_id)
    looks_again(page)

    expect(page.locator("#bar-extend")).to_be_visible()
    heard = said(page)[-1]
    expected = r"The call has ended\. Your wrap-up ends in (29|30) seconds\. Save the outcome of the call\."
    assert re.fullmatch(expected, heard), heard
    page.locator("#bar-extend").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#announce p").last).to_have_text(
        re.compile(r"^Your wrap-up ends in [56]\d seconds\.$")
    )


def test_sentence_is_not_taken_away_by_the_next_before_it_is_heard_and_is_gone_later(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """ "Saved: Reached" was replaced by "You are on shift." in the same moment, and nobody heard it."""
    ana = console_server.adds(on_shift=True)
    callback_id = promises(console_server)
    page = opens(console_server, visitors, ana, "/console/callbacks")
    is_in_talk(console_server, page, callback_id)
    hangs_up(console_server, callback_id)
    with console_server.database.transaction() as session:
        person = session.get_one(Staff, ana.staff_id)
        person.busy_call_id = person.busy_since = None
    looks_again(page)
    expect(page.locator("#save-outcome")).to_be_visible()

    page.keyboard.press("o")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")

    region = page.locator("#announce")
    expect(region).to_contain_text("You are on shift.")
    expect(region).to_contain_text("Saved: Reached")
    expect(region).to_have_attribute("aria-atomic", "false")
    # Somebody who reads the page later finds nothing that is over.
    expect(region).to_be_empty()
    assert len(said(page)) == len(set(said(page)))


def test_row_in_focus_says_what_it_needs_and_who_has_it(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """Its description left out the state: "Needs attention: maybe called" was for the eye alone."""
    ana, luis = console_server.adds(), console_server.adds(name="Luis Demo")
    left = promises(
        console_server, state="left_for_staff", outcome="unknown", closed_at=datetime.now(UTC), caller_tries=2
    )
    taken = promises(console_server)
    claims(console_server, taken, luis)
    page = console_server.opens(visitors, "/console/callbacks", ana)

    assert described(page, f"#callback-{left}").startswith("Needs attention: maybe called Verified")
    assert "2 tries used" in described(page, f"#callback-{left}")
    assert described(page, f"#callback-{taken}").startswith("Claimed: Luis has it")


def test_number_that_was_asked_for_has_the_focus_and_not_the_button_that_calls(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """The focus went to *Call now*: the number was not heard, and the next key called the person."""
    ana = console_server.adds()
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)

    page.locator("#does-number").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#whole-number")).to_be_focused()
    expect(page.locator("#whole-number")).to_have_text(re.compile(r"^\+1202555\d{4}$"))


def test_keys_lead_from_the_list_to_how_to_call_the_recognition_and_the_words(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """The pane comes after all rows, so without a mouse it was up to fifty tabs away."""
    ana = console_server.adds()
    callback_id = promises(console_server)
    for _ in range(4):
        promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    has_open(page, callback_id)
    expect(page.locator(f"#callback-{callback_id}")).to_be_focused()

    page.keyboard.press("Enter")
    expect(page.locator("#work-title")).to_be_focused()
    page.keyboard.press("w")
    expect(page.get_by_role("heading", name="How to call")).to_be_focused()
    page.keyboard.press("c")
    expect(page.locator("#work").get_by_text("Accept there by pressing 1")).to_be_visible()
    two_talk(console_server, callback_id)
    # The pane follows the bar.
    expect(page.locator("#does-recognize")).to_be_visible()
    page.keyboard.press("l")
    page.keyboard.press("w")
    expect(page.locator("#recognized_by input").first).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What may be said")).to_be_focused()
    page.keyboard.press("l")
    page.keyboard.press("w")
    expect(page.get_by_role("heading", name="What may be said")).to_be_focused()


def test_call_that_opened_by_itself_on_a_phone_comes_before_the_list_also_for_the_tab_key(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """It was above the list for the eye alone: the Tab key went through all rows first."""
    ana = console_server.adds()
    for _ in range(4):
        promises(console_server)
    rings = promises(
        console_server, state="talking", talking_at=datetime.now(UTC), staff_id=ana.staff_id, rank=None
    )
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)
    has_open(page, rings)
    page.locator("#bar-end").focus()

    while page.locator("main :focus").count() == 0:
        page.keyboard.press("Tab")

    expect(page.locator("#work :focus")).to_have_count(1)


@pytest.mark.parametrize("language", ["English", "Español"])
def test_state_of_a_callback_is_heard_apart_from_what_its_person_asked_for(
    visitors: Visitors, console_server: ConsoleServer, language: str
) -> None:
    """ "Claimed: Ana Demo is afraid" sounded like one sentence without the box around the state."""
    ana = console_server.adds(name="Ana Demo")
    callback_id = promises(console_server, reason="afraid", silent=True)
    claims(console_server, callback_id, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    if language != "English":
        page.get_by_role("button", name=language).click()

    states = {"English": "Ana Demo , Why: is afraid", "Español": "Ana Demo , Por qué: tiene miedo"}
    expect(page.locator("#work .tags")).to_contain_text(states[language])
    # How to speak is said once.
    cannot_talk = {"English": "Cannot talk:", "Español": "No puede hablar:"}
    expect(page.locator("#work").get_by_text(cannot_talk[language])).to_have_count(1)


def test_outcomes_say_with_their_name_what_happens_without_one(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    now = datetime.now(UTC)
    callback_id = promises(
        console_server, state="reached", outcome="reached", staff_id=ana.staff_id, closed_at=now,
        talking_at=now, rank=None,
    )  # fmt: skip
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)

    expect(page.get_by_role("group", name="How did it end?")).to_have_accessible_description(
        "Save how it ended. Until then it counts as reached, and nobody calls again."
    )


def test_message_about_a_click_is_heard_once_and_the_focus_stays_at_the_button(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    page = opens(console_server, visitors, console_server.adds(), "/console/shift")
    page.get_by_label("First day").fill("2026-12-24")

    page.get_by_label("Spanish").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Save languages").focus()
    page.keyboard.press("Enter")

    expect(page.locator("main [data-result]")).to_have_text(re.compile(r"Languages saved\."))
    expect(page.get_by_role("button", name="Save languages")).to_be_focused()
    looks_again(page)
    assert ["Languages saved." in sentence for sentence in said(page)].count(True) == 1
    # What was typed beside it is not saved yet.
    expect(page.get_by_label("First day")).to_have_value("2026-12-24")
    expect(page.get_by_label("Spanish")).to_be_checked()


def test_what_was_saved_is_not_in_its_form_any_more(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """It would be saved a second time."""
    page = opens(console_server, visitors, console_server.adds(), "/console/shift")
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    page.get_by_label("First day").fill(day)

    posts: list[str] = []
    page.on("request", lambda one: posts.append(one.url) if one.method == "POST" else None)
    # Twice before the answer is there.
    page.get_by_role("button", name="Add absence").evaluate("one => { one.click(); one.click(); }")

    expect(page.get_by_role("button", name="Remove")).to_be_visible()
    expect(page.get_by_label("First day")).to_have_value("")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)
    expect(page.get_by_role("heading", name="My shift")).to_be_focused()
    assert len(posts) == 2, "once for each"
    assert page.url.endswith("/console/shift")
    assert said(page), "it is the same page all the time"


def test_click_leads_the_focus_to_what_it_brought(visitors: Visitors, console_server: ConsoleServer) -> None:
    """Without a message the focus was at the top of the page, and so it was at "Not saved"."""
    kim = console_server.adds("administrator", on_shift=True)
    case = opened_case(console_server, kim)
    page = console_server.opens(visitors, f"/console/cases/{case.id}", kim)

    def clicks(name: str) -> None:
        page.get_by_role("main").get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")

    clicks("Move down: Phone 1")
    expect(page.get_by_role("button", name="Move down: Phone 2")).to_be_focused()
    clicks("Move down: Phone 2")
    expect(page.get_by_role("heading", name="Phone 3")).to_be_focused()
    page.locator("summary", has_text="Unsafe: stop calling it").last.click()
    clicks("Unsafe: stop calling it: Phone 3")
    expect(page.locator("[data-result]")).to_contain_text("We do not call it any more.")
    expect(page.get_by_role("heading", name="Phone 3")).to_be_focused()
    page.goto(f"{console_server.url}/console/shift")
    clicks("Take a 10-minute break")
    expect(page.get_by_role("main").get_by_role("button", name="End break")).to_be_focused()
    page.get_by_role("button", name="Español").click()
    expect(page.get_by_role("heading", level=1, name="Mi turno")).to_be_focused()
    page.get_by_role("button", name="English").click()
    page.goto(f"{console_server.url}/console/office/hours")
    expect(page.locator("body")).to_be_focused()
    page.get_by_label("Monday").fill("5 to 9")
    page.get_by_label("Reason").fill("A trial.")
    clicks("Save hours")
    expect(page.locator(".usa-alert--error")).to_be_focused()
    visitors.complaints.clear()  # The browser counts the refusal itself as one.


def test_numbers_and_codes_that_a_page_shows_once_have_the_focus_and_are_heard_digit_by_digit(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """The code to say on a new phone was heard as "Code", and a duress PIN as two numbers."""
    ana = console_server.adds()
    case = opened_case(console_server, ana)
    page = console_server.opens(visitors, f"/console/cases/{case.id}", ana)
    shown = page.locator("[data-result]")

    page.get_by_role("button", name="Show the number: Phone 1").focus()
    page.keyboard.press("Enter")
    expect(shown).to_be_focused()
    expect(shown).to_have_text("Phone 1 +12025550110")
    page.get_by_role("link", name="Confirm it: Phone 3").click()
    page.get_by_role("button", name="Get a code").focus()
    page.keyboard.press("Enter")
    expect(shown).to_be_focused()
    expect(page.get_by_role("paragraph").filter(has_text=re.compile(r"^\d( \d)+$"))).to_have_count(1)
    page.goto(f"{console_server.url}/console/cases/{case.id}/duress")
    page.get_by_role("button", name="Give a duress PIN").focus()
    page.keyboard.press("Enter")
    expect(shown).to_be_focused()
    assert re.search(r"paragraph: \d \d \d \d \d \d", page.locator("main").aria_snapshot())

    page.emulate_media(media="print")
    expect(shown).to_be_hidden()
    page.emulate_media(media="screen")

    request_id = asks_for_pin(console_server, case, ana, delivery="told")
    sam = console_server.adds("administrator", "Sam Invented")
    page = console_server.opens(visitors, f"/console/pins/{request_id}", sam)
    shown = page.locator("[data-result]")
    page.get_by_role("button", name="Approve").click()
    expect(shown).to_be_focused()
    assert re.search(r"paragraph: \d \d \d \d \d \d", page.locator("main").aria_snapshot())
    page.goto(f"{console_server.url}/console/staff/{ana.staff_id}/pin")
    page.get_by_role("main").get_by_role("button").click()
    expect(shown).to_have_text(re.compile("Write it down or tell them now."))
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert re.search(r"definition: \d( \d)+", page.locator("main").aria_snapshot())


def test_colleague_who_may_be_added_is_heard_with_what_they_do_and_escape_leaves_the_menu(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    console_server.adds(name="Luis Demo", on_shift=True, languages=["en", "es"])
    page = opens(console_server, visitors, ana, "/console/callbacks")
    is_in_talk(console_server, page, promises(console_server))
    page.locator("#bar-add-summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.get_by_role("button", name="Luis Demo")).to_be_focused()
    expect(page.get_by_role("button", name="Luis Demo")).to_have_accessible_description(
        "free, English, Spanish"
    )
    page.keyboard.press("Escape")
    expect(page.locator("#bar-add-summary")).to_be_focused()
    expect(page.get_by_role("button", name="Luis Demo")).to_be_hidden()
    page.locator("#alerts-summary").focus()
    for key in ("Enter", "Tab", "Escape"):
        page.keyboard.press(key)
    expect(page.locator("#alerts-summary")).to_be_focused()
    expect(page.locator(".alerts-choices")).to_be_hidden()


def test_refusals_of_bar_and_list_are_said_once_and_by_nothing_that_is_swapped(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(on_shift=True), console_server.adds(name="Luis Demo")
    talk, wanted = promises(console_server), promises(console_server, urgency="urgent")
    page = opens(console_server, visitors, ana, "/console/callbacks")
    is_in_talk(console_server, page, talk)
    page.goto(f"{console_server.url}/console/cases")
    expect(page.locator("#bar-hold")).to_be_visible()
    hangs_up(console_server, talk)

    page.locator("#bar-hold").click()

    expect(page.locator("#bar-problem")).to_be_visible()
    refused = page.locator("#bar-problem").inner_text()
    expect(page.get_by_role("alert")).to_have_count(0)
    looks_again(page)
    assert [refused in sentence for sentence in said(page)].count(True) == 1

    page.goto(f"{console_server.url}/console/callbacks")
    claims(console_server, wanted, luis)
    page.locator(f"#does-row-{wanted}").click()
    expect(page.locator("#desk .usa-alert--error")).to_contain_text("Luis Demo claimed this callback")
    expect(page.get_by_role("alert")).to_have_count(0)
    looks_again(page)
    assert ["Luis Demo claimed" in sentence for sentence in said(page)].count(True) == 1
    visitors.complaints.clear()  # The browser counts the refusals themselves.


def test_same_refusal_of_a_second_click_is_heard_again(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """The button seemed dead."""
    ana = console_server.adds(on_shift=True)
    own, wanted = promises(console_server), promises(console_server)
    claims(console_server, wanted, ana)
    page = opens(console_server, visitors, ana, "/console/callbacks")
    is_in_talk(console_server, page, own)
    looks_again(page)
    refused = page.locator("#desk .usa-alert--error")

    def times() -> int:
        return [refused.inner_text() in sentence for sentence in said(page)].count(True)

    for number in (1, 2):
        page.locator(f"#does-row-{wanted}").click()
        expect(refused).to_be_visible()
        until(lambda number=number: times() == number, "the refusal of this click")
    visitors.complaints.clear()  # The browser counts the refusals themselves.

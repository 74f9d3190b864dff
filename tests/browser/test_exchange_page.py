"""The page of handsets in a real browser: by keyboard, by mouse, in several tabs, and accessible."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitors
from tests.browser.console_server import judge
from tests.browser.handset import Handset, is_live
from tests.exchange.small_exchange import LIAISON, LINE, Exchange, place


def opened(visitors: Visitors, exchange: Exchange, speed: str = "Instant", **options: Any) -> Page:
    page = visitors.opens(f"{exchange.url}/exchange/", **options)
    is_live(page)
    page.get_by_label(speed).check()
    expect(page.get_by_label(speed)).to_be_checked()
    return page


def ring(page: Page) -> Locator:
    """The rings in the bar."""
    return page.get_by_role("region", name="Ringing and in calls").locator(".ring")


def adds(page: Page, name: str, number: str) -> None:
    """Add a phone to the page, as people type it."""
    page.locator("summary", has_text="Add phone").click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("textbox", name="Number").fill(number)
    page.get_by_role("button", name="Add phone", exact=True).click()


def rings_liaison(exchange: Exchange, page: Page, to: str = "+12025550170") -> Handset:
    place(exchange, to=to)
    liaison = Handset(page, "Liaison")
    liaison.is_shown_as("Rings")
    return liaison


def test_one_handset_waits_in_a_queue_another_takes_it_out_and_both_talk(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    victim, liaison = Handset(page, "Victim"), Handset(page, "Liaison")
    for handset, key in ((victim, "5"), (liaison, "6")):
        handset.dials()
        handset.hears("To talk to someone")
        handset.presses(key)
    victim.hears("Please hold.")
    victim.is_shown_as("Talking")
    liaison.is_shown_as("Talking")

    victim.says("Is anyone there?")
    liaison.hears("Is anyone there?")
    liaison.says("Yes, I am.")
    victim.hears("Yes, I am.")
    victim.hangs_up()

    liaison.hears("The talk is over.")
    liaison.is_shown_as("Call over")


def test_caller_makes_a_call_by_keyboard_alone(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    page.keyboard.press("Tab")
    caller.button("Dial the line").focus()

    page.keyboard.press("Enter")
    caller.hears("To talk to someone")
    caller.types("9")
    caller.hears("Take your time.")
    page.keyboard.press("*")
    caller.types("2")

    caller.hears("Goodbye.")
    caller.is_shown_as("Call over")
    assert page.evaluate("document.activeElement.textContent") == "Dial the line"
    assert [dict(request.said).get("Digits") for request in exchange.requests if not request.is_event] == [
        None,
        "9",
        "*",
        "2",
    ]


def test_skip_link_leads_to_the_phones(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    page.reload()
    is_live(page)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the phones")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("!!document.activeElement.closest('.phone')")


def test_words_take_their_time_and_a_key_cuts_them_short(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange, "Real time")
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")
    (call,) = exchange.board.all()
    assert call.live.leg.timed
    assert call.live.leg.is_speaking

    caller.presses("2")

    caller.hears("Goodbye.")
    caller.is_shown_as("Call over")


def test_silence_is_a_button_where_no_time_passes(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")

    caller.button("Say nothing").click()

    caller.hears("nothing", "Take your time.")
    page.get_by_label("Real time").check()
    expect(caller.button("Say nothing")).to_be_hidden()


def test_digits_can_be_pasted(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")

    page.evaluate(
        """() => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text", "9 2");
            const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true });
            document.activeElement.dispatchEvent(paste);
        }"""
    )

    caller.hears("Take your time.", "Goodbye.")


def test_handset_can_withhold_its_number(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.opens_settings()
    caller.card.get_by_label("Call as").select_option("anonymous")
    expect(caller.card).to_contain_text("calls as anonymous")
    page.keyboard.press("Escape")
    expect(caller.card.get_by_label("Call as")).to_be_hidden()

    caller.dials()
    caller.hears("To talk to someone")

    assert exchange.requests[0].param("From") == "anonymous"
    page.get_by_role("button", name="Put phones back").click()
    expect(caller.card).not_to_contain_text("calls as anonymous")


@pytest.mark.parametrize(
    ("button", "status", "shown"),
    [
        ("Decline", "busy", "Declined"),
        ("Voicemail", "completed", "Call over"),
        ("Answer", "in-progress", "In call"),
    ],
)
def test_ringing_phone_is_declined_or_answered_or_goes_to_voicemail(
    visitors: Visitors, exchange: Exchange, button: str, status: str, shown: str
) -> None:
    page = opened(visitors, exchange)
    liaison = rings_liaison(exchange, page)

    liaison.button(button).click()

    liaison.is_shown_as(shown)
    (call,) = exchange.board.all()
    assert call.status == status


def test_phone_that_nobody_answers_stops_by_itself(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    place(exchange, to="+12025550170", timeout=1)

    Handset(page, "Liaison").is_shown_as("Not answered")


def test_voicemail_can_answer_every_time(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    liaison = Handset(page, "Liaison")
    liaison.opens_settings()
    liaison.card.get_by_label("When it rings,").select_option("voicemail answers")
    expect(liaison.card.locator(".number")).to_have_text("+1 202 555 0170 · voicemail answers")
    expect(liaison.card.get_by_label("When it rings,")).to_have_value("machine")
    assert exchange.waits_until(lambda: exchange.board.phones.at("+12025550170").kind == "machine")

    place(exchange, to="+12025550170")

    liaison.hears("To accept, press 1.")
    liaison.is_shown_as("Call over")


def test_phone_that_nobody_shows_rings_in_the_bar_and_can_be_answered_and_removed(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    place(exchange, to=LIAISON)
    expect(ring(page)).to_contain_text("+1 202 555 0142 rings")
    expect(ring(page)).to_contain_text("from +1 202 555 0100, Small line")

    page.get_by_role("button", name="Answer +1 202 555 0142").click()

    other = Handset(page, "Phone 0142")
    other.hears("To accept, press 1.")
    # It is in use, so it comes before the phones of the start.
    expect(page.get_by_role("article").first).to_have_accessible_name("Phone 0142")
    expect(ring(page)).to_have_count(0)
    expect(other.card.get_by_role("group", name="Keypad of Phone 0142")).to_be_visible()
    other.hangs_up()
    other.is_shown_as("Call over")
    other.opens_settings()
    other.button("Remove Phone 0142").click()
    expect(other.card).to_have_count(0)


def test_transferred_call_rings_a_phone_and_typed_words_cross(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    adds(page, "Office", LIAISON)
    caller, office = Handset(page, "Victim"), Handset(page, "Office")
    caller.dials()
    caller.hears("To talk to someone")
    caller.presses("1")
    caller.is_shown_as("Line is dialing")
    office.is_shown_as("Rings")

    office.answers()
    office.hears("To accept, press 1.")
    office.presses("1")
    caller.is_shown_as("Talking")
    caller.says("Hello <b>there</b>")
    office.hears("Hello <b>there</b>")
    office.says("Yes?")
    caller.hears("Yes?")
    office.hangs_up()

    caller.hears("Dial completed, bridged true.")


def test_second_tab_and_second_window_see_the_same(visitors: Visitors, exchange: Exchange) -> None:
    first = opened(visitors, exchange)
    tab = visitors.opens(f"{exchange.url}/exchange/", context=first.context)
    window = visitors.opens(f"{exchange.url}/exchange/")
    for page in (tab, window):
        is_live(page)
        expect(page.get_by_label("Instant")).to_be_checked()

    Handset(tab, "Victim").dials()
    for page in (first, tab, window):
        Handset(page, "Victim").hears("To talk to someone")
    # The tab that held the stream goes, and the other takes over.
    first.close()
    Handset(window, "Victim").presses("2")
    for page in (tab, window):
        Handset(page, "Victim").hears("Goodbye.")
        Handset(page, "Victim").is_shown_as("Call over")


def test_more_tabs_than_a_browser_has_connections_are_all_live(
    visitors: Visitors, exchange: Exchange
) -> None:
    first = opened(visitors, exchange)
    tabs = [visitors.opens(f"{exchange.url}/exchange/", context=first.context) for _ in range(7)]
    for tab in tabs:
        is_live(tab)

    Handset(tabs[-1], "Victim").dials()

    for tab in (first, *tabs):
        Handset(tab, "Victim").hears("To talk to someone")


def test_log_shows_each_request_with_its_document_and_what_is_wrong_with_it(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")
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


def test_words_on_a_phone_stay_after_the_call_and_below_those_of_the_next(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")
    caller.presses("2")
    caller.is_shown_as("Call over")

    place(exchange, to="+12025550144", from_=LINE)

    caller.is_shown_as("Rings")
    for words in ("You called +1 202 555 0100", "Goodbye.", "Call from +1 202 555 0100"):
        expect(caller.words).to_contain_text(words)


def test_newest_words_are_in_view_in_the_call_after_a_long_one(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")
    caller.presses("9" * 12)
    expect(caller.call.get_by_text("Take your time.")).to_have_count(12)
    caller.hangs_up()
    caller.is_shown_as("Call over")
    page.reload()
    is_live(page)

    caller.dials()
    caller.hears("To talk to someone")

    expect(caller.call.locator("p").last).to_be_in_viewport(ratio=1)
    # Who reads earlier words is left in peace, until the next call.
    caller.words.evaluate("element => element.scrollTo(0, 0)")
    caller.hangs_up()
    caller.is_shown_as("Call over")
    expect(caller.call.locator("p").last).not_to_be_in_viewport()
    caller.dials()
    caller.hears("To talk to someone")
    expect(caller.call.locator("p").last).to_be_in_viewport(ratio=1)


def test_console_opens_beside_the_phones(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)

    console = page.get_by_role("link", name="Console")

    expect(console).to_have_attribute("target", "_blank")
    expect(console).to_have_attribute("rel", "noopener")


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


def test_command_that_cannot_be_copied_is_selected_and_the_page_says_how_to_copy_it(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    guide = page.get_by_role("region", name="Start here")

    guide.get_by_role("button", name="Copy the command").click()

    expect(guide.get_by_text("Selected: press Ctrl+C")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == "line tell --everybody"


def test_text_is_read_on_the_phone_that_gets_it(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    liaison = Handset(page, "Liaison")

    exchange.twilio.messages.create(to="+12025550170", from_=LINE, body="A case is locked.")

    expect(liaison.words).to_contain_text("Text from +1 202 555 0100")
    expect(liaison.words.locator(".text")).to_have_text("A case is locked.")
    expect(page.get_by_role("status")).to_contain_text(
        "Liaison: text from +1 202 555 0100: A case is locked."
    )
    page.reload()
    expect(liaison.words.locator(".text")).to_have_text("A case is locked.")


def test_failure_of_the_line_stands_below_what_was_heard_and_pressed(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")

    caller.presses("4")

    caller.is_shown_as("Call over")
    expect(caller.call.locator("p").nth(-2)).to_contain_text("The line failed:")


def test_phone_shows_who_calls_and_keeps_its_size_from_the_ring_to_the_end(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    height = "element => element.getBoundingClientRect().height"
    idle = Handset(page, "Liaison").card.evaluate(height)

    liaison = rings_liaison(exchange, page)

    expect(liaison.card.get_by_text("Incoming call")).to_be_visible()
    expect(liaison.card.locator(".caller-number")).to_have_text("+1 202 555 0100")
    sizes = [liaison.card.evaluate(height)]
    liaison.answers()
    liaison.hears("To accept, press 1.")
    sizes.append(liaison.card.evaluate(height))
    liaison.hangs_up()
    liaison.is_shown_as("Call over")
    sizes.append(liaison.card.evaluate(height))
    assert sizes == [idle] * 3


def test_title_is_whole_at_the_width_of_a_phone(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange, width=390)

    title = page.get_by_role("heading", level=1)
    page.locator("#title").evaluate("element => element.append(' of a County with a Long Name')")
    assert title.evaluate("element => element.scrollWidth <= element.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_phone_that_rings_comes_first_at_the_width_of_a_phone(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange, width=390)

    liaison = rings_liaison(exchange, page)

    expect(liaison.button("Answer")).to_be_in_viewport(ratio=1)
    liaison.answers()
    liaison.hears("To accept, press 1.")
    expect(liaison.call.locator("p").last).to_be_in_viewport(ratio=1)


def test_log_shows_the_last_sentence_or_keys_of_each_call(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")
    caller.presses("2")
    caller.is_shown_as("Call over")

    first = page.get_by_role("region", name="Calls").locator(".call > details > summary").first

    expect(first).to_contain_text("Completed")
    expect(first).to_contain_text("“Goodbye.”")


@pytest.mark.parametrize("width", [390, 1280])
def test_bar_with_the_ringing_phone_is_in_view_wherever_the_page_is_scrolled(
    visitors: Visitors, exchange: Exchange, width: int
) -> None:
    page = opened(visitors, exchange, width=width)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")

    rings_liaison(exchange, page)

    expect(ring(page)).to_contain_text("Liaison rings")
    answer = ring(page).get_by_role("button", name="Answer Liaison")
    expect(answer).to_be_in_viewport(ratio=1)
    answer.click()
    liaison = Handset(page, "Liaison")
    liaison.hears("To accept, press 1.")
    expect(liaison.card.get_by_role("group", name="Keypad of Liaison")).to_be_in_viewport()
    expect(page.locator(":focus")).to_have_text("1")


def test_card_keys_its_number_into_the_phone_that_asks(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    cards = page.get_by_role("region", name="Cases to try")
    card = cards.get_by_role("listitem").filter(has_text="says goodbye")
    card.get_by_role("button", name="Wish 2").click()
    expect(cards).to_contain_text("Dial first: the phone Victim is not in a call.")

    page.get_by_role("button", name="Dial as Victim").click()
    caller = Handset(page, "Victim")
    caller.hears("To talk to someone")
    expect(cards).to_contain_text("Victim is asked for a wish: click one.")
    # At a menu the digits of a code would be choices.
    card.get_by_role("button", name="Code").click()
    expect(page.get_by_role("status")).to_contain_text("Not yet: Victim is not asked for a code.")
    expect(caller.card).not_to_contain_text("You pressed")
    card.get_by_role("button", name="Wish 2").click()

    caller.hears("You pressed 2", "Goodbye.")


def test_card_keys_into_the_phone_that_was_used_last_of_two_that_ask(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    for name in ("Victim", "Liaison"):
        Handset(page, name).dials()
        Handset(page, name).hears("To talk to someone")

    page.get_by_role("button", name="Wish 2", exact=True).click()

    Handset(page, "Liaison").hears("You pressed 2", "Goodbye.")
    Handset(page, "Victim").is_shown_as("In call")


def test_digits_typed_after_a_click_on_a_card_go_on_to_the_phone(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")
    page.get_by_role("button", name="Wish 9", exact=True).click()
    caller.hears("Take your time.")

    page.keyboard.press("2")

    caller.hears("Goodbye.")


def test_ringing_phone_is_answered_from_the_top_of_the_page_by_keyboard_alone(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    rings_liaison(exchange, page)
    page.get_by_role("link", name="Calls 1").focus()

    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Answer Liaison")).to_be_focused()
    page.keyboard.press("Enter")

    liaison = Handset(page, "Liaison")
    liaison.hears("To accept, press 1.")
    expect(page.locator(":focus")).to_have_text("1")
    page.keyboard.press("1")
    liaison.is_shown_as("Alone")
    liaison.hears("waiting for the other side")


def test_phone_that_asks_offers_the_key_of_the_chosen_card(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")

    caller.button("Key wish 2").click()

    caller.hears("You pressed 2", "Goodbye.")
    expect(caller.button("Key wish 2")).to_be_hidden()


def test_phones_are_put_back_as_they_were(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    back = page.get_by_role("button", name="Put phones back")
    expect(back).to_be_hidden()
    adds(page, "Mine", "(202) 555-0160")
    mine, victim = Handset(page, "Mine"), Handset(page, "Victim")
    expect(mine.card.locator(".number")).to_have_text("+1 202 555 0160")
    victim.opens_settings()
    victim.button("Remove Victim").click()
    expect(victim.card).to_have_count(0)

    back.click()

    expect(page.get_by_role("article")).to_have_count(3)
    expect(victim.card).to_be_visible()
    expect(mine.card).to_have_count(0)
    expect(back).to_be_hidden()


def test_number_that_is_none_is_refused_beside_its_field(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)

    adds(page, "Mine", "12")

    expect(page.locator("#add-wrong")).to_contain_text("Type a number such as (202) 555-0110")
    expect(page.get_by_role("textbox", name="Number")).to_be_focused()
    # A browser notes a refusal.
    visitors.complaints.clear()


def test_page_has_one_live_region_that_says_what_rings_and_what_is_heard(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    live = page.locator("[role=status], [role=alert], [role=log], [aria-live]")
    liaison = rings_liaison(exchange, page)
    expect(page.get_by_role("status")).to_contain_text("Liaison rings. Call from +1 202 555 0100.")

    liaison.answers()

    expect(page.get_by_role("status")).to_contain_text("Liaison: To accept, press 1.")
    expect(live).to_have_count(1)


def test_guide_leads_to_the_first_call_the_console_and_a_command(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    guide = page.get_by_role("region", name="Start here")

    expect(guide.get_by_role("heading")).to_have_text(["Start here", "Hear a greeting", "Hear a change"])
    expect(guide.get_by_text("line tell --everybody")).to_be_visible()
    expect(page.get_by_role("link", name="Console")).to_have_attribute("href", "http://127.0.0.1:1/console/")
    assert "Small line" in page.get_by_role("heading", level=1).inner_text()


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


def test_nothing_is_spoken_aloud_before_it_is_asked_for_under_automation(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    page.evaluate(
        """() => {
            window.spoken = [];
            speechSynthesis.speak = words => window.spoken.push([words.lang, words.text]);
        }"""
    )
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")
    assert page.evaluate("window.spoken") == []

    page.get_by_role("button", name="Speak aloud").click()
    expect(page.get_by_role("button", name="Speak aloud", pressed=True)).to_be_visible()
    caller.button("Say nothing").click()
    caller.hears("Take your time.")

    assert ["en-US", "Take your time."] in page.evaluate("window.spoken")


def test_page_of_handsets_is_accessible(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    judge(page, "exchange-idle")
    liaison, victim = rings_liaison(exchange, page), Handset(page, "Victim")
    place(exchange, to=LIAISON)
    expect(ring(page)).to_have_count(2)
    judge(page, "exchange-rings")
    liaison.answers()
    liaison.hears("To accept, press 1.")
    liaison.presses("1")
    liaison.is_shown_as("Alone")
    expect(liaison.card.get_by_label("Say something")).to_be_hidden()
    page.get_by_role("button", name="Answer +1 202 555 0142").click()
    other = Handset(page, "Phone 0142")
    other.hears("To accept, press 1.")
    other.presses("1")
    liaison.is_shown_as("Talking")
    liaison.says("Hello?")
    other.hears("Hello?")
    victim.dials()
    victim.hears("To talk to someone")
    victim.presses("4")
    victim.hears("The line failed:")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    expect(page.get_by_role("group", name="The document that came back").first).to_be_visible()
    # What is half under the bar is scrolled there, and not too small.
    page.evaluate("window.scrollTo(0, 0)")

    judge(page, "exchange-talking")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input:not([type=radio])")]
            .filter(one => one.checkVisibility())
            .map(one => [one.getBoundingClientRect(), one.textContent])
            .filter(([box]) => box.height < 24 && box.width < 24)
            .map(([, text]) => text)"""
    )
    assert [one for one in small if one] == []


def test_nothing_moves_for_people_who_asked_for_less_motion(visitors: Visitors, exchange: Exchange) -> None:
    moving = "element => [...element.querySelectorAll('*')].flatMap(one => one.getAnimations()).length"
    page = opened(visitors, exchange, new=True)
    rings_liaison(exchange, page)
    assert ring(page).evaluate(moving) > 0

    page.emulate_media(reduced_motion="reduce")

    assert page.locator("body").evaluate(moving) == 0


def test_call_that_rings_while_another_lasts_waits_in_the_bar(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")

    place(exchange, to="+12025550144", from_=LINE)

    page.get_by_role("button", name="Answer Victim").click()
    expect(ring(page)).to_contain_text("That phone is in a call already.")
    visitors.complaints.clear()
    caller.is_shown_as("In call")
    caller.hangs_up()
    caller.is_shown_as("Rings")
    page.get_by_role("button", name="Decline Victim").click()
    caller.is_shown_as("Declined")
    expect(ring(page)).to_have_count(0)

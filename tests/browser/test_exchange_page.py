"""The page of handsets in a real browser: by keyboard, by mouse, in several tabs, and accessible."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

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

    assert page.evaluate("!!document.activeElement.closest('.handset')")


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
    caller.card.get_by_label("Call as").select_option("anonymous")

    caller.dials()
    caller.hears("To talk to someone")

    assert exchange.requests[0].param("From") == "anonymous"


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
    liaison.card.get_by_label("When it rings,").select_option("voicemail answers")
    expect(liaison.card.get_by_label("When it rings,")).to_have_value("machine")
    assert exchange.waits_until(lambda: exchange.board.phones.at("+12025550170").kind == "machine")

    place(exchange, to="+12025550170")

    liaison.hears("To accept, press 1.")
    liaison.is_shown_as("Call over")


def test_phone_that_nobody_shows_rings_in_the_tray_and_can_be_picked_up(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    place(exchange, to=LIAISON)
    expect(page.get_by_text("One phone rings.")).to_be_visible()

    page.get_by_role("button", name="Pick up +1 202 555 0142").click()

    other = Handset(page, "Phone 0142")
    other.hears("To accept, press 1.")
    expect(page.get_by_text("None.", exact=True)).to_be_visible()
    other.hangs_up()
    other.is_shown_as("Call over")
    other.button("Remove Phone 0142").click()
    expect(other.card).to_have_count(0)


def test_transferred_call_rings_a_phone_and_typed_words_cross(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    page.get_by_role("textbox", name="Name").fill("Office")
    page.get_by_role("textbox", name="Number").fill(LIAISON)
    page.get_by_role("button", name="Add", exact=True).click()
    caller, office = Handset(page, "Victim"), Handset(page, "Office")
    caller.dials()
    caller.hears("To talk to someone")
    caller.presses("1")
    caller.is_shown_as("In call: the line rings a phone")
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
    log = page.get_by_role("region", name="Requests to the line")
    asked = log.get_by_role("listitem").filter(has_text="/voice/steps/menu/1")

    asked.locator("summary").click()

    expect(asked).to_contain_text("keys 4")
    expect(asked.locator("dl")).to_contain_text("Digits4")
    expect(asked.get_by_role("group", name="The document that came back")).to_contain_text("<Dial/>")
    expect(asked.locator(".findings")).to_contain_text(re.compile("Line 2: .*Dial"))
    events = log.get_by_role("listitem").filter(has_text="/voice/call-events")
    expect(events).to_have_count(1)
    page.get_by_label("Call events too").uncheck()
    expect(events).to_be_hidden()


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
    expect(page.get_by_text("One phone rings.")).to_be_visible()
    judge(page, "exchange-rings")
    liaison.answers()
    liaison.hears("To accept, press 1.")
    liaison.presses("1")
    liaison.is_shown_as("Alone: nobody hears you yet")
    expect(liaison.card.get_by_label("Say something")).to_be_hidden()
    page.get_by_role("button", name="Pick up +1 202 555 0142").click()
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
    for summary in page.locator("summary").all():
        summary.click()

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
    page = opened(visitors, exchange, reduced_motion="reduce")

    liaison = rings_liaison(exchange, page)

    moving = "element => getComputedStyle(element).animationName"
    assert liaison.card.get_by_text("Rings", exact=True).evaluate(moving) == "none"


def test_call_that_rings_while_another_lasts_waits_in_the_tray(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")

    place(exchange, to="+12025550144", from_=LINE)

    expect(page.get_by_role("button", name="Decline +1 202 555 0144")).to_be_visible()
    caller.is_shown_as("In call")
    caller.hangs_up()
    caller.is_shown_as("Rings")
    expect(page.get_by_text("None.", exact=True)).to_be_visible()

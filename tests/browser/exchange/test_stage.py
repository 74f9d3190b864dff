"""The page as one stage: the bar, the cards, the steps to try, several tabs; and accessible."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitors
from tests.browser.console_server import judge
from tests.browser.exchange.page import adds, dialed, opened, ring, rings_liaison
from tests.browser.handset import Handset, is_live
from tests.exchange.small_exchange import LIAISON, LINE, Exchange, place


def test_skip_link_leads_to_the_phones(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    page.reload()
    is_live(page)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the phones")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("!!document.activeElement.closest('.phone')")


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
    expect(ring(page)).to_have_count(0)
    expect(other.card.get_by_role("group", name="Keypad of Phone 0142")).to_be_visible()
    other.hangs_up()
    other.is_shown_as("Call over")
    other.opens_settings()
    other.button("Remove Phone 0142").click()
    expect(other.card).to_have_count(0)


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
    tabs = [visitors.opens(f"{exchange.url}/exchange/", context=first.context) for _ in range(6)]
    for tab in tabs:
        is_live(tab)

    Handset(tabs[-1], "Victim").dials()

    for tab in (first, *tabs):
        Handset(tab, "Victim").hears("To talk to someone")


def test_command_that_cannot_be_copied_is_selected_and_the_page_says_how_to_copy_it(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    guide = page.get_by_role("region", name="Start here")

    guide.get_by_role("button", name="Copy the command").click()

    expect(guide.get_by_text("Selected: press Ctrl+C")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == "line tell --everybody"


def test_title_is_whole_at_the_width_of_a_phone(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange, width=390)

    title = page.get_by_role("heading", level=1)
    page.locator("#title").evaluate("element => element.append(' of a County with a Long Name')")
    assert title.evaluate("element => element.scrollWidth <= element.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_bar_shows_every_phone_of_the_start_whole_at_the_width_of_a_phone(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange, width=390)
    lamps = page.get_by_role("region", name="Ringing and in calls").get_by_role("list").first
    liaison = rings_liaison(exchange, page)
    liaison.answers()
    liaison.hears("To accept, press 1.")

    for name in ("Victim", "Liaison", "Second liaison"):
        expect(lamps.get_by_role("link", name=name, exact=True)).to_be_in_viewport(ratio=1)
    assert lamps.evaluate("element => element.scrollWidth <= element.clientWidth")


@pytest.mark.parametrize("width", [390, 1280])
def test_phones_keep_their_place_when_another_rings_and_the_bar_leads_to_that_one(
    visitors: Visitors, exchange: Exchange, width: int
) -> None:
    page = opened(visitors, exchange, width=width)
    phones = page.get_by_role("article")
    places = "all => all.slice(0, 3).map(({ offsetLeft, offsetTop }) => [offsetLeft, offsetTop])"
    start = phones.evaluate_all(places)
    place(exchange, to=LIAISON)

    page.get_by_role("button", name="Answer +1 202 555 0142").click()

    other = Handset(page, "Phone 0142")
    other.hears("To accept, press 1.")
    expect(other.call.locator("p").last).to_be_in_viewport(ratio=1)
    expect(other.card.get_by_role("group", name="Keypad of Phone 0142")).to_be_in_viewport(ratio=1)
    assert phones.evaluate_all(places) == start
    # The order of the Tab key is the one that is seen.
    names = [phones.nth(at).get_by_role("heading").inner_text() for at in range(4)]
    assert names == ["Victim", "Liaison", "Second liaison", "Phone 0142"]
    tops = page.evaluate(
        "['guide', 'phones', 'cards', 'log'].map(id => document.getElementById(id).offsetTop)"
    )
    assert tops == sorted(tops)


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


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_when_phones_ring_and_the_keypad_stays_under_the_mouse(
    visitors: Visitors, exchange: Exchange, width: int
) -> None:
    page = opened(visitors, exchange, width=width)
    page.set_viewport_size({"width": width, "height": 720})
    caller = Handset(page, "Victim")
    page.get_by_role("button", name="Dial as Victim").click()
    caller.hears("To talk to someone")
    key = caller.card.get_by_text("9", exact=True)
    bar = page.get_by_role("region", name="Ringing and in calls")
    before = key.bounding_box(), bar.bounding_box()
    key.click()
    caller.hears("Take your time.")

    rings_liaison(exchange, page)

    expect(ring(page)).to_have_count(1)
    assert (key.bounding_box(), bar.bounding_box()) == before
    place(exchange, to=LIAISON)
    expect(ring(page)).to_have_count(2)
    assert (key.bounding_box(), bar.bounding_box()) == before
    page.mouse.down()
    page.mouse.up()
    expect(caller.call.get_by_text("Take your time.")).to_have_count(2)
    for name in ("Liaison", "+1 202 555 0142"):
        expect(page.get_by_role("button", name=f"Answer {name}")).to_be_in_viewport(ratio=1)


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
    page, caller = dialed(visitors, exchange)
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
    liaison.hears("the other side is joining")
    liaison.is_shown_as("In call")


def test_phone_that_asks_offers_the_key_of_the_chosen_card(visitors: Visitors, exchange: Exchange) -> None:
    _, caller = dialed(visitors, exchange)

    caller.button("Key wish 2").click()

    caller.hears("You pressed 2", "Goodbye.")
    expect(caller.button("Key wish 2")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
def test_case_is_chosen_on_the_phone_that_asks_with_its_words_in_sight(
    visitors: Visitors, exchange: Exchange, width: int
) -> None:
    page = opened(visitors, exchange, width=width)
    page.set_viewport_size({"width": width, "height": 720})
    caller = Handset(page, "Victim")
    page.get_by_role("button", name="Dial as Victim").click()
    caller.hears("To talk to someone")

    caller.card.get_by_label("Cases to try").select_option("9 · dice adiós")

    expect(caller.call.locator("p").last).to_be_in_viewport(ratio=1)
    expect(caller.button("Key wish 9")).to_be_in_viewport(ratio=1)
    caller.button("Key wish 9").click()
    caller.hears("You pressed 9", "Take your time.")
    # It stays chosen for what is asked next.
    expect(caller.card.get_by_label("Cases to try")).to_have_value("1")


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
    console = page.get_by_role("link", name="Console")
    expect(console).to_have_attribute("href", "http://127.0.0.1:1/console/")
    # It opens beside the phones.
    expect(console).to_have_attribute("target", "_blank")
    expect(console).to_have_attribute("rel", "noopener")
    assert "Small line" in page.get_by_role("heading", level=1).inner_text()


def test_page_of_handsets_is_accessible(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    judge(page, "exchange-idle")
    # They ring on while a slow machine looks at the page.
    liaison, victim = rings_liaison(exchange, page, timeout=600), Handset(page, "Victim")
    place(exchange, to=LIAISON, timeout=600)
    expect(ring(page)).to_have_count(2)
    judge(page, "exchange-rings", part="#bar, #phones, #log")
    liaison.answers()
    liaison.hears("To accept, press 1.")
    liaison.presses("1")
    liaison.hears("the other side is joining")
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
    # Of the requests in the log, one of each kind: the others look the same.
    page.evaluate(
        """() => {
            const kinds = new Set();
            for (const one of document.querySelectorAll("details")) {
                const kind = one.closest(".rung")?.className;
                one.open = !kind || !kinds.has(kind);
                kinds.add(kind);
            }
        }"""
    )
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
    page, caller = dialed(visitors, exchange)

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

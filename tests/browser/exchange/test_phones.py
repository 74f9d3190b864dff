"""The phones of the page: dialing, keys, ringing and words, by keyboard and by mouse."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitors
from tests.browser.exchange.page import adds, dialed, opened, rings_liaison
from tests.browser.handset import Handset, is_live
from tests.exchange.small_exchange import LIAISON, LINE, Exchange, place


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


def test_words_take_their_time_and_a_key_cuts_them_short(visitors: Visitors, exchange: Exchange) -> None:
    page = opened(visitors, exchange)
    page.get_by_label("Real time").check()
    expect(page.get_by_label("Real time")).to_be_checked()
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")
    (call,) = exchange.board.all()
    assert call.live.leg.timed
    assert call.live.leg.is_speaking

    caller.presses("2")

    caller.hears("Goodbye.")
    caller.is_shown_as("Call over")


def test_key_that_the_line_does_not_hear_is_marked_on_the_phone(
    visitors: Visitors, exchange: Exchange
) -> None:
    page, caller = dialed(visitors, exchange)
    caller.presses("5")
    caller.hears("Please hold.")

    caller.presses("77")

    expect(caller.call.locator(".pressed")).to_have_text(["You pressed 5", "You pressed 77 (not heard)"])
    expect(page.get_by_role("region", name="Calls").locator(".call-last")).to_have_text("“Please hold.”")


def test_silence_is_a_button_where_no_time_passes(visitors: Visitors, exchange: Exchange) -> None:
    page, caller = dialed(visitors, exchange)

    caller.button("Say nothing").click()

    caller.hears("nothing", "Take your time.")
    page.get_by_label("Real time").check()
    expect(caller.button("Say nothing")).to_be_hidden()


def test_digits_can_be_pasted(visitors: Visitors, exchange: Exchange) -> None:
    page, caller = dialed(visitors, exchange)

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


def test_phone_says_that_the_other_side_joins_and_after_the_talk_that_it_has_left(
    visitors: Visitors, exchange: Exchange
) -> None:
    page = opened(visitors, exchange)
    victim, liaison = Handset(page, "Victim"), Handset(page, "Liaison")
    liaison.dials()
    liaison.hears("To talk to someone")
    liaison.presses("3")
    liaison.hears("the other side is joining")
    liaison.is_shown_as("In call")

    victim.dials()
    victim.hears("To talk to someone")
    victim.presses("3")

    liaison.hears("you are now connected to 1 other")
    liaison.is_shown_as("Talking")
    victim.hangs_up()
    liaison.hears("the other side has left")
    expect(liaison.call.get_by_text("the other side is joining")).to_have_count(1)


def test_words_on_a_phone_stay_after_the_call_and_below_those_of_the_next(
    visitors: Visitors, exchange: Exchange
) -> None:
    _, caller = dialed(visitors, exchange)
    caller.presses("2")
    caller.is_shown_as("Call over")

    place(exchange, to="+12025550144", from_=LINE)

    caller.is_shown_as("Rings")
    for words in ("You called +1 202 555 0100", "Goodbye.", "Call from +1 202 555 0100"):
        expect(caller.words).to_contain_text(words)


def test_newest_words_are_in_view_in_the_call_after_a_long_one(
    visitors: Visitors, exchange: Exchange
) -> None:
    page, caller = dialed(visitors, exchange)
    caller.types("9" * 12)
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
    _, caller = dialed(visitors, exchange)

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

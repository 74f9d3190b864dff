"""The call bar in a real browser: on every page, and one live region that says each change once."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from models import Call, Callback, Staff, Talk
from models.callbacks.claim import release
from models.staff.set_away import note_miss
from tests.browser.conftest import Visitors
from tests.browser.console_server import NARROW, Colleague, ConsoleServer, judge, looks_again
from tests.browser.test_console_callbacks import claims, promises
from tests.factories import make_call, make_talk
from workers.office_rules import policies_of

#: The test notes what a screen reader would say: each paragraph that comes into the live region.
LISTENS = """
window.said = [];
new MutationObserver((changes) => changes.forEach((change) => {
    if (change.target.id !== "announce") return;
    window.region ??= change.target;
    change.addedNodes.forEach((node) => window.said.push(node.textContent));
})).observe(document, { childList: true, subtree: true });
"""


def opens(server: ConsoleServer, visitors: Visitors, who: Colleague, path: str, **options: Any) -> Page:
    return server.opens(visitors, path, who, script=LISTENS, **options)


def said(page: Page) -> list[str]:
    """What was said on this page; its live region is the same element all the time."""
    assert page.evaluate("[undefined, document.getElementById('announce')].includes(window.region)")
    return list(page.evaluate("window.said"))


def talks(server: ConsoleServer, callback_id: int) -> None:
    """The person of the callback has pressed their key."""
    with server.database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        row.state, row.talking_at = "talking", datetime.now(UTC)
        make_talk(session, row)


def test_what_a_colleague_does_with_the_open_callback_is_said_once(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """Its buttons went, and the focus with them to the title, without a word."""
    ana, luis = console_server.adds(), console_server.adds(name="Luis Demo")
    callback_id = promises(console_server, rank=1, due_at=datetime.now(UTC) + timedelta(hours=30))
    page = opens(console_server, visitors, ana, f"/console/callbacks/{callback_id}")
    page.locator("#does-call").focus()

    claims(console_server, callback_id, luis)
    looks_again(page)
    expect(page.get_by_text("Luis Demo claimed it")).to_be_visible()
    looks(page)
    looks(page)
    expect(page.locator("#work-title")).to_be_focused()
    assert said(page) == ["Claimed: Luis Demo"]

    with console_server.database.transaction() as session:
        release(session, callback_id, session.get_one(Staff, luis.staff_id), datetime.now(UTC))
    looks_again(page)
    expect(page.locator("#does-claim")).to_be_visible()
    assert said(page) == ["Claimed: Luis Demo", "Waiting"]
    page.locator("#does-claim").click()
    expect(page.locator("#does-release")).to_be_visible()
    looks(page)
    looks(page)
    assert said(page) == ["Claimed: Luis Demo", "Waiting", "You claimed it."]


def looks(page: Page) -> None:
    """The page has looked again."""
    with page.expect_response("**/console/bar"):
        looks_again(page)


def test_call_is_held_and_ended_on_another_page_and_each_change_is_said_once(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    server, now = console_server, datetime.now(UTC)
    ana = server.adds(name="Ana Demo")
    callback_id = promises(server, state="ringing_liaison", staff_id=ana.staff_id, rank=None, lease_until=now)
    page = opens(server, visitors, ana, "/console/cases")
    bar = page.get_by_role("region", name="Shift and call")
    expect(bar).to_contain_text("Your phone rings: Callback, English")
    assert said(page) == ["Your phone rings: Callback, English."]

    talks(server, callback_id)
    looks_again(page)
    expect(bar).to_contain_text("In a call")
    expect(bar.locator("#bar-timer")).to_have_text(re.compile(r"^0:\d\d$"))
    page.goto(f"{server.url}/console/shift")
    # Nothing new happened: another page repeats nothing.
    assert said(page) == []
    hold = bar.get_by_role("button", name="Hold")
    hold.focus()
    page.keyboard.press("Enter")
    expect(bar).to_contain_text("On hold")
    # The focus is on the successor of what was pressed.
    expect(bar.get_by_role("button", name="Resume")).to_be_focused()
    page.keyboard.press("Enter")
    expect(bar).to_contain_text("In a call")
    bar.get_by_role("button", name="End call").click()
    expect(bar).not_to_contain_text("In a call")

    assert page.url.endswith("/console/shift")
    assert said(page)[:2] == ["The person is on hold.", "The person is no longer on hold."]
    assert "The call has ended." in said(page)[2]
    assert page.evaluate("document.activeElement !== document.body")
    with server.database.reading() as session:
        assert session.get_one(Callback, callback_id).state == "reached"
    visitors.complaints.clear()  # Nobody had clicked yet, so the sound of the ring waited.


def test_colleague_who_joins_and_leaves_is_said_by_first_name(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    server, now = console_server, datetime.now(UTC)
    ana, luis = server.adds(name="Ana Demo"), server.adds(name="Luis Demo", on_shift=True)
    callback_id = promises(
        server, state="talking", staff_id=ana.staff_id, rank=None, talking_at=now, language="es"
    )
    page = opens(server, visitors, ana, "/console/cases")
    expect(page.locator("#bar")).to_contain_text("Callback, Spanish")
    with server.database.transaction() as session:
        leg = make_call(
            session, role="colleague", direction="outbound", callback_id=callback_id, place="in_talk",
            staff_id=luis.staff_id, accepted_at=now, started_at=now,
        ).id  # fmt: skip
        session.query(Talk).one().announced_at = now + timedelta(seconds=1)

    looks(page)
    expect(page.locator("#bar")).to_contain_text("with Luis")
    expect(page.get_by_role("button", name="Transfer")).to_be_visible()
    with server.database.transaction() as session:
        session.get_one(Call, leg).ended_at = datetime.now(UTC)
    looks(page)
    expect(page.locator("#bar")).not_to_contain_text("with Luis")

    assert said(page) == [
        "You are in a call: Callback, Spanish.", "Luis joined the call.", "A colleague has left the call.",
    ]  # fmt: skip


def test_transfer_is_said_to_both_as_what_it_is(visitors: Visitors, console_server: ConsoleServer) -> None:
    """The one who left heard "The call has ended", and the one who leads it now heard nothing."""
    server, now = console_server, datetime.now(UTC)
    ana, luis = server.adds(name="Ana Demo"), server.adds(name="Luis Demo", on_shift=True)
    callback_id = promises(server, state="talking", staff_id=ana.staff_id, rank=None, talking_at=now)
    with server.database.transaction() as session:
        leg = make_call(
            session, role="colleague", direction="outbound", callback_id=callback_id, place="in_talk",
            staff_id=luis.staff_id, accepted_at=now, started_at=now,
        ).id  # fmt: skip
        session.query(Talk).one().announced_at = now + timedelta(seconds=1)
    leaves = opens(server, visitors, ana, "/console/cases")
    expect(leaves.locator("#bar")).to_contain_text("with Luis")
    stays = opens(server, visitors, luis, "/console/cases")
    expect(stays.locator("#bar")).to_contain_text("Ana leads the call")

    with server.database.transaction() as session:
        talk = session.query(Talk).one()
        talk.staff_id, talk.leader_call_id = luis.staff_id, leg
        session.get_one(Callback, callback_id).staff_id = luis.staff_id
    looks(leaves)
    looks(stays)

    expect(leaves.locator("#bar")).not_to_contain_text("In a call")
    expect(stays.get_by_role("button", name="End call")).to_be_visible()
    assert said(leaves)[-1] == "You are no longer in the call."
    assert said(stays)[-1] == "You are in a call: Callback, English. You lead the call now."


def test_liaison_who_is_set_away_hears_it_once_and_is_back_by_one_click(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    server, now = console_server, datetime.now(UTC)
    ana = server.adds(name="Ana Demo", on_shift=True)
    page = opens(server, visitors, ana, "/console/shift")
    page.locator("h1").click()
    with server.database.transaction() as session:
        for _ in range(2):
            note_miss(session, ana.staff_id, now, policies_of(server.office))

    for _ in range(2):
        looks(page)
    expect(page.locator("#bar-state")).to_contain_text("You are set away.")
    page.locator("#bar").get_by_role("button", name="Start shift").click()

    expect(page.locator("#bar-state")).to_contain_text("On shift since")
    expect(page.locator("#bar").get_by_role("button", name="End shift")).to_be_focused()
    assert said(page) == [
        "You are set away. You missed 2 offers in a row, so your shift has ended.", "You are on shift.",
    ]  # fmt: skip


def test_my_shift_says_what_the_bar_above_it_says(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana = console_server.adds(on_shift=True)
    page = console_server.opens(visitors, "/console/shift", ana)
    page.get_by_label("New phone number").fill("202 555 0188")
    now = page.locator("#now-title")
    expect(now).to_have_text("You are on shift")

    page.locator("#bar-switch").click()
    expect(now).to_have_text("You are off shift")
    expect(page.locator("#shift-now").get_by_role("button", name="Start shift")).to_be_visible()
    page.locator("#bar-switch").click()
    expect(now).to_have_text("You are on shift")
    with console_server.database.transaction() as session:
        for _ in range(2):
            note_miss(session, ana.staff_id, datetime.now(UTC), policies_of(console_server.office))
    looks_again(page)

    expect(now).to_have_text("You are off shift")
    expect(page.get_by_label("New phone number")).to_have_value("202 555 0188")
    judge(page, "my-shift-follows")


def test_shift_is_switched_in_place_and_nothing_typed_elsewhere_is_lost(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds(name="Ana Demo")
    page = opens(console_server, visitors, ana, "/console/shift")
    page.get_by_label("Phone number").fill("+1 202 555 0199")

    page.locator("#bar").get_by_role("button", name="Start shift").click()

    expect(page.locator("#bar-state")).to_contain_text("On shift since")
    expect(page.get_by_label("Phone number")).to_have_value("+1 202 555 0199")
    with console_server.database.reading() as session:
        assert session.get_one(Staff, ana.staff_id).on_shift


def test_bar_is_accessible_in_every_state(visitors: Visitors, console_server: ConsoleServer) -> None:
    server, now = console_server, datetime.now(UTC)
    ana = server.adds(name="Ana Demo", on_shift=True)
    mine = promises(server, language="es", urgency="urgent", due_at=now - timedelta(minutes=7))
    promises(server, urgency="urgent")
    page = opens(server, visitors, ana, "/console/cases")
    judge(page, "bar-urgent", has_new_head=True)
    claims(server, mine, ana)
    looks(page)
    expect(page.locator("#bar")).to_contain_text("Claimed until")
    judge(page, "bar-claimed", part="#bar")
    for state in ("ringing_liaison", "ringing_caller"):
        with server.database.transaction() as session:
            session.get_one(Callback, mine).state = state
        looks(page)
        judge(page, f"bar-{state}", part="#bar")
    talks(server, mine)
    looks(page)
    expect(page.locator("#bar")).to_contain_text("In a call")
    judge(page, "bar-talking", part="#bar")
    page.locator("#alerts-summary").click()
    judge(page, "bar-alerts", has_new_head=True)
    visitors.complaints.clear()  # Nobody had clicked before, so the sounds waited.


def test_number_in_the_title_stays_when_another_callback_is_opened_in_place(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds(name="Ana Demo")
    callback_id = promises(console_server, urgency="urgent")
    page = opens(console_server, visitors, ana, "/console/callbacks")
    expect(page).to_have_title(re.compile(r"^\(1\) Callbacks"))

    page.locator(f"#callback-{callback_id}").click()

    expect(page).to_have_title(re.compile(r"^\(1\) Callback: English, urgent"))
    page.locator("#alerts-summary").click()
    page.get_by_text("by a number in the title").click()
    expect(page).to_have_title(re.compile(r"^Callback: English, urgent"))


def test_menu_of_a_phone_opens_without_scripts_and_leads_to_every_group(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    kim = console_server.adds("administrator", name="Kim Demo")
    page = console_server.opens(visitors, "/console/cases", kim, 390, java_script_enabled=False)
    expect(page.get_by_role("link", name="Audit", exact=True)).to_be_hidden()

    page.get_by_text("Menu: Cases").click()
    page.get_by_role("link", name="Audit", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Audit")
    expect(page.get_by_role("link", name="Look again")).to_be_visible()


def test_menu_of_a_phone_is_accessible(visitors: Visitors, console_server: ConsoleServer) -> None:
    kim = console_server.adds("administrator", name="Kim Demo")
    page = console_server.opens(visitors, "/console/audit", kim, 390)
    page.locator("#menu-summary").click()
    judge(page, "frame-menu", (NARROW,), has_new_head=True)


def test_menu_of_colleagues_stays_open_while_the_bar_changes_and_calls_by_keyboard(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    server, now = console_server, datetime.now(UTC)
    ana = server.adds(name="Ana Demo")
    server.adds(name="Luis Demo", on_shift=True)
    promises(server, state="talking", staff_id=ana.staff_id, rank=None, talking_at=now)
    page = opens(server, visitors, ana, "/console/cases")
    page.locator("#bar-add-summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Luis Demo")).to_be_visible()
    judge(page, "bar-colleagues")

    promises(server, urgency="urgent")
    looks(page)
    expect(page.locator("#bar")).to_contain_text("1 to claim now")
    expect(page.get_by_role("button", name="Luis Demo")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Luis Demo")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#bar")).to_contain_text("Luis (phone rings)")
    # The menu is gone: the focus is on the colleague who is called, and that is said once.
    expect(page.locator("#bar-other-2")).to_be_focused()
    assert said(page).count("The phone of Luis rings.") == 1
    judge(page, "bar-colleague-rings", part="#bar")


def test_urgent_work_is_told_during_a_call_without_moving_the_page(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    server = console_server
    ana = server.adds(name="Ana Demo", on_shift=True)
    server.adds(name="Luis Demo", on_shift=True)
    callback_id = promises(
        server, urgency="urgent", state="ringing_liaison", staff_id=ana.staff_id, rank=None
    )
    talks(server, callback_id)
    page = opens(server, visitors, ana, "/console/callbacks")
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("#bar-end")).to_be_visible()
    top = page.locator("#list-title").bounding_box()

    promises(server, urgency="urgent", due_at=datetime.now(UTC) - timedelta(hours=1))
    looks_again(page)

    expect(page.locator("#bar-urgent")).to_be_visible()
    assert page.locator("#list-title").bounding_box() == top


@pytest.mark.parametrize("language", ["English", "Español"])
def test_number_of_overdue_callbacks_is_read_whole_in_a_full_bar_which_keeps_its_height(
    visitors: Visitors, console_server: ConsoleServer, language: str
) -> None:
    """It was cut to "12 to claim now (12 ove…"."""
    server = console_server
    ana = server.adds(name="Ana Demo", on_shift=True)
    server.adds(name="Luis Demo", on_shift=True)
    talks(server, promises(server, urgency="urgent", staff_id=ana.staff_id, rank=None))
    page = opens(server, visitors, ana, "/console/cases")
    if language != "English":
        page.get_by_role("button", name=language).click()
    expect(page.locator("#bar-end")).to_be_visible()

    for _ in range(12):
        promises(server, urgency="urgent", due_at=datetime.now(UTC) - timedelta(hours=1))
    looks_again(page)

    said = {"English": "12 to claim now (12 overdue)", "Español": "por tomar ya: 12 (12 atrasadas)"}[language]
    expect(page.get_by_role("link", name=said, exact=True)).to_be_visible()
    for width in (390, 700, 1000, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.locator("#bar-urgent-link").evaluate("it => it.scrollWidth <= it.clientWidth"), width
        tall, low = (
            page.locator(one).evaluate("it => it.offsetHeight") for one in ("#bar-end", "#bar-urgent-link")
        )
        assert low <= tall, width
    visitors.complaints.clear()  # Nobody had clicked, so the sounds waited.

"""The callback list in a real browser: accessible, live, and by keyboard."""

import re
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

import pytest
from playwright.sync_api import expect

from hotline.refusals.callbacks import NOTE_WORDS
from models import Callback, Staff
from models.audit import audit
from models.callbacks.claim import claim
from models.store.free_text import MOST_CHARACTERS, refusals
from models.talks.talk import Talk, begin_talk, close
from models.talks.talk_end import end_talk
from tests.browser.conftest import Visitors
from tests.browser.console_server import Colleague, ConsoleServer, judge, looks_again
from tests.factories import make_call, make_callback, make_case, make_wait
from workers.office_rules import policies_of

A_WHILE = timedelta(minutes=7)


def promises(server: ConsoleServer, *, case: bool = True, **facts: Any) -> int:
    """Somebody is to be called back now."""
    now = datetime.now(UTC)
    facts = {
        "rank": 0,
        "due_at": now + timedelta(hours=8),
        "next_attempt_at": now,
        "requested_at": now,
    } | facts
    with server.database.transaction() as session:
        made = make_case(session, "in_custody", facility="Stewart", as_of=now) if case else None
        return make_callback(session, made, **facts).id


def claims(server: ConsoleServer, callback_id: int, who: Colleague) -> None:
    with server.database.transaction() as session:
        claim(session, callback_id, who.staff_id, datetime.now(UTC), policies_of(server.office))


def many(server: ConsoleServer, ana: Colleague, luis: Colleague) -> dict[str, int]:
    """One callback of each kind that staff meet."""
    now = datetime.now(UTC)
    mine = {"staff_id": ana.staff_id, "rank": None}
    made = {
        "urgent": promises(server, urgency="urgent", reason="afraid", silent=True, due_at=now - A_WHILE),
        "plain": promises(server, time_zone="America/Los_Angeles", liaison_tries=2, caller_tries=1),
        "spanish": promises(
            server, case=False, language="es", rank=2, may_answer="anyone", voicemail_text="hello",
            voicemail_allowed=True, when_dropped="ring_once",
        ),
        "later": promises(server, rank=None, next_attempt_at=now + timedelta(hours=30)),
        "left": promises(server, state="left_for_staff", outcome="unknown", closed_at=now),
        "ringing": promises(server, state="ringing_liaison", lease_until=now, **mine),
        "calling": promises(server, state="ringing_caller", lease_until=now, **mine),
        "talking": promises(server, state="talking", talking_at=now, **mine),
        "held": promises(
            server, state="talking", talking_at=now, held_at=now, recognized_by="last_call", **mine
        ),
        "reached": promises(
            server, state="reached", talking_at=now, closed_at=now, outcome="reached", **mine
        ),
        "cancelled": promises(server, state="cancelled", closed_at=now, outcome="duplicate", rank=None),
        "theirs": promises(server),
        "mine": promises(server),
    }  # fmt: skip
    claims(server, made["theirs"], luis)
    claims(server, made["mine"], ana)
    return made


def test_list_is_accessible(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana, luis = console_server.adds(name="Ana Demo"), console_server.adds(name="Luis Demo")
    console_server.is_well_made(visitors, "/console/callbacks", ana, "callbacks-empty")
    many(console_server, ana, luis)
    with console_server.database.transaction() as session:
        person = session.get_one(Staff, ana.staff_id)
        person.set_away_at, person.missed_offers = datetime.now(UTC), 2
    for name in ("urgent", "attention"):
        console_server.is_well_made(visitors, f"/console/callbacks?{name}=1", ana, f"callbacks-{name}")
    # The sound for being set away waits for a click, and the browser notes it.
    assert all("AudioContext was not allowed" in noted for noted in visitors.complaints)
    visitors.complaints.clear()


@pytest.mark.timeout(300)
def test_page_of_a_callback_is_accessible_in_every_state(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(name="Ana Demo"), console_server.adds(name="Luis Demo")
    widths = cycle((360, 1280))
    for state, callback_id in many(console_server, ana, luis).items():
        path = f"/console/callbacks/{callback_id}"
        # Both widths of the page that has the most on it, and all of it; the others take turns, and only what
        # stands beside the list differs. `test_list_is_accessible` judges the long list.
        asked, part = ((360, 1280), None) if state == "mine" else ((next(widths),), "#work, #case")
        console_server.is_well_made(visitors, f"{path}?urgent=1", ana, f"callback-{state}", asked, part=part)
        if state == "held":
            console_server.is_well_made(visitors, f"{path}/words", ana, "callback-words")


def test_nothing_in_a_row_is_cut_at_1280_pixels(visitors: Visitors, console_server: ConsoleServer) -> None:
    """The end of "Later: line calls tomorrow 4 PM" was cut beside 130 free pixels; at night it is a day."""
    ana, luis = console_server.adds(name="Ana Demo"), console_server.adds(name="Luis Demo")
    many(console_server, ana, luis)
    eva = console_server.adds(name="Eva Demo")
    page = console_server.opens(visitors, "/console/callbacks", eva)

    expect(page.get_by_text("Later: line calls").first).to_be_visible()
    assert _cut_off(page, ".row *") == []
    # The parts of all rows are below each other.
    for part in (".row-state", ".row-verified", ".row-tries", ".row-does"):
        assert len({one.bounding_box()["x"] for one in page.locator(part).all()}) == 1, part


def test_what_happened_is_one_line_each_beside_a_callback(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds(name="Ana Demo")
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    with console_server.database.transaction() as session:
        audit.record(
            session, actor="sweeper", action="ring_liaison_callback", target=f"callback:{callback_id}",
            now=datetime.now(UTC),
        )  # fmt: skip
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)

    lines = page.locator("#history li")
    expect(lines).to_have_text([re.compile(r"Claimed · Ana Demo"), re.compile("called a liaison · The line")])
    assert all(one.bounding_box()["height"] < 30 for one in lines.all())


def _cut_off(page: Any, which: str) -> list[str]:
    """The texts of which a part is hidden because their box is too narrow."""
    found: list[str] = page.evaluate(
        """which => [...document.querySelectorAll(which)]
            .filter(it => getComputedStyle(it).textOverflow === "ellipsis")
            .filter(it => it.scrollWidth > it.clientWidth).map(it => it.textContent)""",
        which,
    )
    return found


def test_my_shift_is_accessible(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana, luis = console_server.adds(name="Ana Demo"), console_server.adds(name="Luis Demo")
    many(console_server, ana, luis)
    console_server.is_well_made(visitors, "/console/shift", ana, "shift")


def test_help_sheet_and_open_form_are_accessible(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    page = console_server.shows(visitors, f"/console/callbacks/{callback_id}", ana)
    for summary in page.locator("#work summary").all():
        summary.click()
    judge(page, "callback-forms")
    # A button is as high in a form that opens as anywhere else.
    heights = {
        one.evaluate("it => it.offsetHeight")
        for one in page.locator("#work .usa-button--outline:visible").all()
    }
    assert heights == {36}

    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    judge(page, "callback-keys")
    page.get_by_role("button", name="Close").click()


def test_page_of_a_callback_follows_with_its_history(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(), console_server.adds(name="Luis Demo")
    callback_id = promises(console_server)
    page = console_server.shows(visitors, f"/console/callbacks/{callback_id}", ana)
    expect(page.locator("#history li")).to_have_count(0)

    claims(console_server, callback_id, luis)
    looks_again(page)

    expect(page.locator("#history li")).to_have_count(1)
    expect(page.locator("#history")).to_contain_text("Luis Demo")


def test_message_about_a_click_goes_when_the_callback_goes_on(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = console_server.shows(visitors, f"/console/callbacks/{callback_id}", ana)
    page.locator("#does-claim").click()
    expect(page.locator("#work").get_by_text("You claimed it.")).to_be_visible()

    with console_server.database.transaction() as session:
        session.get_one(Callback, callback_id).lease_until = datetime.now(UTC) + timedelta(minutes=1)
    looks_again(page)

    expect(page.locator("#work").get_by_text("You claimed it.")).to_have_count(0)
    expect(page.get_by_text("It is yours until")).to_be_visible()


def test_page_of_a_talk_at_0_is_accessible(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana, now = console_server.adds(), datetime.now(UTC)
    with console_server.database.transaction() as session:
        case = make_case(session, "in_custody", facility="Stewart", as_of=now)
        caller = make_call(session, case_id=case.id, verified_at=now, silent=True)
        make_wait(session, caller)
        talk = begin_talk(
            session, caller_call_id=caller.id, leader_call_id=make_call(session).id, staff_id=ana.staff_id,
            language="es", now=now,
        )  # fmt: skip
        path = f"/console/talks/{talk.id}"
    console_server.is_well_made(visitors, f"{path}/words", ana, "talk-at-0")
    with console_server.database.transaction() as session:
        close(session, session.get_one(Talk, talk.id), "carrier", datetime.now(UTC))
    console_server.is_well_made(visitors, path, ana, "talk-at-0-over")


def test_list_follows_by_itself_and_an_unchanged_one_costs_few_bytes(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    page = console_server.shows(visitors, "/console/callbacks", ana)
    expect(page.get_by_text("No callback is open.")).to_be_visible()

    # The first poll may fall into a new minute, and what is late or due follows the clock.
    with page.expect_response(lambda answer: "/callbacks/part" in answer.url and answer.status == 304):
        looks_again(page)
        looks_again(page)
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    page.get_by_role("link", name=re.compile("^Mine")).click()

    row = page.locator(f"#row-{callback_id}")
    expect(row).to_contain_text("Claimed: You have it")
    expect(row.locator(f"#does-row-{callback_id}")).to_be_visible()
    with console_server.database.transaction() as session:
        session.get_one(Callback, callback_id).state = "cancelled"
        audit.record(
            session, actor="caller", action="cancel_callback", target="callback:1", now=datetime.now(UTC)
        )
    looks_again(page)
    expect(page.get_by_text("No callback fits these filters.")).to_be_visible()


def test_list_left_open_by_a_signed_out_person_asks_rarely(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    page = console_server.opens(visitors, "/console/callbacks", console_server.adds(), clock=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/part" in request.url else None)
    page.context.clear_cookies()
    with page.expect_response(lambda answer: answer.status == 401):
        looks_again(page)
    expect(page.locator("#connection")).to_contain_text("You are signed out.")
    page.clock.run_for(26_000)
    looks_again(page)
    assert len(asked) == 1

    with page.expect_console_message(lambda message: "Response Status Error" in message.text):
        page.clock.run_for(10_000)
        looks_again(page)
    page.context.close()
    visitors.complaints.clear()  # The browser counts each 401 as a complaint.


def test_words_are_shown_once_the_person_is_recognized(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(
        console_server, state="talking", talking_at=datetime.now(UTC), staff_id=ana.staff_id, rank=None
    )
    page = console_server.shows(visitors, f"/console/callbacks/{callback_id}", ana)
    field = page.get_by_label("Note for colleagues")
    field.fill("Prefers mornings.")
    expect(page.get_by_role("link", name="Show what may be said")).to_have_count(0)

    page.get_by_text("They gave a code that staff told them, not their notice code").click()
    page.get_by_role("button", name="Record recognition").click()
    expect(page.locator("#work").get_by_text("Recognition is recorded.")).to_be_visible()

    expect(page.get_by_text("These are the words of the line itself")).to_be_visible()
    expect(page.locator("blockquote")).to_contain_text("in custody")
    expect(field).to_have_value("Prefers mornings.")
    # The button is gone, and what it led to is read next.
    expect(page.get_by_role("heading", name="What may be said")).to_be_focused()
    # After a click by mouse a frame like a field's stood around each title.
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none"
    with console_server.database.transaction() as session:
        talk = session.query(Talk).one()
        end_talk(session, talk, "caller", datetime.now(UTC), policies_of(console_server.office))
    looks_again(page)
    expect(page.locator("[data-outcomes] input").first).to_be_focused()


def test_callback_is_claimed_and_called_by_keyboard_alone(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = console_server.shows(visitors, "/console/callbacks", ana)

    page.keyboard.press("j")
    expect(page.locator(f"#callback-{callback_id}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#work-in")).to_have_attribute("data-of", str(callback_id))
    page.keyboard.press("t")
    expect(page.get_by_text("It is yours until")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_label("Note for colleagues")).to_be_focused()
    page.keyboard.type("c is only a letter here")
    page.locator("h1").click()
    page.keyboard.press("c")

    expect(page.get_by_text("Accept there by pressing 1").first).to_be_visible()
    assert [name for name, _ in console_server.jobs.waiting] == ["ring_taker"]


def test_single_keys_can_be_switched_off(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = console_server.shows(visitors, f"/console/callbacks/{callback_id}", ana)
    page.get_by_role("button", name=re.compile("Keyboard shortcuts")).click()
    page.get_by_text("Use single keys on this computer").click()
    page.get_by_role("button", name="Close").click()

    page.keyboard.press("t")
    page.reload()

    expect(page.locator("#does-claim")).to_be_visible()


#: The texts that are refused, and those that are not, by the server and by the page alike.
NOTES = (
    "ring 202-555-0110", "A012345678", "her SSN is 123-45-6789", "lives at 12 Main Street", "calle Luna 12",
    "PO Box 77", "x" * 281, "Prefers mornings.", "Two calls on May 3.", "", "2025550110", "apt 4b is hers",
    "\N{FULLWIDTH DIGIT TWO}" * 10, "setenta y tres, noventa y cuatro, ochenta y dos",
    "code one two three four", "lives at one twenty three Elm Street", "dieciséis veintitrés treinta y un",
    "f\u0131ve s\u0130x one nine three four", "f\u0131ve people",
    "dos hijos y una hermana", "Hearing at ten thirty in court four.", "PIN 760568", "ann@example.org",
    "call her on two oh two five five five", "llámela al dos cero dos cinco cinco cinco", "case 74715991",
    "caso número 74715991", "born 3/14/1988", "ana arroba ejemplo punto org",
    "ring 202-555-0110 or ann@example.org", "PIN 760568, born 3/14/1988, case 74715991 at 12 Main Street",
    "In case 2 people come, call 988.", "Look at a dot on the map.", "Elm Street, number 42",
    "Main Road forty-two", "dirección: Elm 42", "mz 4 lote 7", "Waited on Elm Street 20 minutes.",
)  # fmt: skip


def test_page_checks_a_note_while_it_is_typed_as_the_server_does(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    page = console_server.shows(visitors, f"/console/callbacks/{callback_id}", ana)
    field = page.get_by_label("Note for colleagues")

    seen = {}
    for text in NOTES:
        field.fill(text)
        seen[text] = page.locator("#note-live").inner_text()

    said = {
        text: " ".join(NOTE_WORDS[why] % {"most": MOST_CHARACTERS} for why in refusals(text))
        for text in NOTES
    }
    assert seen == said
    assert said["ring 202-555-0110 or ann@example.org"].count("Remove it.") == 2


def test_reason_for_refusing_a_note_is_said_once_beside_it(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    page = console_server.shows(visitors, f"/console/callbacks/{callback_id}", ana)
    field, form = (
        page.get_by_label("Note for colleagues"),
        page.locator("form", has=page.locator("#note")),
    )
    field.fill("ring 202-555-0110")
    page.get_by_role("button", name="Save note").click()

    problems = page.get_by_role("group", name="Please look at this again")
    expect(problems).to_be_focused()
    expect(problems).to_have_accessible_description(re.compile("The note has what looks like a phone number"))
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(form.get_by_text("The note has what looks like a phone number.")).to_have_count(1)
    field.fill("lives at 12 Main Street")
    expect(form.get_by_text("The note has what looks like")).to_have_count(1)
    expect(form.get_by_text("The note has what looks like a street address.")).to_be_visible()
    visitors.complaints.clear()  # The browser counts the refusal itself as one.


def test_unsaved_text_stays_when_another_button_is_pressed(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds(name="Ana Demo")
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    page = console_server.shows(visitors, f"/console/callbacks/{callback_id}", ana)
    field = page.get_by_label("Note for colleagues")
    field.fill("Prefers mornings.")

    page.locator("#does-call").click()
    expect(page.get_by_text("Accept there by pressing 1").first).to_be_visible()
    expect(field).to_have_value("Prefers mornings.")

    page.get_by_role("button", name="Save note").click()
    expect(page.locator("#work").get_by_text("The note is saved.")).to_be_visible()
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('note:'))") == []


def test_two_browsers_fight_over_one_callback(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana, luis = console_server.adds(name="Ana Demo"), console_server.adds(name="Luis Demo")
    callback_id = promises(console_server)
    # Without scripts nothing is renewed, so both press what they see.
    pages = [
        console_server.opens(visitors, f"/console/callbacks/{callback_id}", who, java_script_enabled=False)
        for who in (ana, luis)
    ]

    pages[0].locator("#does-claim").click()
    expect(pages[0].get_by_text("It is yours until")).to_be_visible()
    pages[1].locator("#does-claim").click()

    expect(pages[1].get_by_role("alert")).to_contain_text("Ana Demo claimed this callback on")


def test_everything_works_without_scripts(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana, java_script_enabled=False)

    page.locator(f"#does-row-{callback_id}").click()
    page.get_by_text("Cancel", exact=True).click()
    page.get_by_text("There is another callback for the same").click()
    page.get_by_role("button", name="Cancel callback").click()

    expect(page.get_by_text("The callback is canceled.")).to_be_visible()

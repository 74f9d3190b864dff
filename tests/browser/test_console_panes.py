"""The desk in a real browser: three panes on one screen, and nothing that loads a whole page."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Route, expect
from sqlalchemy import select

from hotline.console.callbacks.list_rows import SHORT_OUTCOMES, SHORT_REASONS
from models import Callback
from models.audit import audit
from models.talks.talk import begin_talk
from tests.browser.conftest import HEIGHT, Visitors
from tests.browser.console_server import NARROW, Colleague, ConsoleServer, judge
from tests.browser.test_console_callbacks import claims, many, promises
from tests.factories import make_call, make_callback, make_case


def test_click_on_a_row_opens_it_beside_the_list_and_keeps_the_focus(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.evaluate("window.isSamePage = true")

    page.locator(f"#callback-{second}").click()

    _has_open(page, second)
    expect(page).to_have_title(re.compile("Callback: English"))
    expect(page.locator(f"#callback-{second}")).to_be_focused()
    assert page.url.endswith(f"/console/callbacks/{second}")
    page.locator(f"#callback-{first}").click()
    _has_open(page, first)
    page.go_back()
    _has_open(page, second)
    expect(page.locator("#desk")).to_have_count(1)
    assert page.evaluate("window.isSamePage")


def test_list_work_and_case_are_one_screen_and_each_pane_scrolls_by_itself(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    for _ in range(25):
        callback_id = promises(console_server)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.set_viewport_size({"width": 1280, "height": 800})

    assert page.evaluate("document.documentElement.scrollHeight") <= 800
    lefts = [_box(page, name)["x"] for name in ("#list", "#work", "#case")]
    assert lefts == sorted(set(lefts))
    assert page.evaluate("it => it.scrollHeight > it.clientHeight", page.query_selector("#list"))
    judge(page, "desk", (900, 1280))


def test_narrow_window_has_the_open_callback_alone_with_a_link_to_the_list(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)

    page.locator(f"#callback-{callback_id}").click()

    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator("#list")).to_be_hidden()
    judge(page, "desk-narrow", (NARROW,))
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(f"#callback-{callback_id}")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Callbacks")


def test_button_of_a_row_acts_in_place_and_keeps_the_focus(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.evaluate("window.isSamePage = true")

    page.locator(f"#does-row-{callback_id}").click()

    expect(page.locator(f"#does-row-{callback_id}")).to_have_text("Call now")
    expect(page.locator(f"#does-row-{callback_id}")).to_be_focused()
    assert page.url.endswith(f"/console/callbacks/{callback_id}")
    assert page.evaluate("window.isSamePage")


def talked_in_open_case(server: ConsoleServer, who: Colleague) -> tuple[int, int]:
    """A talk of theirs is over, and they have looked at what may be said, which opened the case beside it.

    Returns the callback and the case.
    """
    now = datetime.now(UTC)
    callback_id = promises(
        server, state="reached", outcome="reached", staff_id=who.staff_id, closed_at=now, talking_at=now,
        recognized_by="agreed_word", rank=None,
    )  # fmt: skip
    with server.database.transaction() as session:
        case_id = session.get_one(Callback, callback_id).case_id
        assert case_id is not None
        audit.record(
            session, actor=f"staff:{who.staff_id}", action="look_at_case", target=f"case:{case_id}",
            facts={"callback": callback_id}, now=datetime.now(UTC),
        )  # fmt: skip
    return callback_id, case_id


def test_agency_is_called_from_the_case_pane_after_a_talk(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id, _case_id = talked_in_open_case(console_server, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.evaluate("window.isSamePage = true")
    judge(page, "desk-call-out")

    page.get_by_text("Add a phone").click()
    expect(page.get_by_label("Phone", exact=True)).to_be_visible()
    judge(page, "desk-add-phone", part="#case")
    page.locator("#call-out-agency").select_option("service:victim_connect")
    page.locator("#call-agency").click()

    expect(page.locator("#bar")).to_contain_text("accept to call VictimConnect")
    expect(page.locator("#work")).to_contain_text("You asked for the call.")
    assert page.url.endswith(f"/console/callbacks/{callback_id}")
    expect(page.locator("#call-agency")).to_be_focused()
    page.locator("#bar-end").click()
    expect(page.locator("#bar")).not_to_contain_text("VictimConnect")
    assert page.evaluate("window.isSamePage")


def test_fifteen_rows_of_44_pixels_at_most_fit_on_a_screen(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(name="Ana Demo"), console_server.adds(name="Luis Demo")
    many(console_server, ana, luis)
    for _ in range(12):
        last = promises(console_server, language="es", silent=True, caller_tries=2, reason="letter_pin_used")
    with console_server.database.transaction() as session:
        # With nobody in a call the list has the screen to itself.
        for row in session.scalars(select(Callback).where(Callback.staff_id == ana.staff_id)):
            row.staff_id, row.state, row.rank = None, "cancelled", None
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.set_viewport_size({"width": 1280, "height": 800})

    rows = [one.bounding_box() for one in page.locator(".row").all()]
    assert max(one["height"] for one in rows if one) <= 44
    assert len([one for one in rows if one and one["y"] + one["height"] <= 800]) >= 15
    judge(page, "list", (NARROW, 900))

    # What each column is, above it.
    heads = page.locator("#rows-head")
    assert _box_of(heads)["height"] <= 24
    expect(heads).to_have_text(re.compile("Due ?Why ?State ?PIN ?Language ?Their time ?Tries ?How to call"))
    parts = (
        ".row-due",
        ".row-why",
        ".row-state",
        ".row-verified",
        ".row-language",
        ".row-there",
        ".row-tries",
    )
    for head, part in zip(heads.locator("span").all(), parts, strict=False):
        assert abs(_box_of(head)["x"] - _box(page, f"{part} >> nth=0")["x"]) <= 2, part

    page.goto(f"{console_server.url}/console/callbacks/{last}")
    # A row of two lines says it itself: the time of day there reads like the time of the request.
    expect(heads).to_be_hidden()
    assert _box(page, ".row-there-word >> nth=0")["width"] > 20
    assert max(one["height"] for one in map(_box_of, page.locator(".row").all())) <= 44


def test_row_has_two_lines_at_390_pixels(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana = console_server.adds()
    now = datetime.now(UTC)
    promises(
        console_server, urgency="urgent", reason="afraid", language="es", silent=True, caller_tries=2,
        due_at=now - timedelta(minutes=8), paged_at=now,
    )  # fmt: skip
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)

    tops = {
        round(one.bounding_box()["y"] / 12)
        for one in page.locator(".row-due, .row-why, .row-state, .row-verified, .row-there").all()
    }

    assert len(tops) == 2
    assert _box(page, ".row")["height"] <= 44


@pytest.mark.parametrize("language", ["English", "Español"])
def test_reason_of_a_row_is_read_whole_on_a_phone_and_beside_an_open_callback(
    visitors: Visitors, console_server: ConsoleServer, language: str
) -> None:
    ana, now = console_server.adds(), datetime.now(UTC)
    for reason in SHORT_REASONS:
        promises(
            console_server, case=False, urgency="urgent", reason=reason, state="left_for_staff",
            outcome="no_answer", closed_at=now, due_at=now - timedelta(minutes=58),
        )  # fmt: skip
    opened = promises(console_server, due_at=now + timedelta(hours=30))
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)
    if language != "English":
        page.get_by_role("button", name=language).click()

    for width, path in ((390, "/console/callbacks"), (1280, f"/console/callbacks/{opened}")):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{console_server.url}{path}")
        rows = page.locator(".row--attention").evaluate_all(
            """rows => rows.map(row => Object.fromEntries(
                [".row-due", ".row-why", ".row-why > span", ".row-state", ".row-does"]
                    .map(one => [one, row.querySelector(one).getBoundingClientRect().toJSON()])
                    .concat([["text", row.textContent], ["height", row.offsetHeight]])))"""
        )
        assert len(rows) == len(SHORT_REASONS)
        for row in rows:
            why = row[".row-why"]
            assert row[".row-why > span"]["right"] <= why["right"] + 1, row["text"]
            if width == 1280:
                assert why["right"] <= row[".row-state"]["left"], row["text"]
            assert row[".row-state"]["right"] <= row[".row-does"]["left"], row["text"]
            assert abs(row[".row-due"]["top"] - why["top"]) < 6, row["text"]
            # On a phone what it needs may have a line of its own.
            assert row["height"] <= (44 if width == 1280 else 60)


@pytest.mark.parametrize("language", ["English", "Español"])
def test_what_a_callback_needs_is_read_whole_on_a_phone(
    visitors: Visitors, console_server: ConsoleServer, language: str
) -> None:
    """It was cut to "pho…" beside a title, which no finger can read."""
    ana, now = console_server.adds(), datetime.now(UTC)
    reasons = sorted(SHORT_REASONS, key=lambda one: len(SHORT_REASONS[one]))
    for outcome in SHORT_OUTCOMES:
        promises(
            console_server, case=False, urgency="urgent", reason=reasons[-1], state="left_for_staff",
            outcome=outcome, closed_at=now, due_at=now - timedelta(minutes=58), silent=True,
        )  # fmt: skip
    promises(console_server, reason=reasons[-1], due_at=now - timedelta(minutes=58), paged_at=now)
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)
    if language != "English":
        page.get_by_role("button", name=language).click()
    page.wait_for_load_state()

    rows = page.locator(".row--attention").evaluate_all(
        """rows => rows.map(row => {
            const [state, first] = [row.querySelector(".row-state"), row.querySelector(".row-first")];
            return [
                state.textContent,
                state.scrollWidth - state.clientWidth,
                state.scrollHeight - state.clientHeight,
                first.getBoundingClientRect().right - state.getBoundingClientRect().right,
            ];
        })"""
    )

    assert len(rows) >= len(set(SHORT_OUTCOMES.values()))
    for words, beside, below, left in rows:
        assert beside <= 0, words
        assert below <= 1, words
        assert left >= -1, words
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_a_talk_is_continued_for_is_left_out_whole_where_it_does_not_fit(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, now = console_server.adds(), datetime.now(UTC)
    with console_server.database.transaction() as session:
        talked = make_call(session)
        begun = make_callback(
            session, make_case(session), reason="hard_news", state="reached", outcome="call_later",
            requested_at=now, closed_at=now, rank=None,
        )  # fmt: skip
        begun.caller_call_id = talked.id
        later = make_callback(
            session, make_case(session), reason="call_later", urgency="urgent",
            requested_in_call_id=talked.id, requested_at=now, next_attempt_at=now,
            due_at=now - timedelta(minutes=58), rank=0,
        ).id  # fmt: skip
    page = console_server.opens(visitors, "/console/callbacks", ana, 1280)
    first, second = page.locator(f"#row-{later} .row-why > span").all()
    expect(first).to_have_text("Hard news")
    expect(second).to_have_text(": Asked to call later")
    assert abs(_box_of(first)["y"] - _box_of(second)["y"]) < 2

    page.set_viewport_size({"width": 390, "height": 900})

    why = _box(page, f"#row-{later} .row-why")
    assert _box_of(first)["width"] <= why["width"]
    assert _box_of(second)["y"] >= why["y"] + why["height"] - 1


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


def test_call_that_begins_appears_beside_the_list_by_itself(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.locator("#filter-urgent").focus()
    expect(page.get_by_text("Nothing is open.")).to_be_visible()

    with console_server.database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        row.state, row.staff_id, row.rank = "ringing_liaison", ana.staff_id, None
        now = datetime.now(UTC)
        audit.record(session, actor="worker", action="ring_liaison_callback", target="callback:1", now=now)

    expect(page.locator(f"#work-in[data-of='{callback_id}']")).to_be_visible()
    expect(page.locator("#work").get_by_text("Accept there by pressing 1")).to_be_visible()
    expect(page.locator("#filter-urgent")).to_be_focused()


def test_how_to_talk_with_a_caller_who_rings_is_above_a_full_list_in_one_column(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    for _ in range(25):
        promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)
    expect(page.get_by_text("Nothing is open.")).to_be_attached()

    with console_server.database.transaction() as session:
        caller = make_call(session, phone="+12025550110", silent=True)
        make_call(session, role="liaison_at_0", staff_id=ana.staff_id, parent_call_id=caller.id)
        audit.record(session, actor="worker", action="ring_at_0", target="call:1", now=datetime.now(UTC))

    how = page.locator("#no-call").get_by_text("Cannot talk: ask yes or no questions.")
    expect(how).to_be_visible()
    expect(page.locator("#list")).to_be_visible()
    assert _box_of(how)["y"] + _box_of(how)["height"] <= HEIGHT
    judge(page, "desk-rings", (390, 1280))


@pytest.mark.parametrize(("at_0", "role"), [(False, "liaison"), (True, "liaison"), (False, "supervisor")])
def test_call_that_rings_takes_the_place_of_a_callback_that_is_only_looked_at(
    visitors: Visitors, console_server: ConsoleServer, at_0: bool, role: str
) -> None:
    ana = console_server.adds(role)
    looked_at = promises(console_server)
    rings = promises(console_server, silent=True, may_answer="anyone")
    page = console_server.opens(visitors, f"/console/callbacks/{looked_at}?languages=1", ana)
    expect(page.locator("#work")).not_to_contain_text("Cannot talk")

    with console_server.database.transaction() as session:
        now = datetime.now(UTC)
        if at_0:
            caller = make_call(session, phone="+12025550110", silent=True)
            make_call(session, role="liaison_at_0", staff_id=ana.staff_id, parent_call_id=caller.id)
        else:
            row = session.get_one(Callback, rings)
            row.state, row.staff_id, row.rank = "ringing_liaison", ana.staff_id, None
        audit.record(session, actor="worker", action="ring_liaison_callback", target="callback:1", now=now)

    expect(page.locator("#work")).to_contain_text("Cannot talk: ask yes or no questions.")
    if not at_0:
        _has_open(page, rings)
    assert page.url.endswith("/console/callbacks?languages=1")


@pytest.mark.parametrize("begun", ["reschedule", "claim", "note"])
def test_what_is_begun_in_an_open_callback_stays_when_another_call_rings(
    visitors: Visitors, console_server: ConsoleServer, begun: str
) -> None:
    ana = console_server.adds("supervisor" if begun == "note" else "liaison")
    looked_at, rings = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, f"/console/callbacks/{looked_at}", ana)
    if begun == "reschedule":
        page.locator(f"#more-reschedule-{looked_at} > summary").click()
    elif begun == "claim":
        page.locator("#does-claim").click()
        expect(page.locator("#does-release")).to_be_visible()
    else:
        page.get_by_label("Note for colleagues").fill("Prefers mornings.")

    with console_server.database.transaction() as session:
        row = session.get_one(Callback, rings)
        row.state, row.staff_id, row.rank = "ringing_liaison", ana.staff_id, None
        now = datetime.now(UTC)
        audit.record(session, actor="worker", action="ring_liaison_callback", target="callback:1", now=now)
    expect(page.locator("#bar-says")).to_contain_text("Your phone rings:")
    page.wait_for_timeout(1_000)

    _has_open(page, looked_at)
    assert page.url.endswith(f"/console/callbacks/{looked_at}")


def test_call_that_rings_while_an_outcome_is_saved_takes_the_place_of_the_next_callback(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    now = datetime.now(UTC)
    talked = promises(
        console_server, state="reached", outcome="reached", rank=None, talking_at=now, closed_at=now,
        staff_id=ana.staff_id,
    )  # fmt: skip
    following, rings = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, f"/console/callbacks/{talked}", ana)
    page.locator("label[for=outcome-nobody_there]").click()
    slow: list[tuple[Route, APIResponse]] = []
    page.route("**/finish", lambda route: slow.append((route, route.fetch())))
    with page.expect_request("**/finish"):
        page.locator("#save-outcome").click()
    page.wait_for_function("document.querySelector('#finish').dataset.sent")

    with console_server.database.transaction() as session:
        row = session.get_one(Callback, rings)
        row.state, row.staff_id, row.rank = "ringing_liaison", ana.staff_id, None
        now = datetime.now(UTC)
        audit.record(session, actor="worker", action="ring_liaison_callback", target="callback:1", now=now)
    expect(page.locator("#bar-says")).to_contain_text("Your phone rings:")
    [(route, next_page)] = slow
    assert f'data-of="{following}"' in next_page.text()
    route.fulfill(response=next_page)

    _has_open(page, rings)


def test_talk_at_0_that_begins_opens_beside_the_list_by_itself(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    page = console_server.opens(visitors, "/console/callbacks", ana)
    expect(page.get_by_text("Nothing is open.")).to_be_visible()

    now = datetime.now(UTC)
    with console_server.database.transaction() as session:
        caller = make_call(session, phone="+12025550110")
        leg = make_call(session, role="liaison_at_0", staff_id=ana.staff_id, parent_call_id=caller.id)
        talk = begin_talk(
            session, caller_call_id=caller.id, leader_call_id=leg.id, staff_id=ana.staff_id, language="en",
            now=now,
        )  # fmt: skip
        audit.record(session, actor="worker", action="take_caller", target="call:1", now=now)

    expect(page.locator(f"#work-in[data-of='0-{talk.id}']")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Caller at 0: English")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#list")).to_be_visible()


def test_callback_is_chosen_claimed_and_called_by_keys_in_the_list(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second = promises(console_server), promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.evaluate("window.isSamePage = true")

    page.keyboard.press("j")
    expect(page.locator(f"#callback-{first}")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(f"#callback-{second}")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    _has_open(page, first)
    page.keyboard.press("j")
    page.keyboard.press("t")
    expect(page.locator(f"#does-row-{second}")).to_have_text("Call now")
    expect(page.locator(f"#callback-{second}")).to_be_focused()
    page.keyboard.press("c")
    expect(page.locator(f"#row-{second}")).to_contain_text("Ringing liaison: You have it")
    page.locator("#work-title").focus()
    page.keyboard.press("l")

    expect(page.locator(f"#callback-{second}")).to_be_focused()
    assert page.evaluate("window.isSamePage")
    assert [name for name, _ in console_server.jobs.waiting] == ["ring_taker"]


def test_key_in_a_row_that_offers_nothing_does_not_claim_the_open_callback(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(), console_server.adds(name="Luis Demo")
    open_one, theirs = promises(console_server), promises(console_server)
    claims(console_server, theirs, luis)
    page = console_server.opens(visitors, f"/console/callbacks/{open_one}", ana)
    page.locator(f"#callback-{theirs}").focus()

    page.keyboard.press("t")
    page.keyboard.press("c")

    expect(page.locator(f"#row-{open_one}")).to_contain_text("Waiting")
    page.locator(f"#callback-{open_one}").focus()
    page.keyboard.press("t")
    expect(page.locator(f"#row-{open_one}")).to_contain_text("Claimed: You have it")


def test_callback_that_is_opened_beside_the_list_is_announced(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", ana)

    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page.locator("#announce")).to_have_text("Callback: English")
    expect(page.locator(f"#callback-{callback_id}")).to_be_focused()


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


def test_list_without_scripts_has_no_dead_button_and_a_link_to_look_again(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    page = console_server.opens(visitors, "/console/callbacks", ana, java_script_enabled=False)
    expect(page.get_by_text("No callback is open.")).to_be_visible()
    expect(page.locator("#opens-keys")).to_be_hidden()
    callback_id = promises(console_server)

    page.get_by_role("link", name="Look again").click()

    page.locator(f"#callback-{callback_id}").click()
    _has_open(page, callback_id)


def test_signed_out_person_who_clicks_a_row_is_led_to_the_sign_in_page(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    callback_id = promises(console_server)
    page = console_server.opens(visitors, "/console/callbacks", console_server.adds())
    page.context.clear_cookies()

    page.locator(f"#callback-{callback_id}").click()

    page.wait_for_url(re.compile("/console/sign-in"))
    expect(page.locator("#desk")).to_have_count(0)


def _box_of(one: Any) -> dict[str, float]:
    found: dict[str, float] = one.bounding_box()
    return found


def _has_open(page: Any, callback_id: int) -> None:
    expect(page.locator("#work-in")).to_have_attribute("data-of", str(callback_id))


def _box(page: Any, selector: str) -> dict[str, float]:
    found: dict[str, float] = page.locator(selector).bounding_box()
    return found

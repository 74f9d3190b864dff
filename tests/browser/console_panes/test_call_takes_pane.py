"""A call that begins has the middle pane, but not that of something that its reader has begun."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import APIResponse, Route, expect

from models import Callback
from models.audit import audit
from models.talks.talk import begin_talk
from tests.browser.conftest import HEIGHT, Visitors
from tests.browser.console_panes.test_panes import box_of, has_open
from tests.browser.console_server import ConsoleServer, judge
from tests.browser.test_console_callbacks import promises
from tests.factories import make_call


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
    assert box_of(how)["y"] + box_of(how)["height"] <= HEIGHT
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
        has_open(page, rings)
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

    has_open(page, looked_at)
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

    has_open(page, rings)


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

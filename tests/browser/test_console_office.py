"""Office settings, staff, prompts and the wallboard in a real browser, with rows in them."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from models.staff.schedule import add_absence, set_schedule
from tests.browser.conftest import Visitors
from tests.browser.console_server import Colleague, ConsoleServer, judge
from tests.factories import make_callback, make_facility, make_import

ANNOUNCEMENT = {
    "text": {"en": "The office is closed on Friday.", "es": "La oficina cierra el viernes."},
    "first_day": "2026-01-01", "last_day": "2036-01-01",
}  # fmt: skip
LATE_REVIEW = {
    "value": 3,
    "basis": "What callers told us.",
    "decided_by": "the director",
    "review_by": "2020-01-01",
}


def change(server: ConsoleServer, name: str, value: Any) -> None:
    server.app.extensions["hotline.console"].office_settings.change(
        name,
        value,
        seen=0,
        reason="A storm is coming.",
        actor="ruth@office.example.org",
        now=datetime.now(UTC),
    )


@pytest.fixture(scope="module")
def ruth(shared_server: ConsoleServer) -> Colleague:
    """An administrator in a server where something goes on."""
    ruth = shared_server.adds("administrator", "Ruth Invented")
    ana = shared_server.adds("liaison", "Ana Invented", on_shift=True, languages=["en", "es"])
    shared_server.adds("supervisor", "Luis Invented")
    now = datetime.now(UTC)
    change(shared_server, "announcements", [ANNOUNCEMENT])
    change(shared_server, "policies.liaison_tries", LATE_REVIEW)
    change(shared_server, "holidays.extra_closures", ["2035-12-24"])
    with shared_server.database.transaction() as session:
        make_facility(session, "Juniper Flats Detention Center", created_at=now)
        make_import(session, started_at=now, settled_at=now - timedelta(minutes=20))
        for minutes in (3, 25, 70):
            asked = now - timedelta(minutes=minutes)
            make_callback(session, requested_at=asked, due_at=now + timedelta(minutes=20 - minutes))
            make_callback(session, requested_at=asked, due_at=now, state="reached", talking_at=now)
        for kind, days, span in (
            ("on_shift", range(5), (time(8), time(16, 30))),
            ("on_call", (5, 6), (time(20), time(8))),
        ):
            set_schedule(session, ana.email, kind=kind, weekdays=days, span=span, actor="test", now=now)
        add_absence(session, ana.email, now.date(), now.date() + timedelta(days=4), actor="test", now=now)
    return ruth


PAGES = {
    "wallboard": "wallboard",
    "office": "office",
    "office-hours": "office/hours",
    "office-closures": "office/closures",
    "office-announcements": "office/announcements",
    "office-partners": "office/partners",
    "office-facilities": "office/facilities",
    "office-facility": "office/facilities/1",
    "office-policies": "office/policies",
    "office-policy": "office/policies/liaison_tries",
    "office-fixed": "office/fixed",
    "office-changes": "office/changes",
    "staff": "staff",
    "staff-new": "staff/new",
    "staff-person": "staff/2",
    "staff-deed": "staff/2/pin",
    "schedule": "schedule",
    "schedule-week": "schedule/2",
    "prompts": "prompts?step=status",
    "shift": "shift",
    "account": "account",
}


@pytest.mark.parametrize("name", PAGES)
def test_each_page_is_accessible(
    visitors: Visitors, shared_server: ConsoleServer, ruth: Colleague, name: str
) -> None:
    # An administrator has the longest menu. Of these two one is wide in the light and one in the dark.
    is_whole = name in {"office", "schedule"}
    shared_server.is_well_made(visitors, f"/console/{PAGES[name]}", ruth, name, has_new_head=is_whole)


def test_policies_are_filtered_while_somebody_types_and_the_count_is_told(
    visitors: Visitors, shared_server: ConsoleServer, ruth: Colleague
) -> None:
    page = shared_server.opens(visitors, "/console/office/policies", ruth)
    expect(page.locator("#policy-wrap_up_seconds")).not_to_be_visible()

    page.locator("#q").press_sequentially("wrap-up")

    expect(page.locator("#policy-wrap_up_seconds")).to_be_visible()
    expect(page.locator("#policy-fresh_minutes")).to_have_count(0)
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#found-count")).to_contain_text("1 of ")
    judge(page, "office-policies-found")
    page.locator("#q").fill("")
    expect(page.locator("#policy-fresh_minutes")).to_have_count(1)


def test_prompts_of_every_step_are_filtered_while_somebody_types(
    visitors: Visitors, shared_server: ConsoleServer, ruth: Colleague
) -> None:
    page = shared_server.opens(visitors, "/console/prompts", ruth)

    page.locator("#q").press_sequentially("oprima repetir")

    expect(page.get_by_text("keys.told", exact=True)).to_be_visible()
    expect(page.locator("#q")).to_be_focused()
    judge(page, "prompts-found")


def test_removed_facility_comes_back_by_the_undo_of_its_history(
    visitors: Visitors, shared_server: ConsoleServer, ruth: Colleague
) -> None:
    page = shared_server.opens(visitors, "/console/office/facilities", ruth)
    page.get_by_label("Name, as callers hear it").fill("Cedar Hill")
    page.get_by_label("Phone").fill("202 555 0181")
    page.get_by_role("button", name="Add facility").click()
    page.get_by_role("link", name="Cedar Hill").click()
    page.get_by_role("button", name="Remove facility").click()
    expect(page.get_by_role("button", name="Add facility")).to_be_visible()
    expect(page.get_by_role("link", name="Cedar Hill")).to_have_count(0)

    page.locator("#history summary").click()
    judge(page, "office-facilities-history")
    page.get_by_role("button", name="Undo the change of Facility: Cedar Hill").first.click()

    expect(page.get_by_text("Undone: the directory is as it was before.").first).to_be_visible()
    expect(page.get_by_role("link", name="Cedar Hill")).to_be_visible()


def test_group_of_policies_and_a_policy_in_it_are_opened_by_the_keyboard(
    visitors: Visitors, shared_server: ConsoleServer, ruth: Colleague
) -> None:
    page = shared_server.opens(visitors, "/console/office/policies", ruth)

    page.locator("#group-pins summary").press("Enter")
    page.locator("#policy-tries_per_call a").press("Enter")

    expect(page.get_by_role("heading", name="PIN tries in one call")).to_be_visible()


def test_every_policy_is_on_paper_though_its_group_is_closed(
    visitors: Visitors, shared_server: ConsoleServer, ruth: Colleague
) -> None:
    page = shared_server.opens(visitors, "/console/office/policies", ruth)
    heights = []
    for media in ("screen", "print"):
        page.emulate_media(media=media)
        heights.append(page.evaluate("document.querySelector('main').scrollHeight"))

    assert heights[1] > 3 * heights[0]
    expect(page.locator("#q")).not_to_be_visible()

"""The wallboard in a real browser: what needs a person, renewed without losing the reader's place."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from models import Callback, PinTry, Staff
from models.staff.schedule import Absence
from tests.browser.conftest import Visitors
from tests.browser.console_server import Colleague, ConsoleServer, judge, looks_again
from tests.factories import make_call, make_callback, make_import


def _forgives_sound(visitors: Visitors) -> None:
    """A page that nobody has touched may not play the sound of urgent work, and the browser notes it."""
    assert all("AudioContext was not allowed" in one for one in visitors.complaints)
    visitors.complaints.clear()


def _busy_office(server: ConsoleServer) -> tuple[Colleague, int]:
    """An office where much needs a person; its supervisor, and the callback that is overdue."""
    sam = server.adds("supervisor", "Sam Invented")
    server.adds("administrator", "Kim Invented", on_shift=True)
    missed, rests, gone = (server.adds("liaison", f"{name} Invented") for name in ("Ana", "Luis", "Mia"))
    now = datetime.now(UTC)
    with server.database.transaction() as session:
        late = make_callback(
            session, verified=True, requested_at=now - timedelta(hours=2), due_at=now - timedelta(minutes=8)
        ).id
        make_callback(
            session, urgency="urgent", reason="afraid", language="es", rank=2, requested_at=now,
            due_at=now + timedelta(minutes=50),
        )  # fmt: skip
        make_callback(session, requested_at=now, due_at=now + timedelta(minutes=20))
        make_callback(
            session, urgency="urgent", reason="hard_news", state="left_for_staff", closed_at=now,
            outcome="no_answer", requested_at=now - timedelta(hours=3), due_at=now - timedelta(hours=2),
        )  # fmt: skip
        make_callback(
            session, state="reached", requested_at=now - timedelta(minutes=9), talking_at=now, closed_at=now
        )
        make_import(session, state="held", settled_at=None, decided_at=now - timedelta(minutes=40))
        person = session.get_one(Staff, missed.staff_id)
        person.set_away_at, person.missed_offers = now - timedelta(minutes=12), 2
        person = session.get_one(Staff, rests.staff_id)
        person.on_shift, person.resting_until = True, now + timedelta(minutes=9)
        days = {"first_day": now.date() - timedelta(days=1), "last_day": now.date() + timedelta(days=2)}
        session.add(Absence(staff_id=gone.staff_id, **days))
        for topic in ("report_tip", "report_comment"):
            make_call(session, started_at=now, topic=topic)
        for turn in range(3):
            session.add(PinTry(call_id=1, turn=turn, number_key="k", counter="", at=now, opened=turn == 2))
    return sam, late


def test_busy_wallboard_is_accessible_and_what_is_unfolded_stays_open(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    sam, late = _busy_office(console_server)
    page = console_server.opens(visitors, "/console/wallboard", sam)
    judge(page, "wallboard-busy")
    page.locator("#hours-summary").click()
    expect(page.get_by_role("table", name="Numbers of today by the hour")).to_be_visible()
    link = page.get_by_role("link", name=f"Callback {late}", exact=True)
    link.focus()

    with console_server.database.transaction() as session:
        make_callback(session, due_at=datetime.now(UTC) - timedelta(minutes=3))
    # What the page does by itself after a while, or as soon as something changed.
    with page.expect_response("**/wallboard/figures"):
        page.evaluate("document.body.dispatchEvent(new Event('desk:changed'))")

    expect(page.get_by_text("3 min overdue")).to_be_visible()
    expect(link).to_be_focused()
    expect(page.get_by_role("table", name="Numbers of today by the hour")).to_be_visible()
    judge(page, "wallboard-unfolded")
    _forgives_sound(visitors)


@pytest.mark.parametrize("width", [390, 800, 1280, 1920])
def test_longest_wait_stays_inside_its_tile(
    visitors: Visitors, console_server: ConsoleServer, width: int
) -> None:
    """On a screen of 1920 pixels "3 h 00 min" ran into the next tile."""
    sam, _ = _busy_office(console_server)
    page = console_server.opens(visitors, "/console/wallboard", sam, width)
    tile = page.locator(".tile", has_text="Longest wait")

    expect(tile.locator(".tile-value")).to_contain_text("3 h")
    assert tile.evaluate("it => it.scrollWidth <= it.clientWidth")
    _forgives_sound(visitors)


def test_plot_follows_the_day(visitors: Visitors, console_server: ConsoleServer) -> None:
    sam = console_server.adds("supervisor", "Sam Invented", on_shift=True)
    page = console_server.opens(visitors, "/console/wallboard", sam)
    expect(page.locator(".bars")).to_have_count(0)
    for asked, talked in ((1, 0), (2, 0), (4, 1)):
        now = datetime.now(UTC)
        with console_server.database.transaction() as session:
            while session.query(Callback).count() < asked:
                made = make_callback(session, requested_at=now, due_at=now + timedelta(days=3))
                session.flush()
            if talked:
                made.state, made.talking_at, made.closed_at, made.rank = "reached", now, now, None
        with page.expect_response(lambda one: "figures" in one.url and one.status == 200):
            page.wait_for_timeout(4_200)  # The board is read once in four seconds.
            looks_again(page)

        expect(page.locator(".bars-number").last).to_have_text(str(asked))
        expect(page.locator(".bar-1")).to_have_count(1)
        expect(page.locator(".bar-2")).to_have_count(talked)
        expect(page.locator(".bars-hour")).to_have_count(8)
    _forgives_sound(visitors)


def test_quiet_wallboard_says_that_nothing_needs_a_person(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    sam = console_server.adds("supervisor", "Sam Invented", on_shift=True)
    console_server.adds("administrator", "Kim Invented")
    now = datetime.now(UTC)
    with console_server.database.transaction() as session:
        make_import(session, settled_at=now, newest_as_of=now)

    page = console_server.shows(visitors, "/console/wallboard", sam)

    expect(page.get_by_text("Nothing needs a person now.")).to_be_visible()
    judge(page, "wallboard-quiet")


def test_supervisor_claims_from_the_wallboard_by_keyboard(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    sam, late = _busy_office(console_server)
    page = console_server.shows(visitors, "/console/wallboard", sam)
    page.get_by_role("button", name=f"Claim callback {late}").focus()
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/console/callbacks/{late}")
    _forgives_sound(visitors)

"""The audit and its alarms in a real browser."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from models.audit import audit
from models.audit.audit_head import note_head
from models.overview.audit_watch import watch
from tests.browser.conftest import Visitors
from tests.browser.console_server import Colleague, ConsoleServer, judge
from tests.factories import make_case, make_policies, make_subject


def _with_entries(server: ConsoleServer) -> Colleague:
    """A supervisor, a liaison who looked at a case of their own surname, and some entries."""
    ruth, lea = server.adds("supervisor", "Ruth Invented"), server.adds("liaison", "Lea Quill")
    now = datetime.now(UTC) - timedelta(hours=3)
    with server.database.transaction() as session:
        watch(session, now, make_policies())
        case = make_case(session, subject=make_subject(session, name="Ivo Quill"))
        note_head(session, now, written=True)
    for number, (who, what, target, facts) in enumerate(
        (
            ("sweeper", "warn_of_callback", "callback:7", {"level": "supervisor_before"}),
            (lea.email, "look_at_case", f"case:{case.id}", None),
            ("caller:12", "change_pin", f"case:{case.id}", None),
            ("import", "hold_import", "import:3", {"rows": 41_200, "reasons": ["status_changes"]}),
            (ruth.email, "ask_release_import", "import:3", None),
            (f"liaison:{lea.staff_id}", "rest", f"staff:{lea.staff_id}", None),
        )
    ):
        with server.database.transaction() as session:
            audit.record(
                session, actor=who, action=what, target=target, facts=facts,
                now=now + timedelta(minutes=number),
            )  # fmt: skip
    with server.database.transaction() as session:
        watch(session, now, make_policies())
    return ruth


@pytest.fixture(scope="module")
def ruth(shared_server: ConsoleServer) -> Colleague:
    """A supervisor in a server with entries."""
    return _with_entries(shared_server)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "audit"),
        ("?since=x&kind=case", "audit-wrong"),
        ("?who=worker", "audit-none"),
        ("/alarms", "alarms"),
        ("/export?who=import", "audit-export"),
        ("/exports", "audit-exports"),
    ],
)
def test_pages_of_the_audit_and_its_alarms_are_accessible(
    visitors: Visitors, shared_server: ConsoleServer, ruth: Colleague, path: str, name: str
) -> None:
    shared_server.is_well_made(visitors, f"/console/audit{path}", ruth, name)


def test_supervisor_searches_and_settles_an_alarm(visitors: Visitors, console_server: ConsoleServer) -> None:
    ruth = _with_entries(console_server)
    page = console_server.shows(visitors, "/console/audit", ruth)

    page.get_by_label("Did what").select_option(label="looked at a case")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".record")).to_have_count(1)

    page.get_by_role("link", name="1 alarm to look at").click()
    page.get_by_text("I talked to them about it").click()
    page.get_by_role("button", name="Close alarm").click()

    expect(page.get_by_text("No open alarms.")).to_be_visible()
    expect(page.get_by_role("cell", name="I talked to them about it")).to_be_visible()


def test_two_people_get_a_file_of_the_audit_and_can_download_it_again(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ruth = _with_entries(console_server)
    kim = console_server.adds("administrator", "Kim Invented")
    page = console_server.opens(visitors, "/console/audit", ruth, clock=True)
    page.get_by_role("link", name="Export these entries").click()
    page.get_by_role("button", name="Request file").click()
    expect(
        page.get_by_text("You requested this file. Someone with another role must approve it.")
    ).to_be_visible()

    other = console_server.shows(visitors, "/console/audit/exports", kim)
    other.get_by_role("button", name="Approve").click()
    expect(other.get_by_role("main").get_by_text("You approved the file.")).to_be_visible()
    page.reload()

    judge(page, "audit-file-ready")
    for _ in range(2):
        with page.expect_download() as file:
            page.get_by_role("button", name="Download file").click(timeout=10_000)
        assert file.value.path().read_text(encoding="utf-8").startswith("id,at,actor")
        # A file comes without another page: the form is free again after three seconds.
        page.clock.run_for(3_500)
        expect(page.locator("form[data-sent]")).to_have_count(0)

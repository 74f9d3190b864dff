"""Imports in a real browser: a file is chosen, read and landed; two people settle what is held."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from models.custody.imports.custody_import import resume
from models.custody.imports.history import waiting
from models.custody.imports.paging import page_held
from models.custody.imports.record import CustodyImport
from tests.browser.conftest import Visitors
from tests.browser.console_server import Colleague, ConsoleServer, judge, looks_again
from tests.factories import make_case, make_event, make_notice, make_policies, make_registration
from tests.models.custody.feed import feed_file, feed_row, load, open_cases


def _held(server: ConsoleServer) -> int:
    now = datetime.now(UTC) - timedelta(minutes=20)
    cases = open_cases(server.database, *(f"A-{n}" for n in range(30)))
    before = now - timedelta(hours=2)
    load(server.database, *(feed_row(name, as_of=before) for name in cases), now=before)
    rows = [feed_row(name, status=("released", "escaped", "removed")[n % 3], as_of=now)
            for n, name in enumerate(cases)]  # fmt: skip
    load(server.database, *rows, feed_row("B-1", as_of=""), feed_row("B-2", status_at="soon"), now=now)
    with server.database.reading() as session:
        return waiting(session)[0].entry.id


def test_list_is_accessible(visitors: Visitors, console_server: ConsoleServer) -> None:
    ruth = console_server.adds("supervisor", "Ruth Invented")
    console_server.is_well_made(visitors, "/console/imports", ruth, "imports-none")
    _held(console_server)

    console_server.is_well_made(visitors, "/console/imports", ruth, "imports")


@pytest.fixture(scope="module")
def ruth(shared_server: ConsoleServer) -> Colleague:
    return shared_server.adds("supervisor", "Ruth Invented")


@pytest.fixture(scope="module")
def held(shared_server: ConsoleServer) -> int:
    """An import that the brake holds."""
    return _held(shared_server)


@pytest.mark.parametrize("part", ["", "/people", "/rejects", "/calls", "/settle"])
def test_every_page_of_a_held_import_is_accessible(
    visitors: Visitors, shared_server: ConsoleServer, ruth: Colleague, held: int, part: str
) -> None:
    path, name = f"/console/imports/{held}{part}", f"import-{part[1:] or 'held'}"
    shared_server.is_well_made(visitors, path, ruth, name)


def test_landed_import_and_call_list_and_upload_are_accessible(
    visitors: Visitors, shared_server: ConsoleServer, ruth: Colleague, held: int
) -> None:
    shared_server.is_well_made(visitors, "/console/imports/upload", ruth, "import-upload")
    with shared_server.database.transaction() as session:
        page_held(session, datetime.now(UTC) + timedelta(hours=1), make_policies(), is_open=True)

    shared_server.is_well_made(visitors, f"/console/imports/{held}", ruth, "import-call-list")
    shared_server.is_well_made(visitors, "/console/imports/1", ruth, "import-landed")
    with shared_server.database.transaction() as session:
        case = make_case(session, "released")
        event = make_event(session, case.subject_id, import_id=1)
        make_notice(session, make_registration(session, case), event, state="left_for_staff", paged_level=1)
    shared_server.is_well_made(visitors, "/console/imports/1/notices", ruth, "import-notices")


def test_case_on_the_call_list_opens_at_its_phones(
    visitors: Visitors, shared_server: ConsoleServer, ruth: Colleague, held: int
) -> None:
    with shared_server.database.transaction() as session:
        page_held(session, datetime.now(UTC) + timedelta(hours=1), make_policies(), is_open=True)
    page = shared_server.shows(visitors, f"/console/imports/{held}/calls", ruth)

    page.get_by_role("button", name="Open the case").first.click()

    phones = page.get_by_role("heading", name="Phones, in the order in which they are called")
    expect(phones).to_be_focused()
    expect(phones).to_be_in_viewport()


def test_file_is_chosen_read_and_landed(
    visitors: Visitors, console_server: ConsoleServer, tmp_path: Path
) -> None:
    ada = console_server.adds("administrator", "Ada Invented")
    now = datetime.now(UTC)
    open_cases(console_server.database, "A-1", "A-2")
    file = tmp_path / "feed.csv"
    rows = [
        feed_row("A-1", as_of=now),
        feed_row("A-2", as_of=now, status="released"),
        feed_row("A-3", as_of=""),
    ]
    file.write_bytes(feed_file(*rows).read())
    page = console_server.shows(visitors, "/console/imports", ada)

    page.get_by_role("link", name="Upload a custody file").click()
    page.get_by_label("Custody file").set_input_files(file)
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Import 1")
    judge(page, "import-preview")
    page.get_by_role("button", name="Apply import").click()
    expect(page.locator("#state")).to_contain_text("Applying")
    resume(console_server.database, datetime.now(UTC))

    # The page finds out by itself.
    expect(page.locator("#state")).to_contain_text("Applied")


def test_page_of_an_import_follows_the_news_and_polls_by_no_clock(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ruth, now = console_server.adds("supervisor", "Ruth Invented"), datetime.now(UTC)
    with console_server.database.transaction() as session:
        one = CustodyImport(state="applying", full=False, started_at=now, hold_reasons=[], settled_by=[])
        session.add(one)
        session.flush()
        import_id = one.id
    page = console_server.opens(visitors, f"/console/imports/{import_id}", ruth, clock=True)
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    with console_server.database.transaction() as session:
        session.get_one(CustodyImport, import_id).state = "landed"

    looks_again(page)

    expect(page.locator("#state")).to_contain_text("Applied")


def test_two_people_settle_it_each_in_their_own_browser(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ruth, sam = (
        console_server.adds("supervisor", "Ruth Invented"),
        console_server.adds("supervisor", "Sam Invented"),
    )
    import_id = _held(console_server)
    hers = console_server.shows(visitors, f"/console/imports/{import_id}/settle", ruth)
    hers.locator("label[for=way-release]").click()
    hers.get_by_role("button", name="Ask a second person").click()
    expect(hers.get_by_text("someone else must approve")).to_be_visible()

    his = console_server.opens(visitors, f"/console/imports/{import_id}/settle", sam)
    judge(his, "import-agree")
    his.get_by_role("button", name="Approve: apply import").click()

    expect(his.get_by_text("You approved. The import is applied now.")).to_be_visible()

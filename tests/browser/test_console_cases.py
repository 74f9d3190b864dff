"""Cases, phones and PINs in a real browser: every page well made, and the way from a number to a letter."""

from datetime import UTC, datetime, time, timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from models import Callout, Case, CaseOpening, PinRequest, StaffSession, Talk
from models.callouts.callout import call_out
from models.cases.case import add_case, new_number
from models.cases.registrant import Phone, name_registrant, register
from models.cases.subject import find_or_add_subject
from models.talks.talk import begin_talk
from tests.browser.conftest import Visitors
from tests.browser.console_server import Colleague, ConsoleServer, judge
from tests.factories import (
    MadeCase,
    make_call,
    make_callback,
    make_custody_record,
    make_event,
    make_facility,
    make_notice,
    make_registration,
)

FLATS = "Juniper Flats Detention Center"


def opened_case(server: ConsoleServer, *people: Colleague, number: str | None = None) -> MadeCase:
    """A case with three phones, callbacks and a record, open to these people."""
    now, number = datetime.now(UTC), number or new_number()
    with server.database.transaction() as session:
        subject = find_or_add_subject(session, feed_id=f"S-{number}", name="Ivo Arden", now=now)
        registrant = register(
            session, language="en", time_zone="America/New_York", phone="+12025550110", now=now
        )
        name_registrant(session, registrant, "Rosa Invented")
        made = add_case(
            session,
            number=number,
            pin_hash="x",
            subject=subject,
            registrant=registrant,
            now=now,
            actor="test",
        )
        made.last_verified_at = now
        if not session.scalar(select(Case.id).where(Case.id != made.id)):
            make_facility(session, FLATS, created_at=now)
        make_custody_record(
            session, subject, facility=FLATS, as_of=now, status_at=now - timedelta(days=3), recorded_at=now
        )
        keyring = server.database.keyring
        for place, (last, facts) in enumerate(
            (("11", {"confirmed_at": now, "window_starts": time(9), "window_ends": time(12)}), ("12", {})), 2
        ):
            phone = f"+120255501{last}"
            session.add(
                Phone(
                    registrant_id=registrant.id, position=place, phone_key=keyring.index("phone", phone),
                    number_sealed=keyring.seal("phone.number", phone), **facts,
                )
            )  # fmt: skip
        session.flush()
        case = MadeCase(made.id, number, "", subject.id, registrant.id)
        make_callback(
            session, case, state="reached", closed_at=now, outcome="helped", requested_at=now, due_at=now
        )
        if people:
            caller, leg = make_call(session, case_id=made.id, verified_at=now), make_call(session)
            begin_talk(
                session, caller_call_id=caller.id, leader_call_id=leg.id, staff_id=people[0].staff_id,
                language="en", now=now,
            )  # fmt: skip
        for person in people:
            session.add(
                CaseOpening(
                    case_id=made.id, staff_id=person.staff_id, ground="verification", reason="met_in_person",
                    opened_at=now, until=now + timedelta(hours=1),
                )
            )  # fmt: skip
    return case


def _registers(server: ConsoleServer, case: MadeCase) -> None:
    """The registrant of a case asked to be called, and a notice of it needs a person."""
    now = datetime.now(UTC)
    with server.database.transaction() as session:
        made = make_registration(session, case, made_at=now, lapses_at=now + timedelta(days=365))
        make_notice(
            session, made, make_event(session, case.subject_id, "in_custody", at=now), made_at=now,
            state="left_for_staff", outcome="no_code", task="no_code", task_at=now,
        )  # fmt: skip


def asks_for_pin(server: ConsoleServer, case: MadeCase, who: Colleague, delivery: str = "handed_over") -> int:
    """A request for a new PIN of this case, which waits for a second person."""
    with server.database.transaction() as session:
        asked = PinRequest(
            case_id=case.id, kind="lost", delivery=delivery, evidence="met_in_person",
            requested_by=who.staff_id, requested_at=datetime.now(UTC),
        )  # fmt: skip
        session.add(asked)
        session.flush()
        return asked.id


def _phones(server: ConsoleServer, case: MadeCase) -> list[int]:
    with server.database.reading() as session:
        of_registrant = select(Phone.id).where(Phone.registrant_id == case.registrant_id)
        return list(session.scalars(of_registrant.order_by(Phone.position)))


#: Pages of one case by the end of their address, and the name of their picture.
PAGES = (
    ("", "case"),
    ("/details", "case-details"),
    ("/phones/{first}", "case-phone"),
    ("/phones/{last}", "case-phone-unconfirmed"),
    ("/phones/new", "case-phone-new"),
    ("/pin", "case-pin"),
    ("/notices", "case-notices"),
    ("/subject", "case-subject"),
    ("/close", "case-close"),
)


@pytest.fixture(scope="module")
def sam(shared_server: ConsoleServer) -> Colleague:
    """A supervisor with an open case."""
    return shared_server.adds("supervisor", "Sam Invented")


@pytest.fixture(scope="module")
def sams_case(shared_server: ConsoleServer, sam: Colleague) -> MadeCase:
    return opened_case(shared_server, sam)


@pytest.mark.parametrize(("end", "name"), PAGES)
def test_pages_of_a_case_are_accessible(
    visitors: Visitors, shared_server: ConsoleServer, sam: Colleague, sams_case: MadeCase, end: str, name: str
) -> None:
    first, _, last = _phones(shared_server, sams_case)

    path = f"/console/cases/{sams_case.id}" + end.format(first=first, last=last)
    shared_server.is_well_made(visitors, path, sam, name)


@pytest.mark.parametrize(("path", "name"), [("/console/cases", "cases"), ("/console/cases/new", "case-new")])
def test_pages_that_lead_to_a_case_are_accessible(
    visitors: Visitors, shared_server: ConsoleServer, sam: Colleague, path: str, name: str
) -> None:
    shared_server.is_well_made(visitors, path, sam, name)


def test_registration_is_read_to_the_person_and_kept_with_the_keyboard(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    sam = console_server.adds("supervisor", "Sam Invented")
    case = opened_case(console_server, sam)
    _registers(console_server, case)
    page = console_server.opens(visitors, f"/console/cases/{case.id}", sam)
    judge(page, "case-registered")
    page.get_by_role("link", name="Change registration").press("Enter")
    page.get_by_text("No, not at night").click()
    page.get_by_role("button", name="Read it to them").press("Enter")
    expect(page.get_by_label("Notice code that they choose")).to_be_visible()
    judge(page, "case-notices-agree")
    page.get_by_label("Notice code that they choose").fill("2593")
    page.get_by_role("button", name="They agree: save").press("Enter")

    notices = page.get_by_role("region", name="Notices", exact=True)
    expect(notices).to_contain_text(
        "We will not call at night. When we call, we will first ask for your call code."
    )
    expect(notices).to_contain_text("code problem")
    assert "2593" not in page.content()


def test_pages_of_pins_are_accessible(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana, sam = console_server.adds("liaison"), console_server.adds("supervisor", "Sam Invented")
    case = opened_case(console_server, ana)
    request_id = asks_for_pin(console_server, case, ana)
    with console_server.database.transaction() as session:
        session.get_one(Case, case.id).changes_held_until = datetime.now(UTC) + timedelta(hours=72)

    console_server.is_well_made(visitors, "/console/pins", sam, "pins")
    console_server.is_well_made(visitors, f"/console/pins/{request_id}", sam, "pin")
    console_server.is_well_made(visitors, "/console/pins", ana, "pins-of-a-liaison")
    console_server.is_well_made(visitors, f"/console/cases/{case.id}", ana, "case-held")


def test_page_of_a_case_whose_reader_calls_an_agency_is_accessible(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds("liaison")
    case = opened_case(console_server, ana)
    now = datetime.now(UTC)
    with console_server.database.transaction() as session:
        session.scalars(select(Talk)).one().closed_at = now
        call_out(session, case.id, "service:crisis", ana.staff_id, now)
        session.scalars(select(Callout)).one().dialled_at = now

    console_server.is_well_made(visitors, f"/console/cases/{case.id}", ana, "case-call-out")


def test_two_people_get_from_a_number_to_a_letter(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana, sam = console_server.adds("liaison"), console_server.adds("supervisor", "Sam Invented")
    case = opened_case(console_server)
    page = console_server.shows(visitors, "/console/cases", ana)
    page.get_by_label("Case number").fill(case.number)
    page.get_by_text("I met them in person").click()
    page.get_by_role("button", name="Open the case").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Case about Ivo Arden")
    page.get_by_role("link", name="Ask for a PIN").click()
    page.get_by_text("I met them in person").click()
    page.get_by_text("Letter, handed over in person").click()
    page.get_by_role("button", name="Ask a second person").click()
    expect(page.get_by_text("The PIN waits for a second person.")).to_be_visible()

    other = console_server.opens(visitors, "/console/pins", sam)
    other.get_by_role("link", name="Review").click()
    other.get_by_role("button", name="Approve").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("PIN request approved")
    expect(other.get_by_role("heading", level=1)).to_be_focused()
    judge(other, "pin-approved")
    with other.expect_download() as letter:
        other.get_by_role("link", name="Download letter").click()

    assert letter.value.suggested_filename == "letter-pin.pdf"
    assert letter.value.path().read_bytes().startswith(b"%PDF-")
    other.get_by_role("link", name="All PIN requests").click()
    expect(other.get_by_text("No PIN request waits for you.")).to_be_visible()
    judge(other, "pins-decided")


def test_approval_goes_on_by_itself_after_the_proof_that_came_in_between(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, sam = console_server.adds("liaison"), console_server.adds("supervisor", "Sam Invented")
    request_id = asks_for_pin(console_server, opened_case(console_server, ana), ana)
    page = console_server.opens(visitors, f"/console/pins/{request_id}", sam)
    with console_server.database.transaction() as session:
        long_ago = datetime.now(UTC) - timedelta(minutes=30)
        session.execute(update(StaffSession).values(fresh_at=long_ago))

    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("After that this is carried out: Approve PIN request.")).to_be_visible()
    judge(page, "confirm-an-act")
    page.get_by_label("Password").fill(sam.password)
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("PIN request approved")
    expect(page.get_by_role("link", name="Download letter")).to_be_visible()


def test_letter_with_the_case_number_can_be_downloaded_again(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    sam = console_server.adds("supervisor")
    case = opened_case(console_server, sam)
    page = console_server.opens(visitors, f"/console/cases/{case.id}", sam, clock=True)
    button = page.get_by_role("button", name="Letter with the case number")
    for _ in range(2):
        with page.expect_download() as letter:
            button.click()
        assert letter.value.path().read_bytes().startswith(b"%PDF-")
        page.clock.run_for(3_500)
        expect(page.locator("form[data-sent]")).to_have_count(0)


def test_supervisor_searches_with_the_keyboard_alone(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    sam = console_server.adds("supervisor", "Sam Invented")
    opened_case(console_server)
    page = console_server.shows(visitors, "/console/cases", sam)
    page.get_by_label("Name, or how its words begin").focus()
    page.keyboard.type("arden")
    page.keyboard.press("Tab")
    page.keyboard.type("A complaint")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 case")).to_be_focused()

    judge(page, "cases-found")
    page.get_by_role("button", name="Open: Ivo Arden").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Case about Ivo Arden")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_form_with_mistakes_leads_to_them(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana = console_server.adds("liaison")
    page = console_server.shows(visitors, "/console/cases/new", ana)
    page.get_by_label("The feed's id of the person").fill("A-1")
    page.get_by_label("Name of the person").fill("Marek Vale")
    page.get_by_role("button", name="Add the case").click()

    expect(page.locator("[data-focus]")).to_be_focused()
    judge(page, "case-new-wrong")
    expect(page.get_by_label("Name of the person")).to_have_value("Marek Vale")
    page.get_by_role("link", name="How you know them: choose one.").click()
    # The browser notes each form that was refused; the page itself has no complaint.
    assert all("422" in complaint for complaint in visitors.complaints)
    visitors.complaints.clear()


def test_phone_is_added_confirmed_and_made_unsafe_without_scripts(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds("liaison")
    case = opened_case(console_server, ana)
    page = console_server.opens(visitors, f"/console/cases/{case.id}", ana, java_script_enabled=False)
    page.get_by_role("link", name="Add a phone").click()
    page.get_by_label("Phone").fill("202 555 0119")
    page.get_by_role("button", name="Add the phone").click()
    page.get_by_role("button", name="Get a code").click()
    code = page.locator(".spoken-code").inner_text().replace(" ", "")
    page.get_by_label("Code that the person said back to you").fill(code)
    page.get_by_role("button", name="Confirm the phone").click()
    expect(page.get_by_text("The phone is confirmed.")).to_be_visible()

    page.get_by_role("button", name="Move up: Phone 4").click()
    page.locator(".phone").nth(2).locator("summary").click()
    page.get_by_role("button", name="Unsafe: stop calling it: Phone 3").click()
    expect(page.get_by_text("The phone is marked unsafe. We do not call it any more.")).to_be_in_viewport()

    expect(page.locator(".phone").nth(2)).to_contain_text("Unsafe")
    expect(page.locator(".phone").nth(2)).to_contain_text("19")

"""PINs at the console: requested by one, approved by another, shown once, and kept nowhere (R08)."""

import base64
import io
import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select, text

from config.logging import set_up_logging
from hotline.console.cases.letters import KEYS, Sender, number_letter, pin_letter
from hotline.console.shell.words import Words
from ivr_flows.engine.check import INBOUND_KEYS
from models import AuditEntry, Base, Case, PinRequest
from models.audit import audit
from models.cases.case import give_new_pin
from models.cases.new_pin import is_guessable
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.console.case_pages import actions, kept_case, verifies
from tests.console.conftest import PASSWORD, Clock, Member
from tests.factories import NOW, MadeCase


def asks(
    person: Member, case: MadeCase, evidence: str = "met_in_person", delivery: str = "handed_over"
) -> None:
    """Ask for a PIN of a case that was opened."""
    verifies(person, case)
    person.clicks("Ask for a PIN").fills(evidence=evidence, delivery=delivery).clicks("Ask a second person")
    assert person.reads("The PIN waits for a second person."), person.words


def gets_letter(person: Member, button: str) -> bytes:
    """Click a button that answers with a letter; the file as it came."""
    (found,) = person.page.xpath(f"//button[normalize-space()='{button}']")
    form = found.xpath("ancestor::form")[0]
    answer = person._client.post(
        form.get("action"), base_url=person._base, data=dict(form.form_values()),
        headers=person._as_browsers_do({}),
    )  # fmt: skip
    assert answer.status_code == 200, answer.text[:500]
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="letter-case-number.pdf"'
    return bytes(answer.data)


def approves(person: Member) -> bytes:
    """Approve the first request on the list; the letter as its page has it."""
    person.opens("/console/pins").clicks("Review").clicks("Approve")
    assert person.heading == "PIN request approved", person.words
    assert person.headers["Cache-Control"] == "no-store"
    (link,) = person.page.xpath("//a[@download='letter-pin.pdf']")
    head, _, letter = link.get("href").partition(",")
    assert head == "data:application/pdf;base64"
    return base64.b64decode(letter, validate=True)


def read(raw: bytes) -> str:
    """The words of a letter of one page."""
    (page,) = PdfReader(io.BytesIO(raw)).pages
    return " ".join(page.extract_text().split())


def everything_kept(database: Database) -> str:
    """Every value of every row, as text."""
    with database.reading() as session:
        rows = [session.execute(text(f'SELECT * FROM "{name}"')).all() for name in Base.metadata.tables]  # noqa: S608
    return " ".join(str(value) for table in rows for row in table for value in row)


def test_letter_with_the_pin_alone_comes_from_the_approval_and_once(
    liaison: Member, supervisor: Member, database: Database, app: Flask
) -> None:
    case = kept_case(database)
    asks(liaison, case)
    # Every page tells that a request waits, to anyone who may decide on it and did not make it.
    assert "PINs 1 waiting for you" in supervisor.opens("/console/callbacks").links
    assert "PINs" in liaison.opens("/console/callbacks").links
    supervisor.opens("/console/pins").clicks("Review")
    assert supervisor.reads("Liaison 1", "I met them in person", "Letter, handed over in person")

    letter = read(approves(supervisor))

    found = re.search(r"Your PIN (\d{3}) +(\d{3})", letter)
    assert found is not None, letter
    pin = found[1] + found[2]
    assert not is_guessable(pin)
    assert case.number not in letter.replace(" ", "")
    assert not {"Ivo", "Rosa", "victim"} & set(letter.split())
    with database.reading() as session:
        row = session.get_one(Case, case.id)
        assert app.extensions["hotline.console"].hasher.matches(row.pin_hash, pin)
        assert (row.pin_kind, row.pin_expires_at) == ("one_time", NOW + timedelta(days=21))
        assert row.changes_held_until == NOW + timedelta(hours=72)
    assert pin not in everything_kept(database)


def test_approved_request_reads_so_and_leaves_the_list_of_what_is_to_decide(
    liaison: Member, supervisor: Member, administrator: Member, database: Database
) -> None:
    asks(liaison, kept_case(database))
    with database.reading() as session:
        request_id = session.scalars(select(PinRequest.id)).one()

    approves(supervisor)
    assert supervisor.reads("Approved 10:00 AM by you", "Download letter")
    assert not {"Approve", "Reject"} & set(supervisor.buttons)
    supervisor.clicks("All PIN requests")
    assert supervisor.reads("No PIN request waits for you.", "Approved 10:00 AM by you")
    assert "Review" not in supervisor.links
    # The page was loaded again: nothing is approved twice, and it says who did it.
    supervisor.sends(f"/console/pins/{request_id}/approve", {"csrf_token": supervisor.token})
    assert supervisor.reads("Someone already settled this request.", "Approved 10:00 AM by you")
    administrator.opens(f"/console/pins/{request_id}")
    assert administrator.reads("Approved 10:00 AM by Supervisor 2", "The PIN was shown once")
    assert not {"Approve", "Reject"} & set(administrator.buttons)
    assert liaison.opens("/console/pins").reads("Approved 10:00 AM by Supervisor 2")


def test_proof_of_identity_in_between_continues_the_approval(
    liaison: Member, supervisor: Member, database: Database, clock: Clock
) -> None:
    asks(liaison, kept_case(database))
    supervisor.opens("/console/pins").clicks("Review")
    clock.goes_on(minutes=6)

    supervisor.clicks("Approve")
    assert supervisor.reads("After that this is carried out: Approve PIN request.")
    supervisor.fills(password=PASSWORD).clicks("Continue")
    assert "approve_pin" not in actions(database)
    supervisor.clicks("Approve PIN request")

    assert supervisor.reads("Approved 10:06 AM by you", "Download letter")
    assert actions(database).count("approve_pin") == 1


def test_supervisor_who_reset_the_other_account_approves_no_pin_that_it_asked_for(
    liaison: Member, supervisor: Member, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        before = session.get_one(Case, case.id).pin_hash
        audit.record(
            session,
            actor=supervisor.email,
            action="reset_sign_in",
            target=f"staff:{liaison.staff_id}",
            now=NOW,
        )
    asks(liaison, case)

    supervisor.opens("/console/pins")
    assert supervisor.reads("Someone else must approve it.")
    supervisor.clicks("Review")
    assert supervisor.reads("one of you set up or reset the other's account")
    assert "Approve" not in supervisor.buttons
    with database.reading() as session:
        request_id = session.scalars(select(PinRequest.id)).one()
    supervisor.sends(f"/console/pins/{request_id}/approve", {"csrf_token": supervisor.token})

    assert supervisor.reads("You two may not approve this together")
    with database.reading() as session:
        assert session.get_one(Case, case.id).pin_hash == before


def test_pin_that_the_person_has_chosen_since_the_request_stays_and_the_pages_say_so(
    liaison: Member, supervisor: Member, database: Database, clock: Clock
) -> None:
    case = kept_case(database)
    asks(liaison, case)
    supervisor.opens("/console/pins").clicks("Review")
    clock.goes_on(minutes=2)
    with database.transaction() as session:
        give_new_pin(session, session.get_one(Case, case.id), "their own", clock())

    supervisor.clicks("Approve")

    assert supervisor.reads("This case has had a new PIN since the request, and it stays in force.")
    assert supervisor.reads("Cannot be approved: the case has had a new PIN since.")
    supervisor.clicks("Review")
    assert supervisor.reads("reject this request and ask for the PIN again")
    assert "Approve" not in supervisor.buttons
    with database.reading() as session:
        assert session.get_one(Case, case.id).pin_hash == "their own"
    assert liaison.opens("/console/pins").reads("Cannot be approved: the case has had a new PIN since.")
    assert "Ask for a PIN" in liaison.opens(f"/console/cases/{case.id}").links
    supervisor.clicks("Reject")
    assert supervisor.reads("The request is closed. No PIN was given.")


def test_letter_with_the_case_number_has_no_pin(supervisor: Member, database: Database) -> None:
    case = kept_case(database)
    verifies(supervisor, case)

    assert supervisor.reads("if one is mailed, hand the other over or tell it")
    letter = read(gets_letter(supervisor, "Letter with the case number"))

    assert f"Your case number {case.number[:4]} {case.number[4:]}" in letter
    assert "Your PIN comes in another way." in letter
    assert "print_number_letter" in actions(database)


def test_number_for_which_there_is_no_letter_is_not_said_to_be_printed(
    supervisor: Member, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = kept_case(database, language="es")
    # A language that the line speaks before the console does.
    monkeypatch.setattr(Words, "known", lambda _self, language: None if language == "es" else language)
    verifies(supervisor, case).clicks("Letter with the case number")

    assert supervisor.reads("There is no letter in the language of this case.")
    assert not {"print_number_letter", "reveal_case_number"} & set(actions(database))


def test_letter_is_in_the_language_of_the_case_and_not_of_the_person_who_prints_it(
    liaison: Member, supervisor: Member, database: Database
) -> None:
    case = kept_case(database, language="es")
    asks(liaison, case)

    raw = approves(supervisor)

    letter = read(raw)
    assert "Su PIN" in letter
    assert "16 de diciembre de 2026" in letter
    assert "Si alguien escucha: oirá un anuncio inofensivo" in letter
    assert PdfReader(io.BytesIO(raw)).trailer["/Root"]["/Lang"] == "es"


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_letter_has_the_map_of_the_keys_on_its_one_page(app: Flask, language: str) -> None:
    assert {key for key, _ in KEYS} == INBOUND_KEYS | {"#"}
    words = app.extensions["hotline.console"].words.catalog(language)
    sender = Sender("the information line", "+12025550100", "America/New_York")
    for letter in (
        pin_letter(language, words.gettext, sender, "739482", NOW),
        number_letter(language, words.gettext, sender, "4100072317"),
    ):
        told = read(letter)
        for key, does in KEYS:
            assert f"{key} {words.gettext(does)}" in told
        assert "(202) 555-0100" in told
        assert b"739482" not in letter


def test_drawing_a_letter_writes_nothing_to_the_log() -> None:
    stream = io.StringIO()
    before = logging.root.handlers[:], logging.root.level
    sender = Sender("the information line", "+12025550100", "America/New_York")
    try:
        set_up_logging("web", stream=stream)
        pin_letter("en", str, sender, "739482", NOW)
    finally:
        logging.captureWarnings(False)
        logging.root.handlers[:], logging.root.level = before

    assert stream.getvalue() == ""


def test_pin_that_is_read_out_is_shown_once_to_the_approver(
    liaison: Member, supervisor: Member, database: Database, app: Flask
) -> None:
    case = kept_case(database)
    asks(liaison, case, "rang_confirmed_phone", "told")
    supervisor.opens("/console/pins").clicks("Review").clicks("Approve")

    assert supervisor.headers["Cache-Control"] == "no-store"
    shown = supervisor.page.xpath("//p[contains(@class, 'spoken-code')]/span")[0]
    pin = shown.text_content().replace(" ", "")
    with database.reading() as session:
        row = session.get_one(Case, case.id)
        assert app.extensions["hotline.console"].hasher.matches(row.pin_hash, pin)
        assert row.pin_kind == "standing"
    assert supervisor.reads("1 safe phone will be called")
    supervisor.clicks("All PIN requests")
    assert pin not in supervisor.text
    assert pin not in everything_kept(database)


def test_page_of_a_case_shows_the_state_of_its_pin_and_never_the_pin(
    liaison: Member, supervisor: Member, database: Database
) -> None:
    case = kept_case(database)
    asks(liaison, case)
    assert liaison.reads("A PIN waits for a second person since")
    approves(supervisor)

    liaison.opens(f"/console/cases/{case.id}")

    assert liaison.reads("One-time PIN", "Expires", "Changes held", "PIN approved and given")


def test_pin_that_nobody_approved_in_time_can_be_requested_again(
    liaison: Member, database: Database, clock: Clock
) -> None:
    case = kept_case(database)
    asks(liaison, case)
    assert liaison.reads("A PIN waits for a second person")
    clock.goes_on(hours=72)

    verifies(liaison.signs_in(), case)

    assert not liaison.reads("A PIN waits for a second person")
    liaison.clicks("Ask for a PIN")
    assert liaison.status == 200


def test_requester_cannot_approve_and_can_withdraw(supervisor: Member, database: Database) -> None:
    case = kept_case(database)
    asks(supervisor, case)
    with database.reading() as session:
        request_id = session.scalars(select(PinRequest.id)).one()

    supervisor.opens(f"/console/pins/{request_id}")
    assert supervisor.reads("Someone else must approve what you asked for.")
    supervisor.sends(f"/console/pins/{request_id}/approve", {"csrf_token": supervisor.token})
    assert supervisor.reads("Someone else must approve what you asked for.")
    assert supervisor.reads("Waits for a second person: you cannot approve your own request.")
    supervisor.clicks("Withdraw request")

    assert supervisor.reads("The request is closed. No PIN was given.", "No PIN request waits for you.")
    assert supervisor.reads("Withdrawn 10:00 AM")
    assert "approve_pin" not in actions(database)


def test_liaison_sees_their_own_requests_and_decides_on_none(
    liaison: Member, staff: Any, database: Database
) -> None:
    asks(liaison, kept_case(database))
    other: Member = staff("liaison").signs_in()

    assert liaison.opens("/console/pins").reads("Your requests", "Withdraw request")
    assert other.opens("/console/pins").reads("No request of yours waits.")
    with database.reading() as session:
        request_id = session.scalars(select(PinRequest.id)).one()
    other.sends(f"/console/pins/{request_id}/approve", {"csrf_token": other.token})
    assert other.status == 403


def test_two_who_approve_at_once_make_one_pin(
    liaison: Member, supervisor: Member, administrator: Member, database: Database
) -> None:
    asks(liaison, kept_case(database))
    supervisor.opens("/console/pins").clicks("Review")

    approves(administrator)
    supervisor.clicks("Approve")

    assert supervisor.reads("Someone already settled this request.", "Approved 10:00 AM by Administrator 3")
    assert actions(database).count("approve_pin") == 1


def test_approver_looks_at_the_case_first_and_that_is_an_entry(
    liaison: Member, supervisor: Member, database: Database
) -> None:
    asks(liaison, kept_case(database))
    supervisor.opens("/console/pins").clicks("Review").clicks("Open the case")

    assert supervisor.reads("a PIN that waits for you")
    assert "Review PIN request" in supervisor.links
    with database.reading() as session:
        looks = select(AuditEntry).where(AuditEntry.action == "look_at_case").order_by(AuditEntry.id)
        assert session.scalars(looks).all()[-1].actor == supervisor.email


def test_request_is_rejected(liaison: Member, supervisor: Member, database: Database) -> None:
    asks(liaison, kept_case(database))
    supervisor.opens("/console/pins").clicks("Review").clicks("Reject")

    assert supervisor.reads("The request is closed. No PIN was given.", "Rejected 10:00 AM by you")
    assert actions(database)[-1] == "decline_pin"


def test_pin_pages_ask_for_a_fresh_proof_after_a_while(
    liaison: Member, supervisor: Member, database: Database, clock: Clock
) -> None:
    case = kept_case(database)
    asks(liaison, case)
    supervisor.opens("/console/pins")
    clock.goes_on(minutes=6)

    supervisor.clicks("Review")
    liaison.opens(f"/console/cases/{case.id}/pin")

    assert not supervisor.path.startswith("/console/pins/")
    assert not liaison.path.endswith("/pin")


@ON_BOTH
def test_post_is_offered_only_where_mail_is_safe(liaison: Member, database: Database) -> None:
    case = kept_case(database)
    verifies(liaison, case)
    liaison.clicks("Ask for a PIN").fills(evidence="met_in_person", delivery="posted").clicks(
        "Ask a second person"
    )

    assert liaison.status == 422
    assert liaison.reads("mail is not marked safe")

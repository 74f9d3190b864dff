"""The note of a callback: what it may say, and two people who write it."""

from typing import Any

import pytest
from sqlalchemy import select

from models import Callback
from models.cases.registrant import Registrant, name_registrant
from models.store.database import Database
from tests.console.callbacks.office import Office
from tests.console.conftest import Member, words
from tests.factories import make_call


def named_callback(office_rows: Office, *, with_case: bool) -> int:
    """A callback to Rósa: for her case about Ivo, or to her as a registrant alone."""
    callback_id = office_rows.promises()
    with office_rows.database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        registrant = session.scalars(select(Registrant)).one()
        name_registrant(session, registrant, "Rósa of Cedar-Hill")
        if not with_case:
            row.case_id, row.registrant_id, row.verified = None, registrant.id, True
    return callback_id


def test_forbidden_note_is_refused_and_stays_in_its_field(liaison: Member, office_rows: Office) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Claim")
    liaison.fills(note="her A-number is A012345678").clicks("Save note")
    assert liaison.status == 422
    assert liaison.reads("looks like an A-number")
    assert liaison.value("note").strip() == "her A-number is A012345678"

    liaison.fills(note="Prefers mornings.").clicks("Save note")
    assert liaison.reads("The note is saved.")
    assert liaison.value("note").strip() == "Prefers mornings."


def test_note_that_a_colleague_wrote_meanwhile_is_not_overwritten_unseen(
    liaison: Member, supervisor: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Claim")
    supervisor.opens(f"/console/callbacks/{callback_id}")
    liaison.fills(note="Never before noon.").clicks("Save note")

    supervisor.fills(note="Third call this week.").clicks("Save note")

    assert supervisor.status == 422
    assert supervisor.reads(
        "The note changed while you were editing.", "now: Never before noon. Your text is still"
    )
    assert supervisor.value("note").strip() == "Third call this week."
    supervisor.clicks("Save note")
    assert supervisor.reads("The note is saved.")


def test_note_that_its_author_changed_in_another_tab_is_not_said_to_be_somebody_elses(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    page = f"/console/callbacks/{callback_id}"
    liaison.opens(page).clicks("Claim")
    form = {"csrf_token": liaison.token, "was-note": "", "note": "She asked about the court."}
    liaison.sends(f"{page}/note", form)

    liaison.sends(f"{page}/note", {**form, "note": "Prefers mornings."})

    assert liaison.reads(
        "The note changed while you were editing.", "now: She asked about the court. Your text"
    )
    assert "Someone else" not in liaison.words


@pytest.mark.parametrize("with_case", [True, False])
def test_note_cannot_have_the_name_of_the_person_it_is_about(
    liaison: Member, office_rows: Office, database: Database, with_case: bool
) -> None:
    callback_id = named_callback(office_rows, with_case=with_case)
    office_rows.talks(callback_id, liaison.staff_id)
    office_rows.becomes(callback_id, recognized_by="agreed_word")
    liaison.opens(f"/console/callbacks/{callback_id}")

    for note in ("ROSA's shift ends at six", "Asked for ivo."):
        liaison.fills(note=note).clicks("Save note")
        refused = with_case or "ROSA" in note
        assert liaison.reads("The note has a name from this case. Remove it.") is refused
    assert (office_rows.row(callback_id).note_sealed is None) is with_case


@pytest.mark.parametrize("with_case", [True, False])
def test_nobody_learns_a_name_by_guessing_it_in_a_note_before_the_person_is_recognized(
    liaison: Member, office_rows: Office, with_case: bool
) -> None:
    callback_id = named_callback(office_rows, with_case=with_case)
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Claim")
    guesses = ("Is it Rosa?", "Is it Ivo?", "Is it Milena?")

    for is_on_the_phone in (False, True):
        if is_on_the_phone:
            office_rows.talks(callback_id, liaison.staff_id)
        liaison.opens(f"/console/callbacks/{callback_id}")
        for guess in guesses:
            liaison.fills(note=guess).clicks("Save note")
            assert liaison.reads("The note is saved."), (guess, is_on_the_phone)


def test_liaison_who_handed_a_talk_over_is_offered_its_note_and_no_number(
    liaison: Member, office_rows: Office, database: Database, staff: Any
) -> None:
    now = office_rows.clock()
    callback_id = office_rows.promises(
        state="talking", staff_id=staff("liaison").staff_id, talking_at=now, rank=None
    )
    with database.transaction() as session:
        make_call(session, callback_id=callback_id, staff_id=liaison.staff_id, accepted_at=now, ended_at=now)

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("Note for colleagues")
    assert not liaison.reads("Show the whole number")


def test_refused_form_says_without_scripts_how_to_look_again_and_that_its_text_is_lost(
    liaison: Member, office_rows: Office
) -> None:
    path = f"/console/callbacks/{office_rows.promises()}"
    liaison.opens(path).clicks("Claim")

    liaison.fills(note="ring 202-555-0110").clicks("Save note")

    (link,) = liaison.page.xpath("//noscript//a")
    assert liaison.path != path
    assert words(link.getparent()).endswith("Look again What you typed is lost then.")
    assert liaison.opens(link.get("href")).path == path

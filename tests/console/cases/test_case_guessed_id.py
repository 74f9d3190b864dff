"""One person's word names nobody: a guessed id of the feed shows no name, no status, no yes or no."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from models import AuditEntry, Case
from models.audit import audit
from models.cases.subject import find_or_add_subject
from models.store.database import Database
from tests.console.case_pages import actions, kept_case, verifies
from tests.console.cases.test_case_finding import NEW
from tests.console.conftest import Member
from tests.factories import NOW, MadeCase, make_case, make_custody_record, make_facility


@pytest.fixture
def known(database: Database) -> MadeCase:
    """A case about Oren Pike, whom the feed calls P-1 and has in custody."""
    with database.transaction() as session:
        subject = find_or_add_subject(session, feed_id="P-1", name="Oren Pike", now=NOW)
        make_facility(session, "Stewart")
        make_custody_record(session, subject, "in_custody", facility="Stewart")
        return make_case(session, subject=subject)


def _adds(person: Member, feed_id: str, name: str = "A Guess") -> Member:
    typed = {"subject_id": feed_id, "subject_name": name, "language": "en", "delivery": "told"}
    person.opens("/console/cases/new").fills(**{**NEW, **typed})
    return person.clicks("Add the case")


def _page(person: Member) -> str:
    """The words of a case's page without what differs between any two: ids and the time."""
    return re.sub(r"\d+", "#", person.words.replace("P-1", "ID").replace("P-2", "ID"))


def test_guessed_id_shows_no_name_and_looks_like_an_unknown_id(staff: Any, known: MadeCase) -> None:
    guesses = _adds(staff("liaison").signs_in(), "P-1")
    assert guesses.heading == "Case about A Guess"
    assert not guesses.reads("Oren Pike")
    assert not guesses.reads("in custody")
    assert guesses.reads("cannot confirm", "A second person must confirm who the case is about.")

    other = _adds(staff("liaison").signs_in(), "P-2")

    assert _page(guesses) == _page(other).replace("Liaison 2", "Liaison 1")


def test_supervisor_who_links_a_case_to_a_guessed_id_reads_only_what_they_typed(
    supervisor: Member, database: Database, known: MadeCase
) -> None:
    mine = kept_case(database)
    for feed_id in ("P-1", "P-2"):
        verifies(supervisor, mine)
        supervisor.clicks("Link to a person").fills(subject_id=feed_id, subject_name="A Guess")
        supervisor.clicks("Link the case")

        assert supervisor.heading == "Case about A Guess"
        assert supervisor.reads("cannot confirm")
        assert not supervisor.reads("Oren Pike")
        assert supervisor.clicks("Link to a person").value("subject_name") == "A Guess"
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "link_subject")).all()
        assert [one.facts for one in entries] == [None, None]


def test_search_by_the_stored_name_does_not_find_a_case_that_one_person_linked(
    supervisor: Member, known: MadeCase
) -> None:
    _adds(supervisor, "P-1")

    supervisor.opens("/console/cases").fills(name="pike", reason="complaint").clicks("Search")
    assert supervisor.reads("1 case")
    assert not supervisor.reads("A Guess")

    supervisor.opens("/console/cases").fills(name="invented", reason="complaint").clicks("Search")
    assert supervisor.reads("1 case", "A Guess")
    assert not supervisor.reads("Oren Pike")


def test_second_person_who_approves_the_first_pin_confirms_who_the_case_is_about(
    liaison: Member, supervisor: Member, database: Database, known: MadeCase
) -> None:
    _adds(liaison, "P-1")

    supervisor.opens("/console/pins").clicks("Review")
    assert supervisor.reads("you also confirm who the case is about")
    supervisor.clicks("Open the case")
    assert supervisor.heading == "Case about A Guess"
    supervisor.opens("/console/pins").clicks("Review").clicks("Approve")

    with database.reading() as session:
        case = session.scalars(select(Case).order_by(Case.id.desc())).first()
        assert case is not None
        assert (case.named_by, case.named_sealed) == (None, None)
        case_id = case.id
    liaison.opens(f"/console/cases/{case_id}")
    assert liaison.heading == "Case about Oren Pike"
    assert liaison.reads("in custody")


def test_second_person_confirms_a_link_and_the_one_who_made_it_cannot(
    supervisor: Member, administrator: Member, database: Database, known: MadeCase
) -> None:
    mine = kept_case(database)
    verifies(supervisor, mine)
    supervisor.clicks("Link to a person").fills(subject_id="P-1", subject_name="A Guess")
    supervisor.clicks("Link the case")
    assert "Confirm the person" not in supervisor.buttons
    assert supervisor.reads("You said who the case is about, so someone else must confirm it.")
    supervisor.sends(f"/console/cases/{mine.id}/subject/confirm", {"csrf_token": supervisor.token})
    assert supervisor.reads("Someone else must confirm who the case is about.")

    verifies(administrator, mine).clicks("Confirm the person")

    assert administrator.heading == "Case about Oren Pike"
    assert administrator.reads("in custody")
    assert actions(database).count("confirm_subject") == 1


def test_supervisor_who_made_the_other_account_confirms_no_link_of_theirs(
    supervisor: Member, administrator: Member, database: Database, known: MadeCase
) -> None:
    mine = kept_case(database)
    verifies(supervisor, mine).clicks("Link to a person")
    supervisor.fills(subject_id="P-1", subject_name="A Guess").clicks("Link the case")
    with database.transaction() as session:
        audit.record(
            session,
            actor=administrator.email,
            action="add_staff",
            target=f"staff:{supervisor.staff_id}",
            now=NOW,
        )

    verifies(administrator, mine)
    assert administrator.reads("one of you set up or reset the other's account")
    assert "Confirm the person" not in administrator.buttons
    administrator.sends(f"/console/cases/{mine.id}/subject/confirm", {"csrf_token": administrator.token})

    assert administrator.reads("You two may not approve this together")
    assert not verifies(administrator, mine).reads("Oren Pike")


def test_liaison_confirms_no_link(
    liaison: Member, supervisor: Member, database: Database, known: MadeCase
) -> None:
    mine = kept_case(database)
    verifies(supervisor, mine)
    supervisor.clicks("Link to a person").fills(subject_id="P-1", subject_name="A Guess")
    supervisor.clicks("Link the case")
    verifies(liaison, mine)

    assert "Confirm the person" not in liaison.buttons
    assert liaison.reads("A supervisor or an administrator must confirm it.")
    liaison.sends(f"/console/cases/{mine.id}/subject/confirm", {"csrf_token": liaison.token})
    assert liaison.status == 403

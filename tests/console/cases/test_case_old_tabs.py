"""Old tabs and forms sent twice on the pages of a case: they restore nothing and duplicate nothing."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from sqlalchemy import func, select

from models import Case, Phone, PinRequest, Registrant, Subject
from models.store.database import Database
from tests.console.case_pages import kept_case, verifies
from tests.console.conftest import Member
from tests.factories import MadeCase

OTHERWISE = "Someone else has changed this meanwhile."


@pytest.fixture
def case(database: Database) -> MadeCase:
    return kept_case(database)


@pytest.fixture
def two(staff: Any, case: MadeCase) -> tuple[Member, Member]:
    """Two supervisors with this case open."""
    first, second = staff("supervisor").signs_in(), staff("supervisor").signs_in()
    return verifies(first, case), verifies(second, case)


def held(database: Database, read: Callable[[Any], Any]) -> Any:
    with database.reading() as session:
        found = read(session)
        session.expunge_all()
        return found


def test_old_tab_marks_no_mail_safe_that_somebody_else_has_marked_unsafe(
    two: tuple[Member, Member], case: MadeCase, database: Database
) -> None:
    old, other = two
    with database.transaction() as session:
        session.get_one(Registrant, case.registrant_id).mail_safe = True
    for person in two:
        person.opens(f"/console/cases/{case.id}/details")
    other.fills(mail_safe="").clicks("Save details")
    assert other.reads("Details saved.")

    old.fills(pace="slow").clicks("Save details")

    assert old.reads(OTHERWISE)
    registrant = held(database, lambda session: session.get_one(Registrant, case.registrant_id))
    assert (registrant.mail_safe, registrant.pace) == (False, "normal")
    old.fills(pace="slow").clicks("Save details")
    assert old.reads("Details saved.")


def test_old_tab_allows_no_message_that_the_person_has_forbidden_since(
    two: tuple[Member, Member], case: MadeCase, database: Database
) -> None:
    old, other = two
    with database.transaction() as session:
        phone = session.scalars(select(Phone)).one()
        phone.voicemail_allowed, phone.voicemail_text, phone.may_answer = True, "please_call", "anyone"
        page = f"/console/cases/{case.id}/phones/{phone.id}"
    for person in two:
        person.opens(page)
    other.fills(may_answer="only_me", voicemail_text="").clicks("Save")

    old.fills(window_starts="09:00", window_ends="17:00").clicks("Save")

    assert old.reads(OTHERWISE)
    kept = held(database, lambda session: session.scalars(select(Phone)).one())
    assert (kept.voicemail_allowed, kept.may_answer, kept.window_starts) == (False, "only_me", None)
    old.fills(window_starts="09:00", window_ends="17:00").clicks("Save")
    kept = held(database, lambda session: session.scalars(select(Phone)).one())
    assert (kept.may_answer, kept.window_starts) == ("only_me", time(9))


def test_old_tab_says_nothing_of_a_phone_that_was_marked_unsafe_since(
    two: tuple[Member, Member], case: MadeCase, database: Database
) -> None:
    old, other = two
    phone_id = held(database, lambda session: session.scalars(select(Phone.id)).one())
    for person in two:
        person.opens(f"/console/cases/{case.id}/phones/{phone_id}")
    other.opens(f"/console/cases/{case.id}").clicks("Unsafe: stop calling it")

    old.fills(voicemail_text="please_call").clicks("Save")

    assert old.reads(OTHERWISE)
    kept = held(database, lambda session: session.scalars(select(Phone)).one())
    assert (kept.voicemail_allowed, kept.unsafe_since is None) == (False, False)


def test_old_tab_does_not_unlink_a_case(
    two: tuple[Member, Member], case: MadeCase, database: Database
) -> None:
    old, other = two
    for person in two:
        person.opens(f"/console/cases/{case.id}/subject")
    other.fills(subject_id="S-77", subject_name="The Right Person").clicks("Link the case")
    assert other.reads("The link is saved.")

    old.fills(subject_name="A Name Put Right").clicks("Link the case")

    assert old.reads(OTHERWISE)
    assert held(database, lambda s: s.get_one(Case, case.id).subject_id) != case.subject_id
    assert old.value("subject_id") == "S-77"


def test_case_is_added_once_however_often_its_form_is_sent(liaison: Member, database: Database) -> None:
    facts = {
        "subject_id": "S-88", "subject_name": "Somebody Invented", "language": "en",
        "time_zone": "America/New_York", "evidence": "met_in_person", "delivery": "handed_over",
    }  # fmt: skip
    liaison.opens("/console/cases/new").fills(**facts)
    form = {"csrf_token": liaison.token, "form": liaison.value("form"), **facts}
    liaison.clicks("Add the case")
    added, page = liaison.path, liaison.words

    liaison.sends("/console/cases/new", form)

    assert "Its PIN waits for a second person" in page
    assert liaison.path == added
    assert liaison.reads("This case was already added.")
    counts = held(
        database, lambda s: [s.scalar(select(func.count()).select_from(kind)) for kind in (Case, PinRequest)]
    )
    assert counts == [1, 1]

    liaison.opens("/console/cases/new").fills(**facts).clicks("Add the case")
    assert liaison.path != added
    assert held(database, lambda s: s.scalar(select(func.count()).select_from(Subject))) == 1

"""How staff get to a case: by its number and a verification, a search by name, or a callback (R37)."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from models import AuditEntry, Case
from models.audit import audit
from models.cases.case import new_number
from models.cases.registrant import Phone, Registrant
from models.cases.subject import find_or_add_subject
from models.store.database import Database
from models.talks.talk import begin_talk
from tests.console.case_pages import actions, kept_case, more_phones, verifies
from tests.console.conftest import Clock, Member
from tests.factories import NOW, make_call, make_callback, make_case, make_wait
from tests.statements import sent_statements


def test_only_the_liaison_who_talks_at_0_with_a_caller_who_gave_the_pin_opens_their_case(
    staff: Any, liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    other = staff("liaison").signs_in()
    with database.transaction() as session:
        caller = make_call(session, case_id=case.id, verified_at=NOW)
        make_wait(session, caller)
        begin_talk(
            session, caller_call_id=caller.id, leader_call_id=make_call(session).id,
            staff_id=liaison.staff_id, language="en", now=NOW,
        )  # fmt: skip

    liaison.opens("/console/cases").clicks("Open their case")
    assert liaison.heading.startswith("Case about")
    assert liaison.reads("Talks after they pressed 0", "Led by")
    assert "Invented" not in liaison.page.xpath("//title")[0].text_content()
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "look_at_case")).one()
        assert (entry.actor, entry.facts) == (liaison.email, {"ground": "call", "reason": "verified_call"})
    other.opens("/console/cases")
    assert "Open their case" not in other.links
    assert other.opens(f"/console/cases/{case.id}").path == "/console/cases"

    # A newer PIN ends what the old one had opened.
    with database.transaction() as session:
        session.get_one(Case, case.id).pin_issued_at = NOW + timedelta(seconds=1)
    assert liaison.opens(f"/console/cases/{case.id}").path == "/console/cases"


def test_liaison_opens_no_case_of_a_caller_at_0_whose_verification_ended_before_the_wait(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        caller = make_call(session, case_id=case.id, verified_at=NOW)
        make_wait(session, caller, verified=False)
        talk = begin_talk(
            session, caller_call_id=caller.id, leader_call_id=make_call(session).id,
            staff_id=liaison.staff_id, language="en", now=NOW,
        )  # fmt: skip
        path = f"/console/talks/{talk.id}"

    liaison.opens("/console/cases")
    assert "Open their case" not in liaison.links
    assert liaison.opens(f"/console/cases/{case.id}").path == "/console/cases"
    liaison.opens(path)
    assert liaison.reads("You have been talking since")
    # As the pane of the case says it; the legend of the list explains both words.
    assert "PINNot verified" in liaison.words
    assert "PINVerified" not in liaison.words
    assert "gave the PIN" not in liaison.words


def test_liaison_opens_a_case_by_its_number_and_reads_what_may_be_said(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)

    liaison.opens("/console/cases").fills(number=case.number, evidence="met_in_person").clicks(
        "Open the case"
    )

    assert liaison.heading.startswith("Case about")
    assert liaison.reads("in custody", "Stewart", "What may be said", "your logged verification")
    assert case.number not in liaison.text
    assert "2025550110" not in liaison.text
    assert liaison.reads("•••• 10")
    assert actions(database)[-2:] == ["open_case_to_staff", "look_at_case"]


def test_case_in_a_language_that_the_office_dropped_is_read_in_the_offices_first_language(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        session.get_one(Registrant, case.registrant_id).language = "fr"

    verifies(liaison, case)

    assert liaison.reads("in custody", "Stewart", "French")


def test_status_that_the_gate_denies_is_the_neutral_phrase_on_the_page_too(
    liaison: Member, database: Database
) -> None:
    denied = kept_case(database, record={"releasable": False})

    verifies(liaison, denied)

    assert liaison.reads("cannot confirm")
    assert not liaison.reads("in custody")
    # The list of agencies to call has every place of the directory; nothing else on the page names one.
    texts = liaison.page.xpath("//main//text()[not(ancestor::select)]")
    assert "Stewart" not in " ".join(texts)
    assert liaison.page.xpath("//select/option[normalize-space()='Stewart']")


def test_wrong_number_and_too_many_tries_get_the_same_answer(liaison: Member, database: Database) -> None:
    right = kept_case(database, phone="+12025550111")
    answers = set()
    for number in [*(new_number() for _ in range(5)), right.number]:
        liaison.opens("/console/cases").fills(number=number, evidence="agency_vouched").clicks(
            "Open the case"
        )
        answers.add((liaison.status, liaison.words.replace(number, "")))

    assert len(answers) == 1
    assert liaison.reads("We could not open a case with this number.")
    assert liaison.value("number") == right.number


def test_liaison_who_says_that_they_called_back_a_phone_opens_no_case_without_one(
    liaison: Member, database: Database
) -> None:
    with database.transaction() as session:
        case = make_case(session)
    answers = set()
    for number in (new_number(), case.number):
        liaison.opens("/console/cases").fills(number=number, evidence="rang_confirmed_phone")
        liaison.clicks("Open the case")
        answers.add((liaison.status, liaison.words.replace(number, "")))

    assert len(answers) == 1
    assert liaison.reads("We could not open a case with this number.")
    assert liaison.opens(f"/console/cases/{case.id}/phones/new").path == "/console/cases"
    assert actions(database)[-2:] == ["fail_to_open_case", "fail_to_open_case"]
    verifies(liaison, kept_case(database), "rang_confirmed_phone")


@pytest.mark.parametrize("facts", [{"unsafe_since": NOW}, {"stopped_at": NOW}, {"confirmed_at": None}])
def test_phone_that_nobody_may_call_is_none_that_was_called_back(
    liaison: Member, database: Database, facts: dict[str, Any]
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        session.execute(update(Phone).values(facts))

    liaison.opens("/console/cases").fills(number=case.number, evidence="rang_confirmed_phone")
    liaison.clicks("Open the case")

    assert liaison.reads("We could not open a case with this number.")


@pytest.mark.parametrize(
    ("number", "evidence", "sentence"),
    [
        ("12345678", "met_in_person", "Case number: this is not valid."),
        ("", "met_in_person", "Case number: this is not valid."),
        ("41000723", "", "How you know them: choose one."),
    ],
)
def test_slip_is_explained_at_its_field_and_what_was_typed_stays(
    liaison: Member, number: str, evidence: str, sentence: str
) -> None:
    liaison.opens("/console/cases").fills(number=number, evidence=evidence).clicks("Open the case")

    assert liaison.status == 422
    assert liaison.reads(sentence)
    assert liaison.value("number") == number


def test_case_that_is_not_open_to_somebody_looks_like_one_that_does_not_exist(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)

    pages = [liaison.opens(f"/console/cases/{case_id}").words for case_id in (case.id, 999_999)]

    assert pages[0] == pages[1]
    assert liaison.reads("This case is not open to you.")
    assert "look_at_case" not in actions(database)


def test_opened_case_closes_by_itself(liaison: Member, database: Database, clock: Clock) -> None:
    case = kept_case(database)
    verifies(liaison, case)
    for _ in range(5):
        clock.goes_on(minutes=12)
        liaison.opens("/console/cases")

    liaison.opens(f"/console/cases/{case.id}")

    assert liaison.reads("This case is not open to you.")


def test_callback_asked_for_with_the_pin_opens_its_case_to_the_liaison_who_claimed_it(
    liaison: Member, staff: Any, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        make_callback(session, case, staff_id=liaison.staff_id, state="talking", recognized_by="agreed_word")

    assert liaison.opens(f"/console/cases/{case.id}").reads("a callback asked for with the PIN", "Talking")
    other: Member = staff("liaison").signs_in()
    assert other.opens(f"/console/cases/{case.id}").reads("This case is not open to you.")


# Search.


def _named(database: Database, *names: str) -> None:
    with database.transaction() as session:
        for place, name in enumerate(names):
            subject = find_or_add_subject(session, feed_id=f"S-{place}", name=name, now=NOW)
            make_case(session, subject=subject)


def test_supervisor_finds_a_case_by_a_name_and_opens_it_for_a_reason(
    supervisor: Member, database: Database
) -> None:
    _named(database, "María Núñez", "Oren Pike")

    supervisor.opens("/console/cases").fills(name="nunez", reason="complaint").clicks("Search")
    assert supervisor.reads("1 case", "María Núñez")
    assert not supervisor.reads("Oren Pike")
    assert supervisor.path == "/console/cases/search"
    supervisor.clicks("Open")

    assert supervisor.heading == "Case about María Núñez"
    # The browser keeps titles in its history.
    assert "Núñez" not in supervisor.page.findtext(".//title")
    assert supervisor.reads("your search")
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry)).all()
        told = " ".join(f"{one.action} {one.target} {one.facts}" for one in entries)
    assert {"search_cases", "open_case_to_staff", "look_at_case"} <= set(actions(database))
    assert "nunez" not in told.lower()
    assert "complaint" in told


def test_another_language_after_a_search_leads_back_to_the_forms(
    supervisor: Member, database: Database
) -> None:
    _named(database, "Oren Pike")
    supervisor.opens("/console/cases").fills(name="pike", reason="complaint").clicks("Search")

    supervisor.clicks("Español")

    assert supervisor.path == "/console/cases"
    assert supervisor.reads("Buscar por nombre")


def test_history_of_a_case_names_who_acted_and_how_a_callback_ended(
    supervisor: Member, liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        ended = {"state": "reached", "outcome": "reached", "closed_at": NOW}
        make_callback(session, case, **ended)
        for actor in (f"staff:{liaison.staff_id}", "demo data"):
            audit.record(session, actor=actor, action="look_at_case", target=f"case:{case.id}", now=NOW)

    verifies(supervisor, case)

    assert supervisor.reads("Liaison 2", "the demo office", "Reached: two people talked.")
    assert not supervisor.reads(f"staff:{liaison.staff_id}")


def test_search_without_a_reason_is_not_made_and_the_name_stays(
    supervisor: Member, database: Database
) -> None:
    _named(database, "María Núñez")

    supervisor.opens("/console/cases").fills(name="nunez").clicks("Search")

    assert supervisor.status == 422
    assert supervisor.reads("Reason: say why you are looking for this case.")
    assert supervisor.value("name") == "nunez"
    assert "search_cases" not in actions(database)


@pytest.mark.parametrize("name", ["", "x", "<script>alert(1)</script>", "%_'; --", "\u202ea", "🙂🙂"])
def test_nothing_typed_into_the_search_breaks_it(supervisor: Member, name: str) -> None:
    supervisor.opens("/console/cases").fills(name=name, reason="complaint").clicks("Search")

    assert supervisor.status in (200, 400, 422)
    assert "<script>alert" not in supervisor.text


def test_no_name_is_in_an_address(supervisor: Member, database: Database) -> None:
    _named(database, "María Núñez")
    supervisor.opens("/console/cases").fills(name="nunez", reason="complaint").clicks("Search")

    assert not any("nunez" in link.lower() for link in supervisor.links.values())


def test_liaisons_have_no_search(liaison: Member) -> None:
    assert "Search by name" not in liaison.opens("/console/cases").words


# A page takes as many statements for thirty phones, callbacks and looks as for three.


def test_page_of_a_case_takes_no_more_statements_for_more_rows(liaison: Member, database: Database) -> None:
    case = kept_case(database)
    verifies(liaison, case)

    def statements() -> int:
        with sent_statements(database) as sent:
            liaison.opens(f"/console/cases/{case.id}")
        return len(sent)

    with database.transaction() as session:
        more_phones(session, case, range(2, 5))
        for _ in range(3):
            make_callback(session, case, state="reached", closed_at=NOW)
    few = statements()
    with database.transaction() as session:
        more_phones(session, case, range(11, 41))
        for _ in range(30):
            make_callback(session, case, state="reached", closed_at=NOW)
    assert statements() == few


# Adding, changing, closing.

NEW = {
    "subject_id": "A-77", "subject_name": "Marek Vale", "name": "Rosa Invented", "language": "es",
    "time_zone": "America/Chicago", "evidence": "met_in_person", "delivery": "handed_over",
}  # fmt: skip


def test_liaison_adds_a_case_and_its_pin_waits_for_a_second_person(
    liaison: Member, database: Database
) -> None:
    liaison.opens("/console/cases").clicks("Add a case").fills(**NEW).clicks("Add the case")

    assert liaison.heading == "Case about Marek Vale"
    assert liaison.reads("Rosa Invented", "No PIN yet", "A PIN waits for a second person", "you added it")
    with database.reading() as session:
        case = session.scalars(select(Case)).one()
        number = database.keyring.unseal("case.number", case.number_sealed)
    assert number not in liaison.text
    liaison.clicks("Show")
    assert number in liaison.text
    assert "reveal_case_number" in actions(database)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("subject_id", " ", "this is empty"),
        ("subject_name", "x" * 201, "longer than 200"),
        ("name", "a\u202eb", "cannot be printed"),
        ("language", "xx", "Language: choose one"),
        ("time_zone", "../etc/passwd", "Time zone: choose one"),
        ("pace", "hasty", "Pace: choose one"),
        ("evidence", "rang_confirmed_phone", "How you know them"),
        ("delivery", "posted", "mail is not marked safe"),
        ("delivery", "", "How they get it"),
    ],
)
def test_form_with_an_error_explains_it_keeps_the_rest_and_adds_nothing(
    liaison: Member, database: Database, field: str, typed: str, sentence: str
) -> None:
    liaison.opens("/console/cases/new").fills(**{**NEW, field: typed}).clicks("Add the case")

    assert liaison.status == 422
    assert liaison.reads(sentence)
    if field != "subject_name":
        assert liaison.value("subject_name") == "Marek Vale"
    with database.reading() as session:
        assert session.scalars(select(Case)).all() == []


def test_details_are_changed_and_the_page_shows_them(liaison: Member, database: Database) -> None:
    verifies(liaison, kept_case(database))

    liaison.clicks("Change the details").fills(
        name="Rosa Invented", language="es", pace="slow", mail_safe="1"
    )
    liaison.clicks("Save details")

    assert liaison.reads("Rosa Invented", "Spanish", "Slow, with more time", "MailSafe")


def test_supervisor_links_and_closes_a_case(supervisor: Member, database: Database) -> None:
    case = kept_case(database)
    verifies(supervisor, case)
    supervisor.clicks("Link to a person").fills(subject_id="A-9", subject_name="Oren Pike").clicks(
        "Link the case"
    )
    assert supervisor.heading == "Case about Oren Pike"
    assert supervisor.reads("cannot confirm")

    supervisor.clicks("Close the case").clicks("Close the case")
    assert supervisor.reads("tick the box")
    supervisor.fills(sure="1").clicks("Close the case")

    assert supervisor.reads("The case is closed.")
    with database.reading() as session:
        assert session.get_one(Case, case.id).closed_at is not None


def test_page_in_spanish_has_no_english_word_of_ours(supervisor: Member, database: Database) -> None:
    case = kept_case(database)
    verifies(supervisor, case)
    supervisor.clicks("Español")

    supervisor.opens(f"/console/cases/{case.id}")

    assert supervisor.reads("Lo que se puede decir", "Seguro para llamar", "Historial")
    assert supervisor.heading.startswith("Caso sobre")


def test_page_of_a_case_follows_a_changed_age_of_the_feed_without_a_restart(
    app: Flask, liaison: Member, database: Database
) -> None:
    """R14: staff read what the line says, also in the hour in which the office decides on another age."""
    verifies(liaison, kept_case(database, as_of=NOW - timedelta(hours=3)))
    assert liaison.reads("in custody")
    settings = app.extensions["hotline.console"].office_settings
    shorter = {
        "value": 2, "basis": "Counsel", "decided_by": "The office", "review_by": "2027-01-01",
    }  # fmt: skip
    settings.change("policies.spoken_stale_hours", shorter, seen=0, reason="Counsel.", actor="test", now=NOW)

    liaison.opens(liaison.path)

    assert liaison.reads("cannot confirm")
    assert not liaison.reads("in custody")


def test_history_of_a_case_that_a_search_showed_says_so_in_words(
    supervisor: Member, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        audit.record(
            session, actor="boss@office.example.org", action="show_found_case", target=f"case:{case.id}",
            facts={"reason": "complaint"}, now=NOW,
        )  # fmt: skip

    verifies(supervisor, case)

    assert supervisor.reads("Shown in a search by name")
    assert "show_found_case" not in supervisor.words

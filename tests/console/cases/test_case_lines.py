"""Which of the office's numbers a registrant sees: chosen on the case page, printed on their letter (R32)."""

import re

import pytest
from sqlalchemy import select, update

from models.cases.registrant import Registrant
from models.store.database import Database
from tests.console.case_pages import actions, kept_case, verifies
from tests.console.cases.test_case_pins import approves, asks, gets_letter, read
from tests.console.conftest import Member


def chosen(database: Database) -> str | None:
    """The line that the only registrant sees."""
    with database.reading() as session:
        return session.scalars(select(Registrant.line)).one()


def test_registrants_choice_among_our_numbers_is_kept_and_shown(liaison: Member, database: Database) -> None:
    verifies(liaison, kept_case(database))
    assert liaison.reads("Number they see when we call", "The one they called")

    liaison.clicks("Change the details").fills(line="+12025550101").clicks("Save details")

    assert liaison.reads("Details saved.", "+1 202-555-0101, discreet")
    assert chosen(database) == "+12025550101"
    assert "change_registrant" in actions(database)
    liaison.clicks("Change the details").fills(line="").clicks("Save details")
    assert chosen(database) is None


def test_number_that_is_not_ours_is_refused(liaison: Member, database: Database) -> None:
    case = kept_case(database)
    verifies(liaison, case)
    liaison.clicks("Change the details")
    typed = {"csrf_token": liaison.token, "language": "en", "time_zone": "America/New_York", "pace": "normal"}

    liaison.sends(f"/console/cases/{case.id}/details", {**typed, "line": "+12025550188"})

    assert liaison.status == 422
    assert liaison.reads("Number they see: choose one of the list.")
    assert chosen(database) is None


def test_new_case_has_its_choice_from_the_start(liaison: Member, database: Database) -> None:
    liaison.opens("/console/cases/new").fills(
        subject_id="S-77", subject_name="Oren Pike", language="es", time_zone="America/Chicago",
        pace="normal", line="+12025550101", evidence="met_in_person", delivery="told",
    ).clicks("Add the case")  # fmt: skip

    assert liaison.reads("The case is added.", "+1 202-555-0101, discreet")
    assert chosen(database) == "+12025550101"


@pytest.mark.parametrize(
    ("line", "printed"),
    [("+12025550101", "(202) 555-0101"), (None, "(202) 555-0100"), ("+12025550188", "(202) 555-0100")],
)
def test_letter_prints_the_number_that_they_chose(
    liaison: Member, supervisor: Member, database: Database, line: str | None, printed: str
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        session.execute(update(Registrant).values(line=line))
    asks(liaison, case)

    letter = read(approves(supervisor))

    assert set(re.findall(r"\(\d{3}\) \d{3}-\d{4}", letter)) == {printed}


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ("Your code for calling us", "tell this code to nobody", "Your number", "then your code")),
        ("es", ("Su clave para llamarnos", "no diga esta clave a nadie", "Su número", "después su clave")),
    ],
)
def test_letters_with_a_discreet_number_have_the_words_of_that_line(
    liaison: Member, supervisor: Member, database: Database, language: str, says: tuple[str, ...]
) -> None:
    """Whoever opens one and calls the number is asked for "your number" and "your code" (R17)."""
    case = kept_case(database)
    with database.transaction() as session:
        session.execute(update(Registrant).values(line="+12025550101", language=language))
    asks(liaison, case)
    letters = read(approves(supervisor))
    verifies(supervisor, case)
    letters += read(gets_letter(supervisor, "Letter with the case number"))

    assert [words for words in says if words not in letters] == []
    assert [word for word in ("PIN", "case", "caso") if word in letters] == []

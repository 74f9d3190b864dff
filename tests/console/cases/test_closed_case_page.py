"""A closed case at the console: a liaison learns no more than its caller; a case keeper sees it (R13)."""

import re

from models.cases.case import close_case
from models.store.database import Database
from tests.console.case_pages import PHONE, kept_case, verifies
from tests.console.conftest import Member
from tests.factories import NOW, MadeCase


def closed_case(database: Database) -> MadeCase:
    case = kept_case(database, None)
    with database.transaction() as session:
        close_case(session, case.number, NOW, "boss@office.example.org")
    return case


def test_liaison_cannot_tell_a_closed_case_from_one_without_a_record(
    liaison: Member, database: Database
) -> None:
    pages = [
        re.sub(r"Case \d+", "Case N", verifies(liaison, case).words)
        for case in (kept_case(database, None), closed_case(database))
    ]

    assert pages[0] == pages[1]


def test_liaison_adds_a_phone_and_asks_for_a_pin_of_a_closed_case(
    liaison: Member, database: Database
) -> None:
    case = closed_case(database)
    verifies(liaison, case).clicks("Add a phone")
    liaison.fills(phone="202 555 0199").clicks("Add the phone")
    assert liaison.opens(f"/console/cases/{case.id}").reads("•••• 99")

    liaison.clicks("Ask for a PIN").fills(evidence="rang_confirmed_phone", delivery="told")
    liaison.clicks("Ask a second person")
    assert liaison.reads("A PIN waits for a second person")


def test_supervisor_sees_that_a_case_is_closed_and_by_whom(supervisor: Member, database: Database) -> None:
    verifies(supervisor, closed_case(database))

    assert supervisor.reads("Closed", "Case closed", "boss@office.example.org")
    assert PHONE[-2:] in supervisor.words

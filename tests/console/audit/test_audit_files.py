"""The audit as a file: who may have one, what is in it, and for how long."""

import csv
import io
from typing import Any

import pytest
from sqlalchemy import select

from hotline.console.audit.codes import codes_of
from models import AuditEntry, AuditExport, Staff
from models.audit import audit
from models.staff.two_people import ATTEMPT
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.console.audit_pages import records
from tests.console.conftest import PASSWORD, Clock, Member


def _entries(person: Member) -> list[str]:
    return [" ".join(one.text_content().split()) for one in person.page.xpath("//li[@class='record']")]


def _file(person: Member) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(person.text)))


def _asks(person: Member) -> None:
    person.opens("/console/audit?what=warn_of_callback").clicks("Export these entries")
    person.clicks("Request file")


def test_search_result_is_a_file_once_somebody_of_another_role_agrees(
    supervisor: Member, administrator: Member, database: Database, clock: Clock
) -> None:
    records(
        database, clock, "sweeper", "warn_of_callback", "callback:7", level="staff_before", why="Ana said"
    )
    records(database, clock, "=cmd|' /C calc'!A0", "warn_of_callback", "callback:8", level="=1+1")
    records(database, clock, "import", "land_import", "import:1")

    supervisor.opens("/console/audit?what=warn_of_callback").clicks("Export these entries")
    assert supervisor.reads("The file has 2 entries")
    supervisor.clicks("Request file")
    assert supervisor.reads(
        "Waits for approval", "You requested this file. Someone with another role must approve it."
    )
    assert "Approve" not in supervisor.buttons
    records(database, clock, "sweeper", "warn_of_callback", "callback:9")
    administrator.opens("/console/audit/exports").clicks("Approve")
    assert administrator.reads("You approved the file.", "Approved 10:00 AM by you")
    assert not administrator.reads("Waits for approval")
    assert "Approve" not in administrator.buttons
    supervisor.opens("/console/audit/exports").clicks("Download file")

    newer, older = _file(supervisor)
    assert (older["actor"], older["target"], older["at"]) == ("sweeper", "callback:7", clock().isoformat())
    assert older["facts"] == '{"level": "staff_before", "why": "(text)"}'
    assert newer["actor"].startswith("'=")
    assert newer["export"] == f"no. 1 for {supervisor.email}, agreed to by {administrator.email}"
    supervisor.opens("/console/audit?kind=export&number=1")
    assert len(_entries(supervisor)) == 3
    assert supervisor.reads("took entries of the audit as a file: file 1 of the audit")


def test_entry_that_is_stored_after_a_file_was_asked_for_is_not_in_it_whatever_its_time(
    supervisor: Member, administrator: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, "sweeper", "warn_of_callback", "callback:7", level="staff_before")
    _asks(supervisor)
    clock.goes_on(minutes=-1)
    records(database, clock, "sweeper", "warn_of_callback", "callback:8", level="staff_before")
    clock.goes_on(minutes=1)

    administrator.opens("/console/audit/exports").clicks("Approve")
    supervisor.opens("/console/audit/exports").clicks("Download file")

    assert [one["target"] for one in _file(supervisor)] == ["callback:7"]


@pytest.mark.parametrize(
    "fact", ["Garcia", "garcia", "ana_garcia", "202-555-0123", "2025550123", "ana@example.org", "A012345678"]
)
def test_fact_that_is_no_code_of_the_app_is_in_no_file(fact: str) -> None:
    assert codes_of({"level": ["staff_before", fact]}, ("en",)) == {"level": ["staff_before", "(text)"]}


def test_codes_of_notices_are_in_the_file() -> None:
    facts = {"outcome": "staff_cancelled", "reason": "person_asked", "by": "line", "level": "urgent_untaken"}
    assert codes_of(facts, ("en",)) == facts


def test_codes_of_the_app_are_in_the_file() -> None:
    facts = {
        "to": "staff:12", "span": ["08:00", "17:00"], "first_day": "2026-11-25", "days": [0, 1], "full": True,
        "evidence": "met_in_person", "reason": "pin_request:3", "why": None,
        "field": "policies.liaison_tries", "by": "recovery code",
        "language": "en", "changed": ["mail_safe", "office_phone", "voicemail_text"], "ended": "expired",
    }  # fmt: skip

    assert codes_of(facts, ("en",)) == facts


def test_file_needs_another_role_to_agree_and_only_the_asker_has_it_for_a_day(
    supervisor: Member, administrator: Member, staff: Any, database: Database, clock: Clock
) -> None:
    records(database, clock, "sweeper", "warn_of_callback", "callback:7")
    other = staff("supervisor").signs_in()
    _asks(supervisor)
    forged = {"csrf_token": supervisor.token}
    for deed in ("agree", "file"):
        supervisor.sends(f"/console/audit/exports/1/{deed}", forged)
    assert supervisor.reads("Nobody has approved this file yet.")
    other.opens("/console/audit/exports")
    assert other.reads("You have the role of the person who requested it.")
    assert "Approve" not in other.buttons
    other.sends("/console/audit/exports/1/agree", {"csrf_token": other.token})
    assert other.reads("Someone with another role must approve it.")
    administrator.opens("/console/audit/exports").clicks("Approve")
    administrator.sends("/console/audit/exports/1/agree", {"csrf_token": administrator.token})
    assert administrator.reads("Someone already approved this file.")
    administrator.sends("/console/audit/exports/1/file", {"csrf_token": administrator.token})
    assert administrator.reads("Only the person who requested this file can download it.")

    clock.goes_on(hours=25)
    supervisor.signs_in().opens("/console/audit/exports")
    assert supervisor.reads("No file is requested.")
    supervisor.sends("/console/audit/exports/1/file", {"csrf_token": supervisor.token})
    assert supervisor.reads("The file was available for one day, which is over.")
    supervisor.sends("/console/audit/exports/99/file", {"csrf_token": supervisor.token})
    assert supervisor.reads("There is no such file.")


def test_administrator_who_added_an_account_cannot_agree_to_its_file(
    supervisor: Member, administrator: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, "sweeper", "warn_of_callback", "callback:7")
    with database.transaction() as session:
        audit.record(
            session, actor=administrator.email, action="add_staff", target=f"staff:{supervisor.staff_id}",
            now=clock(),
        )  # fmt: skip
    _asks(supervisor)

    administrator.opens("/console/audit/exports")
    assert administrator.reads("one of you set up or reset the other's account")
    assert "Approve" not in administrator.buttons
    administrator.sends("/console/audit/exports/1/agree", {"csrf_token": administrator.token})

    assert administrator.reads("You two may not approve this together")
    supervisor.opens("/console/audit/exports")
    assert supervisor.reads("Waits for approval")
    with database.reading() as session:
        assert session.scalars(select(AuditEntry.target).where(AuditEntry.action == ATTEMPT)).all() == [
            "export:1"
        ]


def test_asker_who_now_has_the_same_role_as_the_approver_needs_somebody_else(
    supervisor: Member, administrator: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, "sweeper", "warn_of_callback", "callback:7")
    _asks(supervisor)
    with database.transaction() as session:
        session.get_one(Staff, supervisor.staff_id).role = "administrator"

    administrator.opens("/console/audit/exports")
    assert administrator.reads("You have the role of the person who requested it.")
    assert "Approve" not in administrator.buttons
    administrator.sends("/console/audit/exports/1/agree", {"csrf_token": administrator.token})

    assert administrator.reads("Someone with another role must approve it.")


def test_file_that_nobody_agreed_to_for_a_day_must_be_asked_for_again(
    supervisor: Member, administrator: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, "sweeper", "warn_of_callback", "callback:7")
    _asks(supervisor)
    clock.goes_on(hours=25)

    administrator.signs_in().opens("/console/audit/exports")
    administrator.sends("/console/audit/exports/1/agree", {"csrf_token": administrator.token})

    assert administrator.reads("The request is more than a day old.")


def test_empty_search_result_is_no_file(supervisor: Member) -> None:
    supervisor.opens("/console/audit/export?what=rotate_keys").clicks("Request file")

    assert supervisor.reads("No entry matches, so there is nothing to export.")


def test_audit_is_no_file_without_a_fresh_proof(supervisor: Member, clock: Clock) -> None:
    clock.goes_on(minutes=10)

    supervisor.opens("/console/audit/export")

    assert supervisor.path.startswith("/console/confirm")


def test_search_that_makes_no_sense_is_no_file(supervisor: Member) -> None:
    supervisor.opens("/console/audit/export?since=someday")

    assert supervisor.reads("Enter a date.")


@pytest.mark.parametrize(
    "typed",
    [
        {"kind": "phone", "number": "2025550123"},
        {"number": "2025550123"},
        {"who": "Ana Demo"},
        {"what": "202-555-0123"},
        {"kind": "Ana Demo", "number": "1"},
    ],
)
def test_name_or_phone_that_somebody_searched_for_is_kept_nowhere(
    supervisor: Member, database: Database, typed: dict[str, str]
) -> None:
    supervisor.opens("/console/audit/export")
    supervisor.posts("/console/audit/export", {"csrf_token": supervisor.token, **typed})

    with database.reading() as session:
        assert session.scalars(select(AuditExport)).all() == []
    supervisor.opens("/console/audit")
    assert "555" not in supervisor.text
    assert "Ana Demo" not in supervisor.text


def test_proof_of_identity_in_between_continues_the_approval_and_the_download(
    supervisor: Member, administrator: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, "sweeper", "warn_of_callback", "callback:7")
    _asks(supervisor)
    administrator.opens("/console/audit/exports")
    clock.goes_on(minutes=6)

    administrator.clicks("Approve").fills(password=PASSWORD).clicks("Continue").clicks("Approve file")
    assert administrator.path == "/console/audit/exports"
    assert administrator.reads("You approved the file.", "Approved 10:06 AM by you")

    supervisor.opens("/console/audit/exports").clicks("Download file")
    supervisor.fills(password=PASSWORD).clicks("Continue")
    # A file leaves its page where it is, so this page leads back and sends nothing by itself.
    assert "Back to the page" in supervisor.links
    assert not supervisor.page.xpath("//form[@data-continue]")
    supervisor.clicks("Download file")
    assert [one["target"] for one in _file(supervisor)] == ["callback:7"]


@ON_BOTH
def test_request_for_a_file_is_rejected_by_another_role_and_its_asker_reads_so(
    supervisor: Member, administrator: Member, staff: Any, database: Database, clock: Clock
) -> None:
    records(database, clock, "sweeper", "warn_of_callback", "callback:7")
    other = staff("supervisor").signs_in()
    _asks(supervisor)
    assert "Reject" not in other.opens("/console/audit/exports").buttons
    other.sends("/console/audit/exports/1/reject", {"csrf_token": other.token})
    assert other.reads("Someone with another role must approve it.")

    administrator.opens("/console/audit/exports").clicks("Reject")

    assert administrator.reads("The request is closed.", "Rejected 10:00 AM by you")
    assert not administrator.reads("Waits for approval")
    assert not {"Approve", "Reject"} & set(administrator.buttons)
    assert supervisor.opens("/console/audit/exports").reads("Rejected 10:00 AM by")
    administrator.sends("/console/audit/exports/1/agree", {"csrf_token": administrator.token})
    assert administrator.reads("This request was rejected or withdrawn.")
    supervisor.sends("/console/audit/exports/1/file", {"csrf_token": supervisor.token})
    assert supervisor.reads("This request was rejected or withdrawn.")
    supervisor.opens("/console/audit?kind=export&number=1")
    assert supervisor.reads("rejected a file of the audit")


def test_asker_withdraws_a_request_for_a_file_until_somebody_approved_it(
    supervisor: Member, administrator: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, "sweeper", "warn_of_callback", "callback:7")
    _asks(supervisor)
    supervisor.clicks("Withdraw request")
    assert supervisor.reads("Withdrawn 10:00 AM")
    assert "Approve" not in administrator.opens("/console/audit/exports").buttons

    _asks(supervisor)
    administrator.opens("/console/audit/exports").clicks("Approve")
    supervisor.sends("/console/audit/exports/2/reject", {"csrf_token": supervisor.token})
    assert supervisor.reads("Someone already approved this file.")

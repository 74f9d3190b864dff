"""`hotline notices` as outside checks read it, and as staff without the console use it."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from hotline.cli import group
from models import AuditEntry, CustodyEvent, Notice, Registration
from models.custody.imports.record import CustodyImport
from models.notices.notice import NOTICE_STATES
from models.notices.notice_moves import confirm
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.factories import (
    NOW,
    make_case,
    make_event,
    make_notice,
    make_registration,
    make_staff,
    make_subject,
)
from tests.models.notices.registered import OUT, feeds

Hotline = Callable[..., Result]
BY = "ruth@office.example.org"


@pytest.fixture
def hotline(environ: dict[str, str]) -> Hotline:
    """Run `hotline notices` on the test's database."""
    return lambda *args: CliRunner().invoke(group, ["notices", *args], env=environ)


def make_some(database: Database, *states: str) -> list[int]:
    """One notice in each state, of one case each; the first is the newest."""
    made = []
    with database.transaction() as session:
        make_staff(session, email=BY)
        for age, state in enumerate(states):
            case = make_case(session, "released")
            event = make_event(session, case.subject_id)
            row = make_notice(
                session, make_registration(session, case), event, state=state,
                made_at=NOW - timedelta(hours=age),
            )  # fmt: skip
            made.append(row.id)
    return made


def test_every_notice_is_listed_oldest_first_with_no_number_and_no_name(
    hotline: Hotline, database: Database
) -> None:
    make_some(database, *NOTICE_STATES)
    result = hotline("list", "--json")
    listed = json.loads(result.stdout)
    assert result.exit_code == 0
    assert [row["state"] for row in listed] == list(reversed(NOTICE_STATES))
    assert listed[-1] == {
        "id": listed[-1]["id"],
        "state": "waiting",
        "made_at": "2026-11-25T15:00:00+00:00",
        "urgent": True,
        "next_attempt_at": "2026-11-25T15:00:00+00:00",
        "tries": 0,
        "confirmed_at": None,
        "confirmed_by": None,
        "outcome": None,
    }
    assert "555" not in result.output + hotline("list").output


@ON_BOTH
def test_list_of_notices_is_narrowed_by_state(hotline: Hotline, database: Database) -> None:
    make_some(database, *NOTICE_STATES)
    listed = json.loads(hotline("list", "--state", "waiting", "--state", "confirmed", "--json").stdout)
    assert [row["state"] for row in listed] == ["confirmed", "waiting"]
    assert hotline("list", "--state", "lost").exit_code == 2


def test_no_notices_are_an_empty_document(hotline: Hotline, database: Database) -> None:
    assert json.loads(hotline("list", "--json").stdout) == []
    assert hotline("list").stdout == "No notices.\n"


@pytest.mark.parametrize("state", ["waiting", "ringing", "left_for_staff"])
def test_open_notice_is_cancelled_once_and_the_audit_says_by_whom_and_why(
    hotline: Hotline, database: Database, state: str
) -> None:
    (notice_id,) = make_some(database, state)
    cancel = ("cancel", str(notice_id), "--by", BY, "--reason", "person_asked")

    assert hotline(*cancel).stdout == "Canceled.\n"

    with database.reading() as session:
        row = session.get_one(Notice, notice_id)
        assert (row.state, row.outcome) == ("stopped", "staff_cancelled")
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "stop_notice")).one()
        assert (entry.actor[:6], entry.target) == ("staff:", f"notice:{notice_id}")
        assert entry.facts == {"outcome": "staff_cancelled", "reason": "person_asked"}
    again = hotline(*cancel)
    assert again.exit_code == 2
    assert "confirmed or stopped already" in again.stderr


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("77", "--by", BY, "--reason", "person_asked"), "ID: There is no such notice"),
        (("1", "--by", "nobody@office.example.org", "--reason", "person_asked"), "No one on the staff list"),
        (("1", "--by", BY, "--reason", "bored"), "--reason"),
    ],
)
def test_notice_is_not_cancelled_by_nobody_or_for_no_reason(
    hotline: Hotline, database: Database, args: tuple[str, ...], sentence: str
) -> None:
    make_some(database, "waiting")
    result = hotline("cancel", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr


def test_wrong_import_is_taken_back_by_two_people_by_command(hotline: Hotline, database: Database) -> None:
    with database.transaction() as session:
        subject = make_subject(session, feed_id="A-1")
        case = make_case(session, subject=subject)
        registration = make_registration(session, case)
        for email in (BY, "ben@office.example.org"):
            make_staff(session, email=email)
    feeds(database)
    feeds(database, **OUT)
    with database.transaction() as session:
        wrong = session.scalars(select(CustodyImport.id).order_by(CustodyImport.id.desc())).first()
        event = session.scalars(select(CustodyEvent)).one()
        notice = make_notice(session, session.get_one(Registration, registration.id), event)
        confirm(session, notice.id, "staff", NOW, "staff:1")

    alone = hotline("retract", str(wrong), "--by", BY, "--and", BY)
    assert (alone.exit_code, alone.stderr) == (2, "--and: two different people must take back an import.\n")

    done = hotline("retract", str(wrong), "--by", BY, "--and", "ben@office.example.org", "--json")
    assert json.loads(done.stdout) == {"import": wrong, "corrections": 1}

    again = hotline("retract", str(wrong), "--by", BY, "--and", "ben@office.example.org")
    assert again.exit_code == 2
    assert again.stderr == f"IMPORT: there is no import {wrong} that landed and still counts.\n"

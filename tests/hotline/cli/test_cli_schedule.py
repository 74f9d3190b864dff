"""`hotline staff schedule` and `hotline staff absence` as an administrator uses them."""

import json

import pytest
from sqlalchemy import select

from models import Absence, AuditEntry
from models.store.database import Database
from tests.factories import make_staff
from tests.hotline.cli.test_cli_staff_and_keys import Hotline, hotline

__all__ = ["hotline"]
LEA = "lea@office.example.org"


@pytest.fixture(autouse=True)
def _lea(database: Database) -> None:
    with database.transaction() as session:
        make_staff(session, LEA)


def test_week_is_set_shown_and_partly_cleared(hotline: Hotline) -> None:
    hotline("staff", "schedule", LEA, "--days", "mon-fri", "--from", "09:00", "--to", "17:00")
    hotline("staff", "schedule", LEA, "--days", "sat-mon", "--from", "20:00", "--to", "08:00", "--on-call")
    result = hotline("staff", "schedule", LEA, "--days", "tue,wed,thu,fri", "--free", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == [
        {"day": day, "from": "20:00", "to": "08:00", "kind": "on_call"} for day in ("mon", "sat", "sun")
    ] + [{"day": "mon", "from": "09:00", "to": "17:00", "kind": "on_shift"}]
    assert "mon  09:00-17:00  on shift" in hotline("staff", "schedule", LEA).stdout


def test_shift_until_midnight_is_shown_as_it_was_set(hotline: Hotline) -> None:
    told = hotline("staff", "schedule", LEA, "--days", "mon", "--from", "16:00", "--to", "24:00")

    assert told.stdout == "mon  16:00-24:00  on shift\n"


def test_absence_is_added_and_is_an_audit_entry(hotline: Hotline, database: Database) -> None:
    result = hotline("staff", "absence", LEA, "--from", "2026-12-21", "--to", "2026-12-31", "--json")

    assert json.loads(result.stdout) == {"from": "2026-12-21", "to": "2026-12-31"}
    with database.reading() as session:
        assert session.scalars(select(Absence.last_day)).one().isoformat() == "2026-12-31"
        assert session.scalars(select(AuditEntry.action)).all() == ["add_absence"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("schedule", LEA, "--days", "monday", "--free"), "--days"),
        (("schedule", LEA, "--from", "09:00", "--to", "17:00"), "--days"),
        (("schedule", LEA, "--days", "mon"), "--from"),
        (("schedule", LEA, "--days", "mon", "--from", "9", "--to", "25:00"), "--"),
        (("schedule", LEA, "--days", "mon", "--from", "09:00", "--to", "17:00:30"), "--to"),
        (("schedule", "nobody@office.example.org", "--days", "mon", "--free"), "EMAIL"),
        (("absence", LEA, "--from", "2026-12-21", "--to", "2026-12-20"), "--to"),
        (("absence", LEA, "--from", "soon", "--to", "2026-12-20"), "--from"),
    ],
)
def test_wrong_value_is_one_sentence(hotline: Hotline, arguments: tuple[str, ...], field: str) -> None:
    result = hotline("staff", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert field in result.stderr

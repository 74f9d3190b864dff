"""Changes of the office: rows that stay, and the newest of each field counts."""

import threading

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from models import AuditEntry, OfficeChange
from models.audit import audit
from models.audit.office_change import (
    OfficeChangeError,
    change_fields,
    change_numbered,
    changes_of,
    newest_version,
    standing_changes,
)
from models.audit.refusals import OfficeChangeRefusal
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.factories import NOW

WHO = "ruth@office.example.org"


def change(database: Database, field: str, value: object, reason: str = "A storm is coming.") -> int | None:
    with database.reading() as session:
        seen = standing_changes(session)
    with database.transaction() as session:
        made = change_fields(session, {field: value}, reason=reason, seen=seen, actor=WHO, now=NOW)
        return made[0] if made else None


def test_office_that_nobody_changed_has_no_version(database: Database) -> None:
    with database.reading() as session:
        assert newest_version(session) == 0
        assert standing_changes(session).values == {}


def test_newest_change_of_each_field_counts(database: Database) -> None:
    change(database, "hours.monday", ["09:00-17:00"])
    change(database, "holidays.extra_closures", ["2026-11-27"])
    latest = change(database, "hours.monday", [])

    with database.reading() as session:
        standing = standing_changes(session)
        assert standing.values == {"hours.monday": [], "holidays.extra_closures": ["2026-11-27"]}
        assert standing.version == latest == newest_version(session)
        assert [one.value for one in changes_of(session, "hours.monday")] == [[], ["09:00-17:00"]]


def test_field_that_was_handed_back_is_no_longer_changed_and_still_has_a_version(
    database: Database,
) -> None:
    change(database, "hours.monday", [])
    back = change(database, "hours.monday", None)

    with database.reading() as session:
        standing = standing_changes(session)
        assert standing.values == {}
        assert standing.versions == {"hours.monday": back}


def test_administrator_who_looked_before_someone_elses_change_is_refused(database: Database) -> None:
    with database.reading() as session:
        seen = standing_changes(session)
    change(database, "hours.monday", [])

    with database.transaction() as session:
        made = change_fields(session, {"hours.tuesday": []}, reason="Late.", seen=seen, actor=WHO, now=NOW)

    assert made is None
    with database.reading() as session:
        assert len(changes_of(session)) == 1


@ON_BOTH
def test_one_of_two_who_save_at_once_is_refused(database: Database) -> None:
    with database.reading() as session:
        seen = standing_changes(session)
    ready, made = threading.Barrier(2), []

    def save(day: str) -> None:
        ready.wait()
        with database.transaction() as session:
            made.append(
                change_fields(session, {f"hours.{day}": []}, reason="Now.", seen=seen, actor=WHO, now=NOW)
            )

    threads = [threading.Thread(target=save, args=(day,)) for day in ("monday", "tuesday")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(one is not None for one in made) == 1


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 281, "Ask Ana at +1 202 555 0123.", "SSN 078-05-1120"])
def test_change_needs_a_reason_with_nothing_private_in_it(database: Database, reason: str) -> None:
    with pytest.raises(OfficeChangeError):
        change(database, "hours.monday", [], reason)

    with database.reading() as session:
        assert newest_version(session) == 0


def test_change_is_an_audit_entry_without_its_value(database: Database) -> None:
    made = change(database, "hours.monday", ["09:00-17:00"])

    with database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.actor, entry.action, entry.target) == (WHO, "change_office", f"office_change:{made}")
        assert entry.facts == {"field": "hours.monday", "change": made, "back_to_file": False}
        assert audit.verify(session) is None


def test_change_stays_written(database: Database) -> None:
    made = change(database, "hours.monday", [])
    assert made is not None

    for spoil in (update(OfficeChange).values(reason="other"), delete(OfficeChange)):
        with pytest.raises(DBAPIError), database.transaction() as session:
            session.execute(spoil)

    with database.reading() as session:
        kept = change_numbered(session, made)
        assert kept is not None
        assert kept.reason == "A storm is coming."


@pytest.mark.parametrize("part", ["basis", "decided_by"])
def test_basis_of_a_number_has_no_phone_in_it_either(database: Database, part: str) -> None:
    value = {"value": 3, "basis": "What callers told us.", "decided_by": "the director"}

    with pytest.raises(OfficeChangeError, match=f"^{OfficeChangeRefusal.POLICY_TEXT}$"):
        change(database, "policies.liaison_tries", {**value, part: "Ana, 202 555 0123"})

    assert change(database, "policies.liaison_tries", value) is not None
    assert change(database, "announcements", [{"text": {"en": "Call 202 555 0123."}}]) is not None

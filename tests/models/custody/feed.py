"""A custody feed for tests: rows with defaults, written as the file that an import reads."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from models.calls.call_state import CallState
from models.custody.custody_status import Heard, HeardRules, heard
from models.custody.imports.custody_import import ImportResult, ImportRules, import_custody
from models.custody.imports.file import COLUMNS
from models.custody.imports.held import list_held
from models.overview.caller_state import load_by_sid
from models.store.database import Database
from tests.factories import (
    NOW,
    MadeCase,
    make_call,
    make_case,
    make_office,
    make_policies,
    make_staff,
    make_subject,
)

RULES = ImportRules(make_office().gates, make_policies())
LONG_AGO = NOW - timedelta(days=2)


def feed_row(subject_id: str, **values: Any) -> dict[str, str]:
    """Someone adult, in custody, confirmed at NOW, about whom everything may be said."""
    row = {
        "subject_id": subject_id, "status": "in_custody", "status_at": LONG_AGO, "facility": "", "as_of": NOW,
        "adult": "yes", "section_1367": "no", "asylum_related": "no", "removal_stage": "",
        "expected_release_at": "", "next_hearing_at": "", "next_hearing_place": "", **values,
    }  # fmt: skip
    return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in row.items()}


def feed_file(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> BinaryIO:
    """The rows as a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(text.getvalue().encode())


def load(database: Database, *rows: dict[str, str], now: datetime = NOW, **options: Any) -> ImportResult:
    """Import the rows as one file."""
    options = {"full": False, "dry_run": False, "strict": False, "rules": RULES, **options}
    rules = options.pop("rules")
    return import_custody(database, feed_file(*rows), rules, now=now, **options)


def open_cases(database: Database, *feed_ids: str) -> dict[str, MadeCase]:
    """An open case about each of these people, nothing known of any."""
    with database.transaction() as session:
        return {
            feed_id: make_case(session, subject=make_subject(session, feed_id=feed_id))
            for feed_id in feed_ids
        }


def what_is_heard(database: Database, case: MadeCase, now: datetime = NOW) -> Heard:
    """What a caller who opened this case hears, through the read that a turn makes."""
    with database.transaction() as session:
        call = make_call(session, case_id=case.id, verified_at=now, last_key_at=now)
        state = load_by_sid(session, str(call.call_sid), now)
    assert isinstance(state, CallState)
    everything = dict.fromkeys(
        ("allow_facility", "allow_hearing", "allow_expected_release", "allow_removal_stage"), True
    )
    return heard(state, now, HeardRules(**everything))


def at(hours: float) -> datetime:
    """NOW, moved by hours."""
    return NOW.astimezone(UTC) + timedelta(hours=hours)


def counts(result: ImportResult) -> tuple[int, ...]:
    """Rows; then those that are new, changed, unchanged, ignored and rejected."""
    return (result.rows, result.new, result.changed, result.unchanged, result.ignored, len(result.rejected))


def held_codes(database: Database) -> list[list[str]]:
    """For each held import the codes of why it is held."""
    with database.reading() as session:
        return [[reason.code for reason in entry.reasons] for entry in list_held(session)]


def held_ids(database: Database) -> list[int]:
    """The held imports."""
    with database.reading() as session:
        return [entry.id for entry in list_held(session)]


def two_staff(database: Database) -> dict[str, Any]:
    """Two people who may release an import together, as ``release`` takes them."""
    with database.transaction() as session:
        make_staff(session, "ana@office.example.org")
        make_staff(session, "ben@office.example.org", role="supervisor")
    return {"by": "ana@office.example.org", "and_by": "Ben@office.example.org", "tied_days": 30}

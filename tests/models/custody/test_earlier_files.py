"""What the brake remembers of earlier files: an hour, a day, a month, and the largest snapshot (R16)."""

from datetime import timedelta
from typing import Any

import pytest

from models.custody.imports.brake import EarlierChanges
from models.custody.imports.earlier_files import earlier_changes, last_snapshot_rows
from models.store.database import Database
from tests.factories import NOW, make_import


def changes_of(database: Database, *files: dict[str, Any]) -> EarlierChanges:
    """What counts now of files that landed so many minutes ago."""
    with database.transaction() as session:
        for file in files:
            at = NOW - timedelta(minutes=file.pop("minutes"))
            make_import(session, started_at=at, settled_at=at, decided_at=at, **file)
        return earlier_changes(session, NOW)


@pytest.mark.parametrize(
    ("minutes", "hour", "day"), [(1, 7, 7), (59, 7, 7), (61, 0, 7), (60 * 24 - 1, 0, 7), (60 * 24 + 1, 0, 0)]
)
def test_file_counts_for_an_hour_and_for_a_day(database: Database, minutes: int, hour: int, day: int) -> None:
    moved = {"moved_releases": 3, "moved_hearings": 4}
    earlier = changes_of(database, {"minutes": minutes, "status_changes": 7, "from_denial": 2, **moved})

    assert (earlier.hour, earlier.day, earlier.denials) == (hour, day, 2 if hour else 0)
    assert (earlier.moved_releases, earlier.moved_hearings) == ((3, 4) if day else (0, 0))


def test_file_that_is_landing_now_counts_and_one_that_is_held_does_not(database: Database) -> None:
    earlier = changes_of(
        database,
        {"minutes": 1, "status_changes": 7, "state": "applying"},
        {"minutes": 1, "status_changes": 90, "state": "held"},
        {"minutes": 1, "status_changes": 90, "hold_reasons": ["status_changes 90 10"]},
    )

    assert (earlier.hour, earlier.day) == (7, 7)


@pytest.mark.parametrize(("days", "peak"), [(2, 7), (20, 7), (30, 7), (32, 0)])
def test_busiest_hour_and_day_of_thirty_days_are_the_peaks(database: Database, days: int, peak: int) -> None:
    earlier = changes_of(database, {"minutes": 60 * 24 * days, "status_changes": 7})

    assert (earlier.peak_hour, earlier.peak_day) == (peak, peak)


def test_current_count_raises_no_peak(database: Database) -> None:
    earlier = changes_of(database, {"minutes": 1, "status_changes": 7}, {"minutes": 90, "status_changes": 3})

    assert (earlier.hour, earlier.peak_hour, earlier.day, earlier.peak_day) == (7, 3, 10, 0)


def test_snapshots_are_compared_with_the_largest_of_a_day_back_to_one_that_people_released(
    database: Database,
) -> None:
    snapshots = [(100, 23, []), (90, 20, ["missing_rows 10 2"]), (89, 10, []), (88, 1, [])]
    with database.transaction() as session:
        for rows, hours, held in snapshots:
            at = NOW - timedelta(hours=hours)
            make_import(
                session, full=True, rows=rows, rejected=0, started_at=at, decided_at=at, hold_reasons=held
            )
        assert last_snapshot_rows(session, NOW) == 90
        make_import(session, full=True, rows=95, rejected=0, decided_at=NOW)
        assert last_snapshot_rows(session, NOW) == 95

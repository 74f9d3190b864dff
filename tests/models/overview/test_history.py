"""The history of a callback: people by their names, parts of the app as such."""

from datetime import UTC, datetime

from models.audit import audit
from models.overview.history import history_of
from models.store.database import Database
from tests.factories import make_callback, make_staff

NOW = datetime(2026, 11, 25, 17, tzinfo=UTC)


def test_person_has_one_name_in_a_history_whichever_way_they_acted(database: Database) -> None:
    with database.transaction() as session:
        ana = make_staff(session, name="Ana Invented")
        callback = make_callback(session)
        for actor in (f"staff:{ana.id}", f"liaison:{ana.id}", ana.email, "sweeper", "caller:4", "staff:4711"):
            audit.record(session, actor=actor, action="note", target=f"callback:{callback.id}", now=NOW)

    with database.reading() as session:
        told = [(one.who, one.is_staff) for one in history_of(session, callback.id)]

    assert told == [
        ("Ana Invented", True), ("Ana Invented", True), ("Ana Invented", True),
        ("sweeper", False), ("caller", False), ("", True),
    ]  # fmt: skip

"""Checks whether a database has the schema of this release.

Every program checks before it starts. Only ``models/store/migrate.py`` loads the code that changes a schema.
"""

from pathlib import Path

from sqlalchemy import inspect, text

from models.store.database import Database

_REVISIONS = Path(__file__).with_name("migrations") / "versions"


def newest_revision() -> str:
    """The number of the last revision, such as ``0001``; a revision's file name begins with its number."""
    return max(file.name for file in _REVISIONS.glob("r????_*.py"))[1:5]


def is_current(database: Database) -> bool:
    """Whether the database has the schema of this release or of a newer one.

    A newer release only adds to the schema that this one uses, so machines can be upgraded one by one.
    """
    return (_revision(database) or "") >= newest_revision()


def _revision(database: Database) -> str | None:
    with database.reading() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return None
        found = session.scalars(text("SELECT version_num FROM alembic_version")).all()
    return found[0] if len(found) == 1 else None

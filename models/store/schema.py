"""Checks whether a database has the schema of this release.

Every program checks before it starts. Only ``models/store/migrate.py`` loads the code that changes a schema.
"""

from pathlib import Path

from sqlalchemy import inspect, text

from models.store.base import Base
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


def missing_columns(database: Database) -> list[str]:
    """The columns of this release that the database lacks although it is current, such as ``staff.role``.

    The first revision changes until the first release: a database that an older checkout made has its number.
    """
    with database.reading() as session:
        found = inspect(session.connection()).get_multi_columns()
    has = {(table, column["name"]) for (_, table), columns in found.items() for column in columns}
    wanted = (column for table in Base.metadata.sorted_tables for column in table.columns)
    return [f"{one.table.name}.{one.name}" for one in wanted if (one.table.name, one.name) not in has]


def told_of_missing(columns: list[str]) -> str:
    """Say in one sentence what the database lacks, and what to do."""
    others = f" and {len(columns) - 1} more" if len(columns) > 1 else ""
    return (
        f"The database lacks {columns[0]}{others}: an older checkout of this release made it. Go back to "
        "that checkout, or begin with an empty database (the demo's: `rm -r var`)."
    )


def _revision(database: Database) -> str | None:
    with database.reading() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return None
        found = session.scalars(text("SELECT version_num FROM alembic_version")).all()
    return found[0] if len(found) == 1 else None

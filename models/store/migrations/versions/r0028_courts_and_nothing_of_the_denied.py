"""A directory of courts; records keep entries of the directories alone, and nothing of a denied row (R12).

Revision: 0028, after 0027. Names that stand in no directory are emptied, and so is every row that the gate
denied: its status becomes ``unknown`` and all else NULL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_TABLES = ("custody_records", "import_rows")
_APPENDED = "Custody records are only ever appended."


def upgrade() -> None:
    """Make the table, move the columns, and empty what may not be kept."""
    op.create_table(
        "courts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=False, unique=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for deed in ("update", "delete"):
        on = "" if is_sqlite else " ON custody_records"
        op.execute(f"DROP TRIGGER custody_records_refuse_{deed}{on}")
    for table in _TABLES:
        op.add_column(table, sa.Column("court_key", sa.String(length=200)))
        op.drop_column(table, "next_hearing_place")
        _let_status_at_be_empty(table, is_sqlite)
        op.execute(
            f"UPDATE {table} SET status = 'unknown', status_at = NULL, facility_key = NULL,"  # noqa: S608
            " removal_stage = NULL, expected_release_at = NULL, next_hearing_at = NULL WHERE NOT releasable"
        )
        op.execute(
            f"UPDATE {table} SET facility_key = NULL WHERE facility_key IS NOT NULL"  # noqa: S608
            " AND facility_key NOT IN (SELECT name_key FROM facilities)"
        )
    for deed in ("UPDATE", "DELETE"):
        does = (
            f"BEGIN SELECT RAISE(ABORT, '{_APPENDED}'); END"
            if is_sqlite
            else "EXECUTE FUNCTION custody_records_refuse()"
        )
        op.execute(
            f"CREATE TRIGGER custody_records_refuse_{deed.lower()} BEFORE {deed} ON custody_records "
            f"FOR EACH ROW {does}"
        )


def _let_status_at_be_empty(table: str, is_sqlite: bool) -> None:
    if not is_sqlite:
        op.alter_column(table, "status_at", nullable=True)
        return
    # SQLite cannot drop a NOT NULL, and copying the table would take its triggers and references along.
    op.add_column(table, sa.Column("happened_at", sa.DateTime(timezone=True)))
    op.execute(f"UPDATE {table} SET happened_at = status_at")  # noqa: S608
    op.drop_column(table, "status_at")
    op.execute(f"ALTER TABLE {table} RENAME COLUMN happened_at TO status_at")

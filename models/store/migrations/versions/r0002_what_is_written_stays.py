"""What is written stays: custody records are only appended, and an audit entry loses its facts at most.

Revision: 0002, after 0001. A later revision that copies one of these tables on SQLite must make its
triggers anew; tests/models/store/test_migrations.py tells when they are gone.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: What of an audit entry can never change; ``facts`` and ``salt`` may be purged, that is set to NULL.
_KEPT = ("id", "at", "actor", "action", "target", "commitment", "previous", "hash")

_CUSTODY = "Custody records are only ever appended."
_AUDIT = "Audit entries stay; only their facts and salt may be purged."


def upgrade() -> None:
    """Make the triggers in the database's own language."""
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()


def _on_sqlite() -> None:
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _KEPT)
    refused = f"NEW.facts IS NOT NULL OR NEW.salt IS NOT NULL OR {changed}"
    for table, deed, condition, sentence in (
        ("custody_records", "UPDATE", "", _CUSTODY),
        ("custody_records", "DELETE", "", _CUSTODY),
        ("audit_entries", "UPDATE", f"WHEN {refused}", _AUDIT),
        ("audit_entries", "DELETE", "", _AUDIT),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_refuse_{deed.lower()} BEFORE {deed} ON {table} FOR EACH ROW {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        )


def _on_postgresql() -> None:
    kept = ", ".join(f"NEW.{name}" for name in _KEPT), ", ".join(f"OLD.{name}" for name in _KEPT)
    refused = f"NEW.facts IS NOT NULL OR NEW.salt IS NOT NULL OR ({kept[0]}) IS DISTINCT FROM ({kept[1]})"
    for table, sentence in (("custody_records", _CUSTODY), ("audit_entries", _AUDIT)):
        op.execute(
            f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'restrict_violation'; END $$"
        )
    for table, deed, condition in (
        ("custody_records", "UPDATE", ""),
        ("custody_records", "DELETE", ""),
        ("audit_entries", "UPDATE", f"WHEN ({refused})"),
        ("audit_entries", "DELETE", ""),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_refuse_{deed.lower()} BEFORE {deed} ON {table} FOR EACH ROW {condition} "
            f"EXECUTE FUNCTION {table}_refuse()"
        )

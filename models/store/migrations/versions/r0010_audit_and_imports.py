"""The audit can be searched and watched, and a custody file can wait for people in the console.

Revision: 0010, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
UNSETTLED = sa.text("settled_at IS NULL")


def upgrade() -> None:
    """Indexes for each way to search, the alarms, and what an import in the console needs."""
    op.drop_index("ix_audit_entries_action", "audit_entries")
    op.create_index("ix_audit_entries_at", "audit_entries", ["at", "id"])
    for name, columns in (
        ("actor", ["actor"]),
        ("action", ["action"]),
        ("target", ["target"]),
        ("actor_action", ["actor", "action"]),
    ):
        op.create_index(f"ix_audit_entries_{name}", "audit_entries", [*columns, "at", "id"])
    _make_alarms()
    _widen_imports()


def _make_alarms() -> None:
    op.create_table(
        "audit_alarms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=512), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.Column("settled_by", sa.String(length=254)),
        sa.Column("finding", sa.String(length=16)),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entries.id"], name="fk_audit_alarms_entry_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_alarms"),
    )
    op.create_index(
        "uq_audit_alarms_open", "audit_alarms", ["rule", "actor", "target"], unique=True,
        sqlite_where=UNSETTLED, postgresql_where=UNSETTLED,
    )  # fmt: skip
    op.create_index("ix_audit_alarms_settled", "audit_alarms", ["settled_at", "id"])
    op.create_table(
        "audit_watches",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_watches"),
    )
    op.create_table(
        "approvals",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("pair", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entries.id"], name="fk_approvals_entry_id"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_approvals"),
    )
    op.create_index("ix_approvals_at", "approvals", ["at", "pair"])


def _widen_imports() -> None:
    for column in (
        sa.Column("seen_at", MOMENT),
        sa.Column("landed_before", sa.Integer()),
        sa.Column("newest_as_of", MOMENT),
        sa.Column("decided_at", MOMENT),
        sa.Column("ended", sa.String(length=16)),
        sa.Column("kinds", sa.JSON()),
        sa.Column("concerned", sa.Integer()),
        sa.Column("reject_fields", sa.JSON()),
        sa.Column("pages", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("asked", sa.String(length=8)),
        sa.Column("asked_at", MOMENT),
    ):
        op.add_column("imports", column)
    for name in ("uploaded_by_id", "asked_by_id"):
        _refer_to_staff(name)
    op.drop_index("ix_imports_state", "imports")
    op.create_index("ix_imports_state", "imports", ["state", "id"])
    op.create_index("ix_import_rows_change", "import_rows", ["import_id", "change"])
    op.create_table(
        "import_rejects",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_import_rejects_import_id"),
        sa.PrimaryKeyConstraint("import_id", "line", name="pk_import_rejects"),
    )


def _refer_to_staff(name: str) -> None:
    """SQLite takes a reference only with the column itself."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"ALTER TABLE imports ADD COLUMN {name} INTEGER "
            f"CONSTRAINT fk_imports_{name} REFERENCES staff (id)"
        )
        return
    op.add_column("imports", sa.Column(name, sa.Integer()))
    op.create_foreign_key(f"fk_imports_{name}", "imports", "staff", [name], ["id"])

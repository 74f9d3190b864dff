"""What is changed in the console: the office's settings, as rows that are only appended, and who left.

Revision: 0011, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
_REFUSED = "Changes of the office are only ever appended."


def upgrade() -> None:
    """Make the table, its triggers, and the new column of staff without copying that table."""
    op.create_table(
        "office_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=80), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True)),
        sa.Column("reason", sa.String(length=280), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_office_changes"),
    )
    op.create_index("ix_office_changes_field_id", "office_changes", ["field", "id"])
    op.add_column("staff", sa.Column("left_at", MOMENT))
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER office_changes_refuse_{deed.lower()} BEFORE {deed} ON office_changes "
                f"FOR EACH ROW BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION office_changes_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER office_changes_refuse BEFORE UPDATE OR DELETE ON office_changes "
        "FOR EACH ROW EXECUTE FUNCTION office_changes_refuse()"
    )

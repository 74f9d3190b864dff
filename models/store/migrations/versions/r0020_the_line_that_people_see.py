"""Which of the office's numbers a person sees, whose phone a callback without a case is for, and new phones.

Revision: 0020, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns without copying a table."""
    op.add_column("phones", sa.Column("content_held_until", sa.DateTime(timezone=True)))
    op.add_column("registrants", sa.Column("line", sa.String(length=16)))
    # SQLite takes the reference only with the column itself.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "ALTER TABLE callbacks ADD COLUMN registrant_id INTEGER "
            "CONSTRAINT fk_callbacks_registrant_id REFERENCES registrants (id)"
        )
        return
    op.add_column("callbacks", sa.Column("registrant_id", sa.Integer()))
    op.create_foreign_key("fk_callbacks_registrant_id", "callbacks", "registrants", ["registrant_id"], ["id"])

"""A talk not known to be over keeps no later promise, and the live calls of staff have an index.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OWED = sa.text("state IN ('requested','claimed','ringing_liaison','ringing_caller')")
OF_STAFF = sa.text("ended_at IS NULL AND staff_id IS NOT NULL")


def upgrade() -> None:
    """Replace the index that lets a case have one open callback; talks stand in the new one no more."""
    op.drop_index("uq_callbacks_open_case", "callbacks")
    op.create_index(
        "uq_callbacks_owed_case",
        "callbacks",
        ["case_id"],
        unique=True,
        sqlite_where=OWED,
        postgresql_where=OWED,
    )
    op.create_index(
        "ix_calls_of_staff", "calls", ["staff_id"], sqlite_where=OF_STAFF, postgresql_where=OF_STAFF
    )

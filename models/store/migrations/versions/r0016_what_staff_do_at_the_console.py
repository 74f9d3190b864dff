"""What staff do to a callback themselves: a claim of theirs, what they took up again, and a short note.

Revision: 0008, after 0014.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OPEN = sa.text("state IN ('requested','claimed','ringing_liaison','ringing_caller','talking')")
LEFT = sa.text("state = 'left_for_staff'")
OF_STAFF = sa.text("staff_id IS NOT NULL")


def _only(condition: sa.TextClause) -> dict[str, Any]:
    return {"sqlite_where": condition, "postgresql_where": condition}


def upgrade() -> None:
    """Add columns without copying a table, then the indexes of the console's list."""
    op.add_column("callbacks", sa.Column("claimed_at", MOMENT))
    op.add_column("callbacks", sa.Column("taken_up_at", MOMENT))
    op.add_column("callbacks", sa.Column("note_sealed", sa.Text()))
    op.create_index("ix_callbacks_promised", "callbacks", ["due_at", "id"], **_only(OPEN))
    op.create_index("ix_callbacks_aside", "callbacks", ["closed_at", "id"], **_only(LEFT))
    op.create_index("ix_callbacks_of_staff", "callbacks", ["staff_id", "talking_at"], **_only(OF_STAFF))

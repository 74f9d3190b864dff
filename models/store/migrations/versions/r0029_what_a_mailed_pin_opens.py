"""When a mailed PIN opened the choice of an own PIN in a call.

Revision: 0029, after 0028.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column without copying a table."""
    op.add_column("calls", sa.Column("letter_at", sa.DateTime(timezone=True)))

"""A supervisor may lift the 30-day total of wrong tries at a case number (R04).

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

from models.store.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; it is empty at first, so that no row is rewritten."""
    op.add_column("pin_counters", sa.Column("lifted_at", UtcDateTime(), nullable=True))

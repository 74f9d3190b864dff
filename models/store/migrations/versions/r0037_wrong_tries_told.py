"""Up to which moment a caller heard of wrong tries: a right PIN alone tells nobody of them (R04).

Revision: 0037, after 0036.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what came before the last right PIN counts as told."""
    op.add_column("cases", sa.Column("tries_told_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE cases SET tries_told_at = last_verified_at")

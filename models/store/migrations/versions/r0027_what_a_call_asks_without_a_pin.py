"""What a call without a PIN chose, whether another call asked for the same callback, and told stops.

Revision: 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the three columns."""
    op.add_column("calls", sa.Column("wishes", sa.String(64)))
    op.add_column(
        "callbacks", sa.Column("asked_elsewhere", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.add_column("phones", sa.Column("stop_told_at", sa.DateTime(timezone=True)))

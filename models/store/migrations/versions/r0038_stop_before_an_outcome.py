"""A phone said stop while it talked, or before the outcome was keyed: nothing that follows rings it (R33).

Revision: 0038, after 0037.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    column: sa.Column[bool] = sa.Column(
        "stopped_after", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("callbacks", column)

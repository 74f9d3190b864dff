"""When supervisors were told of a name that no directory has, so that they are told once.

Revision: 0033, after 0032.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("unlisted_names", sa.Column("told_at", sa.DateTime(timezone=True)))

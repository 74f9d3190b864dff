"""Who is signed in on the staff line, and is not rung meanwhile.

Revision: 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column without copying a table."""
    op.add_column("staff", sa.Column("on_staff_line_until", sa.DateTime(timezone=True)))

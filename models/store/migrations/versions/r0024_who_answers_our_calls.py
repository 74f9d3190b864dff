"""What the carrier says of who answered a call we placed, and how staff recognized whom they talk with.

Revision: 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two columns."""
    op.add_column("calls", sa.Column("by_machine", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("callbacks", sa.Column("recognized_by", sa.String(length=16)))

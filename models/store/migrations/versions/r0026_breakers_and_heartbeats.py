"""The breaker of an account that the carrier refuses, heartbeats of roles, and pages about both.

Revision: 0026, after 0025.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns and the tables."""
    op.add_column("paces", sa.Column("refused_at", MOMENT))
    op.add_column("paces", sa.Column("refused_code", sa.Integer()))
    op.add_column("paces", sa.Column("refused_call_id", sa.Integer()))
    op.create_table(
        "heartbeats",
        sa.Column("process", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("process", name="pk_heartbeats"),
    )
    op.create_table(
        "trouble_pages",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("paged_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_trouble_pages"),
    )

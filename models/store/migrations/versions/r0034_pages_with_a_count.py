"""When staff were last told of each matter, and which alarms and lost PINs they were told of.

Revision: 0034, after 0033.
"""

import sqlalchemy as sa
from alembic import op

from models.store.base import UtcDateTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make one table of all matters, and count what is there as told."""
    op.create_table(
        "paged_matters",
        sa.Column("name", sa.String(24), nullable=False),
        sa.Column("paged_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_paged_matters"),
    )
    op.execute("INSERT INTO paged_matters (name, paged_at) SELECT name, paged_at FROM trouble_pages")
    op.drop_table("trouble_pages")
    for table in ("audit_alarms", "lost_pin_reports"):
        op.add_column(table, sa.Column("told_at", UtcDateTime()))
    op.execute("UPDATE audit_alarms SET told_at = raised_at")
    op.execute("UPDATE lost_pin_reports SET told_at = settled_at")

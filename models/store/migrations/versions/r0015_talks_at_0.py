"""Talks with callers at 0, who meet their liaison in a conference of their own.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TALKING = sa.text("state = 'talking'")
LIVE_CHILD = sa.text("ended_at IS NULL AND parent_call_id IS NOT NULL")


def upgrade() -> None:
    """Add the table, and the index that finds the legs of its talks."""
    op.create_index(
        "ix_calls_live_children",
        "calls",
        ["started_at"],
        sqlite_where=LIVE_CHILD,
        postgresql_where=LIVE_CHILD,
    )
    op.create_table(
        "direct_talks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("caller_call_id", sa.Integer(), nullable=False),
        sa.Column("liaison_call_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer()),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("conference", sa.String(length=32), nullable=False),
        sa.Column("talking_at", MOMENT, nullable=False),
        sa.Column("held_at", MOMENT),
        sa.Column("announced_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Column("outcome", sa.String(length=32)),
        sa.ForeignKeyConstraint(["caller_call_id"], ["calls.id"], name="fk_direct_talks_caller_call_id"),
        sa.ForeignKeyConstraint(["liaison_call_id"], ["calls.id"], name="fk_direct_talks_liaison_call_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_direct_talks_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_direct_talks"),
    )
    op.create_index("ix_direct_talks_caller", "direct_talks", ["caller_call_id"])
    op.create_index("ix_direct_talks_staff", "direct_talks", ["staff_id", "closed_at"])
    op.create_index(
        "uq_direct_talks_caller",
        "direct_talks",
        ["caller_call_id"],
        unique=True,
        sqlite_where=TALKING,
        postgresql_where=TALKING,
    )

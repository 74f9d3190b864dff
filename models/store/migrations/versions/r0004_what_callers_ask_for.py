"""What callers ask for: a place in line, silent mode, how to be called back, a new PIN and its hold.

Revision: 0004, after 0002.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
WAITS = sa.text("ended_at IS NULL")

#: Columns with a constant default are added in place by both databases; no table is copied.
COLUMNS: tuple[tuple[str, "sa.Column[Any]"], ...] = (
    ("calls", sa.Column("silent", sa.Boolean(), nullable=False, server_default=sa.false())),
    ("calls", sa.Column("time_zone", sa.String(length=64))),
    ("calls", sa.Column("wrong_tries", sa.Integer(), nullable=False, server_default="0")),
    ("calls", sa.Column("last_call_at", MOMENT)),
    ("calls", sa.Column("new_pin_hash", sa.Text())),
    ("callbacks", sa.Column("silent", sa.Boolean(), nullable=False, server_default=sa.false())),
    ("callbacks", sa.Column("voicemail_text", sa.String(length=16))),
    (
        "callbacks",
        sa.Column("when_dropped", sa.String(length=16), nullable=False, server_default="wait_for_me"),
    ),
    ("cases", sa.Column("changes_held_until", MOMENT)),
)


def upgrade() -> None:
    """Add the columns, the table of places, and the index that measures waits."""
    for table, column in COLUMNS:
        op.add_column(table, column)
    op.create_table(
        "line_waits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("outcome", sa.String(length=16)),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_line_waits_call_id"),
        sa.PrimaryKeyConstraint("id", name="pk_line_waits"),
        sa.UniqueConstraint("call_id", name="uq_line_waits_call_id"),
    )
    op.create_index(
        "ix_line_waits_waiting", "line_waits", ["since"], sqlite_where=WAITS, postgresql_where=WAITS
    )
    op.create_index("ix_line_waits_measured", "line_waits", ["verified", "since"])
    op.create_index("ix_callbacks_measured", "callbacks", ["urgency", "verified", "requested_at"])

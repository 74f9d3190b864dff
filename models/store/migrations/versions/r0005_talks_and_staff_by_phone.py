"""Talks that pause and grow, and staff who work by phone: holds, joiners, staff numbers, PINs and codes.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

from models.store.base import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; all are empty at first, so that no row is rewritten."""
    op.add_column("callbacks", sa.Column("held_at", UtcDateTime(), nullable=True))
    op.add_column("callbacks", sa.Column("announced_at", UtcDateTime(), nullable=True))
    op.add_column("staff", sa.Column("number_sealed", sa.Text(), nullable=True))
    op.add_column("staff", sa.Column("number_key", sa.String(64), nullable=True))
    op.add_column("staff", sa.Column("pin_hash", sa.Text(), nullable=True))
    op.add_column("staff", sa.Column("code_hash", sa.Text(), nullable=True))
    op.add_column("staff", sa.Column("new_hash", sa.Text(), nullable=True))
    op.add_column("staff", sa.Column("resting_until", UtcDateTime(), nullable=True))
    op.create_index("uq_staff_number_key", "staff", ["number_key"], unique=True)

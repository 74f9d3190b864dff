"""Two lists that take turns, who missed which offers, and a wrap-up after a talk.

Revision: 0031, after 0030.
"""

import sqlalchemy as sa
from alembic import op

from models.store.base import UtcDateTime

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

OPEN = "state IN ('requested','claimed','ringing_liaison','ringing_caller','talking'"
LISTED = sa.text("state IN ('requested','left_for_staff') AND place IS NOT NULL")
PROMISED = sa.text(OPEN + ",'left_for_staff')")


def upgrade() -> None:
    """Add the columns and the table, number the places anew, and make the indexes of the new order."""
    op.create_table(
        "offers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.add_column("callbacks", sa.Column("paged_at", UtcDateTime()))
    op.add_column("staff", sa.Column("missed_offers", sa.Integer(), server_default="0", nullable=False))
    op.add_column("staff", sa.Column("set_away_at", UtcDateTime()))
    op.add_column("staff", sa.Column("wrap_up_until", UtcDateTime()))
    op.add_column("staff", sa.Column("wrap_up_extended", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "UPDATE callbacks SET place = CASE WHEN place = 2 THEN 3 ELSE 6 END"
        " WHERE state = 'requested' AND place IN (2, 3)"
    )
    op.execute(
        "UPDATE callbacks SET place = CASE WHEN verified THEN CASE WHEN urgency = 'urgent' THEN 0 ELSE 1 END"
        " WHEN urgency = 'urgent' THEN 3 ELSE 6 END"
        " WHERE state = 'left_for_staff' AND (outcome IS NULL OR outcome <> 'promised_anew')"
    )
    for gone in ("ix_callbacks_missed", "ix_callbacks_aside", "ix_callbacks_promised"):
        op.drop_index(gone, "callbacks")
    op.create_index(
        "ix_callbacks_listed", "callbacks", ["place", "due_at", "id"],
        sqlite_where=LISTED, postgresql_where=LISTED,
    )  # fmt: skip
    op.create_index(
        "ix_callbacks_promised", "callbacks", ["due_at", "id"],
        sqlite_where=PROMISED, postgresql_where=PROMISED,
    )  # fmt: skip

"""How many calls of one phone are open at once, and callers whose caller id is not theirs (R07, R38).

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_OPEN_INBOUND = sa.text("ended_at IS NULL AND direction = 'inbound'")


def upgrade() -> None:
    """Add the columns, which are false for every call so far, and the index that counts open calls."""
    for name in ("caller_id_doubted", "crowded"):
        op.add_column("calls", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_calls_open_of_phone",
        "calls",
        ["phone_key"],
        sqlite_where=_OPEN_INBOUND,
        postgresql_where=_OPEN_INBOUND,
    )

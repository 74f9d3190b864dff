"""A case may be owed a callback while a talk of an earlier one is not known to be over.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OWED = sa.text("state IN ('requested','claimed','ringing_liaison','ringing_caller')")


def upgrade() -> None:
    """Replace the index that lets a case have one open callback; talks stand in the new one no more."""
    op.drop_index("uq_callbacks_open_case", "callbacks")
    op.create_index(
        "uq_callbacks_owed_case",
        "callbacks",
        ["case_id"],
        unique=True,
        sqlite_where=OWED,
        postgresql_where=OWED,
    )

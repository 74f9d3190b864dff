"""An index for the callbacks that a call asked for, which a caller's turn looks up.

Revision: 0023, after 0022.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_callbacks_asked_in", "callbacks", ["requested_in_call_id"])

"""Until when somebody who is not on shift is not rung again for urgent work that they did not take.

Revision: 0035, after 0034.
"""

import sqlalchemy as sa
from alembic import op

from models.store.base import UtcDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give it a column of its own; before, it was a wrap-up that had been extended minus one times."""
    op.add_column("staff", sa.Column("spared_until", UtcDateTime()))
    op.execute("UPDATE staff SET spared_until = wrap_up_until WHERE wrap_up_extended = -1")
    op.execute("UPDATE staff SET wrap_up_until = NULL, wrap_up_extended = 0 WHERE wrap_up_extended = -1")

"""A call says who is on the phone, so that nobody has to tell it from the tree that the call is in.

Revision: 0039, after 0038.
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

#: The trees of this revision and whom each is for; every other call is a caller's.
_ROLES = {
    "staff_line": "staff_line",
    "liaison_callback": "liaison",
    "callback_call": "called_back",
    "liaison_at_0": "liaison_at_0",
    "liaison_direct": "dialed_at_0",
    "colleague_call": "colleague",
    "interpreter_call": "interpreter",
    "alert_call": "alerted",
}


def upgrade() -> None:
    """Add the column, and fill it from the tree of each call."""
    role: sa.Column[str] = sa.Column("role", sa.String(16), nullable=False, server_default="caller")
    op.add_column("calls", role)
    calls = sa.table("calls", sa.column("flow"), sa.column("role"))
    known = sa.case(_ROLES, value=calls.c.flow, else_="caller")
    op.execute(calls.update().where(calls.c.flow.in_(_ROLES)).values(role=known))

"""A call says who is on the phone and where it is, so that models need no name of a tree or a step.

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
#: The steps of this revision that have a place, in whatever tree they are.
_PLACES = {
    "in_line": "waiting",
    "ringing_them": "awaiting_person",
    "conference": "in_talk",
    "moment": "just_left",
    "star_menu": "stepped_out",
    "shared_menu": "stepped_out",
    "holding": "stepped_out",
    "cover": "covered",
    "covered": "covered",
    "message_left": "message_left",
    "faulted": "faulted",
}
#: The steps behind a request for a callback: the trail of every caller who asked has one of them.
_ASKED = ("promised", "promised_in_silence", "callback_wishes")


def upgrade() -> None:
    """Add the columns, and fill them from the tree, the step and the trail of each call."""
    role: sa.Column[str] = sa.Column("role", sa.String(16), nullable=False, server_default="caller")
    op.add_column("calls", role)
    place: sa.Column[str] = sa.Column("place", sa.String(16))
    op.add_column("calls", place)
    op.add_column("calls", sa.Column("asked_at", sa.DateTime(timezone=True)))
    calls = sa.table(
        "calls",
        *(sa.column(name) for name in ("flow", "role", "step", "place", "trail", "started_at", "ended_at")),
        sa.column("asked_at"),
    )
    to_role = sa.case(_ROLES, value=calls.c.flow)
    op.execute(calls.update().where(calls.c.flow.in_(_ROLES)).values(role=to_role))
    to_place = sa.case(_PLACES, value=calls.c.step)
    op.execute(calls.update().where(calls.c.step.in_(_PLACES)).values(place=to_place))
    trail = sa.literal(" ") + calls.c.trail + sa.literal(" ")
    has_asked = sa.or_(*(trail.contains(f" {step} ", autoescape=True) for step in _ASKED))
    # Only the end of a call asks for it.
    open_calls = calls.update().where(calls.c.ended_at.is_(None), has_asked)
    op.execute(open_calls.values(asked_at=calls.c.started_at))

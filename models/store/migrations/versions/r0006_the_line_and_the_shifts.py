"""The line of callbacks in its own order, the pace of calls, schedules, and warnings of promises at risk.

Revision: 0006, after 0005.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OPEN = sa.text("state IN ('requested','claimed','ringing_liaison','ringing_caller','talking')")
LIVE_LEG = sa.text("ended_at IS NULL AND callback_id IS NOT NULL")
IN_HAND = sa.text("state IN ('claimed','ringing_liaison','ringing_caller','talking')")
IN_LINE = sa.text("state = 'requested' AND place IS NOT NULL")
NOT_YET = sa.text("state = 'requested' AND place IS NULL")
MISSED = sa.text("state = 'requested' AND liaison_tries > 0")
UNSETTLED = sa.text("state = 'left_for_staff'")
UNSENT = sa.text("state IN ('made','sending')")


def _only(condition: sa.TextClause) -> dict[str, Any]:
    return {"sqlite_where": condition, "postgresql_where": condition}


def upgrade() -> None:
    """Add columns without copying a table, then the new tables and indexes."""
    op.add_column("callbacks", sa.Column("place", sa.Integer()))
    op.add_column("callbacks", sa.Column("warned", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("staff", sa.Column("on_call", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("staff", sa.Column("away", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("staff", sa.Column("scheduled_shift", sa.Boolean()))
    _refer("callbacks", "missed_by_id", "staff")

    op.create_index("ix_calls_live_legs", "calls", ["started_at"], **_only(LIVE_LEG))
    op.drop_index("ix_callbacks_due", "callbacks")
    op.create_index("ix_callbacks_in_hand", "callbacks", ["state", "lease_until"], **_only(IN_HAND))
    op.create_index("ix_callbacks_line", "callbacks", ["place", "due_at", "id"], **_only(IN_LINE))
    op.create_index("ix_callbacks_not_yet", "callbacks", ["urgency", "next_attempt_at"], **_only(NOT_YET))
    op.create_index("ix_callbacks_missed", "callbacks", ["liaison_tries"], **_only(MISSED))
    op.create_index("ix_callbacks_warned", "callbacks", ["warned", "due_at"], **_only(OPEN))
    op.create_index("ix_callbacks_left", "callbacks", ["warned", "closed_at"], **_only(UNSETTLED))

    op.create_table(
        "paces",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_paces"),
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_schedules_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
    )
    op.create_index("ix_schedules_staff_id", "schedules", ["staff_id"])
    op.create_table(
        "absences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_absences_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_absences"),
    )
    op.create_index("ix_absences_staff_id", "absences", ["staff_id"])
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("level", sa.String(length=24), nullable=False),
        sa.Column("promises", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("call_id", sa.Integer()),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_alerts_staff_id"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_alerts_call_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_staff_id", "alerts", ["staff_id"])
    op.create_index("ix_alerts_call_id", "alerts", ["call_id"])
    op.create_index("ix_alerts_unsent", "alerts", ["made_at"], **_only(UNSENT))


def _refer(table: str, name: str, referred: str) -> None:
    """A column that refers to another table; SQLite takes the reference only with the column itself."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {name} INTEGER "
            f"CONSTRAINT fk_{table}_{name} REFERENCES {referred} (id)"
        )
        return
    op.add_column(table, sa.Column(name, sa.Integer()))
    op.create_foreign_key(f"fk_{table}_{name}", table, referred, [name], ["id"])

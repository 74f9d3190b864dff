"""Counters of each known phone, locks that are reported, letter PINs that are counted, lost PINs that wait.

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Name each counter by the phone it counts; what strangers failed stays counted."""
    op.drop_index("ix_pin_tries_number", table_name="pin_tries")
    op.add_column("pin_tries", sa.Column("counter", sa.String(length=65), nullable=False, server_default=""))
    op.execute("UPDATE pin_tries SET counter = 'u' || phone_key WHERE own AND phone_key IS NOT NULL")
    op.drop_column("pin_tries", "own")
    op.create_index("ix_pin_tries_number", "pin_tries", ["number_key", "counter", "at"])

    op.execute("CREATE TABLE pin_counters_before AS SELECT * FROM pin_counters WHERE NOT own")
    op.drop_table("pin_counters")
    op.create_table(
        "pin_counters",
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("counter", sa.String(length=65), nullable=False),
        sa.Column("consecutive", sa.Integer(), nullable=False),
        sa.Column("wait_until", MOMENT),
        sa.Column("locked_at", MOMENT),
        sa.Column("lifted_at", MOMENT),
        sa.Column("spent_at", MOMENT),
        sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.PrimaryKeyConstraint("number_key", "counter", name="pk_pin_counters"),
    )
    op.execute(
        "INSERT INTO pin_counters (number_key, counter, consecutive, wait_until, locked_at, lifted_at, told) "
        "SELECT number_key, '', consecutive, wait_until, locked_at, lifted_at, locked_at IS NULL "
        "FROM pin_counters_before"
    )
    op.drop_table("pin_counters_before")
    untold = sa.text("NOT told")
    op.create_index(
        "ix_pin_counters_untold",
        "pin_counters",
        ["number_key"],
        sqlite_where=untold,
        postgresql_where=untold,
    )

    op.drop_column("calls", "crowded")
    op.add_column(
        "calls", sa.Column("caller_id_attested", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("cases", sa.Column("letter_uses", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "lost_pin_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("phone_key", sa.String(length=64)),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_lost_pin_reports_call_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lost_pin_reports"),
    )
    op.create_index("ix_lost_pin_reports_phone", "lost_pin_reports", ["phone_key", "reported_at"])
    op.create_index("ix_lost_pin_reports_reported_at", "lost_pin_reports", ["reported_at"])
    for name, states in (("new", "state = 'new'"), ("waiting", "state = 'waiting'")):
        op.create_index(
            f"ix_lost_pin_reports_{name}",
            "lost_pin_reports",
            ["id"],
            sqlite_where=sa.text(states),
            postgresql_where=sa.text(states),
        )

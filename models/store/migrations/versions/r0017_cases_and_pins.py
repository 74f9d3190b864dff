"""Names that can be found, who a case stands open to, PINs that two people give, and how phones are called.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
WAITING = sa.text("state = 'waiting'")
CLOSED = sa.text("closed_at IS NOT NULL")


def upgrade() -> None:
    """Add columns without copying a table, then the new tables and their indexes."""
    op.add_column(
        "registrants", sa.Column("mail_safe", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("phones", sa.Column("voicemail_text", sa.String(length=16)))
    op.add_column("phones", sa.Column("wishes_at", MOMENT))
    op.add_column("phones", sa.Column("code_key", sa.String(length=64)))
    op.add_column("phones", sa.Column("code_until", MOMENT))
    op.add_column("phones", sa.Column("code_tries", sa.Integer(), nullable=False, server_default="0"))

    op.create_table(
        "name_words",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("word_key", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.Integer()),
        sa.Column("registrant_id", sa.Integer()),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_name_words_subject_id"),
        sa.ForeignKeyConstraint(["registrant_id"], ["registrants.id"], name="fk_name_words_registrant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_name_words"),
    )
    op.create_index("ix_name_words_subject_id", "name_words", ["subject_id"])
    op.create_index("ix_name_words_registrant_id", "name_words", ["registrant_id"])
    op.create_index("ix_name_words_of_subjects", "name_words", ["word_key", "subject_id"])
    op.create_index("ix_name_words_of_registrants", "name_words", ["word_key", "registrant_id"])

    op.create_table(
        "case_openings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer()),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("ground", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_openings_case_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_case_openings_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_openings"),
    )
    op.create_index("ix_case_openings_of_staff", "case_openings", ["staff_id", "case_id", "until"])
    op.create_index("ix_case_openings_case_id", "case_openings", ["case_id"])

    op.create_table(
        "pin_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("delivery", sa.String(length=16), nullable=False),
        sa.Column("evidence", sa.String(length=32), nullable=False),
        sa.Column("requested_by", sa.Integer(), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("settled_by", sa.Integer()),
        sa.Column("settled_at", MOMENT),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_pin_requests_case_id"),
        sa.ForeignKeyConstraint(["requested_by"], ["staff.id"], name="fk_pin_requests_requested_by"),
        sa.ForeignKeyConstraint(["settled_by"], ["staff.id"], name="fk_pin_requests_settled_by"),
        sa.PrimaryKeyConstraint("id", name="pk_pin_requests"),
    )
    op.create_index(
        "uq_pin_requests_waiting",
        "pin_requests",
        ["case_id"],
        unique=True,
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index("ix_pin_requests_case_id", "pin_requests", ["case_id", "id"])
    op.create_index("ix_pin_requests_state", "pin_requests", ["state", "requested_at"])
    # Open ones have an index of their own, which each turn asks.
    op.create_index(
        "ix_callbacks_past",
        "callbacks",
        ["case_id", "id"],
        sqlite_where=CLOSED,
        postgresql_where=CLOSED,
    )

"""Files of the audit that somebody asks for and somebody of another role agrees to.

Revision: 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table and its index."""
    op.create_table(
        "audit_exports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("search", sa.JSON(), nullable=False),
        sa.Column("newest_id", sa.Integer(), nullable=False),
        sa.Column("newest_at", MOMENT, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("agreed_by", sa.Integer()),
        sa.Column("until", MOMENT),
        sa.ForeignKeyConstraint(["requested_by"], ["staff.id"], name="fk_audit_exports_requested_by"),
        sa.ForeignKeyConstraint(["agreed_by"], ["staff.id"], name="fk_audit_exports_agreed_by"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_exports"),
    )
    op.create_index("ix_audit_exports_requested_at", "audit_exports", ["requested_at"])

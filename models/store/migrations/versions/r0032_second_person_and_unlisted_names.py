"""Who named the person a case is about, until a second person confirms it; names that no directory has.

Revision: 0032, after 0031. Of an unlisted name a keyed hash is kept and where the feed sent it, never the
text (R12).
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two columns and the table."""
    op.execute(
        "ALTER TABLE cases ADD COLUMN named_by INTEGER CONSTRAINT fk_cases_named_by REFERENCES staff (id)"
    )
    op.add_column("cases", sa.Column("named_sealed", sa.Text()))
    op.create_table(
        "unlisted_names",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False, unique=True),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("import_id", sa.Integer(), sa.ForeignKey("imports.id"), nullable=False, index=True),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("settled_as", sa.String(length=16)),
    )

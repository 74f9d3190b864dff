"""What the brake counted of each import, so that it counts over all files of an hour and a day (R16).

Revision: 0030, after 0029. What landed before is counted from the records, one for each person.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and fill the first from the records."""
    for name in ("status_changes", "from_denial"):
        op.add_column("imports", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    counted = op.get_bind().execute(
        sa.text(
            "SELECT import_id, count(*) FROM (SELECT import_id, status, lag(status) OVER"
            " (PARTITION BY subject_id ORDER BY id) AS before FROM custody_records) AS told"
            " WHERE before <> status GROUP BY import_id"
        )
    )
    for import_id, changes in counted.all():
        op.get_bind().execute(
            sa.text("UPDATE imports SET status_changes = :changes WHERE id = :id"),
            {"changes": changes, "id": import_id},
        )

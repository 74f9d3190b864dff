"""Names the feed sent that no directory has, and codes that R15 lacks: tasks for staff (R14, R15)."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UtcDateTime


class UnlistedName(Base):
    """One name or code. Its text is never kept (R12): ``name_key`` is a keyed hash of the folded name.

    ``kind`` is ``facility``, ``court`` or ``status``. ``import_id`` and ``line`` say where the feed sent it
    last, so that staff can read it there. ``settled_as`` is ``added`` or ``dismissed``.
    """

    __tablename__ = "unlisted_names"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name_key: Mapped[str] = mapped_column(String(64), unique=True)
    seen: Mapped[int]
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    line: Mapped[int]
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_as: Mapped[str | None] = mapped_column(String(16))

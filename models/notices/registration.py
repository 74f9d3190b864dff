"""A registration: the standing wish of a case's registrant to be called when custody changes (R28)."""

from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, Index, String, Table, text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.base import Base, UtcDateTime

_STANDS = text("state <> 'stopped'")
_NO_TASK = text("ended_by = 'caller' AND end_task_at IS NULL")


class Registration(Base):
    """One of a case covers every event of it; the phones and their consents are the registrant's.

    ``state`` is ``standing``; ``paused``, in which nobody is called by itself until ``paused_until``; or
    ``stopped``, until it is registered again. A denied, closed or unknown case is registered in the same
    words (R13). ``made_by`` is ``caller`` or ``staff:ID``, and ``call_id`` the call in which it was said.
    ``code_key`` is a keyed hash of the case and its notice code of 4 digits
    (``models/notices/notice_code.py``); None when the registrant chose a key alone, after its risk was said.
    ``night_allowed`` is the answer to "if they get out at night, should we call at night?", for this case
    alone: the person of another one may be more to fear. ``lapses_at`` is when the consent ends unless it is
    renewed; ``lapse_told_at`` is when staff got the task to ask. ``ended_by`` is who stopped or paused it
    last, and ``ended_at`` when. If that was a caller, it may have been somebody else who knows the PIN:
    ``end_task_at`` is when staff got the task to ask, and ``end_told_at`` when a later caller with the PIN
    was told.
    """

    __tablename__ = "registrations"
    __table_args__ = (
        Index(
            "uq_registrations_case", "case_id", unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS
        ),
        Index("ix_registrations_ended", "id", sqlite_where=_NO_TASK, postgresql_where=_NO_TASK),
        Index("ix_registrations_lapse", "lapses_at", sqlite_where=_STANDS, postgresql_where=_STANDS),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    state: Mapped[str] = mapped_column(String(8), default="standing")
    code_key: Mapped[str | None] = mapped_column(String(64))
    night_allowed: Mapped[bool | None]
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(String(24))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"), index=True)
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[str | None] = mapped_column(String(24))
    end_task_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lapses_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lapse_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def nights(self, of_phone: bool | None) -> bool | None:
        """Whether urgent news may ring at night; a phone's own answer counts if this one was never given."""
        return of_phone if self.night_allowed is None else self.night_allowed


REGISTRATIONS = cast(Table, Registration.__table__)
#: Not stopped, in the exact words of the partial indexes.
IS_KEPT = text("registrations.state <> 'stopped'")
#: A caller stopped or paused it, and staff have no task yet; in the exact words of the partial index.
HAS_NO_TASK = text("registrations.ended_by = 'caller' AND registrations.end_task_at IS NULL")
#: A caller stopped or paused it, and no later caller with the PIN was told.
IS_END_UNTOLD = text(
    "registrations.ended_by = 'caller' AND registrations.end_told_at IS NULL"
    " AND registrations.state <> 'standing'"
)

"""Text messages that changed something, by the carrier's id for them, so that none does so twice (R39)."""

import re
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base, UtcDateTime, table_of

#: Long enough that no carrier reuses an id; Twilio's is SM or MM and 32 hex digits.
_SID = re.compile(r"[A-Za-z0-9]{16,64}")


class HeardText(Base):
    """One message. The row contains nothing of its text or its sender."""

    __tablename__ = "heard_texts"

    message_sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    heard_at: Mapped[datetime] = mapped_column(UtcDateTime)


_HEARD = table_of(HeardText)


def hear_once(session: Session, message_sid: str | None, now: datetime) -> bool:
    """Whether this message is received for the first time, or has no usable id.

    The carrier may deliver a message twice. A captured one could be sent again years later: then STOP would
    stop a phone whose owner has since lifted it, without anybody touching the phone.
    """
    if message_sid is None or not _SID.fullmatch(message_sid):
        return True
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    first = (postgresql.insert if on_postgresql else sqlite.insert)(_HEARD).values(
        message_sid=message_sid, heard_at=now
    )
    made = session.execute(first.on_conflict_do_nothing().returning(_HEARD.c.message_sid)).first()
    return made is not None


def unheard(session: Session, message_sids: Collection[str]) -> set[str]:
    """Those of these ids under which no message that changes something was received."""
    usable = {sid for sid in message_sids if _SID.fullmatch(sid)}
    return usable - set(session.scalars(select(_HEARD.c.message_sid).where(_HEARD.c.message_sid.in_(usable))))

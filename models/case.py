"""A case: one registrant about one subject, under one number and one PIN."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, UtcDateTime
from models.registrant import Registrant
from models.subject import Subject


class Case(Base):
    """The number is kept sealed and as a keyed index; the PIN as an Argon2id hash alone (R01-R03).

    ``pin_kind`` is ``standing`` or ``one_time`` (a mailed PIN, which dies at ``pin_expires_at``).
    A number is never reissued: a closed case keeps its row.
    """

    __tablename__ = "cases"

    id: Mapped[int] = mapped_column(primary_key=True)
    registrant_id: Mapped[int] = mapped_column(ForeignKey("registrants.id"), index=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"), index=True)
    number_key: Mapped[str] = mapped_column(String(64), unique=True)
    number_sealed: Mapped[str] = mapped_column(Text)
    pin_hash: Mapped[str] = mapped_column(Text)
    pin_kind: Mapped[str] = mapped_column(String(16), default="standing")
    pin_issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    pin_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    duress_pin_hash: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    registrant: Mapped[Registrant] = relationship()
    subject: Mapped[Subject] = relationship()

"""A registrant: a person who asked to be told, their phones in order of choice, and what they agreed to."""

from datetime import datetime, time
from typing import cast

from sqlalchemy import ForeignKey, String, Table, Text, UniqueConstraint, bindparam, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models.cases.name_index import index_name
from models.store.base import Base, UtcDateTime
from models.store.database import Write, keyring_of

#: What a registrant agrees to when nothing else was asked: the safest choices of R35.
SAFEST_WORDS = (
    "You may call this phone about my case, in its calling window. "
    "Leave no message, send no text, and speak with no one but me."
)
CALLS_PER_DAY = 3


class Registrant(Base):
    """A victim or family member. ``time_zone`` is an IANA name; ``pace`` is ``normal`` or ``slow`` (R26).

    ``mail_safe``: nobody whom they fear opens their letters; until they say so, no letter is sent (R08).
    ``line``: which of the office's numbers (E.164) they chose to see when we call, if any (R32).
    """

    __tablename__ = "registrants"

    id: Mapped[int] = mapped_column(primary_key=True)
    name_sealed: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    time_zone: Mapped[str] = mapped_column(String(64))
    pace: Mapped[str] = mapped_column(String(8), default="normal")
    mail_safe: Mapped[bool] = mapped_column(default=False)
    line: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    phones: Mapped[list["Phone"]] = relationship(order_by="Phone.position", back_populates="registrant")


_SLOW_PACE = (
    update(cast(Table, Registrant.__table__))
    .where(cast(Table, Registrant.__table__).c.id == bindparam("paced_registrant_id"))
    .values(pace="slow")
)


def saving_slow_pace(registrant_id: int) -> Write:
    """The write that remembers that a registrant wants to hear questions slowly (R26)."""
    return _SLOW_PACE, {"paced_registrant_id": registrant_id}


_LANGUAGE = (
    update(cast(Table, Registrant.__table__))
    .where(cast(Table, Registrant.__table__).c.id == bindparam("spoken_registrant_id"))
    .values(language=bindparam("spoken_language"))
)


def saving_language(registrant_id: int, language: str) -> Write:
    """The write that remembers the language a registrant changed to after the PIN (R22, R27)."""
    return _LANGUAGE, {"spoken_registrant_id": registrant_id, "spoken_language": language}


class Phone(Base):
    """One phone of a registrant, with the safest consents as defaults (R28, R31, R35).

    ``voicemail_text`` is a word of ``VOICEMAIL_TEXTS``, and ``wishes_at`` is when its owner last said how to
    be called (``models/callbacks/wishes.py``). ``code_key`` is a keyed hash of the code spoken to a new
    phone; it is valid until ``code_until`` and for fewer than three wrong answers, counted in ``code_tries``
    (R09).
    """

    __tablename__ = "phones"
    __table_args__ = (UniqueConstraint("registrant_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    registrant_id: Mapped[int] = mapped_column(ForeignKey("registrants.id"))
    position: Mapped[int]
    number_sealed: Mapped[str] = mapped_column(Text)
    phone_key: Mapped[str] = mapped_column(String(64), index=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unsafe_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When a caller who entered the PIN was told that this phone said stop (R33).
    stop_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    voicemail_allowed: Mapped[bool] = mapped_column(default=False)
    night_allowed: Mapped[bool | None]
    may_answer: Mapped[str] = mapped_column(String(16), default="only_me")
    window_starts: Mapped[time | None]
    window_ends: Mapped[time | None]
    voicemail_text: Mapped[str | None] = mapped_column(String(16))
    wishes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code_key: Mapped[str | None] = mapped_column(String(64))
    code_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code_tries: Mapped[int] = mapped_column(default=0)
    #: This phone replaces one that was marked unsafe: until then nothing about a case is told there (R09).
    content_held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    registrant: Mapped[Registrant] = relationship(back_populates="phones")
    consents: Mapped[list["Consent"]] = relationship(order_by="Consent.granted_at")


class Consent(Base):
    """What was agreed to: the words, the time, the channel and the cap (R28).

    ``registration_id`` is the registration for notices for which it was given; without one it is about
    callbacks.
    """

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int | None] = mapped_column(
        ForeignKey("registrations.id", use_alter=True), index=True
    )
    phone_id: Mapped[int] = mapped_column(ForeignKey("phones.id"), index=True)
    channel: Mapped[str] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(Text)
    cap_per_day: Mapped[int]
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def register(
    session: Session,
    *,
    language: str,
    time_zone: str,
    phone: str | None,
    now: datetime,
    name: str | None = None,
) -> Registrant:
    """Add a registrant; ``phone`` (E.164) is confirmed and safe, with the safest consents."""
    registrant = Registrant(language=language, time_zone=time_zone, created_at=now)
    if phone is not None:
        registrant.phones.append(_safest_phone(session, phone, now))
    session.add(registrant)
    if name is not None:
        name_registrant(session, registrant, name)
    return registrant


def name_of(session: Session, registrant: Registrant) -> str | None:
    """A registrant's name, or None if none is stored."""
    sealed = registrant.name_sealed
    return None if sealed is None else keyring_of(session).unseal("registrant.name", sealed)


def name_registrant(session: Session, registrant: Registrant, name: str | None) -> None:
    """Save a registrant's name, sealed and indexed, or delete it."""
    registrant.name_sealed = None if name is None else keyring_of(session).seal("registrant.name", name)
    session.flush()
    index_name(session, "registrant", registrant.id, name)


def _safest_phone(session: Session, number: str, now: datetime) -> Phone:
    keyring = keyring_of(session)
    return Phone(
        position=1,
        number_sealed=keyring.seal("phone.number", number),
        phone_key=keyring.index("phone", number),
        confirmed_at=now,
        consents=[
            Consent(channel="voice", words=SAFEST_WORDS, cap_per_day=CALLS_PER_DAY, granted_at=now),
        ],
    )

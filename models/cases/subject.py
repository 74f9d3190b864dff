"""A subject: the person a case is about. The feed finds it by a keyed index of its id."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.cases.name_index import index_name
from models.store.base import Base, UtcDateTime
from models.store.database import keyring_of, send


class Subject(Base):
    """``record_id`` is the newest custody record; ``as_of`` is when the feed last confirmed it.

    ``absent_since``: nothing can be confirmed until a newer row comes, since a full snapshot does not name
    this person, a row in the future was dropped, or no case was about them, and the feed's rows were ignored.
    ``ignored_until``: a row that speaks for a moment before this one may be older than a row that was
    ignored. ``doubted_at``: a row about them for this moment does not count, since it cannot be read, and
    that they are out stood, or since a newer one came first; no record from before it counts again.
    ``seen_import_id``: the file that reported the record, or one that repeated it word for word. That file
    may not have landed, and then counts for nothing.
    """

    __tablename__ = "subjects"

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_key: Mapped[str] = mapped_column(String(64), unique=True)
    feed_id_sealed: Mapped[str] = mapped_column(Text)
    name_sealed: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    record_id: Mapped[int | None] = mapped_column(ForeignKey("custody_records.id", use_alter=True))
    as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    absent_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ignored_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    doubted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id", use_alter=True))
    held_import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id", use_alter=True), index=True)


_ADD = insert(Subject).on_conflict_do_nothing(index_elements=["feed_key"])


def find_or_add_subject(session: Session, *, feed_id: str, name: str, now: datetime) -> Subject:
    """The subject with the feed's id, added if there is none. An existing name is not changed."""
    keyring = keyring_of(session)
    key = keyring.index("feed", feed_id)
    sealed_name = keyring.seal("subject.name", name)
    added = {
        "feed_key": key,
        "feed_id_sealed": keyring.seal("subject.feed_id", feed_id),
        "name_sealed": sealed_name,
        "created_at": now,
    }
    # Two cases about one person may be opened at the same moment.
    send(session, _ADD, added)
    subject = session.scalars(select(Subject).where(Subject.feed_key == key)).one()
    if subject.name_sealed is None:
        subject.name_sealed = sealed_name
        session.flush()
    if subject.name_sealed == sealed_name:
        # Sealing the same text twice gives different values, so an equal value means that this call saved it.
        index_name(session, "subject", subject.id, name)
    return subject


def rename_subject(session: Session, subject: Subject, name: str) -> None:
    """Save another name of the same person; all cases about them show it."""
    subject.name_sealed = keyring_of(session).seal("subject.name", name)
    session.flush()
    index_name(session, "subject", subject.id, name)

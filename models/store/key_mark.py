"""Recognizes the keys of a database, so that no process works on it with others.

With another pepper every right PIN is a wrong one and counts as a try; with another secret key no case number
is found. A caller would be told so by one machine of several, and be locked out.
"""

import hmac
from collections.abc import Mapping

from sqlalchemy import String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base, table_of
from models.store.database import Database

#: The name of the mark of a field key, before the key's id.
FIELD_KEY = "HOTLINE_FIELD_KEYS "


class KeyMark(Base):
    """A keyed hash of one key, made when a process first had it. It shows nothing of the key."""

    __tablename__ = "key_marks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))


_MARKS = table_of(KeyMark)


def named_keys(
    secret_key: bytes, pin_pepper: bytes, field_keys: tuple[tuple[str, bytes], ...]
) -> dict[str, bytes]:
    """The keys of a process by the names of their marks."""
    named = {"HOTLINE_SECRET_KEY": secret_key, "HOTLINE_PIN_PEPPER": pin_pepper}
    return named | {f"{FIELD_KEY}{key_id}": key for key_id, key in field_keys}


def other_keys(session: Session, keys: Mapping[str, bytes]) -> list[str]:
    """The names of the keys that are not those with which this database has been used."""
    rows = session.execute(select(_MARKS.c.name, _MARKS.c.mark))
    known = {row.name: row.mark for row in rows}
    return [name for name, key in keys.items() if known.get(name, _mark(name, key)) != _mark(name, key)]


def mark_keys(database: Database, keys: Mapping[str, bytes]) -> list[str]:
    """Mark the keys that this database has not seen; return the names of others as ``other_keys``."""
    with database.reading() as session:
        # In one order for all: the processes of a first start would wait for each other's marks.
        missing = sorted(set(keys) - set(session.scalars(select(_MARKS.c.name))))
        others = other_keys(session, keys)
    if missing and not others:
        with database.transaction() as session:
            _insert(session, {name: keys[name] for name in missing})
            # Another machine may have marked its own meanwhile.
            others = other_keys(session, keys)
    return others


def accept_key(session: Session, name: str, key: bytes) -> bool:
    """Take a key as the one of this database from now on; returns whether it was another one before."""
    was_other = bool(other_keys(session, {name: key}))
    session.execute(_MARKS.delete().where(_MARKS.c.name == name))
    _insert(session, {name: key})
    return was_other


def _insert(session: Session, keys: Mapping[str, bytes]) -> None:
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    made = (postgresql.insert if on_postgresql else sqlite.insert)(_MARKS).on_conflict_do_nothing()
    session.execute(made, [{"name": name, "mark": _mark(name, key)} for name, key in keys.items()])


def _mark(name: str, key: bytes) -> str:
    return hmac.digest(key, f"hotline key mark\0{name}".encode(), "sha256").hex()

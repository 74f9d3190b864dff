"""Finds subjects and registrants by words of their names, which are unsealed to be compared (issue 5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session, aliased

from models.cases.name_index import (
    NameWord,
    Whose,
    fits,
    start,
    start_length,
    whole,
    words_of,
)
from models.cases.registrant import Registrant
from models.cases.subject import Subject
from models.store.database import keyring_of

#: Words of one search that count.
MOST_ASKED = 6
#: Names of one kind that one search unseals at most, so that it takes a bounded time whatever was typed.
MOST_UNSEALED = 500
_OWNERS: dict[Whose, type[Subject | Registrant]] = {"subject": Subject, "registrant": Registrant}


@dataclass(frozen=True, slots=True)
class Matches:
    """Whose names fit: ids of subjects and of registrants. ``more``: not all could be looked at."""

    subjects: tuple[int, ...]
    registrants: tuple[int, ...]
    more: bool


def find_names(session: Session, asked: str, *, most: int) -> Matches:
    """Subjects and registrants whose name has words that begin with each word of ``asked``.

    Whole words come first, since they find few and need not be unsealed. Then beginnings; of those no more
    than MOST_UNSEALED names are looked at. At most ``most`` of either kind are answered, the newest first.
    """
    words = words_of(asked)[:MOST_ASKED]
    found: dict[Whose, tuple[int, ...]] = {}
    more = False
    for whose in _OWNERS:
        wholes, starts = [whole(session, one) for one in words], [_either(session, one) for one in words]
        ids = dict.fromkeys(_candidates(session, whose, wholes, most + 1) if words else ())
        if len(ids) <= most and starts != wholes:
            # What a hash of the first letters finds is sure only where no more letters were asked for.
            unsure = [one for one in words if len(one) > start_length(one)]
            candidates = _candidates(session, whose, starts, (MOST_UNSEALED if unsure else most) + 1)
            more = more or (bool(unsure) and len(candidates) > MOST_UNSEALED)
            sure = _fitting(session, whose, candidates[:MOST_UNSEALED], words) if unsure else candidates
            ids.update(dict.fromkeys(sure))
        more = more or len(ids) > most
        found[whose] = tuple(ids)[:most]
    return Matches(found["subject"], found["registrant"], more)


def _either(session: Session, word: str) -> str:
    """What a word that may be the beginning of one is looked up by; a short one only as a whole."""
    return start(session, word) if len(word) >= start_length(word) else whole(session, word)


def _candidates(session: Session, whose: Whose, keys: Sequence[str], limit: int) -> Sequence[int]:
    """Who has all these keys, the newest first."""
    asked = {f"key{n}": key for n, key in enumerate(keys)}
    return session.scalars(_having(whose, len(keys)), asked | {"most": limit}).all()


@cache
def _having(whose: Whose, count: int) -> Select[int]:
    """Asks for whoever has so many keys; put together once, since that takes longer than to run it."""
    first, *others = (aliased(NameWord) for _ in range(count))
    column = f"{whose}_id"
    statement = select(getattr(first, column)).where(
        first.word_key == bindparam("key0"), getattr(first, column).is_not(None)
    )
    for n, other in enumerate(others, 1):
        same = getattr(other, column) == getattr(first, column)
        statement = statement.join(other, and_(same, other.word_key == bindparam(f"key{n}")))
    return statement.order_by(getattr(first, column).desc()).limit(bindparam("most"))


def _fitting(session: Session, whose: Whose, ids: Sequence[int], words: Sequence[str]) -> Iterable[int]:
    owner, keyring = _OWNERS[whose], keyring_of(session)
    rows = session.execute(
        select(owner.id, owner.name_sealed).where(owner.id.in_(ids), owner.name_sealed.is_not(None))
    ).all()
    return [row_id for row_id, sealed in rows if fits(keyring.unseal(f"{whose}.name", str(sealed)), words)]

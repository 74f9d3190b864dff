"""Finds subjects and registrants by words of their names, which are unsealed for the comparison (issue 5)."""

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

#: The maximum number of words in one search; more are ignored.
MOST_ASKED = 6
#: The maximum number of names of one kind that a search unseals, so that it takes a bounded time whatever was
#: typed.
MOST_UNSEALED = 500
_OWNERS: dict[Whose, type[Subject | Registrant]] = {"subject": Subject, "registrant": Registrant}


@dataclass(frozen=True, slots=True)
class Matches:
    """The ids of subjects and registrants whose names match. ``more``: not all could be checked."""

    subjects: tuple[int, ...]
    registrants: tuple[int, ...]
    more: bool


def find_names(session: Session, asked: str, *, most: int) -> Matches:
    """Subjects and registrants whose name has words that begin with each word of ``asked``.

    Whole words come first, since they match few names and need no unsealing. Then come beginnings, of which
    at most MOST_UNSEALED names are checked. At most ``most`` of each kind are returned, newest first.
    """
    words = words_of(asked)[:MOST_ASKED]
    found: dict[Whose, tuple[int, ...]] = {}
    more = False
    for whose in _OWNERS:
        wholes, starts = [whole(session, one) for one in words], [_either(session, one) for one in words]
        ids = dict.fromkeys(_candidates(session, whose, wholes, most + 1) if words else ())
        if len(ids) <= most and starts != wholes:
            # The hash of the first letters is an exact match only if the search word has no more letters.
            unsure = [one for one in words if len(one) > start_length(one)]
            candidates = _candidates(session, whose, starts, (MOST_UNSEALED if unsure else most) + 1)
            more = more or (bool(unsure) and len(candidates) > MOST_UNSEALED)
            sure = _fitting(session, whose, candidates[:MOST_UNSEALED], words) if unsure else candidates
            ids.update(dict.fromkeys(sure))
        more = more or len(ids) > most
        found[whose] = tuple(ids)[:most]
    return Matches(found["subject"], found["registrant"], more)


def _either(session: Session, word: str) -> str:
    """The key for a word that may be only the beginning of one; a short one is looked up as a whole word."""
    return start(session, word) if len(word) >= start_length(word) else whole(session, word)


def _candidates(session: Session, whose: Whose, keys: Sequence[str], limit: int) -> Sequence[int]:
    """The ids of those who have all these keys, newest first."""
    asked = {f"key{n}": key for n, key in enumerate(keys)}
    return session.scalars(_having(whose, len(keys)), asked | {"most": limit}).all()


@cache
def _having(whose: Whose, count: int) -> Select[int]:
    """A query for owners with so many keys; cached, since building it takes longer than running it."""
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

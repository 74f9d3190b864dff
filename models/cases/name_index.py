"""Names are found by keyed hashes of their words: the names themselves stay sealed (issue 5).

Of every word two hashes are kept: of the whole word, and of its first letters. What they reveal to someone
who holds the database without the secret is in docs/decisions.md.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import ForeignKey, Index, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.cases.surname import PARTICLES, SUFFIXES
from models.store.base import Base
from models.store.database import keyring_of

Whose = Literal["subject", "registrant"]
#: Letters of a word that its second hash is of; a script in which one letter is a word has it of one.
START, START_IDEOGRAPHS = 3, 1
#: Words of one name that are indexed.
MOST_WORDS = 12
_KEY_DIGITS = 32
#: Letters that Unicode does not take apart into a plain letter and a mark.
_PLAIN = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
#: Marks inside one word: O'Brien is one word, and so it is when the mark was left out.
_JOINERS = frozenset("'’ʼ‘`´ʻ׳״")


class NameWord(Base):
    """One keyed hash of a word, or of its first letters, in the name of a subject or of a registrant."""

    __tablename__ = "name_words"
    __table_args__ = (
        Index("ix_name_words_of_subjects", "word_key", "subject_id"),
        Index("ix_name_words_of_registrants", "word_key", "registrant_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    word_key: Mapped[str] = mapped_column(String(_KEY_DIGITS))
    subject_id: Mapped[int | None] = mapped_column(ForeignKey("subjects.id"), index=True)
    registrant_id: Mapped[int | None] = mapped_column(ForeignKey("registrants.id"), index=True)


def words_of(name: str) -> list[str]:
    """The words of a name as they are compared: case, accents, hyphens and apostrophes do not count."""
    return all_words(name)[:MOST_WORDS]


def all_words(text: str) -> list[str]:
    """Every word of a text, each once, as words of names are compared."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_PLAIN)
    letters = (_letter(one) for one in folded)
    return list(dict.fromkeys("".join(letters).split()))


def holds_name(text: str, name: str) -> bool:
    """Whether a text has a whole word of ``name`` in it; what no name is by itself, such as "de", is none."""
    words = {one for one in all_words(name) if len(one) > 1 or is_ideograph(one)} - PARTICLES - SUFFIXES
    # Also without what follows an apostrophe: "Ana's" has Ana in it.
    apart = "".join(" " if one in _JOINERS else one for one in text)
    return not words.isdisjoint([*all_words(text), *all_words(apart)])


def fits(name: str, asked: Sequence[str]) -> bool:
    """Whether each word that was asked for begins a word of ``name``."""
    words = words_of(name)
    return bool(asked) and all(any(word.startswith(one) for word in words) for one in asked)


def index_name(session: Session, whose: Whose, owner_id: int, name: str | None) -> None:
    """Keep the hashes of a name; those of the one before it go."""
    session.execute(delete(NameWord).where(column_of(whose) == owner_id))
    if name is None:
        return
    keys = {key for word in words_of(name) for key in (whole(session, word), start(session, word))}
    session.add_all(NameWord(word_key=key, **{f"{whose}_id": owner_id}) for key in sorted(keys))
    session.flush()


def can_be_asked(asked: str) -> bool:
    """Whether a search has a word to look for: two letters, or one that is a word by itself."""
    return any(len(word) >= 2 or is_ideograph(word[0]) for word in words_of(asked))


def _letter(one: str) -> str:
    """One sign of a folded name: itself when it is of a word, nothing for marks, else the end of the word."""
    if one in _JOINERS or unicodedata.category(one) in {"Mn", "Me", "Cf"}:
        return ""
    return one if unicodedata.category(one)[0] in "LNM" else " "


def is_ideograph(letter: str) -> bool:
    """Whether one such letter may be a whole name."""
    return "㐀" <= letter <= "鿿" or letter >= "\U00020000"


def whole(session: Session, word: str) -> str:
    """The keyed hash of a whole word."""
    return keyring_of(session).index("name.word", word)[:_KEY_DIGITS]


def start(session: Session, word: str) -> str:
    """The keyed hash of a word's first letters."""
    return keyring_of(session).index("name.start", word[: start_length(word)])[:_KEY_DIGITS]


def start_length(word: str) -> int:
    """How many of its letters the second hash of a word is of."""
    return START_IDEOGRAPHS if is_ideograph(word[0]) else START


def column_of(whose: Whose) -> Any:
    """The column that refers to the owners of one kind."""
    return NameWord.subject_id if whose == "subject" else NameWord.registrant_id

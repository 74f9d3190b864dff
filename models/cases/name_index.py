"""Names are found by keyed hashes of their words; the names themselves stay sealed (issue 5).

Each word has two hashes: one of the whole word, and one of its first letters.
docs/decisions/0017-sealed-values-and-the-audit-chain.md says what they reveal to someone who has the database
without the secret.
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
#: How many letters of a word its second hash covers; one in a script where a single letter can be a word.
START, START_IDEOGRAPHS = 3, 1
#: The maximum number of words indexed per name.
MOST_WORDS = 12
_KEY_DIGITS = 32
#: Letters that Unicode does not decompose into a plain letter and a mark.
_PLAIN = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
#: Marks inside one word: O'Brien is one word, with or without the apostrophe.
_JOINERS = frozenset("'’ʼ‘`´ʻ׳״")


class NameWord(Base):
    """One keyed hash of a word, or of its first letters, in the name of a subject or a registrant."""

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
    """The words of a name for comparison: case, accents, hyphens and apostrophes do not count."""
    return all_words(name)[:MOST_WORDS]


def all_words(text: str) -> list[str]:
    """Every word of a text, each once, folded like the words of names."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_PLAIN)
    letters = (_letter(one) for one in folded)
    return list(dict.fromkeys("".join(letters).split()))


def holds_name(text: str, name: str) -> bool:
    """Whether a text contains a whole word of ``name``; particles such as "de" do not count."""
    words = {one for one in all_words(name) if len(one) > 1 or is_ideograph(one)} - PARTICLES - SUFFIXES
    # Also without the part after an apostrophe: "Ana's" contains Ana.
    apart = "".join(" " if one in _JOINERS else one for one in text)
    return not words.isdisjoint([*all_words(text), *all_words(apart)])


def fits(name: str, asked: Sequence[str]) -> bool:
    """Whether each search word begins a word of ``name``."""
    words = words_of(name)
    return bool(asked) and all(any(word.startswith(one) for word in words) for one in asked)


def index_name(session: Session, whose: Whose, owner_id: int, name: str | None) -> None:
    """Save the hashes of a name and delete those of the previous one."""
    session.execute(delete(NameWord).where(column_of(whose) == owner_id))
    if name is None:
        return
    keys = {key for word in words_of(name) for key in (whole(session, word), start(session, word))}
    session.add_all(NameWord(word_key=key, **{f"{whose}_id": owner_id}) for key in sorted(keys))
    session.flush()


def can_be_asked(asked: str) -> bool:
    """Whether a search has a usable word: two letters, or a single letter that is a word by itself."""
    return any(len(word) >= 2 or is_ideograph(word[0]) for word in words_of(asked))


def _letter(one: str) -> str:
    """A character of a folded name: kept if it is a letter, dropped if a mark, else the end of a word."""
    if one in _JOINERS or unicodedata.category(one) in {"Mn", "Me", "Cf"}:
        return ""
    return one if unicodedata.category(one)[0] in "LNM" else " "


def is_ideograph(letter: str) -> bool:
    """Whether a single letter of this kind may be a whole name."""
    return "㐀" <= letter <= "鿿" or letter >= "\U00020000"


def whole(session: Session, word: str) -> str:
    """The keyed hash of a whole word."""
    return keyring_of(session).index("name.word", word)[:_KEY_DIGITS]


def start(session: Session, word: str) -> str:
    """The keyed hash of a word's first letters."""
    return keyring_of(session).index("name.start", word[: start_length(word)])[:_KEY_DIGITS]


def start_length(word: str) -> int:
    """How many of a word's letters its second hash covers."""
    return START_IDEOGRAPHS if is_ideograph(word[0]) else START


def column_of(whose: Whose) -> Any:
    """The column that refers to the owners of one kind."""
    return NameWord.subject_id if whose == "subject" else NameWord.registrant_id

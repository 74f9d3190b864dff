"""How hard a text is to read, by published formulas: school years, and in Spanish also an ease (R18)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from pyphen import Pyphen

#: Six years of school in any language; 80 and more is "easy" to Fernández Huerta (R18).
MOST_YEARS = 6.0
LEAST_EASE = 80.0


@dataclass(frozen=True, slots=True)
class Readability:
    """``years`` of school that a text requires; ``ease`` from 0 (hard) to 100, if the language has one."""

    years: float
    ease: float | None = None

    @property
    def is_easy(self) -> bool:
        """Whether it is as easy as R18 requires of a whole path; a few words alone say little."""
        return self.years <= MOST_YEARS and (self.ease is None or self.ease >= LEAST_EASE)


@lru_cache(maxsize=4096)
def readability(text: str, language: str) -> Readability | None:
    """The score of a text, or None for one without words or in a language without a formula here."""
    score = _FORMULAS.get(language)
    counts = _Counts.of(text)
    return None if score is None or counts.words == 0 else score(text, counts)


@dataclass(frozen=True, slots=True)
class _Counts:
    words: int
    sentences: int
    characters: int
    letters: int

    @classmethod
    def of(cls, text: str) -> "_Counts":
        sentences = [len(_words(one)) for one in re.findall(r"\b[^.!?]+[.!?]*", text)]
        return cls(
            len(_words(text)),
            # An exclamation or a name of one or two words does not count as a sentence.
            max(1, sum(words > 2 for words in sentences)),
            len(re.sub(r"\s", "", text)),
            len(re.sub(r"[^\w]", "", text)),
        )


def _words(text: str) -> list[str]:
    return re.sub(r"[^\w\s']", "", text).split()


def _english(_text: str, counts: _Counts) -> Readability:
    """The stricter of two: the Automated Readability Index (1967) and Coleman-Liau (1975)."""
    automated = 4.71 * counts.characters / counts.words + 0.5 * counts.words / counts.sentences - 21.43
    coleman_liau = 5.8 * counts.letters / counts.words - 29.6 * counts.sentences / counts.words - 15.8
    return Readability(max(automated, coleman_liau))


def _spanish(text: str, counts: _Counts) -> Readability:
    """Years of school by Crawford (1984), ease by Fernández Huerta (1959); both count syllables."""
    syllables = sum(int(len(_hyphens().positions(word)) + 1) for word in _words(text.lower())) / counts.words
    years = -20.5 * counts.sentences / counts.words + 4.9 * syllables - 3.407
    ease = 206.84 - 60 * syllables - 1.02 * counts.words / counts.sentences
    return Readability(years, ease)


@lru_cache(maxsize=1)
def _hyphens() -> Pyphen:
    # Imported on first use, so that a process that scores nothing loads no dictionary.
    return Pyphen(lang="es")


_FORMULAS: dict[str, Callable[[str, _Counts], Readability]] = {"en": _english, "es": _spanish}

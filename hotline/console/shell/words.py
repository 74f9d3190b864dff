"""The words of the console: English in templates and code, other languages in each area's translations/."""

import io
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import g, has_request_context

from hotline.marked import N_ as N_

#: Each area has its translations: AREA/translations/LANGUAGE/*.po.
CONSOLE = Path(__file__).parents[1]
ENGLISH = "en"
COUNTRY = "US"
_BEST = re.compile(r"^\s*([A-Za-z]{2,3})")


class Words:
    """Every translation of the console, read once; all files of one language are merged."""

    def __init__(self, catalogs: dict[str, NullTranslations]) -> None:
        self._catalogs = catalogs

    @classmethod
    def load(cls) -> "Words":
        """Read the translations of every area, once per process. Raises ValueError for a broken one."""
        return cls(_catalogs())

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language in which the console can be read, English first."""
        return tuple(self._catalogs)

    def names(self) -> list[tuple[str, str]]:
        """Each language with its own name for itself."""
        return [
            (one, (Locale.parse(one).get_display_name(one) or one).capitalize()) for one in self.languages
        ]

    def known(self, language: str | None) -> str | None:
        """``language`` if the console has it, else None."""
        return language if language in self._catalogs else None

    def accepted(self, header: str) -> str:
        """The first known language of an Accept-Language header, else English."""
        for part in header.split(","):
            if (best := _BEST.match(part)) and best[1].lower() in self._catalogs:
                return best[1].lower()
        return ENGLISH

    def catalog(self, language: str) -> NullTranslations:
        """The words of one language; the English ones for an unknown language."""
        return self._catalogs.get(language, self._catalogs[ENGLISH])


@cache
def _catalogs() -> dict[str, NullTranslations]:
    catalogs: dict[str, NullTranslations] = {ENGLISH: NullTranslations()}
    for language in sorted({path.parent.name for path in CONSOLE.glob("*/translations/*/*.po")}):
        catalogs[language] = _merged(language, files_of(language))
    return catalogs


def files_of(language: str) -> list[Path]:
    """The translation files of every area in one language."""
    return sorted(CONSOLE.glob(f"*/translations/{language}/*.po"), key=lambda path: path.name)


def _merged(language: str, files: Iterable[Path]) -> NullTranslations:
    merged = Translations()
    for path in files:
        compiled = io.BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=language, abort_invalid=True))
        compiled.seek(0)
        merged.merge(Translations(compiled))
    return merged


def language() -> str:
    """The language of the current page; English outside a request."""
    return str(g.get("language", ENGLISH)) if has_request_context() else ENGLISH


@cache
def written_in(language: str) -> Locale:
    """The format of days and times in ``language`` at the office's place: with a twelve-hour clock."""
    try:
        return Locale.parse(f"{language}_{COUNTRY}")
    except UnknownLocaleError:
        return Locale.parse(language)


def gettext(text: str, **slots: object) -> str:
    """``text`` in the language of the page, with ``%(name)s`` filled in."""
    said = _catalog().gettext(text)
    return said % slots if slots else said


def ngettext(one: str, many: str, number: int, **slots: object) -> str:
    """One of two texts by ``number``, which also fills ``%(num)s``."""
    return _catalog().ngettext(one, many, number) % {"num": number, **slots}


def gettext_only(text: str) -> str:
    """The function that Jinja calls: Jinja fills the slots itself and escapes each."""
    return _catalog().gettext(text)


def ngettext_only(one: str, many: str, number: int) -> str:
    """As `gettext_only`."""
    return _catalog().ngettext(one, many, number)


_ = gettext


def _catalog() -> NullTranslations:
    words: Words | None = g.get("words") if has_request_context() else None
    return NullTranslations() if words is None else words.catalog(g.get("language", ENGLISH))


def country_name(code: str) -> str:
    """A country, such as ``US``, in the language of the page; the code itself if it has no name there."""
    return str(written_in(language()).territories.get(code, code))


def language_name(code: str) -> str:
    """A language, such as ``es``, alone or at the start of a line; the code itself if it has no name."""
    name = language_inside(code)
    return name if name == code else name.capitalize()


def language_inside(code: str) -> str:
    """A language inside a sentence of the page's language: Spanish has no capital there."""
    return _name_of_language(code, language())


# Cached: a list names a language in each row, and Babel takes longer for it than for the rest of the row.
@lru_cache(maxsize=1024)
def _name_of_language(code: str, said_in: str) -> str:
    try:
        return Locale.parse(code).get_display_name(said_in) or code
    except (UnknownLocaleError, ValueError):
        return code


def languages_named(codes: Iterable[str]) -> str:
    """Several languages as a list that stands alone, such as "Inglés, español"."""
    first, *others = codes
    return ", ".join([language_name(first), *map(language_inside, others)])

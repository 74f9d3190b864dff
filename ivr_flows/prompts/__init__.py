"""Every sentence the line can say, a gettext file per language, and the dates and numbers in them."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property, lru_cache
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent
SOURCE_LANGUAGE = "en"
#: How many spoken times are cached; a time reveals nothing about a person.
MOMENTS_KEPT = 4096
#: The marks for a number that is read digit by digit; the renderer turns them into speech.
DIGITS_MARK = "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}{}\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"

#: Days that have their own names, by their distance from today.
_NEAR_DAYS = {-1: "yesterday", 0: "today", 1: "tomorrow"}
#: The parts of a day by their first hours, the last one first. Some languages name them instead of AM and PM.
_DAY_PARTS = ((19, "evening"), (12, "afternoon"), (5, "morning"), (0, "early"))
#: A number of ten digits is said in the groups in which people write it.
_NATIONAL_GROUPS = ((0, 3), (3, 6), (6, 10))

#: Words that a language writes as one before a name with an article: "a" and "el Centro" are "al Centro". An
#: article that is part of a name has a capital letter and stays.
_JOINED_WORDS: Mapping[str, Sequence[tuple[str, str]]] = {"es": ((" a el ", " al "), (" de el ", " del "))}

_DIGITS_MARK = re.compile(DIGITS_MARK.format("([^«»]*)"))


class PromptError(ValueError):
    """A language is incomplete: a prompt is missing, stale, lacks a slot or contains a telling word."""


@dataclass(frozen=True)
class Language:
    """One language: its texts by prompt id, its locale, and the words that no prompt may contain (R13)."""

    code: str
    locale: Locale
    texts: Mapping[str, str]
    sources: Mapping[str, str]
    telling_words: tuple[str, ...]

    @cached_property
    def slots(self) -> dict[str, frozenset[str]]:
        """The slots that each text takes."""
        return {name: _slots(text) for name, text in self.texts.items()}

    @cached_property
    def telling(self) -> list[str]:
        """One sentence for each telling word that one of its own texts contains (R13)."""
        return [
            f"The prompt {name} in {self.code} holds the telling word {word!r}."
            for name, text in self.texts.items()
            for word in self.telling_words
            if re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE)
        ]


class Prompts:
    """The texts of several languages; no language falls back to another (R27)."""

    def __init__(self, languages: Mapping[str, Language]) -> None:
        self.languages = languages
        self._spoken_when = lru_cache(maxsize=MOMENTS_KEPT)(self._say_when)

    @classmethod
    def load(cls, codes: Sequence[str], folder: Path = FOLDER) -> "Prompts":
        """Read the languages. Raises PromptError with one sentence for the first that is incomplete.

        The files of a release do not change while a process runs, so each is read once per process.
        """
        return cls({code: _read(code, folder) for code in codes})

    def text(self, language: str, prompt: str, /, **slots: str) -> str:
        """One prompt in one language. Raises KeyError for an unknown id or a missing slot."""
        text = self.languages[language].texts[prompt].format_map(slots)
        # A slot may end with its own period, as "a.m." does.
        return with_joined_words(language, text.replace("..", ".")) if slots else text

    def count(self, language: str, prompt: str, /, **slots: str) -> int:
        """How many words a voice says for a prompt; it reads the emergency number digit by digit (R26)."""
        if slots.get("emergency", "").isdigit():
            slots["emergency"] = DIGITS_MARK.format(slots["emergency"])
        return count_words(self.text(language, prompt, **slots))

    def when(
        self,
        language: str,
        at: datetime,
        time_zone: str,
        now: datetime,
        *,
        on: bool = False,
        clock: bool = False,
        heard_in: str | None = None,
    ) -> str:
        """A day as people say it near ``now``: "today", "yesterday", else "Monday, November 23".

        ``on`` is the form after a verb ("on Monday, November 23", "today"), the other follows "since".
        ``clock`` adds the time of day, and which of the two it is when the clocks go back. ``heard_in`` is
        the listener's time zone, if it may be another: where it is not the same day now, "today" would be
        another day, so the day has its own name.
        """
        zone = ZoneInfo(time_zone)
        local, today = at.astimezone(zone).date(), now.astimezone(zone).date()
        is_one_day = heard_in is None or now.astimezone(ZoneInfo(heard_in)).date() == today
        return self._spoken_when(
            language,
            at.replace(second=0, microsecond=0),
            time_zone,
            near=_NEAR_DAYS.get((local - today).days) if is_one_day else None,
            is_this_year=local.year == today.year,
            on=on,
            clock=clock,
        )

    def _say_when(
        self,
        language: str,
        at: datetime,
        time_zone: str,
        *,
        near: str | None,
        is_this_year: bool,
        on: bool,
        clock: bool,
    ) -> str:
        local = at.astimezone(ZoneInfo(time_zone))
        if near is not None:
            words = self.text(language, f"moment.{near}")
        else:
            day = self._day(language, local, is_this_year=is_this_year)
            words = self.text(language, "moment.on" if on else "moment.since", day=day)
        if clock:
            words = self.text(language, _with_clock(local), day=words, clock=self._clock(language, local))
        return words

    def _day(self, language: str, local: datetime, *, is_this_year: bool) -> str:
        """A day by its name and date. The first of a month has its own name in some languages."""
        prompt = "moment.day" if is_this_year else "moment.day_and_year"
        if local.day == 1:
            prompt = "moment.first_day" if is_this_year else "moment.first_day_and_year"
        return format_date(local.date(), self.text(language, prompt), locale=self.languages[language].locale)

    def _clock(self, language: str, local: datetime) -> str:
        if local.minute == 0 and local.hour % 12 == 0:
            # People confuse 12 AM and 12 PM.
            return self.text(language, "clock.noon" if local.hour else "clock.midnight")
        spelled = format_time(
            local.time(), self.text(language, "clock.pattern"), locale=self.languages[language].locale
        )
        part = next(part for hour, part in _DAY_PARTS if local.hour >= hour)
        # Some voices do not read narrow no-break spaces.
        spelled = self.text(language, f"clock.{part}", time=re.sub(r"\s", " ", spelled))
        prompt = "clock.one" if local.hour % 12 == 1 else "clock"
        return self.text(language, prompt, time=spelled)

    @staticmethod
    def spoken_number(number: str) -> str:
        """A number marked to be read digit by digit; a phone's in groups, without the country's +1."""
        if not re.fullmatch(r"\+1[0-9]{10}", number):
            return DIGITS_MARK.format(number)
        national = number.removeprefix("+1")
        return ", ".join(DIGITS_MARK.format(national[begin:end]) for begin, end in _NATIONAL_GROUPS)

    def tells(self, words: str) -> bool:
        """Whether words from elsewhere, such as a feed's, contain a telling word of any language (R13)."""
        return bool(self.telling_words(words))

    def telling_words(self, words: str) -> list[str]:
        """The telling words of any language that a text contains, each as its list has it (R13)."""
        return [word for word, pattern in self._telling.items() if pattern.search(words)]

    @cached_property
    def _telling(self) -> dict[str, re.Pattern[str]]:
        return {
            word: re.compile(rf"\b{re.escape(word)}", re.IGNORECASE)
            for language in self.languages.values()
            for word in language.telling_words
        }

    def problems(self) -> list[str]:
        """What prevents a language from being offered (R13, R27): one sentence each."""
        found: list[str] = []
        source = (
            _read(SOURCE_LANGUAGE, FOLDER) if SOURCE_LANGUAGE not in self.languages else self.languages["en"]
        )
        for code, language in self.languages.items():
            for name, text in source.texts.items():
                if name not in language.texts:
                    found.append(f"The prompt {name} is missing in {code}.")
                elif language.slots[name] != source.slots[name]:
                    found.append(f"The prompt {name} has other slots in {code} than in {SOURCE_LANGUAGE}.")
                elif language.sources[name] != text:
                    found.append(f"The prompt {name} in {code} translates an older {SOURCE_LANGUAGE} text.")
            found += [
                f"The prompt {name} in {code} is in no other language."
                for name in language.texts
                if name not in source.texts
            ]
            found += language.telling
        return found


def _with_clock(local: datetime) -> str:
    """The prompt for a day with a time of day; one that comes twice that day is told from the other."""
    if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
        return "moment"
    return "moment.after_change" if local.fold else "moment.before_change"


def with_joined_words(language: str, text: str) -> str:
    """A text in which a name was filled in, with the words joined that the language joins: "del Centro"."""
    for apart, joined in _JOINED_WORDS.get(language, ()):
        text = text.replace(apart, joined)
    return text


def counted(prompt: str, count: int) -> str:
    """The prompt for ``count`` things; a single one has its own sentence."""
    return f"{prompt}_one" if count == 1 else prompt


def count_words(text: str) -> int:
    """How many words a voice says: a number read digit by digit counts one for each digit (R26)."""
    words = len(text.split()) - text.count(" | ")
    for number in _DIGITS_MARK.findall(text) if "«" in text else ():
        words += len(re.sub(r"[^0-9]", "", number)) - len(number.split())
    return words


def _slots(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)


@cache
def _read(code: str, folder: Path) -> Language:
    path = folder / f"{code}.po"
    try:
        with path.open("rb") as file:
            catalog = read_po(file)
    except OSError:
        raise PromptError(f"There is no prompt file {path.name} for the language {code}.") from None
    words = tomllib.loads((folder / "telling_words.toml").read_text(encoding="utf-8")).get(code)
    if not words:
        raise PromptError(f"telling_words.toml lists no telling words for the language {code}.")
    texts, sources = {}, {}
    for message in catalog:
        if message.context and message.string and not message.fuzzy:
            texts[message.context] = str(message.string)
            sources[message.context] = str(message.id)
    region = str(catalog.locale_identifier or code)
    return Language(code, Locale.parse(region), texts, sources, tuple(words))

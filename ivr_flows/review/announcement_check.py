"""Finds errors in an office's announcements, checked like prompts (R13, R18, R23)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple, Protocol

from ivr_flows.engine.check import INSTRUCTION_SECONDS, WORDS_A_SECOND, long_sentences
from ivr_flows.prompts import Prompts, count_words
from ivr_flows.review.readability import readability
from ivr_flows.verbs.announcement_verbs import sentences_of

#: A slot of a spoken prompt is truncated there (hotline/voice/twiml.py).
MOST_CHARACTERS = 200
#: The other prompts from the ring to the keys of the first menu; all is checked as one text (R18).
_BEFORE, _AFTER = ("danger_line", "welcome"), ("main.case", "main.callback", "main.help", "main.report")


class Announced(Protocol):
    """One announcement."""

    @property
    def text(self) -> Mapping[str, str]: ...
    @property
    def first_day(self) -> date: ...
    def is_on(self, day: date) -> bool: ...


class AnnouncingOffice(Protocol):
    """What the check reads from the office."""

    @property
    def announcements(self) -> Sequence[Announced]: ...
    @property
    def name(self) -> Mapping[str, str]: ...
    @property
    def emergency_number(self) -> str: ...


def announcement_problems(office: AnnouncingOffice, prompts: Prompts) -> list[str]:
    """Every error in an office's announcements, one sentence each, in the order in which they are listed."""
    found: list[str] = []
    for position, one in enumerate(office.announcements, start=1):
        for code in prompts.languages:
            place = f"announcements entry {position}.text.{code}"
            found += [
                f"{place} {fault.sentence}" for fault in text_faults(one.text[code], code, office, prompts)
            ]
        # The most is spoken on a day on which an announcement begins.
        together = [other.text for other in office.announcements if other.is_on(one.first_day)]
        for code in prompts.languages:
            seconds = sum(spoken_seconds(text[code]) for text in together)
            if seconds > INSTRUCTION_SECONDS:
                found.append(
                    f"announcements of {one.first_day} take {seconds:.0f} s together in {code}; "
                    f"at most {INSTRUCTION_SECONDS} s are spoken (R23)."
                )
    return list(dict.fromkeys(found))


def spoken_seconds(text: str) -> float:
    """How long a text takes at 150 words a minute."""
    return count_words(text) / WORDS_A_SECOND


class TextFault(NamedTuple):
    """What is wrong with a text of an announcement: ``why``, what of the text it is about, and a sentence."""

    why: Literal["long_sentence", "long_passage", "no_words", "telling_word", "hard_to_read"]
    what: str
    sentence: str


def text_faults(text: str, code: str, office: AnnouncingOffice, prompts: Prompts) -> Iterator[TextFault]:
    """Every fault of one text in one language; the sentence follows the name of its field."""
    for sentence in long_sentences(text):
        start = sentence[:40]
        yield TextFault("long_sentence", start, f"has a sentence over 20 words: “{start}…” (R18).")
    if any(len(sentence) > MOST_CHARACTERS for sentence in sentences_of(text)):
        most = str(MOST_CHARACTERS)
        yield TextFault("long_passage", most, f"has a sentence over {most} characters.")
    if not any(map(str.isalnum, text)):
        yield TextFault("no_words", "", "has nothing to say.")
    for word in prompts.telling_words(text):
        yield TextFault("telling_word", word, f"holds the telling word {word!r} (R13).")
    score = readability(heard_with(text, code, office, prompts), code)
    if score is not None and not score.is_easy:
        yield TextFault("hard_to_read", "", "is too hard to read: use shorter words and sentences (R18).")


def heard_with(text: str, code: str, office: AnnouncingOffice, prompts: Prompts) -> str:
    """The words from the ring to the first menu, with this text in its place."""
    slots = {"emergency": office.emergency_number, "line": office.name[code]}
    before = [prompts.text(code, name, **slots) for name in _BEFORE]
    after = [prompts.text(code, name, key=str(key)) for key, name in enumerate(_AFTER, 1)]
    return " ".join([*before, text, *after])

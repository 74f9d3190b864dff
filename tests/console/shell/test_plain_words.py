"""Every text of the console can be read once and understood: short sentences in the words of the trade."""

import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

from hotline.console.shell.words import files_of
from ivr_flows.review.readability import Readability, readability

#: Words in one sentence. Spanish needs more of them for the same thought.
MOST_WORDS = {"en": 25, "es": 28}
#: The automated readability index of an area's texts: the school grade of a reader who has no trouble.
MOST_GRADE = 4.0
#: A label such as "Add colleague" is no sentence.
SENTENCE_WORDS = 4
#: Phrases that staff had to read twice, or not American, each with the word that took its place.
PLAIN = {
    r"\b(?:are|be|been|was) rung\b|^rung$": "called",
    r"\brings? staff\b|\brang (?:staff|an?)\b": "called",
    r"\bmiss(?:ed)? (?:staff|the person)\b": "did not reach",
    r"\bwhoever\b": "the person who",
    r"\b(?:tak(?:e|en|es)|took) (?:\w+ )*up (?:\w+ )*again\b": "reopen",
    r"\bput (?:it )?back\b": "return to list",
    r"\bleft (?:a \w+ )?for staff\b": "needs attention",
    r"\bkeep the note\b": "save note",
    r"\bsettle (?:this|another) time\b|\btime was settled\b": "reschedule",
    r"\bnote the outcome\b|\boutcome was noted\b|^noted\b": "save outcome",
    r"\blet it land\b": "apply import",
    r"\bthrow (?:it )?away\b": "discard import",
    r"\bthat you look(?:ed)? is noted\b": "viewing is logged",
    r"\bhand it on\b": "hand to",
    r"\bhow it stands\b": "status",
    r"\bleaves? the house\b": "deactivate account",
    r"\bis to come\b": "upcoming",
    r"\bwas changed (?:meanwhile|as well)\b": "changed while you were editing",
    r"\bday is past\b": "day is in the past",
    r"\bmake two of it\b": "split it into two",
    r"^only get\b": "use … only if",
    r"\bcancell(?:ed|ing)\b": "canceled",
}


def texts(language: str) -> Iterator[tuple[str, str]]:
    """Each text as staff read it in ``language``, with the file of its area."""
    for path in files_of("es"):
        with path.open("rb") as file:
            for message in read_po(file, locale="es"):
                said = message.id if language == "en" else message.string
                for text in (said,) if isinstance(said, str) else said:
                    if message.id and text:
                        yield path.name, re.sub(r"%\(\w+\)[sd]|\{\w+\}", "X", text)


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence of a text."""
    found = [re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", one) for one in re.split(r"(?<=[.!?:;])\s+|\n+", text)]
    return [words for words in found if len(words) >= SENTENCE_WORDS]


def grade(said: list[list[str]]) -> float:
    words = [word for sentence in said for word in sentence]
    return 4.71 * sum(map(len, words)) / len(words) + 0.5 * len(words) / len(said) - 21.43


@pytest.mark.parametrize("language", sorted(MOST_WORDS))
def test_no_sentence_is_too_long_to_be_read_once(language: str) -> None:
    long = {
        f"{file}: {' '.join(words)}"
        for file, text in texts(language)
        for words in sentences(text)
        if len(words) > MOST_WORDS[language]
    }

    assert long == set()


def test_a_reader_of_the_fourth_grade_can_read_every_area() -> None:
    areas: dict[str, list[list[str]]] = {}
    for file, text in texts("en"):
        areas.setdefault(file, []).extend(sentences(text))

    assert {file: round(grade(said), 1) for file, said in areas.items() if grade(said) > MOST_GRADE} == {}


def score(said: list[list[str]]) -> Readability:
    found = readability(" ".join(f"{' '.join(words)}." for words in said), "es")
    assert found is not None
    return found


def test_every_area_is_easy_in_spanish_by_the_formulas_of_the_prompts() -> None:
    areas: dict[str, list[list[str]]] = {}
    for file, text in texts("es"):
        areas.setdefault(file, []).extend(sentences(text))

    assert {file: score(said) for file, said in areas.items() if not score(said).is_easy} == {}


def test_texts_have_the_words_of_the_trade() -> None:
    found = {
        f"{file}: {text}": better
        for file, text in texts("en")
        for phrase, better in PLAIN.items()
        if re.search(phrase, text, re.IGNORECASE)
    }

    assert found == {}


def test_a_long_sentence_and_an_old_phrase_are_found() -> None:
    """The rules above can fail."""
    assert len(sentences("One two three four. Five six seven eight nine.")) == 2
    assert grade([["Incomprehensibilities", "notwithstanding"] * 10]) > MOST_GRADE
    assert not score([["Incomprensibilidades", "constitucionalidad"] * 10]).is_easy
    assert re.search(next(iter(PLAIN)), "The person may have been rung.")

"""Every word of the console is in every language."""

import ast
import re
import tomllib
from collections.abc import Iterator
from typing import BinaryIO

import pytest
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po

from config.office_changes import FIXED
from hotline.console.shell.words import CONSOLE, Words, files_of

#: The texts that are shown on a page and printed by commands as well.
REFUSALS = CONSOLE.parent / "refusals"
OFFICE = CONSOLE.parents[1] / "config" / "office.toml"
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext.babel_extract")]
LANGUAGES = [language for language in Words.load().languages if language != "en"]


def bases_of(file: BinaryIO, *_: object, **__: object) -> Iterator[tuple[int, str, str, list[str]]]:
    """Babel's way to read an office file: the basis of each policy."""
    for policy in tomllib.load(file)["policies"].values():
        yield 1, "gettext", policy["basis"], []


def sentences_of_config() -> dict[str, str]:
    """Every whole sentence about a fault of the office file, before its slots are filled in, and its file."""
    return {
        text.value: path.name
        for path in OFFICE.parent.glob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"FieldError", "PolicyError"}
        if call.args and isinstance(call.args[0], ast.Constant | ast.IfExp)
        for text in ast.walk(call.args[0])
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    }


def said() -> dict[str, str]:
    """Every English text of the console, of refusals, of config and of the office file, and where it is."""
    found = {
        message: "office.toml" for _, message, _, _ in extract_from_file(bases_of, OFFICE, keywords=KEYWORDS)
    }
    found |= sentences_of_config() | dict.fromkeys(FIXED.values(), "office_changes.py")
    options = {"**/templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}}
    return found | {
        message if isinstance(message, str) else message[0]: file
        for folder in (CONSOLE, REFUSALS)
        for file, _, message, _, _ in extract_from_dir(str(folder), METHODS, options, keywords=KEYWORDS)
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    catalog = Words.load().catalog(language)

    missing = {text: file for text, file in said().items() if text and catalog.gettext(text) == text}

    assert {text: file for text, file in missing.items() if text not in SAME[language]} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentence_that_names_a_button_or_choice_has_the_word_that_the_page_shows(language: str) -> None:
    catalog, texts = Words.load().catalog(language), said()

    wrong = [
        catalog.gettext(text)
        for text in texts
        for named in re.findall("“([^”%]+?)[.,]?”", text)
        if named in texts and catalog.gettext(named) not in catalog.gettext(text)
    ]

    assert wrong == []


#: Words that are the same in both languages.
SAME = {"es": {"Error", "PIN", "No"}}


def test_no_spanish_sentence_ends_with_two_periods_after_a_time_of_day() -> None:
    # A time of day ends with "a. m." or "p. m."; a length of time ("hace %(time)s") does not.
    ends = re.compile(r"(%\((moment|until|when|at)\)s|(?<!hace )%\(time\)s)\.(?!\w)")
    for path in files_of("es"):
        with path.open("rb") as file:
            for message in read_po(file, locale="es"):
                assert not ends.search(str(message.string)), f"{path.name}: {message.string}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_has_the_same_translation_in_each_area(language: str) -> None:
    found: dict[str, set[str]] = {}
    for path in files_of(language):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                found.setdefault(str(message.id), set()).add(str(message.string))

    assert {text: words for text, words in found.items() if text and len(words) > 1} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_left_over_or_unsure(language: str) -> None:
    texts = said()
    for path in files_of(language):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                one = message.id if isinstance(message.id, str) else message.id[0]
                if one:
                    assert one in texts, f"{path.name}: {one}"
                    assert not message.fuzzy, f"{path.name}: {one}"
                    assert not list(message.check()), f"{path.name}: {one}"

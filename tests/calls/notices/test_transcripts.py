"""The transcripts of every path of a notice, in each language, with what a stranger who answers learns (R30).

They are in docs/office/notice-calls.md, which these tests compare with real calls. After a change of words:
``NOTICE_CALLS=write pytest -n0 tests/calls/notices/test_transcripts.py``, then read what changed aloud.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as File

import pytest

from config.office import Office
from ivr_flows.prompts import Prompts
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, Registered
from tests.calls.notices.paths import PATHS, Path, Play, with_partner
from tests.conftest import in_turn
from tests.factories import MadeCase
from tests.phone import Phone

DOCUMENT = File(__file__).parents[3] / "docs" / "office" / "notice-calls.md"
LANGUAGES = {"en": "English", "es": "Spanish"}
MOST_WORDS = 20
#: Everything that the line may say before the code or a key that was chosen instead, and what it tells.
OPEN = {
    "called.opening": "the neutral name",
    "called.yes": "",
    "called.no": "",
    "called.yes_again": "",
    "called.put_off": "",
    "called.cover": "",
    "called.goodbye": "",
    "repair.silence": "",
    "repair.wrong": "",
    "repair.fuller": "",
    "repair.simplest": "",
    "notice.ask_code": "that there is a code",
    "notice.code_length": "",
    "notice.wrong_code": "",
    "notice.use_card": "that there is a card",
    "notice.gone": "",
    "voicemail.please_call": "the neutral name",
    "voicemail.we_call_again": "the neutral name",
    "voicemail.hello": "the neutral name",
}
ENDS = "*The call ends.*"
_BEFORE, _AFTER = "nothing", "not reached"


@dataclass
class Row:
    """One action of a person, and what the line says then."""

    action: str
    said: list[str] = field(default_factory=list)
    learned: str = _AFTER


@pytest.fixture
def office() -> Office:
    """The shipped office in its hours, with a partner line."""
    return with_partner()


@pytest.fixture
def play(
    hotline: Hotline,
    phone: Phone,
    registered: Callable[..., Registered],
    make_case: Callable[..., MadeCase],
    texts: Callable[..., str],
) -> Callable[[str], Play]:
    """Plays a path in a language."""
    return lambda language: Play(language, phone, hotline, registered, make_case, texts)


@pytest.mark.parametrize("language", LANGUAGES)
@in_turn("title", PATHS)
def test_transcript_of_each_path_is_the_one_that_was_read_aloud(
    play: Callable[[str], Play], title: str, language: str
) -> None:
    played, path = play(language), PATHS[title]
    path.script(played)
    rows = [row for heard in played.heard for row in _rows(heard, played, path)]
    assert rows

    for sentence in (sentence for row in rows for text in row.said for sentence in _sentences(text)):
        assert len(sentence.split()) <= MOST_WORDS, sentence
        assert not re.search(r"\b(\w+) \1\b", sentence, re.IGNORECASE), f"a doubled word: {sentence}"
    table = _table(rows)
    blocks = _blocks()
    if os.environ.get("NOTICE_CALLS") == "write":
        _write(blocks | {(title, language): table})
    else:
        assert blocks.get((title, language)) == table


def test_document_has_every_path_and_no_other() -> None:
    assert list(_blocks()) == [(title, language) for title in PATHS for language in LANGUAGES]


def _rows(heard: Phone | tuple[str, str], played: Play, path: Path) -> Iterator[Row]:
    """A call, or one text, as rows; before the code only what is open to anybody may be said."""
    if isinstance(heard, tuple):
        cause, body = heard
        found = re.findall(r"<Message>(.*?)</Message>", body, re.DOTALL) or [body]
        is_ours = cause == "The line sends a text"
        learned = OPEN["called.opening"] if is_ours else "what anyone who texts this number is told"
        yield Row(cause, [" ".join(" ".join(found).split())], learned)
        return
    is_ours = not any("911" in text for text in _heard(heard)[:2])
    rows = [Row("The phone is answered" if is_ours else "A caller dials")]
    is_open, shown = True, []
    for passage in heard.call.transcript:
        if passage.kind == "heard":
            rows[-1].said.append(passage.text)
        elif passage.kind == "pressed" or passage.text != "hung up":
            rows.append(Row(_action(passage.kind, passage.text, played)))
    if heard.is_over:
        rows[-1].said.append(ENDS)
    secret = "Enters the code" if is_ours else "Enters the PIN"
    for row in rows:
        is_open &= row.action != secret
        if is_open and is_ours and path.title.startswith("A registrant chose a key alone"):
            row.learned = "the news: the registrant chose so" if row.action != rows[0].action else "the name"
        elif is_open and is_ours:
            row.learned = _learned(row, played)
        if path.shows_all or not is_open:
            shown.append(row)
    yield from shown


def _heard(phone: Phone) -> list[str]:
    return [passage.text for passage in phone.call.transcript if passage.kind == "heard"]


def _learned(row: Row, played: Play) -> str:
    """What these words tell a stranger. Fails for any that are not open to everybody."""
    learned = []
    open_to_all = _open_to_all(played.language, played.hotline.office)
    for text in row.said:
        tells = open_to_all.get(text)
        assert tells is not None or text == ENDS, f"said before the code: {text}"
        if tells and tells not in learned:
            learned.append(tells)
    return " and ".join(learned) or _BEFORE


@cache
def _prompts(languages: tuple[str, ...]) -> Prompts:
    return Prompts.load(languages)


def _open_to_all(language: str, office: Office) -> dict[str, str]:
    """The words of ``OPEN``, and what they tell."""
    prompts, line = _prompts(tuple(office.languages)), office.neutral_name[language]
    return {
        prompts.text(language, prompt, key=key, line=line): tells
        for prompt, tells in OPEN.items()
        for key in "12"
    }


def _action(kind: str, text: str, played: Play) -> str:
    if kind != "pressed":
        return text.capitalize()
    case = played.case
    named = {"": "Says nothing", CODE: "Enters the code", "*": "Presses star", "#": "Presses pound"}
    if case is not None:
        named |= {case.number: "Enters the case number", case.pin: "Enters the PIN"}
    return named.get(text) or (f"Presses {text}" if len(text) == 1 else f"Enters {text}")


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.?!]) ", text)


def _table(rows: list[Row]) -> str:
    lines = [f"| {row.action} | {' '.join(row.said)} | {row.learned} |" for row in rows]
    return "\n".join(["| they | the line says | a stranger learns |", "|---|---|---|", *lines])


def _blocks() -> dict[tuple[str, str], str]:
    """The tables in the document by path and language."""
    codes = {name: code for code, name in LANGUAGES.items()}
    found = {}
    for title, section in re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", DOCUMENT.read_text(), re.M | re.S):
        for name, table in re.findall(r"\*\*(\w+)\*\*\n\n((?:\|.*\n)+)", section):
            found[title, codes[name]] = table.rstrip("\n")
    return found


def _write(blocks: dict[tuple[str, str], str]) -> None:
    preface, _, _ = DOCUMENT.read_text().partition("\n## " + next(iter(PATHS.values())).group)
    text, group = preface.rstrip("\n") + "\n", ""
    for title, path in PATHS.items():
        if path.group != group:
            group = path.group
            text += f"\n## {group}\n"
        text += f"\n### {title}\n"
        for language, name in LANGUAGES.items():
            if (title, language) in blocks:
                text += f"\n**{name}**\n\n{blocks[title, language]}\n"
    DOCUMENT.write_text(text)

"""The documents: links and paths lead somewhere, and the tables name real commands and variables."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from config.settings import variables
from hotline.cli import COMMANDS, group

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
DECISIONS = DOCS / "decisions"
#: The records of decisions, which the index beside them links.
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))
#: The changelog names files as they were called at the time.
CURRENT = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
#: A path in backticks that we expect to find in the repository.
PATH = re.compile(r"`((?:config|models|ivr_flows|workers|hotline|tests|docs|\.ci)/[\w./-]*)`")


def without_code(text: str) -> str:
    """A document without its code blocks, where brackets are not links and # is not a heading."""
    return re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.MULTILINE | re.DOTALL)


def links(document: Path) -> Iterator[str]:
    """The targets of a document's links that stay in this repository."""
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(document.read_text(encoding="utf-8"))):
        if "://" not in target:
            yield target


def anchors(document: Path) -> set[str]:
    """The anchors that a link can have after #: each heading in lower case, words joined by hyphens."""
    headings = re.findall(r"^#+ (.+)$", without_code(document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def command_names() -> set[str]:
    """Every command as it is typed after ``hotline``."""
    names = set()
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            names |= {f"{name} {sub}" for sub in command.commands}
        else:
            names.add(name)
    return names


def documented_commands() -> set[str]:
    """The commands in the first column of the table of docs/operators/commands.md."""
    rows = re.findall(r"^\| (`.+?) \|", (DOCS / "operators" / "commands.md").read_text(), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([a-z-]+(?: [a-z-]+)?)[^`]*`", row)}


def test_readme_is_short_and_each_page_is_reached_from_it() -> None:
    readme = ROOT / "README.md"
    reached, unread = {readme}, [readme]
    while unread:
        page = unread.pop()
        linked = {(page.parent / target.partition("#")[0]).resolve() for target in links(page)}
        fresh = {to for to in linked - reached if to.suffix == ".md"}
        reached |= fresh
        unread += fresh

    assert readme.read_text().count("\n") <= 120
    assert set(DOCUMENTS) - reached == set()


def test_index_of_decisions_lists_each_record_with_its_title_and_date_in_order() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    told = []
    for record in RECORDS:
        title = re.match(r"# (\d{4})\. (.+)\n\n- Date: (.+)\n", record.read_text(encoding="utf-8"))
        assert title, record.name
        told.append((title[1], record.name, title[2], title[3]))

    assert re.findall(r"^\| \[(\d+)\]\((.+)\) \| (.+) \| (.+) \|$", index, re.MULTILINE) == told
    assert [int(number) for number, *_ in told] == list(range(1, len(told) + 1))
    assert [day for *_, day in told] == sorted(day for *_, day in told)


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_record_of_a_decision_has_its_fields_and_is_short(record: Path) -> None:
    text = record.read_text(encoding="utf-8")

    assert re.match(rf"# {record.name[:4]}\. .+\n\n- Date: \d{{4}}-\d\d-\d\d\n- Status: \w", text)
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    assert parts[::2] == ["Context", "Decision", "Consequences", "Alternatives"]
    assert all(part.strip() for part in parts[1::2])
    assert len([line for line in text.splitlines() if not line.startswith("|")]) <= 75


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_to_a_file_and_a_heading(document: Path) -> None:
    broken = []
    for target in links(document):
        path, _, anchor = target.partition("#")
        to = (document.parent / path).resolve() if path else document
        if not to.exists() or (anchor and anchor not in anchors(to)):
            broken.append(target)

    assert not broken


@pytest.mark.parametrize("document", CURRENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_in_a_document_exists(document: Path) -> None:
    missing = [path for path in PATH.findall(document.read_text()) if not (ROOT / path).exists()]

    assert not missing


def test_commands_page_has_every_command_and_no_other() -> None:
    assert documented_commands() == command_names()


def test_environment_page_names_real_variables() -> None:
    named = re.findall(r"`((?:HOTLINE|TWILIO)_[A-Z_]+)`", (DOCS / "operators" / "environment.md").read_text())

    assert named
    assert set(named) <= set(variables())


def test_notice_names_every_license_in_the_tree_and_no_missing_path() -> None:
    notice = (ROOT / "NOTICE").read_text()
    packages = ("config", "models", "ivr_flows", "workers", "hotline", "tests")
    licenses = [
        str(path.relative_to(ROOT))
        for package in packages
        for path in (ROOT / package).rglob("*")
        # A link to the license of the whole is no other license.
        if (re.match(r"(LICEN[CS]E|OFL)\b", path.name) or path.suffix == ".NOTICE") and not path.is_symlink()
    ]

    assert licenses
    assert [path for path in licenses if path not in notice] == []
    named = re.findall(rf"(?:{'|'.join(packages)})/[\w./-]*\w/?", notice)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_place_where_something_is_decided_exists() -> None:
    text = (DOCS / "developers" / "where.md").read_text()
    rows = re.findall(r"^\| .+ \| `([\w/.]+)` \| `(\w+)` \|$", text, re.M)

    assert len(rows) > 20
    for path, name in rows:
        defined = rf"^\s*(?:def|class) {name}\b|^{name}\b[^=\n]*="
        assert re.search(defined, (ROOT / path).read_text(), re.M), f"{name} is not in {path}"


def test_questions_are_under_headings_and_each_is_asked_once() -> None:
    text = (DOCS / "developers" / "where.md").read_text()
    intro, *groups = re.split(r"^## .+$", text, flags=re.M)
    asked = [re.findall(r"^\| (.+\?) \| `", group, re.M) for group in groups]

    assert "|" not in intro
    assert all(1 < len(questions) <= 15 for questions in asked)
    every = [question for questions in asked for question in questions]
    assert len(set(every)) == len(every)
    assert "Which liaison is rung for a callback?" in every


@pytest.mark.parametrize("document", CURRENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_paragraphs_and_points_of_a_document_are_short(document: Path) -> None:
    text = without_code(document.read_text(encoding="utf-8"))
    parts = re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text)
    words = {part.strip()[:60]: len(part.split()) for part in parts if not part.lstrip().startswith("|")}

    assert [start for start, count in words.items() if count > 120] == []


def test_text_of_a_link_names_the_document_that_it_leads_to() -> None:
    wrong = []
    for document in CURRENT:
        for words, target in re.findall(r"\[([A-Z]+)\]\(([^)\s]+)\)", without_code(document.read_text())):
            if Path(target.partition("#")[0]).stem != words:
                wrong.append(f"{document.name}: {words} leads to {target}")

    assert not wrong

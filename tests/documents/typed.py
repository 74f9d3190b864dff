"""The commands that documents name: those of `hotline`, of the exchange, of make and of `python -m`."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from hotline.cli import group
from hotline.exchange.command import exchange
from tests.documents.writing import ROOT

#: What stands for a value in a document, and a value of that kind.
PLACEHOLDERS = {
    "CODE": "investigation",
    "DAY": "2026-12-21",
    "E164": "+12025550190",
    "EMAIL": "ana@office.example.org",
    "FIELD": "policies.purge_days",
    "FILE": "demo-release.csv",
    "HOLD": "1",
    "ID": "1",
    "IMPORT": "1",
    "LANGUAGE": "en",
    "NAME": "Somebody",
    "NUMBER": "41000723",
    "REASON": "person_asked",
    "TZ": "America/New_York",
}
TEMPORARY = "/tmp/"  # noqa: S108
_FENCE = re.compile(r"^( *)```\w*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
#: `hotline` as it is typed anywhere: from the virtual environment, behind a prompt, or installed.
_TYPED = re.compile(r"^(?:\$ )?(?:\S*/)?(hotline|exchange)\s+([a-z-].*)$")
_TARGETS = re.compile(r"^make ([a-z]+(?: [a-z]+)*)(?=$| +[A-Z#])")
_MODULE = re.compile(r"\bpython3? -m ([\w.]+)")


@dataclass(frozen=True, slots=True)
class Typed:
    """One command of a document: the words after the program, and where its output goes."""

    document: Path
    program: str
    words: tuple[str, ...]
    into: str | None = None

    def __str__(self) -> str:
        return f"{self.document.name}: {self.program} {' '.join(self.words)}"

    @property
    def is_complete(self) -> bool:
        """Whether it could be run as it stands: it has no placeholder."""
        return not set(self.words) & set(PLACEHOLDERS)

    def command(self) -> tuple[click.Command, list[str]]:
        """The command, and the words after its name. Raises click.UsageError for an unknown name."""
        if self.program == "exchange":
            return exchange, list(self.words)
        found: click.Command = group
        words = list(self.words)
        while isinstance(found, click.Group) and words:
            below = found.get_command(click.Context(found), words[0])
            if below is None:
                raise click.UsageError(f"There is no command {words[0]}.")
            found, words = below, words[1:]
        return found, words

    def parsed(self) -> click.Context | None:
        """What click makes of it; None where required words are left out, as in `hotline staff add`.

        Raises click.UsageError for an option or a value that the command does not take.
        """
        command, words = self.command()
        given = [PLACEHOLDERS.get(one, one) for one in words]
        try:
            return command.make_context(self.program, given)
        except (click.MissingParameter, click.exceptions.NoArgsIsHelpError):
            return None
        except click.exceptions.Exit:
            # It asked for help.
            return None


def commands_of(document: Path) -> Iterator[Typed]:
    """Every command of `hotline` and of the exchange in a document, in code and between backticks."""
    for line in _lines(document):
        found = _TYPED.match(line)
        # A program's name in a sentence is no command, nor is the name of a file or a module.
        if found is None or found[2].startswith(("|", "…")):
            continue
        lexer = shlex.shlex(found[2], posix=True, punctuation_chars="|&;>")
        lexer.whitespace_split, lexer.commenters = True, "#"
        # A test has a folder of its own in place of /tmp.
        words = [word.removeprefix(TEMPORARY) for word in lexer]
        ends = next((at for at, word in enumerate(words) if set(word) <= set("|&;>")), len(words))
        into = words[ends + 1] if words[ends : ends + 1] == [">"] else None
        yield Typed(document, found[1], tuple(words[:ends]), into)


def targets_of(document: Path) -> set[str]:
    """Every target of make that a document names."""
    return {name for line in _lines(document) if (found := _TARGETS.match(line)) for name in found[1].split()}


def modules_of(document: Path) -> set[str]:
    """Every module of ours that a document starts by `python -m`."""
    found = {name for line in _lines(document) for name in _MODULE.findall(line)}
    return {name for name in found if (ROOT / name.split(".")[0]).is_dir()}


def _lines(document: Path) -> Iterator[str]:
    text = document.read_text(encoding="utf-8")
    for fence in _FENCE.finditer(text):
        whole = fence[2].replace("\\\n", " ")
        yield from (line.strip() for line in whole.splitlines())
    yield from (span.replace("\\|", "|") for span in _SPAN.findall(_FENCE.sub("", text)))

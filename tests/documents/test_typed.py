"""Every command in every document exists and takes its options, and what can be run is run."""

import os
import re
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from config.settings import variables
from hotline.cli import group
from hotline.trees import walked_problems
from tests.documents.typed import Typed, commands_of, modules_of, targets_of
from tests.documents.writing import DOCS, ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
#: The changelog names commands as they were called at the time.
CURRENT = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
#: They go on until they are stopped, or need a line that runs; the tests of each start them.
SERVERS = {"serve", "web", "console", "worker", "sweeper", "intake", "events", "phone"}
#: They take seconds, and have tests of their own.
LONG = {("flows", "draw"), ("flows", "transcript")}
#: Doctor finds what a folder for a test lacks, an audit without a head is not proven, and no carrier runs.
STATUSES = {"doctor": {0, 1}, "audit": {0, 3}, "purge": {0, 1}}


def every_command() -> list[Typed]:
    return [one for document in CURRENT for one in commands_of(document)]


@pytest.mark.parametrize("document", CURRENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_of_a_document_exists_and_takes_its_options(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("demo-release.csv", "old.json", "before.json"):
        Path(name).touch()
    wrong = []
    for one in commands_of(document):
        try:
            one.parsed()
        except click.UsageError as error:
            if "does not exist" not in error.format_message():
                wrong.append(f"{one}: {error.format_message()}")

    assert not wrong


def test_a_command_with_a_wrong_option_is_found() -> None:
    assert Typed(ROOT, "hotline", ("flows", "draw")).parsed() is not None
    with pytest.raises(click.NoSuchOption):
        Typed(ROOT, "hotline", ("flows", "draw", "--colour")).parsed()
    with pytest.raises(click.UsageError, match="no command trees"):
        Typed(ROOT, "hotline", ("trees",)).parsed()


def test_documents_name_many_commands() -> None:
    named = {one.words[0] for one in every_command() if one.program == "hotline"}

    assert len(named) > 15


@pytest.mark.parametrize("document", CURRENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_target_and_module_of_a_document_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert targets_of(document) - targets == set()
    for name in modules_of(document):
        path = ROOT / name.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), name


@pytest.mark.timeout(300)
def test_commands_of_the_documents_run_in_the_demo_office(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {name: None for name in os.environ if name in variables()}
    told = {"HOTLINE_DATA_DIR": str(tmp_path / "var"), "HOTLINE_OFFICE_ALWAYS_OPEN": "1"}
    runner, failed, ran = CliRunner(), [], set[tuple[tuple[str, ...], str | None]]()
    monkeypatch.chdir(tmp_path)
    found: list[list[str]] = []

    def walked_once(*trees: Any) -> list[str]:
        # Five of the commands walk every path of the same trees, which takes a second.
        found[:] = found or [walked_problems(*trees)]
        return found[0]

    monkeypatch.setattr("hotline.cli.flows.walked_problems", walked_once)

    def run(*words: str) -> tuple[int, str, str]:
        done = runner.invoke(group, words, env={**ours, **told})
        return done.exit_code, done.stdout, done.stderr

    assert run("db", "upgrade")[0] == 0
    assert run("demo-data", "--callbacks")[0] == 0
    for one in every_command():
        if one.program != "hotline" or one.words[0] in SERVERS or one.words[:2] in LONG:
            continue
        if (one.words, one.into) in ran or not one.is_complete or one.parsed() is None:
            continue
        ran.add((one.words, one.into))
        status, printed, complained = run(*one.words)
        if one.into is not None:
            Path(one.into).write_text(printed)
        if status not in STATUSES.get(one.words[0], {0}):
            failed.append(f"{one}: exit {status}: {complained}")

    assert not failed
    assert len(ran) > 15

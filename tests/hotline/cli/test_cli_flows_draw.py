"""`hotline flows draw`: pictures in a folder or on standard output, and the charts of the documents."""

import platform
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotline.cli import group

CHARTS = Path(__file__).resolve().parents[3] / "docs" / "trees"

needs_graphviz = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64", "arm64"),
    reason="pygraphviz has no wheel for this machine",
)


@pytest.fixture(autouse=True)
def _installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "installation"))


@needs_graphviz
def test_svg_on_standard_output_is_the_whole_tree() -> None:
    done = CliRunner().invoke(group, ["flows", "draw", "--format", "svg", "--flow", "staff_line"])

    assert done.exit_code == 0
    assert done.stdout.startswith("<svg ")
    assert "<title>Staff line</title>" in done.stdout
    assert done.stdout.endswith("</svg>\n")


@needs_graphviz
@pytest.mark.skipif(platform.machine() != "x86_64", reason="Graphviz rounds in another way there")
def test_charts_of_the_documents_are_what_the_command_draws(tmp_path: Path) -> None:
    done = CliRunner().invoke(group, ["flows", "draw", "--format", "svg", "--out", str(tmp_path / "trees")])

    assert done.exit_code == 0
    drawn = {path.name: path.read_text() for path in (tmp_path / "trees").iterdir()}
    kept = {path.name: path.read_text() for path in CHARTS.iterdir()}
    stale = sorted(name for name in drawn.keys() | kept.keys() if drawn.get(name) != kept.get(name))
    assert not stale, (
        "Run `hotline flows draw --format svg --out docs/trees` and delete what it did not write."
    )


@needs_graphviz
def test_pictures_say_the_words_of_the_language(tmp_path: Path) -> None:
    arguments = ["flows", "draw", "--format", "svg", "--language", "es", "--out", str(tmp_path / "trees")]
    done = CliRunner().invoke(group, arguments)

    assert done.exit_code == 0
    assert "begin with overview.svg" in done.stdout
    assert "Para saber de su caso" in (tmp_path / "trees" / "victim-line-greeting.svg").read_text()


def test_svg_without_pygraphviz_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)

    done = CliRunner().invoke(group, ["flows", "draw", "--format", "svg", "--out", str(tmp_path / "trees")])

    assert done.exit_code == 2
    assert "first run `make setup`" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "trees").exists()


def test_text_needs_no_pygraphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)

    done = CliRunner().invoke(group, ["flows", "draw", "--flow", "alert_call"])

    assert done.exit_code == 0
    assert done.stdout.startswith("alert_call: starts at opening")


def test_folder_is_for_pictures_alone(tmp_path: Path) -> None:
    done = CliRunner().invoke(group, ["flows", "draw", "--out", str(tmp_path / "trees")])

    assert done.exit_code == 2
    assert "--out is for --format svg alone." in done.stderr


def test_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    out = tmp_path / "file" / "trees"
    done = CliRunner().invoke(group, ["flows", "draw", "--format", "svg", "--out", str(out)])

    assert done.exit_code == 2
    assert done.stderr == f"--out: {out} cannot be written: Not a directory.\n"

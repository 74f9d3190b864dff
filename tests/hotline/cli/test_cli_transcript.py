"""`hotline flows transcript`: the script to read, the same for programs, and a voice that may be missing."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotline import speech
from hotline.cli import group
from hotline.trees import build_flows
from tests.factories import make_office

TREES = build_flows(make_office())
SPEAKS = """#!{python}
import sys, wave
with wave.open(sys.argv[sys.argv.index("-w") + 1], "wb") as audio:
    audio.setnchannels(1); audio.setsampwidth(2); audio.setframerate(1000)
    audio.writeframes(b"\\0\\0" * 100 * len(sys.argv[-1].split()))
"""


@pytest.fixture(autouse=True)
def _no_voice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "installation"))
    monkeypatch.setenv("PATH", str(tmp_path))
    speech.measured_seconds.cache_clear()


def a_voice(folder: Path, script: str) -> None:
    """A program named espeak-ng that is the only one on the path."""
    import sys

    program = folder / "espeak-ng"
    program.write_text(script.replace("{python}", sys.executable))
    program.chmod(0o755)


def test_script_without_a_voice_says_so_and_nothing_fails() -> None:
    done = CliRunner().invoke(group, ["flows", "transcript", "--language", "es"])

    assert done.exit_code == 0
    assert done.stdout.count("espeak-ng is not installed.") == len(TREES)
    assert "VICTIM LINE (es)" in done.stdout
    assert "VICTIM LINE (en)" not in done.stdout


def test_seconds_of_a_voice_are_beside_the_counted_ones(tmp_path: Path) -> None:
    a_voice(tmp_path, SPEAKS)

    assert speech.measured_seconds("two words", "en") == pytest.approx(0.2)


@pytest.mark.parametrize("script", ["#!{python}\nraise SystemExit(1)\n", "#!{python}\n"])
def test_voice_that_fails_counts_as_none(tmp_path: Path, script: str) -> None:
    a_voice(tmp_path, script)

    assert speech.measured_seconds("two words", "en") is None


def test_json_has_every_tree_in_every_language() -> None:
    done = CliRunner().invoke(group, ["flows", "transcript", "--json"])

    document = json.loads(done.stdout)
    assert done.exit_code == 0
    assert len(document) == len(TREES) * 2
    first = document[0]["paths"][0]["scenes"][0]
    assert first["action"] == "dials the line"
    assert first["says"][0] == {
        "prompt": "danger_line",
        "language": "en",
        "text": "If you are in danger, hang up and call 911.",
        "seconds": 4.0,
        "measured_seconds": None,
        "a_key_stops_it": False,
    }
    assert document[0]["repair"]["main_menu"]["wrong_keys"][0]["says"][0]["prompt"] == "repair.wrong"


def test_language_that_is_not_offered_is_named() -> None:
    done = CliRunner().invoke(group, ["flows", "transcript", "--language", "fr"])

    assert done.exit_code == 2
    assert "--language: fr is not offered" in done.stderr

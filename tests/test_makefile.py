"""`make run` as a newcomer types it: one sentence where it cannot work, an address and hours to choose."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """Run make at the top of the project."""
    return subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=False)


def test_too_old_python_is_one_sentence_and_nothing_is_made(tmp_path: Path) -> None:
    old, venv = tmp_path / "python3", tmp_path / ".venv"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    done = make("run", f"PYTHON={old}", f"VENV={venv}")

    assert done.returncode != 0
    assert done.stderr.startswith("hotline needs Python 3.11 or newer. Name yours: make run PYTHON=")
    assert not venv.exists()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("run",), "serve --bind 127.0.0.1:8000"),
        (("run", "BIND=127.0.0.1:8100"), "serve --bind 127.0.0.1:8100"),
        (("phone", "BIND=127.0.0.1:8100"), "phone --bind 127.0.0.1:8100"),
        (("run",), "ALWAYS_OPEN:-1}"),
        (("run", "OPEN=0"), "ALWAYS_OPEN:-0}"),
        # Production has the office's hours; the line refuses others.
        (("run", "HOTLINE_ENV=production"), "ALWAYS_OPEN:-0}"),
    ],
)
def test_address_and_hours_are_chosen_by_name(words: tuple[str, ...], wanted: str) -> None:
    assert wanted in make("-n", *words).stdout


def test_production_is_installed_without_what_developers_need() -> None:
    told = make("-n", "install", "VENV=/nowhere").stdout

    assert "-r requirements.lock" in told
    assert "compileall" in told
    assert "requirements-dev.lock" not in told

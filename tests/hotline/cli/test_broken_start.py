"""A line that can never start says so in one sentence and ends, and is not restarted for ever."""

import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.settings import variables
from hotline.cli import group
from tests import forked
from tests.hotline.cli.test_serve import free_ports
from tests.hotline.cli.test_web_server import keys, migrated_folder

PROJECT = Path(__file__).parents[3]
PACKAGES = ("config", "hotline", "ivr_flows", "models", "workers")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages that may be broken."""
    for package in PACKAGES:
        # With the compiled files: a file that a test breaks is newer than those.
        shutil.copytree(PROJECT / package, tmp_path / "installation" / package)
    return tmp_path / "installation"


def serve(
    installation: Path, tmp_path: Path, role: str, *options: str, most_bytes: int | None = None, **told: str
) -> subprocess.CompletedProcess[str]:
    bind = [] if role in ("worker", "sweeper", "staff") else ["--bind", f"127.0.0.1:{free_ports()}"]
    ours = {name: value for name, value in os.environ.items() if name not in variables()}

    def limit() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    return subprocess.run(
        [sys.executable, "-m", "hotline.cli", role, *options, *bind],
        cwd=installation,
        env={**ours, "PYTHONPATH": str(installation), "HOTLINE_DATA_DIR": str(tmp_path / "var"), **told},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=limit,
    )


def refused(tmp_path: Path, role: str, *options: str, **told: str) -> subprocess.CompletedProcess[str]:
    """The same where only what it is told can stop it."""
    ours = {name: value for name, value in os.environ.items() if name not in variables()}
    return forked.run([role, *options], {**ours, "HOTLINE_DATA_DIR": str(tmp_path / "var"), **told})


def test_prompt_without_a_translation_is_named(copy: Path, tmp_path: Path) -> None:
    spanish = copy / "ivr_flows" / "prompts" / "es.po"
    entries = spanish.read_text().split("\n\n")
    kept = [entry for entry in entries if 'msgctxt "goodbye"' not in entry]
    assert len(kept) == len(entries) - 1
    spanish.write_text("\n\n".join(kept))

    ran = serve(copy, tmp_path, "serve", "--no-demo")

    assert ran.returncode == 2
    assert re.fullmatch(r"The line cannot start\. .*goodbye.*\n", ran.stderr)


def test_office_without_a_release_gate_does_not_start(copy: Path, tmp_path: Path) -> None:
    """Nobody decides by a line that is missing what may be told of whom (R12)."""
    office = copy / "config" / "office.toml"
    gates = [line for line in office.read_text().splitlines() if line.startswith("gates = ")]
    assert len(gates) == 1
    office.write_text(office.read_text().replace(gates[0], "gates = {}"))

    ran = serve(copy, tmp_path, "serve", "--demo")

    assert ran.returncode == 2
    assert re.fullmatch(r"\S+office.toml: release.gates must hold at least one gate, .*\n", ran.stderr)
    assert not (tmp_path / "var" / "hotline.db").exists()


@pytest.mark.parametrize("role", ["serve", "web"])
def test_program_that_cannot_be_loaded_is_one_sentence(copy: Path, tmp_path: Path, role: str) -> None:
    whole = copy / "hotline" / "voice" / "line.py"
    whole.write_text("import nowhere_to_be_found\n" + whole.read_text())
    words, told = (role, "--no-demo"), dict[str, str]()
    if role == "web":
        # Where no `serve` has made them, a role needs a database and keys.
        migrated_folder(tmp_path / "var")
        words, told = (role,), keys()

    ran = serve(copy, tmp_path, *words, **told)

    assert ran.returncode == 1
    assert ran.stderr == "The line cannot start (ModuleNotFoundError in line.py, line 1).\n"
    assert not list((tmp_path / "var" / "run").glob("*.pid"))


def test_full_disk_is_one_sentence_and_nothing_is_started(tmp_path: Path) -> None:
    """The log ended with a traceback, and then with "The supervisor ended by itself; start it again"."""
    migrated_folder(tmp_path / "var")

    ran = serve(PROJECT, tmp_path, "serve", "--no-demo", most_bytes=4096, **keys())

    assert ran.returncode == 2
    assert re.fullmatch(r"HOTLINE_DATA_DIR \S+ cannot be used: File too large\.\n", ran.stderr)
    assert not list((tmp_path / "var" / "run").iterdir())


def test_command_that_the_database_does_not_take_points_to_doctor(tmp_path: Path) -> None:
    migrated_folder(tmp_path / "var")

    words = ("--name", "Ida", "--role", "liaison", "--phone", "+12025550177", "ida@office.example.org")
    ran = serve(PROJECT, tmp_path, "staff", "add", *words, most_bytes=40_000, **keys())

    assert ran.returncode == 1
    assert re.fullmatch(
        r"critical: A fault that nobody caught\. \(\w+ \(SQLITE_\w+\) at .*\)\n"
        r"The database did not take this\. What is wrong with it: `hotline doctor`\.\n",
        ran.stderr,
    )


@pytest.mark.parametrize(
    ("name", "other", "told"),
    [
        ("HOTLINE_SECRET_KEY", "o" * 32, "HOTLINE_SECRET_KEY is not the key"),
        ("HOTLINE_PIN_PEPPER", "o" * 32, "run `hotline keys accept-pepper`"),
        ("HOTLINE_FIELD_KEYS", f"k1:{'o' * 43}=", "and a new key a new name."),
    ],
)
def test_machine_with_other_keys_than_the_first_does_not_answer(
    tmp_path: Path, name: str, other: str, told: str
) -> None:
    # Its callers would key the right PIN, hear that it is wrong, and be locked out.
    migrated_folder(tmp_path / "var")
    first = CliRunner().invoke(
        group, ["callbacks", "list"], env={**keys(), "HOTLINE_DATA_DIR": str(tmp_path / "var")}
    )

    second = refused(tmp_path, "web", **{**keys(), name: other})

    assert first.exit_code == 0
    assert second.returncode == 2
    assert told in second.stderr
    assert len(second.stderr.splitlines()) == 1
    assert "ooo" not in second.stderr


@pytest.mark.parametrize("role", ["worker", "sweeper", "console", "events", "intake"])
def test_every_other_role_refuses_other_keys_too(tmp_path: Path, role: str) -> None:
    migrated_folder(tmp_path / "var")
    environ = {**keys(), "HOTLINE_DATA_DIR": str(tmp_path / "var")}
    assert CliRunner().invoke(group, ["callbacks", "list"], env=environ).exit_code == 0

    started = refused(tmp_path, role, **{**keys(), "HOTLINE_SECRET_KEY": "o" * 32})

    assert (started.returncode, len(started.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize("role", ["web", "worker", "serve"])
def test_machine_that_lacks_the_new_field_key_does_not_answer(tmp_path: Path, role: str) -> None:
    # A caller whose call another machine began would hear an apology there.
    migrated_folder(tmp_path / "var")
    new = f"k2:{'n' * 43}=,{keys()['HOTLINE_FIELD_KEYS']}"
    environ = {**keys(), "HOTLINE_DATA_DIR": str(tmp_path / "var")}
    words = ["case", "add", "--subject-id", "S1", "--subject-name", "Ivo Quill"]
    made = CliRunner().invoke(group, words, env={**environ, "HOTLINE_FIELD_KEYS": new})
    assert made.exit_code == 0

    options = ["--no-demo"] if role == "serve" else []
    started = refused(tmp_path, role, *options, **keys())

    assert started.returncode == 2
    assert started.stderr == (
        "HOTLINE_FIELD_KEYS lacks the key k2, under which this database has values: list it, at least behind "
        "the first one.\n"
    )

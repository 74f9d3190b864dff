"""How every command refuses, answers and breaks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from tests.hotline.cli.test_doctor import run, wrong


def test_database_is_migrated_by_one_command_that_may_run_again(
    settings: Settings, tmp_path: Path, redis_url: str
) -> None:
    assert "database" in wrong(run(settings, "doctor", "--json"))

    assert run(settings, "db", "upgrade").exit_code == 0
    assert json.loads(run(settings, "db", "upgrade", "--json").stdout) == {"migrated": True}

    assert "database" not in wrong(run(settings, "doctor", "--json"))


@pytest.mark.parametrize("command", ["web", "worker", "sweeper"])
def test_no_role_starts_on_a_database_that_is_not_migrated(settings: Settings, command: str) -> None:
    result = run(settings, command)

    assert result.exit_code == 2
    assert result.stderr == "The database is not of this release: run `hotline db upgrade`.\n"


def test_wrong_setting_is_one_sentence(settings: Settings) -> None:
    result = run(settings, "doctor", HOTLINE_WEB_THREADS="canary")

    assert result.exit_code == 2
    assert result.stderr == "HOTLINE_WEB_THREADS must be a number from 1 to 64.\n"


def test_database_that_is_down_is_a_fault_without_its_address(settings: Settings) -> None:
    result = run(
        settings, "worker", HOTLINE_DATABASE_URL="postgresql+psycopg://canary:canary@127.0.0.1:1/canary"
    )

    assert result.exit_code == 1
    assert "HOTLINE_DATABASE_URL" in result.stderr
    assert "canary" not in result.stderr


def test_address_of_a_database_that_cannot_be_read_is_one_sentence(settings: Settings) -> None:
    result = run(settings, "db", "upgrade", HOTLINE_DATABASE_URL="postgresql+psycopg://canary:port/canary")

    assert result.exit_code == 2
    assert result.stderr.startswith("HOTLINE_DATABASE_URL cannot be read: ")
    assert "canary" not in result.stderr


def test_misspelled_command_is_one_question_and_where_to_look() -> None:
    typed = [sys.executable, "-m", "hotline.cli", "db", "upgrad"]
    ran = subprocess.run(typed, capture_output=True, text=True, check=False)

    told = "No such command 'upgrad'. Did you mean 'upgrade'? See `hotline db --help`.\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", told)


def test_fault_of_a_command_is_reported_by_place_and_never_by_message() -> None:
    broken = "import hotline.cli as c; c.group.get_command = lambda *_: 1 / 0; c.main(['doctor', 'canary'])"

    ran = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert "ZeroDivisionError at" in ran.stderr
    assert "division by zero" not in ran.stderr


def test_command_without_words_prints_its_help_and_points_at_nothing_else() -> None:
    for words in ([], ["callbacks"]):
        ran = subprocess.run(
            [sys.executable, "-m", "hotline.cli", *words], capture_output=True, text=True, check=False
        )

        assert ran.returncode == 2
        assert "Usage: hotline" in ran.stderr
        assert "See `" not in ran.stderr


def test_help_lists_every_command_without_importing_one() -> None:
    listing = (
        "import sys, hotline.cli as c\n"
        "try: c.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if m.startswith('hotline.cli.')])"
    )

    ran = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)

    assert "serve" in ran.stdout
    assert ran.stdout.rstrip().endswith("[]")


def test_no_program_looks_for_garbage_while_it_reads_its_modules_and_each_does_afterwards() -> None:
    start = (
        "import gc, hotline.cli as c\n"
        "looks = []\n"
        "gc.callbacks.append(lambda phase, _: looks.append(phase))\n"
        "read = c.import_module\n"
        "c.import_module = lambda name: (looks.clear(), read(name), print(len(looks)))[1]\n"
        "try: c.main(['flows', '--help'])\n"
        "except SystemExit: pass\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 10_000)"
    )

    ran = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=True)

    assert ran.stdout.startswith("0\n")
    assert ran.stdout.endswith("\nTrue True\n")

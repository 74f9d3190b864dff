"""The steps of the image, without a builder: what it copies is enough to install and to start."""

import re
import subprocess
import sys
from pathlib import Path

from tests.deploy.test_files import text

ROOT = Path(__file__).parents[2]
INSTALL = "pip install --no-cache-dir --no-deps --no-build-isolation ."


def copied() -> set[str]:
    """The files and folders that the image is built from."""
    lines = re.findall(r"^COPY (.+) \S+$", text("Containerfile"), re.MULTILINE)
    return {name for line in lines for name in line.split()}


def files(*names: str) -> set[str]:
    """The files under these, without those that a start has left."""
    found = (one for name in names for one in [ROOT / name, *(ROOT / name).rglob("*")])
    return {str(one.relative_to(ROOT)) for one in found if one.is_file() and "__pycache__" not in one.parts}


def test_builder_gets_what_is_copied_and_nothing_else() -> None:
    ignored = (ROOT / ".containerignore").read_text().splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert {rule.removeprefix("!") for rule in rules if rule.startswith("!")} == copied()


def test_image_installs_every_file_of_the_packages_and_starts_from_them(tmp_path: Path) -> None:
    assert f"RUN {INSTALL}" in text("Containerfile")
    build, site = tmp_path / "build", tmp_path / "site"
    for name in files(*copied()):
        (build / name).parent.mkdir(parents=True, exist_ok=True)
        (build / name).write_bytes((ROOT / name).read_bytes())
    install = INSTALL.removesuffix(" .").split()

    pip = [sys.executable, "-m", *install, "-q", "--no-compile"]
    subprocess.run([*pip, "--target", site, build], check=True)
    where = "import hotline.cli, ivr_flows; print(hotline.cli.__file__, ivr_flows.__file__)"
    environ = {"PYTHONPATH": str(site), "PATH": ""}
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    checked = subprocess.run(
        [sys.executable, "-m", "hotline.cli", "flows", "check"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert all(one.startswith(str(site)) for one in found.stdout.split())
    assert checked.returncode == 0, checked.stderr
    packages = [name for name in copied() if (ROOT / name).is_dir()]
    missing = {name for name in files(*packages) if not (site / name).exists()}
    # They are for those who install the line, or for the package of the exchange alone.
    elsewhere = ("config/deploy/", "hotline/exchange/LICENSE", "hotline/exchange/pyproject.toml")
    assert {name for name in missing if not name.startswith(elsewhere)} == set()

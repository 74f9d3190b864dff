"""The site of the documents can be built: every page is in its navigation, and every link leads somewhere."""

import subprocess
import sys
from pathlib import Path

from tests.documents.writing import ROOT


def test_site_is_built_without_a_warning(tmp_path: Path) -> None:
    # The builder that writes nothing reads and resolves all the same, in half the time.
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-b", "dummy", "-c", "docs"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "read"), ".", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.returncode == 0

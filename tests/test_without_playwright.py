"""Where the wheel of playwright is missing, the tests of pages are left out, or fail if they must run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WITHOUT = (
    "import sys, pytest; sys.modules['playwright'] = None; sys.exit(pytest.main(['-q', 'tests/browser']))"
)


@pytest.mark.parametrize(
    ("required", "said", "status"),
    [
        ("", "no playwright is installed", pytest.ExitCode.NO_TESTS_COLLECTED),
        ("1", "HOTLINE_REQUIRE_BROWSER is 1 and no playwright is installed", pytest.ExitCode.INTERRUPTED),
    ],
)
def test_without_playwright_no_file_of_tests_breaks(required: str, said: str, status: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        cwd=ROOT,
        env={**os.environ, "HOTLINE_REQUIRE_BROWSER": required},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (said in ran.stdout, "ModuleNotFoundError" in ran.stdout) == (True, False)
    assert ran.returncode == status

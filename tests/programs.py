"""Programs of the machine that a few tests need; the gate installs them and lets no test go without."""

import os
import shutil

import pytest

#: Where this is set, a missing program fails its tests.
REQUIRED = "HOTLINE_REQUIRE_PROGRAMS"


def needs(program: str) -> str:
    """Return the path of a program; where there is none its test is skipped, or fails in the gate."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if found is None:
        is_missing(f"{program} is not installed")
    return str(found)


def is_missing(what: str) -> None:
    """Skip the test for this reason; in the gate, fail it."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set: {what}")
    pytest.skip(what)

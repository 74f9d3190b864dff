"""A long feed needs no more memory than a short one."""

import json
import subprocess
import sys
from pathlib import Path

from tests.models.custody.feed import open_cases

ROOT = Path(__file__).parents[3]


def measure(database_url, path, rows):
    done = subprocess.run(
        [sys.executable, "-m", "tests.models.custody.import_memory", database_url, str(path), str(rows)],
        check=True, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_ten_times_the_rows_need_no_more_memory(database, database_url, tmp_path):
    open_cases(database, *(f"S{n}" for n in range(50)))
    short = measure(database_url, tmp_path / "short.csv", 5_000)
    long = measure(database_url, tmp_path / "long.csv", 50_000)
    assert (short["rows"], short["with_a_case"], short["rejected"]) == (5_000, 50, 100)
    assert (long["rows"], long["with_a_case"], long["rejected"]) == (50_000, 50, 1_000)
    # The long file alone is over six megabytes, and its rows as objects would be fifty.
    assert long["peak_kib"] - short["peak_kib"] < 8_000

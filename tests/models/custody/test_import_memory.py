"""A long feed needs no more memory than a short one."""

import json
import subprocess
import sys
from pathlib import Path

from tests.models.custody.feed import open_cases

ROOT = Path(__file__).parents[3]


def measure(database_url, path, *rows):
    program = [sys.executable, "-m", "tests.models.custody.import_memory", database_url, str(path)]
    done = subprocess.run([*program, *map(str, rows)], check=True, capture_output=True, text=True, cwd=ROOT)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_ten_times_the_rows_need_no_more_memory(database, database_url, tmp_path):
    open_cases(database, *(f"S{n}" for n in range(50)))
    short, long = measure(database_url, tmp_path / "feed.csv", 1_500, 15_000)
    assert (short["rows"], short["with_a_case"], short["rejected"]) == (1_500, 15, 30)
    assert (long["rows"], long["with_a_case"], long["rejected"]) == (15_000, 50, 300)
    # The rows of the long file, kept as lists, take nearly seven megabytes.
    assert long["peak_kib"] - short["peak_kib"] < 4_000

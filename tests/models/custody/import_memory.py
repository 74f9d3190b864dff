"""Imports longer and longer feeds in this process and prints its rate and its peak memory after each.

`python -m tests.models.custody.import_memory DATABASE_URL FILE ROWS...` writes the file with so many rows and
imports it, for each of these numbers. The database must be migrated and have open cases about S0, S1 and so
on, one for every hundred rows.
"""

import json
import re
import sys
import time
from pathlib import Path

from models.custody.imports.custody_import import import_custody
from models.store.database import Database
from models.store.keyring import Keyring
from tests.conftest import FIELD_KEYS, SECRET_KEY
from tests.factories import NOW
from tests.models.custody.feed import RULES, feed_file, feed_row


def write_long_file(path: Path, rows: int) -> None:
    """One row in a hundred is about someone with a case, and one in fifty is rejected."""
    header, row = feed_file(feed_row("S0")).read().decode().splitlines()
    good = row.removeprefix("S0,")
    with path.open("w", encoding="utf-8") as file:
        file.write(header + "\n")
        for n in range(rows):
            subject = f"S{n // 100}" if n % 100 == 0 else f"X{n}"
            file.write(f"{subject},{good if n % 50 != 7 else good.replace('T', '?')}\n")


def peak_kib() -> int:
    """The most memory that this process had (KiB).

    The peak of getrusage() is no less than that of the process that started this one.
    """
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1])


def main(url: str, file: str, *rows: str) -> None:
    """Measure one import after the other."""
    for many in rows:
        write_long_file(Path(file), int(many))
        measure(url, file)


def measure(url: str, file: str) -> None:
    """Import the file, and print what it took in one line of JSON."""
    database = Database(url, Keyring(FIELD_KEYS, SECRET_KEY))
    began = time.perf_counter()
    result = import_custody(database, Path(file), RULES, full=False, dry_run=False, strict=False, now=NOW)
    seconds = time.perf_counter() - began
    database.close()
    print(  # noqa: T201 - the person who runs this reads it.
        json.dumps(
            {
                "rows": result.rows,
                "with_a_case": result.new + result.changed + result.unchanged,
                "rejected": len(result.rejected),
                "peak_kib": peak_kib(),
                "rows_per_second": round(result.rows / seconds),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What a custody file costs in which every row is about somebody with a case, beside a bare csv read.

The bare way reads the same file with ``csv`` and inserts every row into a table of its own with
``executemany``, on the same database and in the same run: no machine is as fast as another. Each way is a
process of its own, so that its peak memory is its own.

`python -m tests.bench.imports WAY DATABASE_URL FILE` is one of them; the database must be filled.
"""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple, cast

import click
from sqlalchemy import Table, insert, text

from models.cases.case import Case
from models.cases.registrant import Registrant
from models.cases.subject import Subject
from models.custody.imports.custody_import import ImportRules, import_custody
from models.store.database import Database
from models.store.keyring import Keyring
from tests.bench.callback_list import databases
from tests.factories import NOW, make_office, make_policies
from tests.models.custody.feed import feed_file, feed_row
from tests.own_database import analyze

ROWS, QUICK_ROWS = 250_000, 25_000
BATCH = 1000
#: First records, the same file again, and the same file with every row confirmed an hour later.
BARE, FIRST, AGAIN, LATER = "bare", "first", "again", "later"
KEYRING = Keyring((("k1", bytes(range(32))),), b"the secret key of the bench")
ROOT = Path(__file__).parents[2]


class Cost(NamedTuple):
    """Seconds, and the peak memory of the process in MB."""

    seconds: float
    megabytes: float


def imports(rows: int) -> dict[str, dict[str, Cost]]:
    """Print what each way costs on each database, with its ratio to the bare way; returns the costs."""
    found: dict[str, dict[str, Cost]] = {}
    with TemporaryDirectory(prefix="hb-") as folder:
        files = {FIRST: Path(folder) / "first.csv", LATER: Path(folder) / "later.csv"}
        for way, path in files.items():
            _write(path, rows, hours=1 if way == LATER else 0)
        for name, database in databases():
            _fill(database, rows)
            url = database.engine.url.render_as_string(hide_password=False)
            costs = {way: _run(way, url, files[LATER if way == LATER else FIRST]) for way in _WAYS}
            for way, cost in costs.items():
                click.echo(
                    f"  {name:<12} {way:<6} {rows} rows: {cost.seconds:6.1f} s"
                    f" ({rows / cost.seconds:7.0f} a second, {cost.seconds / costs[BARE].seconds:5.1f} times"
                    f" bare), {cost.megabytes:4.0f} MB"
                )
            found[name] = costs
    return found


_WAYS = (BARE, FIRST, AGAIN, LATER)


def _write(path: Path, rows: int, hours: int) -> None:
    seen = NOW + timedelta(hours=hours)
    header, row = feed_file(feed_row("S", facility="Stewart", as_of=seen)).read().decode().splitlines()
    rest = row.removeprefix("S,")
    with path.open("w", encoding="utf-8") as file:
        file.write(header + "\n")
        file.writelines(f"S{n},{rest}\n" for n in range(rows))


def _fill(database: Database, rows: int) -> None:
    """One open case about each person of the file."""
    subjects, registrants, cases = (cast(Table, table.__table__) for table in (Subject, Registrant, Case))
    with database.transaction() as session:
        session.execute(
            insert(registrants), [{"id": 1, "language": "en", "time_zone": "UTC", "pace": "normal",
                                   "mail_safe": False, "created_at": NOW}]
        )  # fmt: skip
        for batch in _batches(range(1, rows + 1)):
            session.execute(
                insert(subjects),
                [
                    {"id": n, "feed_key": KEYRING.index("feed", f"S{n - 1}"), "feed_id_sealed": "sealed",
                     "created_at": NOW}
                    for n in batch
                ],
            )  # fmt: skip
            session.execute(
                insert(cases),
                [
                    {"registrant_id": 1, "subject_id": n, "number_key": f"key-{n}", "number_sealed": "sealed",
                     "pin_hash": "", "pin_kind": "none", "pin_issued_at": NOW, "opened_at": NOW}
                    for n in batch
                ],
            )  # fmt: skip
        session.execute(text("CREATE TABLE bare (a TEXT, b TEXT, c TEXT, d TEXT, e TEXT, f TEXT, g TEXT,"
                             " h TEXT, i TEXT, j TEXT, k TEXT, l TEXT)"))  # fmt: skip
    analyze(database, "subjects", "cases")


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(items)
    while batch := list(islice(source, BATCH)):
        yield batch


def _run(way: str, url: str, path: Path) -> Cost:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.imports", way, url, str(path)],
        check=True, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return Cost(**json.loads(done.stdout))


def _bare(database: Database, path: Path) -> None:
    statement = text("INSERT INTO bare VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l)")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        for batch in _batches(reader):
            with database.transaction() as session:
                session.execute(statement, [dict(zip("abcdefghijkl", row, strict=True)) for row in batch])


def _ours(database: Database, path: Path, hours: int) -> None:
    wide = dict.fromkeys(("brake_floor", "brake_day_floor"), 100_000)
    rules = ImportRules(make_office().gates, make_policies(**wide))
    now = NOW + timedelta(hours=hours)
    result = import_custody(database, path, rules, full=False, dry_run=False, strict=False, now=now)
    if result.held or result.new + result.changed + result.unchanged != result.rows:
        raise RuntimeError("Not every row landed.")


def main(way: str, url: str, file: str) -> None:
    """One way, measured in this process."""
    database = Database(url, KEYRING)
    began = perf_counter()
    if way == BARE:
        _bare(database, Path(file))
    else:
        _ours(database, Path(file), 1 if way == LATER else 0)
    seconds = perf_counter() - began
    database.close()
    click.echo(json.dumps({"seconds": seconds, "megabytes": _peak()}))


def _peak() -> float:
    """The peak memory of this program in MB. That of `getrusage` counts what started it as well."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The demo's feed file: it lets one of the invented people go, so that a newcomer can hear a change."""

import csv
from datetime import datetime
from pathlib import Path

from models.custody.imports.file import COLUMNS

#: Its registrant asked to be called about changes (hotline/demo.py); the file is about the same person.
REGISTERED_NUMBER, RELEASED = "41000723", "DEMO-01"
NAME = "demo-release.csv"


def write_release(folder: Path, now: datetime) -> Path:
    """Write the file into ``folder``, as the feed would send it at ``now``; it holds nobody's data."""
    moment = now.isoformat(timespec="seconds")
    row = {
        "subject_id": RELEASED, "status": "released", "status_at": moment, "as_of": moment,
        "adult": "yes", "section_1367": "no", "asylum_related": "no",
    }  # fmt: skip
    path = folder / NAME
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerow(row)
    return path

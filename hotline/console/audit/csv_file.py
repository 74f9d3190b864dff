"""Audit entries as a CSV file that spreadsheets do not execute, with a watermark in each line (R40)."""

import csv
import io
import json
from collections.abc import Collection, Iterable

from hotline.console.audit.codes import codes_of
from models.audit.audit_search import Entry
from models.staff.audit_export import StandingExport

HEADER = ("id", "at", "actor", "action", "target", "facts", "details_taken_away", "export")
#: Spreadsheets run a cell that begins like this as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(entries: Iterable[Entry], export: StandingExport, languages: Collection[str]) -> str:
    """A header line and a line for each entry: times ISO 8601 in UTC, facts as one JSON object.

    It contains no free text, only codes, numbers and ``languages``. ``export`` in each line says which file
    this is, who ordered it, and who approved it.
    """
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(HEADER)
    mark = f"no. {export.id} for {export.requester}, agreed to by {export.agreed}"
    for one in entries:
        facts = (
            json.dumps(codes_of(one.facts, languages), ensure_ascii=False, sort_keys=True)
            if one.facts
            else ""
        )
        cells = (one.actor, one.action, one.target, facts)
        lines.writerow([one.id, one.at.isoformat(), *map(_as_text, cells), int(one.purged), mark])
    return file.getvalue()


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell

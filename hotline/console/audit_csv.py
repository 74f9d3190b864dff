"""Entries of the audit as a CSV file that spreadsheets do not run, with a watermark in each line (R40)."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from models.audit_export import StandingExport
from models.audit_search import Entry

HEADER = ("id", "at", "actor", "action", "target", "facts", "details_taken_away", "export")
#: A cell that begins so is run as a formula by spreadsheets.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Codes, row ids, moments and e-mails; what has a space in it may be somebody's own words.
_CODE = re.compile(r"[\w.:@+/-]{1,64}")
LEFT_OUT = "(text)"


def as_csv(entries: Iterable[Entry], export: StandingExport) -> str:
    """A header line and a line for each entry: times ISO 8601 in UTC, facts as one JSON object.

    No free text is in it. ``export`` in each line says which file this is, whose, and who agreed.
    """
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(HEADER)
    mark = f"no. {export.id} for {export.requester}, agreed to by {export.agreed}"
    for one in entries:
        facts = json.dumps(_codes(one.facts), ensure_ascii=False, sort_keys=True) if one.facts else ""
        cells = (one.actor, one.action, one.target, facts)
        lines.writerow([one.id, one.at.isoformat(), *map(_as_text, cells), int(one.purged), mark])
    return file.getvalue()


def _codes(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _code(value) for name, value in facts.items()}


def _code(value: Any) -> Any:
    if isinstance(value, list):
        return [_code(one) for one in value]
    if isinstance(value, Mapping):
        return _codes(value)
    if isinstance(value, str):
        return value if _CODE.fullmatch(value) else LEFT_OUT
    return value


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell

"""The audit as a file for whoever examines the office: what a search finds, after a fresh proof."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hotline.console.audit_form import asked_for, search_of, staff_emails
from hotline.console.audit_views import ROLES
from hotline.console.console import Console
from hotline.console.guard import guard_staff, me
from models import audit
from models.audit_search import Entry, count_found, search

#: The newest so many entries are in the file, for the thread that makes it answers callers as well.
MOST = 2000
HEADER = ("id", "at", "actor", "action", "target", "facts", "details_taken_away")
#: A cell that begins so is run as a formula by spreadsheets.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def register_audit_export(blueprint: Blueprint, console: Console) -> None:
    """``/console/audit/export``: a page that says what will be in the file, and the file (R37)."""
    zone = ZoneInfo(console.office.time_zone)

    @blueprint.get("/audit/export")
    @guard_staff(*ROLES, fresh=True)
    def ask_audit_export() -> Response | str:
        asked, errors = asked_for()
        if errors:
            typed: dict[str, Any] = {name: request.args.get(name, "") for name in asked}
            return redirect(url_for("console.audit", **typed), code=303)
        with console.database.reading() as reading:
            count = count_found(reading, search_of(asked, staff_emails(reading), zone), MOST)
        return render_template("console/audit/export.html", asked=asked, count=count, most=MOST)

    @blueprint.post("/audit/export")
    @guard_staff(*ROLES, fresh=True)
    def export_audit() -> Response:
        asked, errors = asked_for(request.form)
        if errors:
            return redirect(url_for("console.audit"), code=303)
        now = console.clock()
        # Looked for before anything is written: on SQLite callers would wait for it.
        with console.database.reading() as reading:
            wanted = search_of(asked, staff_emails(reading), zone)
            entries = search(reading, wanted, size=MOST).entries
        with console.database.transaction() as writing:
            audit.record(
                writing,
                actor=me().email,
                action="export_audit",
                target=f"entry:{entries[0].id if entries else 0}",
                facts={"count": len(entries), "search": _looked_for(asked, entries)},
                now=now,
            )
        return Response(
            as_csv(entries),
            mimetype="text/csv",
            headers={"Content-Disposition": f"attachment; filename=audit-{now:%Y%m%dT%H%M%SZ}.csv"},
        )


def _looked_for(asked: dict[str, str], entries: Sequence[Entry]) -> str:
    """The search as its entry keeps it: what fits no entry may be a name or a phone that somebody typed."""
    left_out = set() if entries else {"who", "what", "kind", "number"}
    if not asked["kind"]:
        # Without a kind nothing was looked for by it.
        left_out.add("number")
    return " ".join(f"{name}={value}" for name, value in asked.items() if value and name not in left_out)


def as_csv(entries: Iterable[Entry]) -> str:
    """A header line and a line for each entry: times ISO 8601 in UTC, facts as one JSON object."""
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(HEADER)
    for one in entries:
        facts = json.dumps(dict(one.facts), ensure_ascii=False, sort_keys=True) if one.facts else ""
        cells = (one.actor, one.action, one.target, facts)
        lines.writerow([one.id, one.at.isoformat(), *map(_as_text, cells), int(one.purged)])
    return file.getvalue()


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell

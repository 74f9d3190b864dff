"""The fields of an audit search, as a URL carries them, and the search that they describe."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.console.shell.words import _
from models.audit.audit_search import Search, names_of
from models.staff.staff import Staff


def asked_for(fields: Mapping[str, str] | None = None) -> tuple[dict[str, str], dict[str, str]]:
    """Return what was searched for (in the URL unless other fields are given), and what is wrong with it."""
    fields = request.args if fields is None else fields
    given = {
        name: fields.get(name, "").strip()[:64]
        for name in ("who", "what", "kind", "number", "since", "until")
    }
    errors = {}
    for name in ("since", "until"):
        if given[name] and _day(given[name]) is None:
            # A browser's own date field shows only valid dates.
            given[name], errors[name] = "", _("Enter a date.")
    if given["number"] and not (given["number"].isascii() and given["number"].isdecimal()):
        errors["number"] = _("Its number has digits alone.")
    if given["kind"] and not given["number"] and not errors:
        errors["number"] = _("Give its number as well.")
    return given, errors


def search_of(asked: dict[str, str], staff: dict[int, str], zone: ZoneInfo) -> Search:
    """The search that the fields describe; their days begin in ``zone``."""
    since, until = _day(asked["since"]), _day(asked["until"])
    return Search(
        since=_midnight(since, zone),
        until=_midnight(until + timedelta(days=1) if until else None, zone),
        actors=_actors(asked["who"], staff),
        action=asked["what"],
        target=f"{asked['kind']}:{int(asked['number'])}" if asked["kind"] and asked["number"] else "",
    )


def _actors(who: str, staff: dict[int, str]) -> tuple[str, ...]:
    kind, _colon, id_ = who.partition(":")
    if kind == "staff" and id_.isdecimal() and int(id_) in staff:
        return names_of(int(id_), staff[int(id_)])
    return (who,) if who else ()


def staff_emails(session: Session) -> dict[int, str]:
    """The e-mail of everyone who ever was on the staff list, by id."""
    rows = session.execute(select(Staff.id, Staff.email).order_by(Staff.email))
    return {row.id: row.email for row in rows}


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year < 2200 else None


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time(0), zone)

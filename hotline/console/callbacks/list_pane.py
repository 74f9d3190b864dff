"""The list of the desk: which filters its address names, and what its templates show."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import current_app, request, url_for
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.console.callbacks.list_rows import FILTER_NAMES, MARKS, RowWords, row_words
from hotline.console.shell.console import console
from hotline.console.shell.guard import me
from hotline.console.shell.kept_request import page_of_form
from hotline.console.shell.live import EVERY, tag_of
from hotline.console.shell.words import language
from models.callbacks.follow_up import CONTINUES, reasons_begun_with
from models.outcomes.talk_facts import which_need_interpreter
from models.overview.work_list import FILTERS, Reader, work_list
from models.staff.staff import Staff

LAST_PAGE = 1000
#: Where the hidden field of a reader's forms goes in a row made for everybody: no text of it has a "<".
_FIELD = "<field>"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of the list: filters, a page from 1, and the callback that is open beside it."""

    filters: tuple[str, ...]
    page: int
    opened: int | None

    def address(self, filters: tuple[str, ...], page: int = 1, opened: int | None = None) -> str:
        """The address of the desk with other filters, another page or another callback."""
        query: dict[str, Any] = dict.fromkeys(filters, 1) | ({"page": page} if page > 1 else {})
        if opened is None:
            return url_for("console.callbacks.callbacks", **query)
        return url_for("console.callbacks.callback", callback_id=opened, **query)

    def toggled(self, name: str) -> str:
        """The address with one filter more, or less if it is on."""
        others = tuple(one for one in self.filters if one != name)
        return self.address(others if name in self.filters else (*others, name), opened=self.opened)


def asked_of_list(opened: int | None = None) -> Asked:
    """What the address of this page asks; an unknown filter or page is no fault.

    A form has no such address of its own: the page that it was sent from keeps its filters.
    """
    is_page = request.method == "GET"
    args = request.args if is_page else dict(parse_qsl(urlsplit(page_of_form()).query))
    page = args.get("page", "1")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1
    chosen = tuple(name for name in FILTERS if args.get(name))
    return Asked(chosen, min(max(1, number), LAST_PAGE), opened)


def address_of(opened: int | None) -> str:
    """The desk with this callback, or with none, and the filters of the page that sent the form."""
    asked = asked_of_list()
    return asked.address(asked.filters, asked.page, opened)


def list_pane(session: Session, asked: Asked) -> dict[str, Any]:
    """The values of the templates of the list."""
    now = console.clock()
    reader = _reader(session, now)
    found = work_list(
        session,
        reader,
        asked.filters,
        now,
        asked.page,
        soon=timedelta(minutes=console.policies.due_soon_minutes),
        lines=console.office.lines,
        discreet=console.office.discreet_lines,
    )
    interpreter = which_need_interpreter(session, [row.id for row in found.rows])
    follow = [row.id for row in found.rows if row.reason in CONTINUES]
    first = reasons_begun_with(session, follow) if follow else {}
    policy, zone = console.callback_policy, console.office.zone
    query: dict[str, Any] = dict.fromkeys(asked.filters, 1) | {"page": asked.page}
    rows = [
        row_words(
            row, reader, now, zone, policy, needs_interpreter=row.id in interpreter, first=first.get(row.id)
        )
        for row in found.rows
    ]
    counts = found.counts, found.found, found.total
    return {
        "asked": asked,
        "found": found,
        "rows": rows,
        "row_html": _row_html,
        "filters": [(name, FILTER_NAMES[name]) for name in FILTERS],
        "marks": MARKS,
        # Everything that the list shows, so that a change of something else costs no rendering.
        "rows_tag": tag_of(rows, counts, asked, me().staff_id, language()),
        "every": EVERY,
        "rows_url": url_for("console.callbacks.callbacks_part", opened=asked.opened, **query),
    }


def _row_html(row: RowWords, asked: Asked, token: Markup) -> Markup:
    """One row; ``token`` is the hidden field of this reader's forms."""
    made = _made_row(row, asked.filters, asked.page, language(), is_opened=row.id == asked.opened)
    return Markup(made.replace(_FIELD, token))  # noqa: S704 # both come from templates


# Cached: after a change the same few rows are made for everybody who has the list open.
@lru_cache(maxsize=2048)
def _made_row(row: RowWords, filters: tuple[str, ...], page: int, _language: str, *, is_opened: bool) -> str:
    address = Asked(filters, page, row.id).address(filters, page, row.id)
    made: Any = current_app.jinja_env.get_template("console/callbacks/row.html").module
    # The token is the reader's own.
    return str(made.row_html(row, address, is_opened, MARKS, Markup(_FIELD)))  # noqa: S704 # no text of others


def spoken_by(session: Session) -> tuple[str, ...]:
    """The languages that the reader speaks with callers."""
    spoken = session.scalar(select(Staff.languages).where(Staff.id == me().staff_id)) or ""
    return tuple(word.strip() for word in spoken.split(","))


def _reader(session: Session, now: datetime) -> Reader:
    zone = console.office.zone
    day_ends = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
    return Reader(me().staff_id, spoken_by(session), day_ends.astimezone(UTC))

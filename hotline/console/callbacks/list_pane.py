"""The list of the desk: which filters its address names, and what its templates show."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import current_app, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from hotline.console.callbacks.list_rows import FILTER_NAMES, MARKS, RowWords, row_words
from hotline.console.shell.console import console
from hotline.console.shell.guard import me
from hotline.console.shell.kept_request import page_of_form
from hotline.console.shell.live import EVERY, tag_of
from hotline.console.shell.words import language
from models.callbacks.follow_up import CONTINUES, reasons_begun_with
from models.outcomes.talk_facts import which_need_interpreter
from models.overview.work_list import FILTERS, OpenWork, Reader, WorkRow, is_same_for_all, open_work

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
        return _address(filters, page, opened)

    def toggled(self, name: str) -> str:
        """The address with one filter more, or less if it is on."""
        others = tuple(one for one in self.filters if one != name)
        return self.address(others if name in self.filters else (*others, name), opened=self.opened)


# Cached: each list has a dozen of them, and the same ones every time.
@lru_cache(maxsize=1024)
def _address(filters: tuple[str, ...], page: int, opened: int | None) -> str:
    query: dict[str, Any] = dict.fromkeys(filters, 1) | ({"page": page} if page > 1 else {})
    if opened is None:
        return url_for("console.callbacks.callbacks", **query)
    return url_for("console.callbacks.callback", callback_id=opened, **query)


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
    reader = _reader()
    key = "list", asked.filters, asked.page, *(() if is_same_for_all(asked.filters) else (reader,))
    work = console.together.read(key, session, lambda own: _read_work(own, reader, asked))
    found = work.open.list_for(reader)
    query: dict[str, Any] = dict.fromkeys(asked.filters, 1) | {"page": asked.page}
    rows = [work.words(row, reader) for row in found.rows]
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


@dataclass(frozen=True, slots=True)
class _Work:
    """What a page of the list says to whoever reads it, as of ``now``.

    ``interpreter`` are the ids of those who need one, ``first`` says why the talks were asked for that some
    continue, and ``_said`` keeps the rows in words.
    """

    open: OpenWork
    interpreter: Collection[int]
    first: Mapping[int, str]
    now: datetime
    _said: dict[Hashable, RowWords] = field(default_factory=dict)

    def words(self, row: WorkRow, reader: Reader) -> RowWords:
        """One row for this reader: the same for all who have it, or have it not, and speak its language."""
        is_mine, speaks = row.staff_id == reader.staff_id, row.language in reader.languages
        key = row.id, is_mine, speaks, language()
        if key not in self._said:
            self._said[key] = row_words(
                row,
                self.now,
                console.office.zone,
                console.callback_policy,
                is_mine=is_mine,
                needs_interpreter=not speaks or row.id in self.interpreter,
                first=self.first.get(row.id),
            )
        return self._said[key]


def _read_work(session: Session, reader: Reader, asked: Asked) -> _Work:
    now = console.clock()
    found = open_work(
        session,
        reader,
        asked.filters,
        now,
        asked.page,
        soon=timedelta(minutes=console.policies.due_soon_minutes),
        lines=console.office.lines,
        discreet=console.office.discreet_lines,
    )
    follow = [row.id for row in found.rows.values() if row.reason in CONTINUES]
    return _Work(
        found,
        which_need_interpreter(session, found.rows),
        reasons_begun_with(session, follow) if follow else {},
        now,
    )


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


def _reader() -> Reader:
    day_ends = datetime.combine(console.today + timedelta(days=1), time(), console.office.zone)
    return Reader(me().staff_id, me().spoken, day_ends.astimezone(UTC))

"""Remembers a request while its sender signs in: the page, and for a form also what was typed."""

import re
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, request, session, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from hotline.console.shell.console import console
from hotline.console.shell.cookie import is_console
from models.staff.kept_form import KeptForm, keep_form

#: Keys in the cookie: the token of the staff session, and the page that someone wanted.
TOKEN, WANTED = "token", "wanted"
#: The longest page URL that is remembered with its query; the cookie has little room.
LONGEST_PAGE = 1000
#: Fields that are never stored: tokens, and everything that proves a person's identity.
_SECRET = re.compile(r"csrf_token|password|passkey|^(code|secret)$|(^|_)pin$")


def keep_request(*, continues: bool = False) -> KeptForm | None:
    """Remember where the request wanted to go; a form is sealed into its session's row, if possible.

    Returns the form that was kept. With ``continues`` it is sent again after a new proof of identity. A form
    that had a secret or a file is not, because those are never stored: its page shows what else was typed.
    """
    page = _lasting_page_of_form() if request.method == "POST" else page_at_hand()
    page = page if len(page) <= LONGEST_PAGE else urlsplit(page).path[:LONGEST_PAGE]
    session[WANTED] = page
    token = session.get(TOKEN)
    # A form with a file is never stored: reading it would write the file to another place (R12).
    if request.method != "POST" or not isinstance(token, str) or request.mimetype == "multipart/form-data":
        return None
    fields = {name: request.form.getlist(name) for name in request.form if not _SECRET.search(name.lower())}
    is_whole = not request.form.keys() - fields.keys() - {"csrf_token"}
    is_sent_again = continues and is_whole
    if not fields and not is_sent_again:
        return None
    at = int(console.clock().timestamp()) if is_sent_again else 0
    form = KeptForm(page, fields, page_at_hand(), at)
    with console.database.transaction() as writing:
        return form if keep_form(writing, token, form) else None


def page_at_hand() -> str:
    """Path and query of the page that was requested."""
    return request.full_path.rstrip("?")


def page_of_form() -> str:
    """The page that has the form, according to the browser, if it is one of ours; else the first page.

    A page that answered a form has the address of that form, which is no page: the one above it is meant.
    """
    told = urlsplit(request.headers.get("Referer", ""))
    # A proxy of ours may use another host name than the browser does.
    ours = {request.host, urlsplit(console.settings.public_url).netloc}
    page = _page_at_or_above(told.path) if told.netloc in ours else None
    if page is None:
        return _page_at_or_above(request.path) or url_for("console.shell.home")
    return f"{page}?{told.query}" if told.query and page == told.path else page


def _lasting_page_of_form() -> str:
    """The page that has the form, also after the reader's next call has begun."""
    page = page_of_form()
    path, _, query = page.partition("?")
    if not getattr(_view_of_page(path), "own_call", False):
        return page
    # That address shows whichever call the reader is in. The form's own address says whose it is.
    own = _page_at_or_above(request.path)
    if own is None:
        return page
    # What is below the list keeps its filters.
    return f"{own}?{query}" if query and own.startswith(f"{path}/") else own


def _page_at_or_above(path: str) -> str | None:
    """The page at this path, else the nearest one above it; None without one."""
    while path and _view_of_page(path) is None:
        path = path.rpartition("/")[0]
    return path or None


def _view_of_page(path: str) -> Any:
    """The view of a whole page for staff; None for another path."""
    if not is_console(path):
        return None
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    view = current_app.view_functions[endpoint]
    is_page = getattr(view, "guard", "open") == "staff" and not getattr(view, "live", False)
    return view if is_page else None

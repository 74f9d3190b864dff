"""Remembers a request while its sender signs in: the page, and for a form also what was typed."""

import re
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
    page = page_of_form() if request.method == "POST" else page_at_hand()
    session[WANTED] = page if len(page) <= LONGEST_PAGE else urlsplit(page).path[:LONGEST_PAGE]
    token = session.get(TOKEN)
    # A form with a file is never stored: reading it would write the file to another place (R12).
    if request.method != "POST" or not isinstance(token, str) or request.mimetype == "multipart/form-data":
        return None
    fields = {name: request.form.getlist(name) for name in request.form if not _SECRET.search(name.lower())}
    is_whole = not request.form.keys() - fields.keys() - {"csrf_token"}
    act = page_at_hand() if continues and is_whole else None
    if not fields and act is None:
        return None
    form = KeptForm(page, fields, act, int(console.clock().timestamp()))
    with console.database.transaction() as writing:
        return form if keep_form(writing, token, form) else None


def page_at_hand() -> str:
    """Path and query of the page that was requested."""
    return request.full_path.rstrip("?")


def page_of_form() -> str:
    """The page that has the form, according to the browser, if it is one of ours; else the first page."""
    told = urlsplit(request.headers.get("Referer", ""))
    page = told.path + (f"?{told.query}" if told.query else "")
    # A proxy of ours may use another host name than the browser does.
    ours = {request.host, urlsplit(console.settings.public_url).netloc}
    if told.netloc in ours and _is_page(told.path):
        return page
    return request.path if _is_page(request.path) else url_for("console.shell.home")


def _is_page(path: str) -> bool:
    if not is_console(path):
        return False
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return False
    return getattr(current_app.view_functions[endpoint], "guard", "open") == "staff"

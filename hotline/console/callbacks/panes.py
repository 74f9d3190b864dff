"""The desk: the callback list, one callback, and what is known about its case, side by side.

Its address answers with a whole page, or with the three panes alone where htmx puts them into the open page.
"""

from typing import Any

from flask import Response, make_response, render_template, request


def panes_page(**panes: Any) -> str:
    """The desk with these values of its panes; see `console/callbacks/panes.html`."""
    in_place = is_in_place()
    template = "console/callbacks/panes.html" if in_place else "console/callbacks/desk.html"
    return render_template(template, in_place=in_place, **panes)


def is_in_place() -> bool:
    """Whether htmx puts the answer into the open page. For a page of the history it reads a whole one."""
    headers = request.headers
    return "HX-Request" in headers and "HX-History-Restore-Request" not in headers


def answer_in_place(page: str, status: int) -> Response:
    """A page in answer to something asked at an address that is no page itself, such as a refused form."""
    answer = make_response(page, status)
    if is_in_place():
        # A reload must not ask that address again.
        answer.headers["HX-Push-Url"] = "false"
        if status == 403:
            # The page swaps in a refusal only by this status.
            answer.status_code = 422
    return answer

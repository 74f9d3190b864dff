"""The answer to a form takes the place of the main part of its page; one that leads elsewhere loads it."""

from urllib.parse import urlsplit

from flask import Response, request

#: The areas whose forms do so. The desk has panes of its own. Signing in or out, a file and a language load a
#: page: its head, or the server that answers, is another one then.
IN_PLACE_AREAS = tuple(
    f"console.{name}" for name in ("audit", "cases", "imports", "office", "people", "sign_in")
)


def answer_in_main(response: Response) -> Response:
    """Tell htmx what to do with the answer to a form of ``ui.in_place``.

    A redirect to the page that is open is followed, and its main part swapped in. One to another page has
    another head, and its message is shown there: the browser loads it. An answer to a POST is no page to come
    back to.
    """
    if request.headers.get("HX-Target") != "main":
        return response
    if response.location is not None:
        shown = urlsplit(request.headers.get("HX-Current-URL", "")).path
        if urlsplit(response.location).path != shown:
            response.headers["HX-Redirect"] = response.location
            response.status_code = 204
            response.set_data(b"")
            del response.headers["Location"]
        return response
    response.headers["HX-Trigger-After-Swap"] = "desk:changed"
    if request.method == "POST":
        response.headers["HX-Replace-Url"] = "false"
    return response

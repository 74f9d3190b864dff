"""Error pages: a plain sentence, a reference that is also in the log, and no internals."""

import logging
import secrets

from flask import Blueprint, Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from hotline.console.shell.cookie import is_console
from hotline.console.shell.headers import set_headers
from hotline.console.shell.words import N_, _
from models.store.database import is_busy

log = logging.getLogger(__name__)

RETRY_SECONDS = 3
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
#: A heading and a sentence for each code that people meet.
SAID: dict[int, tuple[str, str]] = {
    400: (
        N_("That did not work"),
        N_("The form came from an old page. Go back, load the page again, and send it once more."),
    ),
    401: (N_("You are signed out"), N_("Sign in again to go on.")),
    403: (N_("This page is not for your role"), N_("If you need it for your work, ask an administrator.")),
    404: (N_("There is no such page"), N_("It may have moved, or the address has a mistake in it.")),
    405: (N_("That did not work"), N_("This page cannot be used in that way. Go back and try again.")),
    409: (N_("Someone was faster"), N_("This has changed meanwhile. Load the page again to see it.")),
    413: (N_("That was too large"), N_("Send less at once, or a smaller file.")),
    500: (
        N_("Something went wrong on our side"),
        N_(
            "Load the page again, and look whether it was done before you repeat it. If it stays, give the"
            " number below to an administrator."
        ),
    ),
    503: (
        N_("Please try again in a moment"),
        N_(
            "The database did not answer in time. Load the page again, and look whether it was done before"
            " you repeat it. If it stays, give the number below to an administrator."
        ),
    ),
}  # fmt: skip


def install_trouble(app: Flask, blueprint: Blueprint) -> None:
    """Show these pages for every error under /console; other paths keep their own answers."""

    @app.errorhandler(HTTPException)
    @blueprint.errorhandler(HTTPException)
    def known(problem: HTTPException) -> Response | HTTPException:
        if not is_console(request.path) or problem.code is None or problem.code < 400:
            return problem
        return _page(problem)

    @blueprint.errorhandler(Exception)
    def unknown(fault: Exception) -> Response:
        return _page(InternalServerError(original_exception=fault))


def reference() -> str:
    """Eight letters that are easy to read aloud: the page shows them and the log has them."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _page(problem: HTTPException) -> Response:
    fault = getattr(problem, "original_exception", None)
    # The next try may find the database at rest. A fault after the view, where new words are logged, comes as
    # an error of the server.
    if is_busy(fault):
        problem = ServiceUnavailable(retry_after=RETRY_SECONDS)
    code = problem.code or 500
    number = reference()
    level = logging.ERROR if code >= 500 else logging.INFO
    # The pattern of the path, not the path itself: no id belongs in a log.
    rule = request.url_rule.rule if request.url_rule is not None else "no page"
    log.log(
        level,
        "The console answered with trouble.",
        extra={"reference": number, "status_code": code, "route": rule}
        | ({"fault": fault} if isinstance(fault, BaseException) else {}),
    )
    heading, sentence = SAID.get(code) or SAID[500 if code >= 500 else 400]
    response = make_response(
        render_template(
            "console/shell/trouble.html",
            heading=_(heading),
            sentence=_(sentence),
            reference=number,
            code=code,
        ),
        code,
    )
    for name, value in problem.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return set_headers(response)

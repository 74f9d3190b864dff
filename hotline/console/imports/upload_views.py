"""Uploads a custody file: `hotline intake` reads it as it arrives; then it is shown, applied or discarded."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import current_app, flash, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import validate_csrf
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from hotline.console.imports.area import area
from hotline.console.imports.upload_stream import BrokenOffError, TooLargeError, UploadStream
from hotline.console.imports.views import ROLES
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.headers import policy
from hotline.console.shell.other_port import asked_host, at_port
from hotline.console.shell.refused import refused
from hotline.console.shell.words import _
from models.custody.imports.custody_import import FeedFileError, ImportBusyError
from models.custody.imports.upload import By, UploadError, discard_upload, land_upload, upload
from workers.office_rules import import_rules_of

#: In the configuration of the app of `hotline intake`: it answers no callers, so a file may take its time.
IS_INTAKE = "HOTLINE_INTAKE"
#: The largest file that a process for callers reads itself: about ten thousand rows, in under a second.
SMALL_BYTES = 2_000_000
MEGABYTE = 1_000_000


@area.get("/imports/upload")
@guard_staff(*ROLES)
def import_upload() -> Response:
    elsewhere = intake_url()
    page = render_template(
        "console/imports/upload.html",
        action=(elsewhere or "") + url_for("console.imports.read_upload"),
        most=console.policies.upload_megabytes,
    )
    response = make_response(page)
    if elsewhere is not None:
        response.headers["Content-Security-Policy"] = policy().replace(
            "form-action 'self'", f"form-action 'self' {elsewhere}"
        )
    return response


@area.post("/imports/upload")
@guard_staff(*ROLES, streams=True)
def read_upload() -> Response:
    most = console.policies.upload_megabytes * MEGABYTE
    if not current_app.config.get(IS_INTAKE):
        most = min(most, SMALL_BYTES)
    # The stream below counts by itself. This setting is for the length that a request names at its start.
    request.max_content_length = None
    if request.mimetype != "multipart/form-data":
        _has_our_token(request.form.get("csrf_token"))
        return _back(_("Choose a file first."))
    stream = UploadStream(request, request.stream, most)
    _has_our_token(stream.fields.get("csrf_token"))
    if (request.content_length or 0) > most:
        return _back(_too_large(most))
    try:
        import_id = upload(
            console.database,
            stream.buffered(),
            import_rules_of(console.office, console.policies),
            full=stream.fields.get("full") == "1",
            by=_by(),
            clock=console.clock,
        )
    except FeedFileError as error:
        return _back(refused(error))
    except UploadError as error:
        return _back(refused(error))
    except ImportBusyError:
        return _back(_("It was taken for dead while it was read. Upload it again."))
    except TooLargeError:
        return _back(_too_large(most))
    except BrokenOffError:
        raise BadRequest("The file did not arrive whole.") from None
    return redirect(_here(url_for("console.imports.import_page", import_id=import_id)), code=303)


@area.post("/imports/<int:import_id>/land")
@guard_staff(*ROLES)
def land_import(import_id: int) -> Response:
    lives = timedelta(minutes=console.policies.preview_minutes)
    try:
        # In production a file that no sender has signed takes two people (R40).
        needs_second = console.settings.production
        state = land_upload(
            console.database, import_id, _by(), lives, console.clock(), needs_second=needs_second
        )
    except UploadError as error:
        flash(refused(error), "error")
    except ImportBusyError:
        flash(_("Another import is running. Try again in a moment."), "warning")
    else:
        if state == "held" and needs_second:
            flash(_("It is held. A second person must approve it before it is applied."), "warning")
        elif state == "held":
            flash(_("It is held: two people must approve it before it is applied."), "warning")
        else:
            flash(_("The import is applied now."), "success")
    return redirect(_page_of(import_id), code=303)


@area.post("/imports/<int:import_id>/discard")
@guard_staff(*ROLES)
def discard_import(import_id: int) -> Response:
    try:
        discard_upload(console.database, import_id, _by(), console.clock())
        flash(_("The import is discarded. Nothing was applied."), "success")
    except UploadError as error:
        flash(refused(error), "error")
    return redirect(_page_of(import_id), code=303)


def _page_of(import_id: int) -> str:
    return url_for("console.imports.import_page", import_id=import_id)


def _back(sentence: str) -> Response:
    flash(sentence, "error")
    return redirect(_here(url_for("console.imports.import_upload")), code=303)


def _here(path: str) -> str:
    """The page at the port that answers everything, linked from the port that takes files."""
    if not current_app.config.get(IS_INTAKE):
        return path
    public = urlsplit(console.settings.public_url)
    port = f":{public.port}" if public.port else ""
    return f"{request.scheme}://{asked_host()}{port}{path}" if intake_url() else path


def intake_url() -> str | None:
    """The URL to which a browser sends a file, if it is not this host and port."""
    return at_port(console.settings.intake_port)


def _has_our_token(token: str | None) -> None:
    try:
        validate_csrf(token or "")  # type: ignore[no-untyped-call]
    except ValueError:
        raise BadRequest("The form has no token of ours.") from None


def _too_large(most: int) -> str:
    return _(
        "The file is too large: at most %(most)s MB. Use the command line: hotline custody import.",
        most=most // MEGABYTE,
    )


def _by() -> By:
    return By(me().staff_id, me().email)

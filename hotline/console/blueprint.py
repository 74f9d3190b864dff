"""The console at /console: its areas, and the checks before and after every request."""

import hmac
from contextlib import suppress

from flask import Blueprint, Flask, current_app, flash, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from hotline.console.audit import export_views
from hotline.console.audit import views as audit_views
from hotline.console.audit.area import area as audit
from hotline.console.bar import views as bar_views
from hotline.console.bar.area import area as bar
from hotline.console.callbacks import action_views, callback_views, talk_views, wallboard_views
from hotline.console.callbacks import views as list_views
from hotline.console.callbacks.area import area as callbacks
from hotline.console.cases import (
    call_views,
    duress_views,
    lock_views,
    notice_views,
    phone_views,
    pin_views,
)
from hotline.console.cases import views as case_views
from hotline.console.cases.area import area as cases
from hotline.console.imports import retract_views, settle_views, upload_views
from hotline.console.imports import views as import_views
from hotline.console.imports.area import area as imports
from hotline.console.office import (
    announcement_views,
    directory_views,
    partner_views,
    policy_views,
    prompt_views,
)
from hotline.console.office import views as office_views
from hotline.console.office.area import area as office
from hotline.console.people import schedule_views, shift_views, staff_views
from hotline.console.people.area import area as people
from hotline.console.shell import home_views, static_files
from hotline.console.shell.area import area as shell
from hotline.console.shell.console import EXTENSION, Console
from hotline.console.shell.cookie import PREFIX, SealedCookies, is_console
from hotline.console.shell.guard import BODY_BYTES, form_of_earlier_sign_in, me, recognise, tell_of_kept_form
from hotline.console.shell.headers import set_headers
from hotline.console.shell.in_place import answer_in_main
from hotline.console.shell.layout import install_layout
from hotline.console.shell.navigation import Entry, Group, Navigation
from hotline.console.shell.refused import refused
from hotline.console.shell.trouble import install_trouble
from hotline.console.shell.words import N_
from hotline.console.sign_in import account_views, confirm_views, continue_views, set_up_views
from hotline.console.sign_in import views as sign_in_views
from hotline.console.sign_in.area import area as sign_in
from models.staff.two_people import TiedError, note_attempt

#: The blueprint of each area, and the modules that add their views to it when they are imported.
AREAS = (
    (shell, (home_views, static_files)),
    (sign_in, (sign_in_views, set_up_views, confirm_views, continue_views, account_views)),
    (people, (staff_views, schedule_views, shift_views)),
    (
        office,
        (office_views, announcement_views, partner_views, directory_views, policy_views, prompt_views),
    ),
    (imports, (import_views, upload_views, settle_views, retract_views)),
    (callbacks, (list_views, callback_views, action_views, talk_views, wallboard_views)),
    (bar, (bar_views,)),
    (audit, (audit_views, export_views)),
    (cases, (case_views, phone_views, call_views, pin_views, lock_views, duress_views, notice_views)),
)
#: In the order of the navigation.
NAVIGATION = Navigation(
    Group(
        N_("Work"),
        (
            Entry("console.callbacks.callbacks", N_("Callbacks"), pages="console.callbacks.callback"),
            Entry("console.people.shift", N_("My shift")),
            Entry("console.callbacks.wallboard", N_("Wallboard")),
        ),
    ),
    Group(
        N_("Cases"),
        (
            Entry("console.cases.cases", N_("Cases"), pages="console.cases.case"),
            Entry("console.cases.pins", N_("PINs"), pages="console.cases.pin"),
            Entry("console.cases.locks", N_("Locks"), pages="console.cases.lock"),
            Entry("console.cases.only_you", N_("Only you")),
            Entry("console.imports.imports", N_("Imports"), pages="console.imports.import"),
        ),
    ),
    Group(
        N_("Office"),
        (
            Entry("console.people.staff", N_("Staff")),
            Entry("console.people.schedule", N_("Schedule")),
            Entry("console.office.office", N_("Office")),
            Entry("console.office.prompts", N_("Prompts")),
        ),
    ),
    Group(N_("Audit"), (Entry("console.audit.audit", N_("Audit")),)),
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Ids end here: the columns hold no larger number, and a database raises an error when asked for one.
IDS_END = 2**31


def install_console(app: Flask, console: Console) -> None:
    """Add the console to ``app``: its cookie, its pages, and its error pages."""
    app.extensions[EXTENSION] = console
    app.secret_key = hmac.digest(console.settings.secret_key, b"hotline console", "sha256")
    SealedCookies(console.database.keyring).install(app, console.settings.public_url)
    # A token lasts as long as the cookie; requests of callers are signed and have none.
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        MAX_FORM_PARTS=2000,
    )
    csrf = CSRFProtect(app)  # type: ignore[no-untyped-call]
    app.register_blueprint(console_blueprint(app, console, csrf))

    @app.before_request
    def reads_in_a_language() -> None:
        # Also for unknown pages: errors are shown in the reader's language.
        if is_console(request.path):
            g.words = console.words
            g.language = console.words.known(session.get("language")) or console.words.accepted(
                request.headers.get("Accept-Language", "")
            )
            if request.endpoint is None:
                # Show the signed-in state on 404 pages too.
                with suppress(SQLAlchemyError):
                    recognise(live=True)


def console_blueprint(app: Flask, console: Console, csrf: CSRFProtect) -> Blueprint:
    """Every page of the console."""
    blueprint = Blueprint("console", __name__, url_prefix=PREFIX)
    install_layout(app, console.office.time_zone)
    install_trouble(app, blueprint)

    @blueprint.before_request
    def enters() -> Response | None:
        view = current_app.view_functions.get(request.endpoint or "")
        if request.endpoint == "console.shell.static_file":
            return None
        request.max_content_length = getattr(view, "body_bytes", BODY_BYTES)
        _could_be_typed(request.args)
        recognise(live=getattr(view, "live", False))
        if request.method not in SAFE_METHODS:
            streams = getattr(view, "streams", False)
            is_ours = _is_from_here(csrf, streams=streams)
            if not streams:
                _could_be_typed(request.form)
            if not is_ours:
                if (led_back := form_of_earlier_sign_in()) is not None:
                    return led_back
                raise BadRequest("The form has no token of ours.")
        if any(isinstance(id_, int) and id_ >= IDS_END for id_ in (request.view_args or {}).values()):
            raise NotFound("No row has such an id.")
        return None

    @blueprint.errorhandler(TiedError)
    def may_not_approve_together(error: TiedError) -> Response:
        # The transaction was rolled back. The attempt itself is recorded, and raises an alarm (R40).
        with console.database.transaction() as writing:
            note_attempt(writing, error, me().email, console.clock())
        flash(refused(error), "error")
        kind, _colon, id_ = error.target.partition(":")
        if kind == "import":
            return redirect(url_for("console.imports.import_settle", import_id=int(id_)), code=303)
        return redirect(
            url_for("console.audit.audit_exports" if kind == "export" else "console.cases.pins"), code=303
        )

    blueprint.after_request(set_headers)
    blueprint.after_request(tell_of_kept_form)
    blueprint.after_request(answer_in_main)
    for area, _views in AREAS:
        blueprint.register_blueprint(area)
    if console.settings.oidc_issuer is not None:
        # Authlib is loaded only if there is a provider.
        from hotline.console.sign_in import oidc_views

        app.extensions[oidc_views.EXTENSION] = oidc_views.Provider(app, console.settings)
        blueprint.register_blueprint(oidc_views.oidc)
    return blueprint


def _could_be_typed(fields: MultiDict[str, str]) -> None:
    """Raise BadRequest for a NUL: no keyboard sends one, and PostgreSQL neither stores nor compares one."""
    if any("\0" in value for _, value in fields.items(multi=True)):
        raise BadRequest("A field holds a NUL.")


def _is_from_here(csrf: CSRFProtect, *, streams: bool) -> bool:
    """Whether this form has the token of this sign-in. Raises BadRequest for one from another site."""
    # A file may go to another port of this host (`hotline intake`), which browsers call the same site.
    ours = {"same-origin", "same-site", "none"} if streams else {"same-origin", "none"}
    # Every current browser says where a request comes from. The token is for browsers that do not.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ours:
        raise BadRequest("The form comes from another site.")
    if streams:
        # Checking the token here would read the whole file.
        return True
    try:
        csrf.protect()  # type: ignore[no-untyped-call]
    except CSRFError:
        return False
    return True

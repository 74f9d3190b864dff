"""The first page, which leads to the person's most common work; and the choice of language."""

from flask import current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from hotline.console.shell.area import area
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_open, guard_staff, me, someone
from models.staff.staff import ROLES, choose_interface_language


# Without the final slash too: a redirect by the framework would repeat any Host that was requested.
@area.get("/", strict_slashes=False)
@guard_staff(*ROLES)
def home() -> Response | str:
    entries = console.navigation.of(me().role)
    if entries:
        return redirect(url_for(entries[0].endpoint), code=303)
    return render_template("console/shell/home.html")


@area.post("/language")
@guard_open
def choose_language() -> Response:
    chosen = console.words.known(request.form.get("language"))
    if chosen is not None:
        session["language"] = chosen
        if person := someone():
            with console.database.transaction() as writing:
                choose_interface_language(writing, person.staff_id, chosen)
    return redirect(_back(), code=303)


def _back() -> str:
    # Only a path of ours: the form names its page, and a forged form could name any.
    page = request.form.get("page", "")
    if not page.startswith("/console/") or not page.isprintable() or "\\" in page:
        return url_for("console.shell.home")
    # A page that answered a form cannot be requested again without the form.
    adapter = current_app.create_url_adapter(request)
    is_page = adapter is not None and "GET" in adapter.allowed_methods(page)
    return page if is_page else url_for("console.shell.home")

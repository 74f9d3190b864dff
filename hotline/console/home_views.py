"""The first page: it leads to what the signed-in person does most; and the choice of language."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from hotline.console.console import Console
from hotline.console.guard import guard_open, guard_staff, me, someone
from models.staff import ROLES, choose_interface_language


def register_home(blueprint: Blueprint, console: Console) -> None:
    """``/console/`` and ``/console/language``."""

    @blueprint.get("/")
    @guard_staff(*ROLES)
    def home() -> Response | str:
        entries = console.navigation.of(me().role)
        if entries:
            return redirect(url_for(entries[0].endpoint), code=303)
        return render_template("console/home/home.html")

    @blueprint.post("/language")
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
    # Only a path of ours: the page says where it is, and a forged one could say anything.
    page = request.form.get("page", "")
    is_ours = page.startswith("/console/") and page.isprintable() and "\\" not in page
    return page if is_ours else url_for("console.home")

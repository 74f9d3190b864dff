"""Policies: every number that the office decided, with its basis and its review date."""

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from config.policies import BOUNDS, FRACTIONS
from hotline.console.office.area import area
from hotline.console.office.form import KEEP, READ, Settings, save, typed_line
from hotline.console.office.names import basis_said, field_name
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff
from models.audit.office_change import changes_of


@area.get("/office/policies")
@guard_staff(*READ)
def office_policies() -> str:
    settings = Settings.of_now()
    today = console.clock().astimezone(console.office.zone).date()
    rows = sorted(
        settings.office.policies.items(),
        key=lambda one: (one[1].review_by >= today, field_name(f"policies.{one[0]}").lower()),
    )
    return render_template(
        "console/office/policies.html",
        s=settings,
        rows=rows,
        today=today,
        field_name=field_name,
        basis_said=basis_said,
    )


def _page(name: str, wrong: str | None = None) -> str:
    if name not in BOUNDS:
        raise NotFound("There is no such policy.")
    settings = Settings.of_now()
    with console.database.reading() as session:
        changes = changes_of(session, f"policies.{name}", limit=20)
        session.expunge_all()
    return render_template(
        "console/office/policy.html",
        s=settings, name=name, field=f"policies.{name}", one=settings.office.policies[name],
        field_name=field_name, basis_said=basis_said,
        bounds=BOUNDS[name], is_whole=name not in FRACTIONS, changes=changes, wrong=wrong,
        today=console.clock().astimezone(console.office.zone).date(),
    )  # fmt: skip


@area.get("/office/policies/<name>")
@guard_staff(*READ)
def office_policy(name: str) -> str:
    return _page(name)


@area.post("/office/policies/<name>")
@guard_staff(*KEEP)
def save_policy(name: str) -> Response | tuple[str, int]:
    if name not in BOUNDS:
        raise NotFound("There is no such policy.")
    value: dict[str, Any] = {
        "value": _number(typed_line("value", 20), whole=name not in FRACTIONS),
        "basis": typed_line("basis", 400),
        "decided_by": typed_line("decided_by"),
        "review_by": request.form.get("review_by", ""),
    }
    if wrong := save((f"policies.{name}", value)):
        return _page(name, wrong), 422
    return redirect(url_for("console.office.office_policy", name=name), code=303)


def _number(text: str, *, whole: bool) -> Any:
    """The typed text as a number. Anything else stays a text, and the check reports it."""
    try:
        return int(text) if whole or text.isdecimal() else float(text.replace(",", "."))
    except ValueError:
        return text

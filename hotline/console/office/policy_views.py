"""Policies: every number that the office decided, by what it governs, with its basis and its review date."""

from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from config.policies import BOUNDS, FRACTIONS, Policy
from hotline.console.office.area import area
from hotline.console.office.form import KEEP, READ, Settings, save, typed_line
from hotline.console.office.names import basis_said
from hotline.console.office.policy_effects import POLICY_EFFECTS
from hotline.console.office.policy_groups import POLICY_GROUPS
from hotline.console.office.policy_names import POLICY_NAMES
from hotline.console.office.policy_units import plain, with_unit
from hotline.console.office.search_words import fits, wanted_words
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff
from hotline.console.shell.words import _
from models.audit.office_change import OfficeChange, changes_of, newest_changes


@dataclass(frozen=True, slots=True)
class Row:
    """One policy as its page and the list show it: in words, and with what the office decided."""

    name: str
    policy: Policy
    change: OfficeChange | None

    @property
    def field(self) -> str:
        """Its name in the office file."""
        return f"policies.{self.name}"

    @property
    def title(self) -> str:
        """Its name on pages."""
        return _(POLICY_NAMES[self.name])

    @property
    def effect(self) -> str:
        """What it changes, in one sentence."""
        return _(POLICY_EFFECTS[self.name])

    @property
    def value(self) -> str:
        """Its value with the unit."""
        return with_unit(self.name, self.policy.value)

    @property
    def bounds(self) -> str:
        """The smallest and the largest value, with the unit."""
        least, most = BOUNDS[self.name]
        first = with_unit(self.name, least) if self.name.endswith("_hour") else plain(least)
        return _("%(least)s to %(most)s", least=first, most=with_unit(self.name, most))

    @property
    def basis(self) -> str:
        """Its basis, in the language of the page if it is one of the shipped file."""
        return basis_said(self.policy.basis)


@area.get("/office/policies")
@guard_staff(*READ)
def office_policies() -> str:
    settings, wanted = Settings.of_now(), wanted_words()
    with console.database.reading() as session:
        newest = newest_changes(session)
        session.expunge_all()
    rows = {
        name: Row(name, policy, newest.get(f"policies.{name}"))
        for name, policy in settings.office.policies.items()
    }
    groups = [
        (
            group,
            [
                rows[name]
                for name in group.policies
                if fits(wanted, name, rows[name].title, rows[name].effect, rows[name].basis, _(group.title))
            ],
        )
        for group in POLICY_GROUPS
    ]
    return render_template(
        "console/office/policies.html",
        s=settings,
        groups=[(group, found) for group, found in groups if found],
        found=sum(len(found) for _group, found in groups),
        total=len(rows),
        wanted=wanted,
        today=console.today,
    )


def _page(name: str, wrong: str | None = None) -> str:
    if name not in BOUNDS:
        raise NotFound("There is no such policy.")
    settings = Settings.of_now()
    with console.database.reading() as session:
        changes = changes_of(session, f"policies.{name}", limit=20)
        session.expunge_all()
    policy = settings.office.policies[name]
    return render_template(
        "console/office/policy.html",
        s=settings, row=Row(name, policy, changes[0] if changes else None), one=policy,
        group=next(group for group in POLICY_GROUPS if name in group.policies),
        is_whole=name not in FRACTIONS, changes=changes, wrong=wrong, today=console.today,
        with_unit=with_unit,
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

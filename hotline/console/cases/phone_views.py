"""Pages of a registrant's phones: a new one and its code, how and when to call one, and unsafe (R09)."""

from collections.abc import Callable
from typing import TypeVar

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from hotline.console.cases.area import area
from hotline.console.cases.forms import phone_of, wishes_of, wishes_shown
from hotline.console.cases.opened_case import back_to, case_form, case_page, changing_case
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.kept_request import page_of_form
from hotline.console.shell.refused import refused
from hotline.console.shell.typed_fields import OvertakenFormError, refuse_overtaken
from hotline.console.shell.words import _
from models.overview.phone_list import (
    PhoneListError,
    add_phone,
    confirm_phone,
    give_code,
    keep_wishes,
    mark_unsafe,
    move_phone,
    phone_locked,
    reveal_phone,
    vouch_for_phone,
)
from models.staff.staff import ROLES
from models.store.database import tried_again
from models.store.job import Job

View = Response | str | tuple[str, int]
Changed = TypeVar("Changed")


@area.route("/cases/<int:case_id>/phones/new", methods=["GET", "POST"])
@guard_staff(*ROLES)
def case_phone_new(case_id: int) -> View:
    if request.method == "GET":
        return case_form(case_id, "phone_new")
    errors: dict[str, str] = {}
    number = phone_of(request.form, "phone", _("Phone"), console.office, errors)
    if errors:
        return case_form(case_id, "phone_new", errors)
    try:
        with changing_case(case_id) as opened:
            phone = add_phone(opened.session, me(), opened.case, number, opened.grounds, opened.now)
    except PhoneListError as error:
        return case_form(case_id, "phone_new", {error.field: refused(error)})
    flash(_("The phone is on the list. It is called once it is confirmed."), "success")
    return redirect(url_for("console.cases.case_phone", case_id=case_id, phone_id=phone.id), code=303)


@area.route("/cases/<int:case_id>/phones/<int:phone_id>", methods=["GET", "POST"])
@guard_staff(*ROLES)
def case_phone(case_id: int, phone_id: int) -> View:
    if request.method == "GET":
        return case_form(case_id, "phone", phone_id=phone_id)
    errors: dict[str, str] = {}
    agreed = wishes_of(request.form, errors)
    if errors:
        return case_form(case_id, "phone", errors, phone_id=phone_id)

    def save() -> None:
        with changing_case(case_id) as opened:
            refuse_overtaken(wishes_shown(phone_locked(opened.session, opened.case, phone_id)))
            keep_wishes(opened.session, me(), opened.case, phone_id, agreed, opened.grounds, opened.now)

    try:
        # An outcome that is saved now locks the callback before the phone.
        tried_again(save)
    except PhoneListError as error:
        return case_form(case_id, "phone", {error.field: refused(error)}, phone_id=phone_id)
    except OvertakenFormError as error:
        return case_form(case_id, "phone", {"": refused(error)}, phone_id=phone_id)
    flash(_("Saved. The line calls this phone that way from now on."), "success")
    return _back(case_id)


@area.post("/cases/<int:case_id>/phones/<int:phone_id>/code")
@guard_staff(*ROLES)
def case_phone_code(case_id: int, phone_id: int) -> View:
    try:
        with changing_case(case_id) as opened:
            code = give_code(opened.session, me(), opened.case, phone_id, opened.grounds, opened.now)
    except PhoneListError as error:
        return case_form(case_id, "phone", {error.field: refused(error)}, phone_id=phone_id)
    return case_form(case_id, "phone", phone_id=phone_id, spoken=code)


@area.post("/cases/<int:case_id>/phones/<int:phone_id>/confirm")
@guard_staff(*ROLES)
def case_phone_confirm(case_id: int, phone_id: int) -> View:
    try:
        with changing_case(case_id) as opened:
            bound = confirm_phone(
                opened.session, me(), opened.case, phone_id, request.form.get("code", ""),
                opened.grounds, opened.now, console.callback_policy,
            )  # fmt: skip
    except PhoneListError as error:
        return case_form(case_id, "phone", {error.field: refused(error)}, phone_id=phone_id)
    if not bound:
        wrong = _("Code: this is not the code that was said to this phone.")
        return case_form(case_id, "phone", {"code": wrong}, phone_id=phone_id, asked=True)
    flash(_("The phone is confirmed. Their other safe phones will be called to tell them."), "success")
    return _back(case_id)


@area.post("/cases/<int:case_id>/phones/<int:phone_id>/unsafe")
@guard_staff(*ROLES)
def case_phone_unsafe(case_id: int, phone_id: int) -> View:
    def stop() -> list[Job]:
        with changing_case(case_id) as opened:
            return mark_unsafe(opened.session, me(), opened.case, phone_id, opened.now, console.policies)

    jobs: list[Job] = []
    try:
        # An outcome that is saved now locks the callback before the phone.
        jobs = tried_again(stop)
    except PhoneListError as error:
        flash(refused(error), "error")
    else:
        flash(_("The phone is marked unsafe. We do not call it any more."), "success")
    for name, row_id in jobs:
        console.jobs.enqueue(name, row_id)
    return _back(case_id)


@area.post("/cases/<int:case_id>/phones/<int:phone_id>/vouch")
@guard_staff(*ROLES)
def case_phone_vouch(case_id: int, phone_id: int) -> View:
    try:
        with changing_case(case_id) as opened:
            vouch_for_phone(opened.session, me(), opened.case, phone_id, opened.grounds, opened.now)
    except PhoneListError as error:
        flash(refused(error), "error")
    else:
        flash(_("The case may be spoken of there."), "success")
    return _back(case_id)


@area.post("/cases/<int:case_id>/phones/<int:phone_id>/move")
@guard_staff(*ROLES)
def case_phone_move(case_id: int, phone_id: int) -> View:
    up = request.form.get("to") == "up"
    with changing_case(case_id) as opened:
        _or_flash(lambda: move_phone(opened.session, me(), opened.case, phone_id, up=up, now=opened.now))
    return _back(case_id)


@area.post("/cases/<int:case_id>/phones/<int:phone_id>/reveal")
@guard_staff(*ROLES)
def case_phone_reveal(case_id: int, phone_id: int) -> View:
    with changing_case(case_id) as opened:
        number = _or_flash(lambda: reveal_phone(opened.session, me(), opened.case, phone_id, opened.now))
    return case_page(case_id, revealed_phone=(phone_id, number) if number else None)


def _back(case_id: int) -> Response:
    """To the page that has the button: the desk, or the phones of the case."""
    page = page_of_form()
    if page.startswith((url_for("console.callbacks.callbacks"), "/console/talks/")):
        return redirect(page, code=303)
    return back_to(case_id, "phones")


def _or_flash(change: Callable[[], Changed]) -> Changed | None:
    try:
        return change()
    except PhoneListError as error:
        flash(refused(error), "error")
        return None

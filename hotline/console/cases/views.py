"""Pages of cases: how to find and open one, what it shows, and how to change it (R37)."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hotline.console.cases import choices as case_choices
from hotline.console.cases import labels as case_labels
from hotline.console.cases.area import area
from hotline.console.cases.forms import (
    LONGEST_ID,
    LONGEST_NAME,
    details_of,
    details_shown,
    form_of,
    new_form,
    number_of,
    text_of,
)
from hotline.console.cases.opened_case import case_form, case_page, changing_case
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.refused import refused
from hotline.console.shell.typed_fields import OvertakenFormError, refuse_overtaken
from hotline.console.shell.words import _
from models.cases.case import CaseError
from models.cases.registrant import name_of
from models.overview.case_change import (
    added_by_form,
    begin_case,
    change_details,
    close_found_case,
    confirm_subject,
    link_subject,
    subject_of,
)
from models.overview.case_opening import (
    CaseOpeningError,
    case_in_talk,
    open_by_verification,
    open_from_search,
)
from models.overview.case_search import CaseSearchError, FoundCases, search_cases
from models.overview.pin_request import DELIVERIES, FIRST_EVIDENCE, PinRequestError, request_pin
from models.staff.staff import ROLES

View = Response | str | tuple[str, int]


@area.get("/cases")
@guard_staff(*ROLES)
def cases() -> View:
    return _find_page()


@area.get("/cases/search", endpoint="case_search_again")
@area.get("/cases/verify", endpoint="case_verify_again")
@guard_staff(*ROLES)
def form_again() -> View:
    # After a change of the language, or a typed URL, a request comes here without the form's input.
    return redirect(url_for("console.cases.cases"), code=303)


@area.post("/cases/search")
@guard_staff("supervisor")
def case_search() -> View:
    reason = request.form.get("reason", "")
    try:
        with console.database.transaction() as session:
            found = search_cases(
                session, me(), name=request.form.get("name", ""), reason=reason, now=console.clock()
            )
    except CaseSearchError as error:
        return _find_page({error.field: refused(error)}, part="search"), 422
    return _find_page(found=found, reason=reason)


@area.post("/cases/<int:case_id>/open")
@guard_staff("supervisor")
def case_open(case_id: int) -> View:
    try:
        with console.database.transaction() as session:
            reason = request.form.get("reason", "")
            open_from_search(session, me(), case_id, reason, console.clock(), console.policies)
    except CaseOpeningError as error:
        flash(refused(error), "error")
        return redirect(url_for("console.cases.cases"), code=303)
    return redirect(url_for("console.cases.case", case_id=case_id), code=303)


@area.post("/cases/verify")
@guard_staff(*ROLES)
def case_verify() -> View:
    errors: dict[str, str] = {}
    number, evidence = number_of(request.form, errors), request.form.get("evidence", "")
    if evidence not in case_labels.EVIDENCE:
        errors["evidence"] = _("How you know them: choose one.")
    case_id = None
    if not errors:
        with console.database.transaction() as session:
            case_id = open_by_verification(session, me(), number, evidence, console.clock(), console.policies)
        if case_id is None:
            errors[""] = _("We could not open a case with this number.")
    if case_id is None:
        return _find_page(errors, part="verify"), 422
    return redirect(url_for("console.cases.case", case_id=case_id), code=303)


@area.get("/cases/<int:case_id>")
@guard_staff(*ROLES)
def case(case_id: int) -> View:
    return case_page(case_id)


@area.route("/cases/new", methods=["GET", "POST"])
@guard_staff("liaison", "supervisor", "administrator")
def case_new() -> View:
    if request.method == "GET":
        return _new_page({})
    errors: dict[str, str] = {}
    subject_id = text_of(request.form, "subject_id", _("The feed's id of the person"), LONGEST_ID, errors)
    subject_name = text_of(request.form, "subject_name", _("Name of the person"), LONGEST_NAME, errors)
    details = details_of(request.form, console.office, errors)
    evidence, delivery = request.form.get("evidence", ""), request.form.get("delivery", "")
    if evidence not in FIRST_EVIDENCE:
        errors["evidence"] = _("How you know them: choose one.")
    if delivery not in DELIVERIES:
        errors["delivery"] = _("How they get it: choose one.")
    if errors:
        return _new_page(errors), 422
    now, form = console.clock(), form_of(request.form)
    try:
        with console.database.transaction() as session:
            case_id = added_by_form(session, me(), form, now)
            if is_new := case_id is None:
                made = begin_case(
                    session, me(), subject_id=subject_id, subject_name=subject_name, details=details,
                    evidence=evidence, now=now, policies=console.policies, form=form,
                )  # fmt: skip
                request_pin(
                    session, me(), made, evidence=evidence, delivery=delivery, now=now,
                    policies=console.policies,
                )  # fmt: skip
                case_id = made.id
    except PinRequestError as error:
        return _new_page({error.field: refused(error)}), 422
    if is_new:
        flash(_("The case is added. Its PIN waits for a second person. Add a phone next."), "success")
    else:
        flash(_("This case was already added."), "info")
    return redirect(url_for("console.cases.case", case_id=case_id), code=303)


@area.route("/cases/<int:case_id>/details", methods=["GET", "POST"])
@guard_staff(*ROLES)
def case_details(case_id: int) -> View:
    if request.method == "GET":
        return case_form(case_id, "details", zones=console.office.zones)
    errors: dict[str, str] = {}
    details = details_of(request.form, console.office, errors)
    if errors:
        return case_form(case_id, "details", errors, zones=console.office.zones)
    try:
        with changing_case(case_id) as opened:
            registrant = opened.case.registrant
            refuse_overtaken(details_shown(registrant, name_of(opened.session, registrant)))
            change_details(opened.session, me(), opened.case, details, opened.grounds, opened.now)
    except CaseError as error:
        return case_form(case_id, "details", {error.field: refused(error)}, zones=console.office.zones)
    except OvertakenFormError as error:
        return case_form(case_id, "details", {"": refused(error)}, zones=console.office.zones)
    flash(_("Details saved."), "success")
    return redirect(url_for("console.cases.case", case_id=case_id), code=303)


@area.route("/cases/<int:case_id>/subject", methods=["GET", "POST"])
@guard_staff("supervisor", "administrator")
def case_subject(case_id: int) -> View:
    if request.method == "GET":
        return case_form(case_id, "subject")
    errors: dict[str, str] = {}
    subject_id = text_of(request.form, "subject_id", _("The feed's id of the person"), LONGEST_ID, errors)
    name = text_of(request.form, "subject_name", _("Name of the person"), LONGEST_NAME, errors)
    if errors:
        return case_form(case_id, "subject", errors)
    try:
        with changing_case(case_id) as opened:
            feed_id, known = subject_of(opened.session, opened.case)
            refuse_overtaken({"subject_id": feed_id, "subject_name": known or ""})
            link_subject(
                opened.session,
                me(),
                opened.case,
                subject_id=subject_id,
                subject_name=name,
                now=opened.now,
            )
    except CaseError as error:
        return case_form(case_id, "subject", {"": refused(error)})
    except OvertakenFormError as error:
        # Id and name belong to one person: half of the input with half of the current values names nobody.
        flash(refused(error), "error")
        return redirect(url_for("console.cases.case_subject", case_id=case_id), code=303)
    flash(_("The link is saved. A second person must confirm it."), "success")
    return redirect(url_for("console.cases.case", case_id=case_id), code=303)


@area.post("/cases/<int:case_id>/subject/confirm")
@guard_staff("supervisor", "administrator")
def case_subject_confirm(case_id: int) -> View:
    try:
        with changing_case(case_id) as opened:
            confirm_subject(opened.session, me(), opened.case, opened.now, console.policies.two_people_days)
    except CaseError as error:
        flash(refused(error), "error")
    else:
        flash(_("The person is confirmed. The line now tells this case of them."), "success")
    return redirect(url_for("console.cases.case", case_id=case_id), code=303)


@area.route("/cases/<int:case_id>/close", methods=["GET", "POST"])
@guard_staff("supervisor", "administrator")
def case_close(case_id: int) -> View:
    if request.method == "GET":
        return case_form(case_id, "close")
    if request.form.get("sure") != "1":
        return case_form(case_id, "close", {"sure": _("Close it: tick the box if you are sure.")})
    try:
        with changing_case(case_id) as opened:
            close_found_case(opened.session, me(), opened.case, opened.now)
    except CaseError as error:
        return case_form(case_id, "close", {"": refused(error)})
    flash(_("The case is closed. Callers hear only the neutral phrase."), "success")
    return redirect(url_for("console.cases.cases"), code=303)


def _find_page(
    errors: dict[str, str] | None = None,
    *,
    part: str = "",
    found: FoundCases | None = None,
    reason: str = "",
) -> str:
    with console.database.reading() as session:
        talk_case = case_in_talk(session, me(), console.clock(), console.policies)
    return render_template(
        "console/cases/find.html", errors=errors or {}, part=part, found=found, reason=reason,
        talk_case=talk_case, labels=case_labels, choices=case_choices,
        minutes=console.policies.case_open_minutes,
    )  # fmt: skip


def _new_page(errors: dict[str, str]) -> str:
    return render_template(
        "console/cases/new.html", zones=console.office.zones, office=console.office, labels=case_labels,
        choices=case_choices, errors=errors, first_evidence=FIRST_EVIDENCE, form=new_form(),
    )  # fmt: skip

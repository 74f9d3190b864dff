"""Pages of PINs: one person requests one, another approves it, and that person sees it once (R08)."""

from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from hotline.console.cases import labels as case_labels
from hotline.console.cases.area import area
from hotline.console.cases.letters import Sender, number_letter, pin_letter
from hotline.console.cases.opened_case import back_to, case_form, case_page, changing_case, may_see_number
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.refused import refused
from hotline.console.shell.words import N_, _
from hotline.refusals.cases import LetterRefusal
from models.audit import audit
from models.cases.duress import pin_in_force
from models.cases.new_pin import new_pin
from models.overview.case_change import reveal_number
from models.overview.case_opening import open_to
from models.overview.lost_pin import EVIDENCE
from models.overview.pin_request import (
    APPROVERS,
    DELIVERIES,
    FIRST_EVIDENCE,
    PinRequestError,
    approve_pin,
    decline_pin,
    find_waiting,
    request_pin,
    settled_pins,
    waiting_pins,
)
from models.overview.refusals import PinRequestRefusal
from models.staff.staff import ROLES
from models.store.database import keyring_of

View = Answer | str | tuple[str, int]


@area.route("/cases/<int:case_id>/pin", methods=["GET", "POST"])
@guard_staff(*ROLES, fresh=True, act=N_("Ask a second person"))
def case_pin(case_id: int) -> View:
    if request.method == "GET":
        return _form_of_request(case_id)
    try:
        with changing_case(case_id) as opened:
            request_pin(
                opened.session, me(), opened.case, evidence=request.form.get("evidence", ""),
                delivery=request.form.get("delivery", ""), now=opened.now, policies=console.policies,
            )  # fmt: skip
    except PinRequestError as error:
        return _form_of_request(case_id, {error.field: refused(error)})
    flash(_("The PIN waits for a second person."), "success")
    return back_to(case_id, "pin")


@area.get("/pins")
@guard_staff(*ROLES)
def pins() -> View:
    with console.database.reading() as session:
        waiting = waiting_pins(session, me(), console.clock(), console.policies)
        settled = settled_pins(session, me(), console.clock(), console.policies)
    return render_template(
        "console/cases/pins/waiting.html",
        requests=waiting,
        settled=settled,
        labels=case_labels,
        is_approver=me().role in APPROVERS,
    )


@area.get("/pins/<int:request_id>")
@guard_staff(*APPROVERS, fresh=True)
def pin(request_id: int) -> View:
    now = console.clock()
    with console.database.reading() as session:
        settled = settled_pins(session, me(), now, console.policies, request_id)
    if settled:
        return render_template("console/cases/pins/settled.html", one=settled[0], labels=case_labels)
    try:
        with console.database.transaction() as session:
            find_waiting(session, me(), request_id, now, console.policies)
            waiting = waiting_pins(session, me(), now, console.policies)
        found = next(one for one in waiting if one.id == request_id)
    except (PinRequestError, StopIteration) as error:
        return _not_so(error)
    return render_template(
        "console/cases/pins/approve.html", asked=found, labels=case_labels,
        tied_days=f"{console.policies.two_people_days:g}",
    )  # fmt: skip


@area.post("/pins/<int:request_id>/look")
@guard_staff(*APPROVERS)
def pin_look(request_id: int) -> View:
    try:
        with console.database.transaction() as session:
            _asked, case = find_waiting(session, me(), request_id, console.clock(), console.policies)
            open_to(
                session, me(), case.id, "approval", f"pin_request:{request_id}", console.clock(),
                console.policies,
            )  # fmt: skip
    except PinRequestError as error:
        return _not_so(error)
    return redirect(url_for("console.cases.case", case_id=case.id), code=303)


@area.post("/pins/<int:request_id>/approve")
@guard_staff(*APPROVERS, fresh=True, act=N_("Approve PIN request"))
def pin_approve(request_id: int) -> View:
    now = console.clock()
    try:
        with console.database.transaction() as session:
            asked, case = find_waiting(session, me(), request_id, now, console.policies)
            language, delivery = case.registrant.language, asked.delivery
            line = case.registrant.line
            number = keyring_of(session).unseal("case.number", case.number_sealed)
            in_force = pin_in_force(session, case.id)
        made = new_pin(number, lambda pin: in_force.is_near(console.hasher, pin))
        # The hash and the letter are made with no transaction open, because callers must not wait for them.
        made_hash = console.hasher.hash(made)
        letter = b"" if delivery == "told" else _letter_with(made, language, line, now)
        with console.database.transaction() as session:
            approved = approve_pin(session, me(), request_id, made_hash, now, console.callback_policy)
    except PinRequestError as error:
        return _not_so(error, request_id)
    # The letter is in this page itself: it is stored nowhere, so no other page could give it (R08).
    return render_template(
        "console/cases/pins/approved.html", approved=approved, now=now, pin="" if letter else made,
        letter=b64encode(letter).decode(),
    )  # fmt: skip


@area.post("/pins/<int:request_id>/decline")
@guard_staff(*ROLES)
def pin_decline(request_id: int) -> View:
    try:
        with console.database.transaction() as session:
            decline_pin(session, me(), request_id, console.clock(), console.policies)
    except PinRequestError as error:
        return _not_so(error, request_id)
    flash(_("The request is closed. No PIN was given."), "success")
    return redirect(url_for("console.cases.pins"), code=303)


@area.post("/cases/<int:case_id>/number")
@guard_staff(*ROLES)
def case_number(case_id: int) -> View:
    with changing_case(case_id) as opened:
        number = (
            reveal_number(opened.session, me(), opened.case, opened.now)
            if may_see_number(opened.grounds)
            else None
        )
    if number is None:
        flash(_("This is not for your role."), "error")
        return redirect(url_for("console.cases.case", case_id=case_id), code=303)
    return case_page(case_id, revealed_number=number)


@area.post("/cases/<int:case_id>/number-letter")
@guard_staff(*ROLES)
def case_number_letter(case_id: int) -> View:
    with changing_case(case_id) as opened:
        if not may_see_number(opened.grounds):
            flash(_("This is not for your role."), "error")
            return redirect(url_for("console.cases.case", case_id=case_id), code=303)
        language, line = opened.case.registrant.language, opened.case.registrant.line
        try:
            say, from_us = _say_in(language), _sender(language, line)
        except PinRequestError as error:
            flash(refused(error), "error")
            return redirect(url_for("console.cases.case", case_id=case_id), code=303)
        number = reveal_number(opened.session, me(), opened.case, opened.now)
        audit.record(
            opened.session, actor=me().email, action="print_number_letter", target=f"case:{case_id}",
            now=opened.now,
        )  # fmt: skip
    return _as_file(number_letter(language, say, from_us, number))


def _form_of_request(case_id: int, errors: dict[str, str] | None = None) -> View:
    return case_form(
        case_id, "pin", errors, evidence_of={"first": FIRST_EVIDENCE, "lost": EVIDENCE},
        hold_hours=console.policies.lost_pin_hold_hours,
        deliveries=DELIVERIES,
    )  # fmt: skip


def _letter_with(made: str, language: str, line: str | None, now: datetime) -> bytes:
    dies_at = now + timedelta(days=console.policies.one_time_pin_days)
    return pin_letter(language, _say_in(language), _sender(language, line), made, dies_at)


def _say_in(language: str) -> Callable[[str], str]:
    if console.words.known(language) is None or language not in console.office.neutral_name:
        # Texts for a registrant never fall back to another language (R27).
        raise PinRequestError(LetterRefusal.NO_LETTER)
    return console.words.catalog(language).gettext


def _sender(language: str, line: str | None) -> Sender:
    office = console.office
    # The card has the number that the registrant chose to see when we call (R32).
    number = line if line is not None and line in office.lines else office.lines[0]
    is_discreet = number in office.discreet_lines
    return Sender(office.neutral_name[language], number, office.time_zone, is_discreet)


def _as_file(letter: bytes) -> Response:
    answer = Response(letter, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = 'attachment; filename="letter-case-number.pdf"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _not_so(error: Exception, request_id: int | None = None) -> Answer:
    """Say why. A request that is settled is shown with its decision; any other leads to the list."""
    flash(refused(error) if isinstance(error, PinRequestError) else _("There is no such request."), "error")
    is_settled = isinstance(error, PinRequestError) and error.code is PinRequestRefusal.SETTLED
    if request_id is not None and is_settled and me().role in APPROVERS:
        return redirect(url_for("console.cases.pin", request_id=request_id), code=303)
    return redirect(url_for("console.cases.pins"), code=303)

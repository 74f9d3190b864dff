"""Calls from an open case through the line's number: the reader's own phone rings first (Legs)."""

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from hotline.console.cases.area import area
from hotline.console.cases.opened_case import case_form, changing_case
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.kept_request import page_of_form
from hotline.console.shell.refused import refused
from hotline.console.shell.words import _
from models.callbacks.refusals import CallbackRefusal
from models.callbacks.to_new_phone import calls_with_code
from models.callouts.callout import call_out
from models.callouts.party import number_of
from models.callouts.refusals import CalloutRefusal
from models.overview.phone_list import give_code
from models.staff.staff import ROLES
from models.store.database import tried_again
from models.store.job import Job
from models.store.refusal import RefusedError
from models.talks.own_call import call_now, call_phone

View = Response | str | tuple[str, int]


@area.post("/cases/<int:case_id>/phones/<int:phone_id>/call")
@guard_staff(*ROLES)
def case_phone_call(case_id: int, phone_id: int) -> Response:
    def call() -> tuple[int, list[Job]]:
        with changing_case(case_id) as opened:
            policy = console.callback_policy
            return call_phone(opened.session, opened.case, phone_id, me().staff_id, opened.now, policy)

    try:
        # A caller with the PIN who asks for a callback now may lock the same rows in another order.
        callback_id, jobs = tried_again(call)
    except RefusedError as error:
        flash(refused(error), "error")
        return _back()
    _enqueue(jobs)
    if jobs:
        flash(_("You asked for the call. Accept on your phone, and the line calls the person."), "success")
    else:
        flash(_("This case already has an open callback. Here it is."), "info")
    return redirect(url_for("console.callbacks.callback", callback_id=callback_id), code=303)


@area.post("/cases/<int:case_id>/phones/<int:phone_id>/code-call")
@guard_staff(*ROLES)
def case_phone_code_call(case_id: int, phone_id: int) -> View:
    """Call a new phone to say its code there; the page shows the code, and nothing else does."""

    def call() -> tuple[str, list[Job]]:
        with changing_case(case_id) as opened:
            code = give_code(opened.session, me(), opened.case, phone_id, opened.grounds, opened.now)
            policy, staff_id = console.callback_policy, me().staff_id
            called, jobs = call_phone(opened.session, opened.case, phone_id, staff_id, opened.now, policy)
            if not jobs and calls_with_code(opened.session, called, phone_id, staff_id):
                # Nothing rings if they missed their own phone a moment ago.
                jobs = call_now(opened.session, called, staff_id, opened.now, policy)
                if not jobs:
                    raise RefusedError(CallbackRefusal.IN_CODE_CALL)
            if not jobs:
                raise RefusedError(CallbackRefusal.PROMISED)
            return code, jobs

    try:
        code, jobs = tried_again(call)
    except RefusedError as error:
        # The person may still say the code of this very call.
        asked = error.code == CallbackRefusal.IN_CODE_CALL
        return case_form(case_id, "phone", {"": refused(error)}, phone_id=phone_id, asked=asked)
    _enqueue(jobs)
    flash(_("You asked for the call. Accept on your phone, and the line calls the person."), "success")
    return case_form(case_id, "phone", phone_id=phone_id, spoken=code)


@area.post("/cases/<int:case_id>/call-out")
@guard_staff(*ROLES)
def case_call_out(case_id: int) -> Response:
    def call() -> list[Job]:
        with changing_case(case_id) as opened:
            party = request.form.get("party", "")
            if number_of(opened.session, party, console.office) is None:
                raise RefusedError(CalloutRefusal.UNKNOWN_PARTY)
            return call_out(opened.session, case_id, party, me().staff_id, opened.now)

    try:
        jobs = tried_again(call)
    except RefusedError as error:
        flash(refused(error), "error")
    else:
        _enqueue(jobs)
        flash(_("You asked for the call. Accept on your phone, and the line calls them."), "success")
    return _back()


def _back() -> Response:
    """To the page that has the button: the one of the case, or the desk."""
    return redirect(page_of_form(), code=303)


def _enqueue(jobs: list[Job]) -> None:
    for name, row_id in jobs:
        console.jobs.enqueue(name, row_id)

"""Pages of the duress PIN: giving one to a person, and what its one liaison does after a use (R10)."""

from datetime import datetime

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as Answer

from hotline.console.cases import labels as case_labels
from hotline.console.cases.area import area
from hotline.console.cases.opened_case import back_to, case_form, changing_case, not_open
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.named import who
from hotline.console.shell.refused import refused
from hotline.console.shell.words import N_, _
from models.cases.case import Case
from models.cases.duress import DuressError, check_may_have_one, choose_duress_pin, drop_duress_pin
from models.cases.new_pin import new_pin
from models.cases.refusals import CaseRefusal
from models.overview.case_opening import RECOGNIZED_GROUNDS, open_to
from models.overview.duress_use import resume_calls, uses_for
from models.staff.staff import ROLES
from models.staff.staff_name import read_staff_names
from models.store.database import keyring_of

View = Answer | str | tuple[str, int]
#: Administrators keep the system, and are not told of a use (R10).
_MAY_KNOW = ("liaison", "supervisor")


@area.get("/cases/<int:case_id>/duress")
@guard_staff(*ROLES, fresh=True)
def case_duress(case_id: int) -> View:
    return case_form(case_id, "duress")


@area.post("/cases/<int:case_id>/duress")
@guard_staff(*ROLES, fresh=True, act=N_("Give a duress PIN"))
def case_duress_give(case_id: int) -> View:
    try:
        with changing_case(case_id) as opened:
            _with_the_person(opened.grounds.ground)
            check_may_have_one(opened.case)
            number = keyring_of(opened.session).unseal("case.number", opened.case.number_sealed)
            in_force = opened.case.pin_hash
        # The PIN itself is nowhere, so each PIN near the new one is compared with its hash, with no
        # transaction open.
        made = new_pin(number, lambda pin: console.hasher.is_near_hash(in_force, pin))
        pin_hash, mark = console.hasher.hash(made), console.hasher.mark(made)
        with changing_case(case_id) as opened:
            _with_the_person(opened.grounds.ground)
            choose_duress_pin(
                opened.session, opened.case, pin_hash=pin_hash, mark=mark, beside=in_force,
                actor=me().email, now=opened.now,
            )  # fmt: skip
    except DuressError as error:
        return _refused(case_id, error)
    return case_form(case_id, "duress_given", made=made)


@area.post("/cases/<int:case_id>/duress/drop")
@guard_staff(*ROLES, fresh=True, act=N_("Turn off"))
def case_duress_drop(case_id: int) -> View:
    try:
        with changing_case(case_id) as opened:
            _with_the_person(opened.grounds.ground)
            drop_duress_pin(opened.session, opened.case, actor=me().email, now=opened.now)
    except DuressError as error:
        return _refused(case_id, error)
    # The same words whether or not there was one.
    flash(_("The case has no duress PIN."), "success")
    return back_to(case_id, "pin")


@area.get("/only-you")
@guard_staff(*_MAY_KNOW)
def only_you() -> View:
    with console.database.reading() as session:
        uses, names = uses_for(session, me()), read_staff_names(session)
    return render_template("console/cases/only_you.html", uses=uses, names=names, who=who, labels=case_labels)


@area.post("/only-you/<int:use_id>/resume")
@guard_staff(*_MAY_KNOW, fresh=True, act=N_("Resume calls"))
def only_you_resume(use_id: int) -> View:
    try:
        with console.database.transaction() as session:
            resume_calls(session, me(), use_id, console.clock())
    except DuressError as error:
        flash(refused(error), "error")
    else:
        flash(_("The line calls this person again as promised."), "success")
    return redirect(url_for("console.cases.only_you"), code=303)


@area.post("/only-you/<int:use_id>/open")
@guard_staff(*_MAY_KNOW, fresh=True, act=N_("Open the case"))
def only_you_open(use_id: int) -> View:
    now: datetime = console.clock()
    with console.database.transaction() as session:
        use = next((one for one in uses_for(session, me()) if one.id == use_id), None)
        if use is None or session.get(Case, use.case_id) is None:
            not_open()
        open_to(session, me(), use.case_id, "assigned", "assigned", now, console.policies)
    return redirect(url_for("console.cases.case", case_id=use.case_id), code=303)


def _with_the_person(ground: str) -> None:
    """A duress PIN is chosen with a person, by who says how they recognized them (R10)."""
    if ground not in RECOGNIZED_GROUNDS:
        raise DuressError(CaseRefusal.NOT_WITH_THE_PERSON)


def _refused(case_id: int, error: DuressError) -> View:
    flash(refused(error), "error")
    return back_to(case_id, "pin")

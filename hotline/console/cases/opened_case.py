"""The first step of every page about one case: check that it is open to the reader, and log that (R37)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from flask import abort, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline.console.callbacks.due_words import promised_words
from hotline.console.callbacks.whom_to_call import whom_to_call
from hotline.console.callbacks.words import AT_0_SENTENCES, OUTCOME_SENTENCES
from hotline.console.cases import choices as case_choices
from hotline.console.cases import labels as case_labels
from hotline.console.cases import notice_words
from hotline.console.cases.forms import details_shown, wishes_shown
from hotline.console.shell.console import console
from hotline.console.shell.guard import me
from hotline.console.shell.named import who
from hotline.console.shell.status_page import words_of
from hotline.console.shell.words import _
from models.callbacks.claim import OVERSEERS
from models.cases.case import Case, CaseError
from models.notices.case_notices import read_case_notices
from models.notices.taking_back.corrections import wrong_news
from models.overview.case_change import KEEPERS, case_locked
from models.overview.case_opening import (
    BINDING_GROUNDS,
    RECOGNIZED_GROUNDS,
    TALKING_GROUNDS,
    VOUCHING_GROUNDS,
    CaseOpeningError,
    Grounds,
    grounds_for,
    look_at,
)
from models.overview.case_page import read_case_page
from models.overview.pin_request import APPROVERS, is_outdated, still_waits
from models.staff.two_people import tied_to


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case that is open to the person, locked in the transaction that changes it."""

    session: Session
    case: Case
    grounds: Grounds
    now: datetime


@contextmanager
def changing_case(case_id: int) -> Iterator[OpenedCase]:
    """One transaction in which the case is locked. Redirects if the case is not open to the person."""
    now = console.clock()
    with console.database.transaction() as session:
        grounds = grounds_for(session, me(), case_id, now, console.policies)
        if grounds is None:
            not_open()
        try:
            case = case_locked(session, case_id)
        except CaseError:
            not_open()
        yield OpenedCase(session, case, grounds, now)


def case_page(case_id: int, **shown: Any) -> str:
    """The page of the case. The view is logged in the audit. ``shown``: numbers revealed only this once."""
    return _render(case_id, "console/cases/case.html", **shown)


def case_form(
    case_id: int, name: str, errors: dict[str, str] | None = None, **given: Any
) -> str | tuple[str, int]:
    """A form about the case: empty, or with its errors and everything that was typed."""
    page = _render(case_id, f"console/cases/{name}.html", errors=errors or {}, **given)
    return (page, 422) if errors else page


def may_see_number(grounds: Grounds) -> bool:
    """Case keepers may, and the person who has just added this case and must hand its number over."""
    return me().role in KEEPERS or grounds.ground == "added"


def back_to(case_id: int, part: str) -> Response:
    """To a part of the page of the case, where it then says what was done."""
    return redirect(url_for("console.cases.case", case_id=case_id, at=part, _anchor=part), code=303)


def not_open() -> NoReturn:
    """Redirect to the case search: alike for an unknown case, one not open, and one no longer open (R37)."""
    flash(_("This case is not open to you. Open it by its number, or by a search."), "warning")
    abort(redirect(url_for("console.cases.cases"), code=303))


def _render(case_id: int, template: str, **given: Any) -> str:
    now = console.clock()
    # Rendered inside the transaction that logs the view: a page that fails was not viewed.
    with console.database.transaction() as session:
        try:
            grounds = look_at(session, me(), case_id, now, console.policies)
        except CaseOpeningError:
            not_open()
        page = read_case_page(session, case_id, now, console.rules.release)
        notices = read_case_notices(session, case_id, page.heard, now, console.policies)
        was_wrong = wrong_news(session, case_id, console.office.zone)
        choices_to_call = whom_to_call(session)
        namer, tied_days = page.case.named_by, console.policies.two_people_days
        is_tied = namer is not None and bool(tied_to(session, me().staff_id, [namer], now, tied_days))
    registrant = page.registrant
    held_until = page.case.changes_held_until
    return render_template(
        template,
        page=page,
        notices=notices,
        words_of_notices=notice_words,
        case=page.case,
        grounds=grounds,
        labels=case_labels,
        choices=case_choices,
        office=console.office,
        details=details_shown(registrant, page.registrant_name),
        wishes_shown=wishes_shown,
        words=words_of(
            console.prompts,
            page.heard,
            registrant.language,
            registrant.time_zone,
            now,
            office_zone=console.office.time_zone,
            was_wrong=was_wrong,
        ),
        held_until=held_until if held_until is not None and held_until > now else None,
        may_bind=grounds.ground in BINDING_GROUNDS,
        may_give_duress=grounds.ground in RECOGNIZED_GROUNDS,
        may_allow_more=grounds.ground in TALKING_GROUNDS,
        may_vouch=grounds.ground in VOUCHING_GROUNDS,
        may_keep=me().role in KEEPERS,
        oversees=me().role in OVERSEERS,
        is_namer=namer == me().staff_id,
        is_tied=is_tied,
        tied_days=f"{tied_days:g}",
        may_see_number=may_see_number(grounds),
        is_approver=me().role in APPROVERS,
        waiting_pin=next(
            (
                one
                for one in page.requests
                if still_waits(one, now, console.policies) and not is_outdated(one, page.case)
            ),
            None,
        ),
        now=now,
        who=who,
        promised_words=promised_words,
        outcomes=OUTCOME_SENTENCES,
        outcomes_at_0=AT_0_SENTENCES,
        **choices_to_call,
        **given,
    )

"""Imports of the custody feed: the waiting ones, the past ones, and all details of one (R12, R16)."""

from datetime import datetime, timedelta

from flask import flash, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hotline.console.imports import words as import_words
from hotline.console.imports.area import area
from hotline.console.shell.console import console
from hotline.console.shell.durations import short
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.live import EVERY
from hotline.console.shell.refused import refused
from hotline.console.shell.words import _
from models.custody.imports.brake import HoldReason
from models.custody.imports.history import PAGE, Listed, history, newest_as_of, one_import, waiting
from models.custody.imports.paging import has_call_list
from models.custody.imports.preview import PAGE as PEOPLE
from models.custody.imports.preview import changes, kinds_of
from models.custody.imports.rejects import kept_rejects
from models.custody.unlisted import dismiss_unlisted, unlisted_names, unlisted_of
from models.notices.notice_counts import Counts, counts_of_import
from models.overview.case_opening import CaseOpeningError, open_among, open_from_call_list
from models.staff.two_people import tied_to
from models.talks.own_call import called_since

ROLES = ("supervisor", "administrator")


@area.get("/imports")
@guard_staff(*ROLES)
def imports() -> str:
    before = _place("before")
    with console.database.reading() as reading:
        listed = history(reading, before, PAGE + 1)
        undecided = waiting(reading) if before is None else []
        newest = newest_as_of(reading)
        unlisted = unlisted_names(reading) if before is None else []
        not_mine_to_approve = _not_to_approve(reading, undecided)
        reading.expunge_all()
    older = listed[PAGE - 1].entry.id if len(listed) > PAGE else None
    age = None if newest is None else console.clock() - newest
    return render_template(
        "console/imports/imports.html",
        listed=listed[:PAGE],
        undecided=undecided,
        not_mine_to_approve=not_mine_to_approve,
        unlisted=unlisted,
        older=older,
        before=before,
        newest=newest,
        age=age,
        short=short,
        is_stale=age is None or age > timedelta(minutes=console.policies.fresh_minutes),
        words=import_words,
    )


@area.post("/imports/unlisted/<int:task_id>/dismiss")
@guard_staff(*ROLES)
def unlisted_dismiss(task_id: int) -> Response:
    with console.database.transaction() as session:
        done = dismiss_unlisted(session, task_id, actor=me().email, now=console.clock())
    if done:
        flash(_("The task is dismissed."), "success")
    else:
        flash(_("Somebody has settled this already."), "info")
    return redirect(url_for("console.imports.imports"), code=303)


@area.get("/imports/<int:import_id>")
@guard_staff(*ROLES)
def import_page(import_id: int) -> str:
    one = _find(import_id)
    with console.database.reading() as reading:
        unlisted = unlisted_of(reading, import_id)
        reading.expunge_all()
    return render_template("console/imports/import.html", every=EVERY, unlisted=unlisted, **_about(one))


@area.get("/imports/<int:import_id>/state")
@guard_staff(*ROLES, live=True)
def import_state(import_id: int) -> Response:
    # Asked at every change while the import is applied; an unchanged answer is not sent twice.
    one = _find(import_id)
    response = make_response(render_template("console/imports/state.html", **_about(one)))
    response.add_etag()
    return response.make_conditional(request)


@area.get("/imports/<int:import_id>/people")
@guard_staff(*ROLES)
def import_people(import_id: int) -> str:
    return _people("console/imports/people.html", import_id, heard_alone=False)


@area.get("/imports/<int:import_id>/calls")
@guard_staff(*ROLES)
def import_calls(import_id: int) -> str:
    return _people("console/imports/calls.html", import_id, heard_alone=True)


@area.post("/imports/<int:import_id>/calls/<int:case_id>/open")
@guard_staff("supervisor")
def open_listed_case(import_id: int, case_id: int) -> Response:
    try:
        with console.database.transaction() as session:
            open_from_call_list(session, me(), import_id, case_id, console.clock(), console.policies)
    except CaseOpeningError as error:
        flash(refused(error), "error")
        return redirect(url_for("console.imports.import_calls", import_id=import_id), code=303)
    # The phones are what the reader came for.
    return redirect(url_for("console.cases.case", case_id=case_id, _anchor="phones"), code=303)


@area.get("/imports/<int:import_id>/rejects")
@guard_staff(*ROLES)
def import_rejects(import_id: int) -> str:
    one = _find(import_id)
    after, field = _place("after") or 0, request.args.get("field", "")
    with console.database.reading() as reading:
        found = [
            (row.line, row.field, refused(row))
            for row in kept_rejects(reading, import_id, after=after, field=field, size=PEOPLE + 1)
        ]
    return render_template(
        "console/imports/rejects.html",
        **_about(one),
        found=found[:PEOPLE],
        more=found[PEOPLE - 1][0] if len(found) > PEOPLE else None,
        field=field,
    )


@area.get("/imports/<int:import_id>/notices")
@guard_staff(*ROLES)
def import_notices(import_id: int) -> str:
    one = _find(import_id)
    with console.database.reading() as reading:
        counts = counts_of_import(reading, import_id)
    total = sum(counts.values(), Counts())
    return render_template("console/imports/notices.html", **_about(one), counts=counts, total=total)


def _not_to_approve(session: Session, undecided: list[Listed]) -> set[int]:
    """The ids of those who asked to take back an import, and whose request this person may not approve."""
    mine, days = me().staff_id, console.policies.two_people_days
    asked = (one.entry.asked_by_id for one in undecided if one.entry.state == "landed")
    askers = [one for one in asked if one is not None]
    return {mine, *tied_to(session, mine, askers, console.clock(), days)}


def _place(name: str) -> int | None:
    """Where a page begins, according to its link; None for a value that no link of ours has."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _people(template: str, import_id: int, *, heard_alone: bool) -> str:
    one, after = _find(import_id), _place("after")
    held_at = one.entry.decided_at or one.entry.started_at
    with console.database.reading() as reading:
        found = changes(reading, import_id, heard_alone=heard_alone, after=after, size=PEOPLE + 1)
        listed = [case_id for change in found for case_id in change.case_ids]
        called = called_since(reading, listed, held_at) if heard_alone else {}
        is_open = (
            set() if heard_alone else open_among(reading, me(), listed, console.clock(), console.policies)
        )
    return render_template(
        template,
        **_about(one),
        found=found[:PEOPLE],
        more=found[PEOPLE - 1].place if len(found) > PEOPLE else None,
        after=after,
        called=called,
        is_open=is_open,
    )


def _find(import_id: int) -> Listed:
    with console.database.reading() as reading:
        one = one_import(reading, import_id)
    if one is None:
        raise NotFound("There is no such import.")
    return one


def _about(one: Listed) -> dict[str, object]:
    """The values that every page of one import shows."""
    entry = one.entry
    return {
        "one": one,
        "entry": entry,
        "kinds": kinds_of(entry.kinds),
        "reasons": [HoldReason.from_text(text) for text in entry.hold_reasons],
        "call_list": entry.state == "held" and has_call_list(entry.pages, console.policies),
        "call_list_at": _call_list_at(one),
        "thrown_away_at": _thrown_away_at(one),
        "words": import_words,
    }


def _call_list_at(one: Listed) -> datetime:
    since = one.entry.decided_at or one.entry.started_at
    return since + timedelta(minutes=console.policies.held_list_minutes)


def _thrown_away_at(one: Listed) -> datetime | None:
    if one.entry.state != "previewed" or one.entry.seen_at is None:
        return None
    return one.entry.seen_at + timedelta(minutes=console.policies.preview_minutes)

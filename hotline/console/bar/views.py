"""The call bar: its part of every page, and the clicks in it, which lead back to the same page."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import Response, flash, make_response, redirect, render_template, request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from hotline.console.bar.area import area
from hotline.console.bar.call_actions import CALL_ACTIONS
from hotline.console.bar.news import (
    News,
    ends_soon,
    news_of,
    overdue,
    set_away,
    what_for,
    why_unmade,
)
from hotline.console.callbacks.finish import TalkClick
from hotline.console.callbacks.words import COLLEAGUE_STATES
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me, someone
from hotline.console.shell.kept_request import page_of_form
from hotline.console.shell.live import live_part, tag_of
from hotline.console.shell.refused import refused
from hotline.console.shell.words import N_, _, language, language_inside
from models.callouts.callout import end_call_out
from models.callouts.party import language_of, name_of
from models.frame.call_bar import CallBar, OwnCall, call_bar, own_calls, with_how_to_speak
from models.frame.standing import Standing, standing_for
from models.overview.my_shift import end_rest
from models.overview.staff_menu import set_shift
from models.overview.untaken import Untaken, untaken
from models.staff.staff import ROLES
from models.staff.wrap_up import end_wrap_up, extend_wrap_up
from models.store.database import tried_again
from models.store.job import Job
from models.store.refusal import RefusedError
from models.talks.talk_controls import led_at_0, led_on_callback

#: Ends a call to an agency or an interpreter.
END_CALLOUT = "end_callout"
#: What is said after a click about a call.
CALL_SENTENCES = {
    **{name: said for name, (_does, said) in CALL_ACTIONS.items()},
    END_CALLOUT: N_("The call is ended."),
}
#: The clicks that end a call. A page that was drawn in an earlier call ends nothing of the current one.
ENDS = {"end", END_CALLOUT}
#: What the bar changes about the reader's own shift.
SHIFT_ACTIONS: dict[str, Callable[[Session, int, datetime], None]] = {
    "start_shift": lambda session, staff_id, now: set_shift(session, staff_id, on_shift=True, now=now),
    "end_shift": lambda session, staff_id, now: set_shift(session, staff_id, on_shift=False, now=now),
    "end_break": end_rest,
    "end_wrap_up": end_wrap_up,
    "extend_wrap_up": lambda session, staff_id, now: extend_wrap_up(
        session, staff_id, console.policies.wrap_up_seconds, now
    ),
}


@dataclass(frozen=True)
class Bar:
    """What the bar shows, as of ``now``; ``tag`` changes with it.

    ``callout_name``: whom they call out to, or asked to call in vain.
    """

    standing: Standing
    calls: CallBar
    news: list[News]
    tag: str
    now: datetime
    callout_name: str = ""

    states = COLLEAGUE_STATES
    what_for = staticmethod(what_for)
    set_away = staticmethod(set_away)
    why_unmade = staticmethod(why_unmade)

    @property
    def call(self) -> OwnCall | None:
        """The call that their phone is in, or that rings."""
        return next((one for one in self.calls.calls if one.state != "claimed"), None)

    @property
    def claims(self) -> list[OwnCall]:
        """The callbacks that they have claimed and not begun, the one that ends first first."""
        return [one for one in self.calls.calls if one.state == "claimed"]

    @property
    def count(self) -> int:
        """The number in the title: a ringing call, work of nobody or handed to them, own overdue claims."""
        ringing = self.call is not None and self.call.state == "ringing_liaison"
        late = overdue(self.standing, self.calls, self.now)
        handed = {one.callback_id for one in self.claims if one.handed_at is not None}
        theirs = handed | (set(late) - set(self.standing.untaken.overdue))
        return int(ringing) + self.standing.untaken.count + len(theirs)

    @property
    def has_interpreter(self) -> bool:
        """Whether an interpreter may be added who is not in the call yet."""
        call = self.call
        there = call is not None and any(
            one.staff_id is None and one.stands != "missed" for one in call.others
        )
        return call is not None and call.language in console.office.interpreters and not there

    @property
    def colleague_is_there(self) -> bool:
        """Whether somebody is in the call to whom it may be transferred."""
        others = self.call.others if self.call is not None else ()
        return any(one.may_lead and one.stands == "there" for one in others)

    def ends_soon(self, call: OwnCall) -> bool:
        """Whether a claim goes back within a minute."""
        return ends_soon(call, self.now)

    def is_today(self, moment: datetime) -> bool:
        """Whether a moment is today at the office, so that its time of day is enough."""
        return _day_of(moment) == _day_of(self.now)

    def seconds(self, since: datetime) -> int:
        """How long ago that was."""
        return max(0, int((self.now - since).total_seconds()))


@area.get("/bar")
@guard_staff(*ROLES, live=True)
def bar() -> Response:
    found = _bar()
    return live_part(found.tag, lambda: _render(found))


@area.post("/bar")
@guard_staff(*ROLES)
def bar_click() -> AnyResponse:
    # The menu of colleagues has a button for each.
    does = "colleague" if request.form.get("colleague") else request.form.get("does", "")
    if does not in CALL_SENTENCES and does not in SHIFT_ACTIONS:
        raise NotFound
    try:
        # A key press on a phone may lock the same rows in another order. One of the two is then aborted.
        jobs = tried_again(lambda: _do(does))
    except RefusedError as error:
        return _answer(refused(error))
    for name, row_id in jobs:
        console.jobs.enqueue(name, row_id)
    if does in ENDS and not jobs and _is_talking():
        return _answer(_("That call was over already. You are now in another call, which goes on."))
    said = CALL_SENTENCES.get(does)
    return _answer(said="" if said is None else _(said))


def _do(does: str) -> list[Job]:
    staff_id, now = me().staff_id, console.clock()
    with console.database.transaction() as session:
        if does in SHIFT_ACTIONS:
            SHIFT_ACTIONS[does](session, staff_id, now)
            return []
        if does == END_CALLOUT:
            return end_call_out(session, _number("callout"), staff_id, now)
        callback_id = _number("callback")
        talk = (
            led_on_callback(session, callback_id, staff_id)
            if callback_id
            else led_at_0(session, _number("talk"), staff_id)
        )
        action, _said = CALL_ACTIONS[does]
        return action(TalkClick(session, talk, staff_id, now))


@area.app_context_processor
def _for_every_page() -> dict[str, Callable[[], Bar | None]]:
    return {"bar_now": bar_now}


def bar_now() -> Bar | None:
    """The bar of a page that is rendered; None if nobody is signed in or the database cannot say."""
    with suppress(SQLAlchemyError):
        if someone() is not None:
            return _bar()
    return None


def _bar() -> Bar:
    now = console.clock()
    with console.database.reading() as session:
        pressing = console.together.read("pressing", session, lambda own: _pressing(own, now))
        standing = standing_for(session, me().staff_id, pressing)
        calls = call_bar(session, me().staff_id, now, console.policies.outcome_minutes)
        office = console.office
        calls = with_how_to_speak(session, calls, office.lines, office.discreet_lines)
        callout = calls.callout or calls.unmade
        callout_name = "" if callout is None else _name_of(session, callout.party)
    ends = [one.callback_id for one in calls.calls if ends_soon(one, now)]
    # A new session has a new token for the forms.
    reader = me().role, me().session_id, language()
    tag = tag_of(standing, calls, ends, overdue(standing, calls, now), _day_of(now), *reader)
    return Bar(standing, calls, news_of(standing, calls, now), tag, now, callout_name)


def _pressing(session: Session, now: datetime) -> Untaken:
    # A promise due by then counts as urgent.
    return untaken(session, now, now + timedelta(minutes=console.policies.due_soon_minutes))


def _is_talking() -> bool:
    """Whether somebody talks with the reader at this moment."""
    with console.database.reading() as session:
        return any(one.state == "talking" for one in own_calls(session, me().staff_id))


def _name_of(session: Session, party: str) -> str:
    """Whom a call-out calls, in the language of the page."""
    code = language_of(party)
    if code is not None:
        return _("interpreter for %(language)s", language=language_inside(code))
    return name_of(session, party, console.office, language()) or _("an agency")


def _render(found: Bar, problem: str = "") -> str:
    return render_template("console/bar/bar.html", bar=found, problem=problem)


def _answer(problem: str = "", said: str = "") -> AnyResponse:
    """The bar after a click; without scripts the page that they were on, with a message above it."""
    if not request.headers.get("HX-Request"):
        if problem or said:
            flash(problem or said, "error" if problem else "success")
        return redirect(page_of_form(), code=303)
    found = _bar()
    answer = make_response(_render(found, problem))
    answer.set_etag(found.tag)
    # The other parts of the page show the same call.
    answer.headers["HX-Trigger-After-Swap"] = "desk:changed"
    return answer


def _day_of(moment: datetime) -> date:
    return moment.astimezone(console.office.zone).date()


def _number(name: str) -> int:
    typed = request.form.get(name, "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0

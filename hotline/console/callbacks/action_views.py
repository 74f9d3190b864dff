"""The actions on a callback: each is one form and one transaction, and leads back to its page."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hotline.console.callbacks.area import area
from hotline.console.callbacks.callback_views import callback_answer
from hotline.console.callbacks.finish import TalkClick, finish, moment_typed, page_of_next
from hotline.console.callbacks.list_pane import address_of
from hotline.console.callbacks.work_pane import Shown
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.refused import refused
from hotline.console.shell.typed_fields import drawn_with
from hotline.console.shell.words import N_, _
from models.callbacks import appointment, claim, note, recognition
from models.callbacks.callback import Callback
from models.callbacks.callback_state import TAKEN_UP_AGAIN
from models.callbacks.case_words import look_at_words, may_open_case
from models.callbacks.refusals import CallbackRefusal
from models.callbacks.to_new_phone import holds_content
from models.staff.staff import ROLES, Staff
from models.store.database import tried_again
from models.store.job import Job
from models.store.refusal import RefusedError
from models.talks import own_call
from models.talks.talk_controls import led_on_callback


@dataclass(frozen=True)
class Click:
    """The person, callback and moment of a click, and the open transaction."""

    session: Session
    callback_id: int
    staff: Staff
    now: datetime

    def typed(self, name: str) -> str:
        """The text typed into a field, without surrounding spaces."""
        return request.form.get(name, "").strip()

    @property
    def seen(self) -> str | None:
        """The promise that the form was drawn with; None if the form does not say."""
        return self.typed("seen") or None

    def number(self, name: str) -> int:
        """A number that was chosen; 0 for anything else."""
        typed = self.typed(name)
        return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0


Action = Callable[[Click], list[Job]]


def _claim(click: Click) -> list[Job]:
    claim.claim(click.session, click.callback_id, click.staff.id, click.now, console.policies)
    return []


def _release(click: Click) -> list[Job]:
    claim.release(click.session, click.callback_id, click.staff, click.now)
    return [("dial_liaison", click.callback_id)]


def _call(click: Click) -> list[Job]:
    policy = console.callback_policy
    return own_call.call_now(click.session, click.callback_id, click.staff.id, click.now, policy)


def _hand(click: Click) -> list[Job]:
    claim.hand(click.session, click.callback_id, click.staff, click.number("to"), click.now, console.policies)
    return []


def _reschedule(click: Click) -> list[Job]:
    row = click.session.get(Callback, click.callback_id)
    if row is None:
        raise NotFound
    at = moment_typed(click.typed("day"), click.typed("time"), row.time_zone)
    if click.typed("agreed") not in ("yes", "no"):
        raise RefusedError(CallbackRefusal.UNKNOWN_IF_AGREED, field="agreed")
    appointment.reschedule(
        click.session, click.callback_id, click.staff, at, click.now, console.callback_policy, click.seen,
        agreed=click.typed("agreed") == "yes",
    )  # fmt: skip
    return []


def _cancel(click: Click) -> list[Job]:
    appointment.cancel(
        click.session,
        click.callback_id,
        click.staff,
        click.typed("reason"),
        click.now,
        console.policies,
        click.seen,
    )
    return []


def _note(click: Click) -> list[Job]:
    text, seen = click.typed("note"), drawn_with("note")
    note.keep_note(click.session, click.callback_id, click.staff, text, click.now, seen)
    return []


def _recognize(click: Click) -> list[Job]:
    session, staff_id = click.session, click.staff.id
    recognition.recognize(session, click.callback_id, staff_id, click.typed("recognized_by"), click.now)
    # A callback that opens no case has nothing to show.
    with suppress(RefusedError):
        rules = console.rules.release
        look_at_words(session, click.callback_id, staff_id, click.now, rules, console.policies)
    return []


def _with_note(does: Action) -> Action:
    """The same, with the note that was typed beside it: its field goes, and a colleague reads it."""

    def both(click: Click) -> list[Job]:
        if "note" in request.form:
            _note(click)
        return does(click)

    return both


def _finish(click: Click) -> list[Job]:
    talk = led_on_callback(click.session, click.callback_id, click.staff.id)
    return finish(TalkClick(click.session, talk, click.staff.id, click.now))


#: Each action by the last word of its URL: the function, the message afterwards, and the form field that
#: shows a refusal.
ACTIONS: dict[str, tuple[Action, str, str]] = {
    "claim": (_claim, N_("You claimed it."), ""),
    "release": (_with_note(_release), N_("Returned to the callback list."), ""),
    "call": (_call, N_("You asked for the call. Accept on your phone, and the line calls the person."), ""),
    "hand": (
        _with_note(_hand),
        N_("It is handed to your colleague. If they do not begin it, it returns to the list."),
        "to",
    ),
    "reschedule": (_with_note(_reschedule), N_("The line will call at that time."), "day"),
    "cancel": (_with_note(_cancel), N_("The callback is canceled."), "reason"),
    "recognize": (_recognize, N_("Recognition is recorded. The case is open to you now."), "recognized_by"),
    "finish": (_finish, "", "outcome"),
    # Also for those who do not lead a talk: they claimed the callback, handed it over, or oversee.
    "note": (_note, N_("The note is saved."), "note"),
}


@area.post("/callbacks/<int:callback_id>/<action>")
@guard_staff(*ROLES)
def callback_action(callback_id: int, action: str) -> Response:
    if action not in ACTIONS:
        raise NotFound
    does, said, field = ACTIONS[action]

    def done() -> list[Job]:
        with console.database.transaction() as session:
            staff = session.get_one(Staff, me().staff_id)
            return does(Click(session, callback_id, staff, console.clock()))

    try:
        # A key press on a phone may lock the same rows in another order. One of the two is then aborted.
        jobs = tried_again(done)
    except RefusedError as error:
        return _refused(callback_id, action, error.field or field, error)
    for name, row_id in jobs:
        console.jobs.enqueue(name, row_id)
    if action == "finish":
        return redirect(page_of_next(callback_id=callback_id), code=303)
    if action == "release" and _is_left(callback_id):
        said = N_("It needs attention again.")
    if action == "recognize" and not _opens_case(callback_id):
        said = N_("Recognition is recorded.")
    flash(_(said), "success")
    if action == "release":
        return redirect(address_of(None), code=303)
    return redirect(address_of(callback_id), code=303)


def _is_left(callback_id: int) -> bool:
    """Whether a callback that was put back had been left for staff, and is so again."""
    with console.database.reading() as session:
        return session.get_one(Callback, callback_id).state == TAKEN_UP_AGAIN


def _opens_case(callback_id: int) -> bool:
    """Whether this person may see now what may be said to the person of a callback."""
    now = console.clock()
    with console.database.reading() as session:
        callback = session.get_one(Callback, callback_id)
        is_open = may_open_case(callback, me().staff_id, now, console.policies)
        return is_open and not holds_content(session, callback, now)


def _refused(callback_id: int, action: str, field: str, error: RefusedError) -> Response:
    """Show the reason: at the wrong field with everything that was typed, or above the current page."""
    sentence = refused(error)
    if not field:
        flash(sentence, "error")
        return redirect(address_of(callback_id), code=303)
    shown = Shown({field: sentence}, opened=action)
    with console.database.reading() as session:
        return callback_answer(session, callback_id, shown, 422)

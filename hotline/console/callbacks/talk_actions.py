"""The actions on a talk, whether it is for a callback or with a caller at 0."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import request
from sqlalchemy.orm import Session

from hotline.console.shell.console import console
from hotline.console.shell.words import N_
from hotline.refusals.callbacks import ActionRefusal
from models.overview import outcome
from models.staff.rest import begin_rest, lock_staff
from models.store.job import Job
from models.store.refusal import RefusedError
from models.talks import talk_controls
from models.talks.talk import Talk


@dataclass(frozen=True)
class TalkClick:
    """The person, talk and moment of a click, and the open transaction."""

    session: Session
    talk: Talk
    staff_id: int
    now: datetime


TalkAction = Callable[[TalkClick], list[Job]]


def _hold(click: TalkClick) -> list[Job]:
    return talk_controls.hold(click.session, click.talk, click.staff_id, click.now)


def _resume(click: TalkClick) -> list[Job]:
    return talk_controls.resume(click.session, click.talk, click.staff_id, click.now)


def _colleague(click: TalkClick) -> list[Job]:
    return talk_controls.ring_colleague(click.session, click.talk, click.staff_id, click.now)


def _interpreter(click: TalkClick) -> list[Job]:
    office = console.office
    return talk_controls.ring_interpreter(
        click.session, click.talk, click.staff_id, click.now, office.interpreters, office.languages[0]
    )


def _hand_over(click: TalkClick) -> list[Job]:
    return talk_controls.hand_over(click.session, click.talk, click.staff_id, click.now)


def _end(click: TalkClick) -> list[Job]:
    return talk_controls.end(click.session, click.talk, click.staff_id, click.now, console.policies)


def _outcome(click: TalkClick) -> list[Job]:
    code, is_hard = request.form.get("code", "").strip(), bool(request.form.get("hard", "").strip())
    if code not in outcome.OUTCOME_CODES:
        raise RefusedError(ActionRefusal.UNKNOWN_OUTCOME)
    if is_hard:
        lock_staff(click.session, click.staff_id)
    word, jobs = outcome.note_outcome(
        click.session, click.talk, code, click.staff_id, click.now, console.callback_policy
    )
    if word == "late":
        raise RefusedError(ActionRefusal.OUTCOME_LATE)
    if is_hard:
        begin_rest(click.session, click.staff_id, click.now, console.policies)
    return jobs


#: Each action by the last word of its URL: the function, the message afterwards, and the form field that
#: shows a refusal.
TALK_ACTIONS: dict[str, tuple[TalkAction, str, str]] = {
    "outcome": (_outcome, N_("The outcome is noted."), "code"),
    "hold": (_hold, N_("You put the person on hold."), ""),
    "resume": (_resume, N_("You took the person back from hold."), ""),
    "colleague": (_colleague, N_("A colleague was asked to join."), ""),
    "interpreter": (_interpreter, N_("The interpreter was asked to join."), ""),
    "hand-over": (_hand_over, N_("Your colleague goes on with the call."), ""),
    "end": (_end, N_("The call is ended."), ""),
}

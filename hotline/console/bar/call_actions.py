"""What the buttons of the call bar do to a talk, whether it is for a callback or with a caller at 0."""

from collections.abc import Callable

from flask import request

from hotline.console.callbacks.finish import TalkClick
from hotline.console.shell.console import console
from hotline.console.shell.words import N_
from models.store.job import Job
from models.talks import talk_controls

CallAction = Callable[[TalkClick], list[Job]]


def _hold(click: TalkClick) -> list[Job]:
    return talk_controls.hold(click.session, click.talk, click.staff_id, click.now)


def _resume(click: TalkClick) -> list[Job]:
    return talk_controls.resume(click.session, click.talk, click.staff_id, click.now)


def _colleague(click: TalkClick) -> list[Job]:
    # By name from a menu; without one the next who is free.
    typed = request.form.get("colleague", "")
    colleague_id = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else None
    return talk_controls.ring_colleague(click.session, click.talk, click.staff_id, click.now, colleague_id)


def _interpreter(click: TalkClick) -> list[Job]:
    office = console.office
    return talk_controls.ring_interpreter(
        click.session, click.talk, click.staff_id, click.now, office.interpreters, office.languages[0]
    )


def _hand_over(click: TalkClick) -> list[Job]:
    return talk_controls.hand_over(click.session, click.talk, click.staff_id, click.now)


def _end(click: TalkClick) -> list[Job]:
    return talk_controls.end(click.session, click.talk, click.staff_id, click.now, console.policies)


#: Each action by the value of its button, and what is said afterwards.
CALL_ACTIONS: dict[str, tuple[CallAction, str]] = {
    "hold": (_hold, N_("You put the person on hold.")),
    "resume": (_resume, N_("You took the person back from hold.")),
    "colleague": (_colleague, N_("A colleague was asked to join.")),
    "interpreter": (_interpreter, N_("The interpreter was asked to join.")),
    "hand-over": (_hand_over, N_("Your colleague goes on with the call.")),
    "end": (_end, N_("The call is ended.")),
}

"""Verbs of the staff line: the shift, who waits, the next callback."""

from ivr_flows.desk import Desk
from ivr_flows.flow import answers
from ivr_flows.silent_words import tell_if_silent
from models import staff_desk
from models.callback_policy import CallbackPolicy


@answers("on", "off")
def look_at_shift(desk: Desk, _digits: str) -> str:
    """Whether whoever signed in is on shift, said in a word."""
    on_shift = staff_desk.is_on_shift(desk.session, _who(desk))
    desk.say("staff.on_shift" if on_shift else "staff.off_shift")
    return "on" if on_shift else "off"


@answers("done")
def begin_shift(desk: Desk, _digits: str) -> str:
    """From now on the line may ring them."""
    staff_desk.set_shift(desk.session, _who(desk), on_shift=True, now=desk.now)
    return "done"


@answers("done")
def end_shift(desk: Desk, _digits: str) -> str:
    """The line rings them no more."""
    staff_desk.set_shift(desk.session, _who(desk), on_shift=False, now=desk.now)
    return "done"


@answers("told")
def tell_waiting(desk: Desk, _digits: str) -> str:
    """How many wait, how long, and the promise that ends first; nothing of who they are."""
    found = staff_desk.waiting(desk.session, desk.now)
    if found.since is None or found.due_at is None:
        desk.say("staff.nobody_waits")
        return "told"
    desk.say("staff.waiting", verified=str(found.verified), other=str(found.other))
    minutes = int((desk.now - found.since).total_seconds() // 60)
    desk.say("staff.longest", minutes=str(minutes))
    desk.say("staff.promise", when=desk.deadline(found.due_at))
    return "told"


@answers("taken", "none")
def take_next(desk: Desk, _digits: str) -> str:
    """1: the first callback in line, in this very call."""
    word, jobs = staff_desk.take_next(desk.session, desk.call, desk.now, CallbackPolicy.of(desk.office))
    desk.jobs += jobs
    if word == "taken":
        tell_if_silent(desk)
    return word


def _who(desk: Desk) -> int:
    if desk.call.staff_id is None:
        raise LookupError("Nobody has signed in.")
    return desk.call.staff_id

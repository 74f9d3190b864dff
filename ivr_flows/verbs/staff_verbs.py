"""Verbs of the staff line: the shift, who waits, the next callback."""

from datetime import timedelta

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import answers
from ivr_flows.prompts import counted
from ivr_flows.verbs.how_to_talk import tell_how_to_talk
from models.callbacks.liaison import free_liaison
from models.calls.staff_line_stay import come_to_line
from models.overview import staff_menu


@answers("on", "off")
def look_at_shift(desk: Desk, _digits: str) -> str:
    """Whether the signed-in person is on shift, in a word; while they choose, nobody calls them."""
    # The person they were to talk with was not reached: at the menu they serve nobody, and may take the next.
    free_liaison(desk.session, desk.call.id, desk.now)
    come_to_line(desk.session, _who(desk), desk.now)
    on_shift = staff_menu.is_on_shift(desk.session, _who(desk))
    desk.say("staff.on_shift" if on_shift else "staff.off_shift")
    return "on" if on_shift else "off"


@answers("done")
def begin_shift(desk: Desk, _digits: str) -> str:
    """From now on the line may call them."""
    staff_menu.set_shift(desk.session, _who(desk), on_shift=True, now=desk.now)
    return "done"


@answers("done")
def end_shift(desk: Desk, _digits: str) -> str:
    """The line no longer calls them."""
    staff_menu.set_shift(desk.session, _who(desk), on_shift=False, now=desk.now)
    return "done"


@answers("told", "others")
def tell_waiting(desk: Desk, _digits: str) -> str:
    """Who cannot wait long: the call queue, urgent callbacks, and the promise that is due first.

    ``others``: callbacks that are not urgent wait too. Nothing is said about who anybody is.
    """
    found = staff_menu.waiting(desk.session, desk.now)
    if found.due_at is None and not found.in_queue.count:
        desk.say("staff.nobody_waits")
        return "told"
    _tell_group(desk, "staff.in_queue", found.in_queue)
    if found.due_at is None:
        return "told"
    if found.urgent.count:
        _tell_group(desk, "staff.urgent", found.urgent)
    else:
        desk.say("staff.no_urgent")
    is_over = found.due_at <= desk.now
    desk.say("staff.promise_over" if is_over else "staff.promise", when=desk.deadline(found.due_at, on=True))
    return "others" if found.other.count else "told"


@answers("told")
def tell_others(desk: Desk, _digits: str) -> str:
    """The callbacks that are not urgent, and how many of all callers entered a PIN."""
    found = staff_menu.waiting(desk.session, desk.now)
    if found.due_at is None:
        desk.say("staff.nobody_waits")
        return "told"
    _tell_group(desk, "staff.not_urgent", found.other)
    desk.say(counted("staff.verified", found.verified), count=str(found.verified))
    return "told"


def _tell_group(desk: Desk, prompt: str, group: staff_menu.Group) -> None:
    if group.since is not None:
        desk.say(
            counted(prompt, group.count), count=str(group.count), wait=_waited(desk, desk.now - group.since)
        )


def _waited(desk: Desk, wait: timedelta) -> str:
    """How long somebody has waited, in the largest suitable unit."""
    minutes = max(1, int(wait.total_seconds() // 60))
    for unit, length, least in (("days", 24 * 60, 48 * 60), ("hours", 60, 60), ("minutes", 1, 0)):
        if minutes >= least:
            count = minutes // length
            return desk.words(counted(f"waited.{unit}", count), count=str(count))
    raise AssertionError("A wait has at least its minutes.")


@answers("taken", "none", "in_queue")
def take_next(desk: Desk, _digits: str) -> str:
    """Key 1: the first callback on the list, in this same call; callers at 0 ring only free phones."""
    word, jobs = staff_menu.take_next(desk.session, desk.call, desk.now, desk.callback_policy)
    desk.jobs += jobs
    if word == "taken":
        tell_how_to_talk(desk)
    elif desk.office.is_open(desk.now) and staff_menu.may_be_rung_for_queue(
        desk.session, _who(desk), desk.now
    ):
        return "in_queue"
    return word


def _who(desk: Desk) -> int:
    if desk.call.staff_id is None:
        raise LookupError("Nobody has signed in.")
    return desk.call.staff_id

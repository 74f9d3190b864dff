"""What the staff line says about who waits, with invented numbers, for the transcript."""

from datetime import timedelta

from ivr_flows.engine.desk import Desk


def waiting(desk: Desk) -> None:
    """Several wait, some of them urgently."""
    desk.say("staff.in_queue", count="2", wait=desk.words("waited.minutes", count="3"))
    desk.say("staff.urgent", count="2", wait=desk.words("waited.hours", count="2"))
    desk.say("staff.promise", when=desk.when(desk.now + timedelta(hours=2), on=True, clock=True))


def one_waits(desk: Desk) -> None:
    """One waits in the queue, and one urgently."""
    desk.say("staff.in_queue_one", wait=desk.words("waited.minutes_one"))
    desk.say("staff.urgent_one", wait=desk.words("waited.hours_one"))
    desk.say("staff.promise", when=desk.when(desk.now + timedelta(hours=2), on=True, clock=True))


def others_wait(desk: Desk) -> None:
    """Several others wait."""
    desk.say("staff.not_urgent", count="6", wait=desk.words("waited.days", count="3"))
    desk.say("staff.verified", count="3")


def one_other_waits(desk: Desk) -> None:
    """One other waits."""
    desk.say("staff.not_urgent_one", wait=desk.words("waited.hours", count="25"))
    desk.say("staff.verified_one")


def waiting_too_long(desk: Desk) -> None:
    """A promise is overdue."""
    desk.say("staff.no_urgent")
    desk.say("staff.promise_over", when=desk.when(desk.now - timedelta(hours=2), on=True, clock=True))

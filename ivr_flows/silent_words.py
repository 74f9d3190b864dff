"""What a liaison is told of a caller who cannot talk, once they have accepted and not before."""

from sqlalchemy import select

from ivr_flows.desk import Desk
from models.call import CALLS
from models.callback import CALLBACKS


def tell_if_silent(desk: Desk) -> None:
    """Say how to talk with a caller who answers by key; of any other caller say nothing."""
    call = desk.call
    if call.callback_id is not None:
        is_silent = select(CALLBACKS.c.silent).where(CALLBACKS.c.id == call.callback_id)
    else:
        is_silent = select(CALLS.c.silent).where(CALLS.c.id == call.parent_call_id)
    if desk.session.scalar(is_silent):
        desk.say("liaison.silent")
    line = select(CALLS.c.line).where(CALLS.c.id == call.parent_call_id)
    if call.callback_id is None and desk.session.scalar(line) in desk.office.discreet_lines:
        desk.say("liaison.discreet")

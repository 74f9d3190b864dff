"""What a liaison is told about how to talk with a caller, only after they have accepted."""

from sqlalchemy import select

from ivr_flows.engine.desk import Desk
from models.callbacks.callback import Callback
from models.callbacks.shown_line import shown_line
from models.calls.call import CALLS


def tell_how_to_talk(desk: Desk) -> None:
    """Say that the caller answers by key, and that their line is discreet; otherwise say nothing."""
    call = desk.call
    if call.callback_id is not None:
        callback = desk.session.get_one(Callback, call.callback_id)
        is_silent, line = callback.silent, shown_line(desk.session, callback, desk.office.lines)
    elif call.parent_call_id is not None:
        caller = select(CALLS.c.silent, CALLS.c.line).where(CALLS.c.id == call.parent_call_id)
        is_silent, line = desk.session.execute(caller).one()
    else:
        return
    if is_silent:
        desk.say("liaison.silent")
        if call.callback_id is not None:
            # On a call that we placed, key 1 is anybody's (R37).
            desk.say("liaison.silent_yes")
    if line in desk.office.discreet_lines:
        desk.say("liaison.discreet")

"""Whether a callback requested without a PIN also fulfills another promise to the same phone.

Anybody can request one under a number that they fake: for the evening, from another of our lines, or in a
language that the phone's owner does not speak. So it counts only if it is as good as the call that the line
or a liaison promises now (R35).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback, owed_without_pin
from models.calls.call import Call

#: A call this much later than promised still counts as the promised one: its requester may still be
#: listening.
A_MOMENT = timedelta(minutes=3)


def askers(session: Session, owed: Sequence[Callback]) -> dict[int | None, Any]:
    """The calls that requested these callbacks, by their ids."""
    ids = [one.requested_in_call_id for one in owed if one.requested_in_call_id is not None]
    asked = select(Call.id, Call.line, Call.direction, Call.caller_id_doubted, Call.caller_id_attested)
    return {one.id: one for one in session.execute(asked.where(Call.id.in_(ids)))}


def line_of(asking: dict[int | None, Any], callback: Callback) -> str:
    """The line on which this callback was requested; empty if no call is known for it."""
    asker = asking.get(callback.requested_in_call_id)
    return "" if asker is None else str(asker.line)


def trust(call: Any) -> int:
    """How far a call's number is believed: 0 for another's number, 2 for the caller's own.

    The carrier judges an inbound call; on one that we placed, that phone itself answered.
    """
    if call.caller_id_doubted:
        return 0
    return 2 if call.caller_id_attested or call.direction != "inbound" else 1


def rings_anyway(
    session: Session,
    call: Call | None,
    phone_key: str,
    at: datetime,
    *,
    urgency: str,
    silent: bool,
    not_before: bool,
) -> bool:
    """Whether a callback promised to this phone calls it by ``at``, and as this ``call`` would want it.

    ``not_before``: nor earlier than ``at``. A person who told a liaison when they can talk may miss each
    round of a callback that calls before, and its tries would be used up when their time comes.

    It must be in this call's class or a higher one, and ``silent`` if they cannot talk. It must be from this
    call's line and in its language, and not at the end of the list for a doubted caller ID that is not this
    call's. If the call that requested it is unknown, line, language and caller ID do not count.
    """
    owed = owed_without_pin(session, phone_key)
    asking = askers(session, owed)
    as_good = [
        one
        for one in owed
        if one.next_attempt_at <= at + A_MOMENT
        and (one.next_attempt_at >= at - A_MOMENT or not not_before)
        and (one.urgency == "urgent" or urgency != "urgent")
        and (one.silent or not silent)
    ]
    return any(call is None or _suits(one, asking, call) for one in as_good)


def _suits(callback: Callback, asking: dict[int | None, Any], call: Call) -> bool:
    asker = asking.get(callback.requested_in_call_id)
    is_last = asker is not None and asker.caller_id_doubted and not call.caller_id_doubted
    return callback.language == call.language and line_of(asking, callback) in (call.line, "") and not is_last

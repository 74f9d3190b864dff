"""A message on a machine: only if the person allowed it, once, and one of three neutral texts (R31)."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks import follow_up
from models.callbacks.callback import Callback
from models.callbacks.to_new_phone import is_for_code
from models.callbacks.wishes import VOICEMAIL_TEXTS, allows_message
from models.calls.call import CALLS
from models.calls.place import MESSAGE_LEFT
from models.talks.talk import callback_of

if TYPE_CHECKING:
    from models.calls.call_state import CallState

#: The neutral texts, by the end of their prompts' names; the first is used if none was chosen.
TEXTS = tuple(text for text in VOICEMAIL_TEXTS if text is not None)
#: The text that is a promise.
WE_CALL_AGAIN = "we_call_again"


def leave_message(session: Session, leg: "CallState", now: datetime, tries: float) -> str | None:
    """Which text to leave on this leg now, or None: not allowed, not true, not its call's, or left before.

    ``tries``: how often the office calls a person who is not reached; after the last try it stops.
    """
    callback = callback_of(session, leg)
    if callback is None or callback.caller_call_id != leg.id or callback.state != "ringing_caller":
        return None
    if not allows_message(callback) or _has_message(session, callback, leg):
        return None
    text = callback.voicemail_text if callback.voicemail_text in TEXTS else TEXTS[0]
    is_last = callback.caller_tries + 1 >= tries or is_for_code(session, callback)
    if text == WE_CALL_AGAIN and is_last:
        return None
    audit.record(session, actor="worker", action="leave_message", target=f"callback:{callback.id}", now=now)
    return text


def _has_message(session: Session, callback: Callback, leg: "CallState") -> bool:
    """Whether an earlier try of the same request left a message on this phone, or a liaison did.

    A request goes on in another row after a key 1 that was no person's.
    """
    is_same = and_(Callback.phone_key == callback.phone_key, Callback.requested_at == callback.requested_at)
    by_line = (
        select(CALLS.c.id)
        .join(Callback, Callback.id == CALLS.c.callback_id)
        .where(
            or_(Callback.id == callback.id, is_same),
            CALLS.c.phone_key == leg.phone_key,
            CALLS.c.place == MESSAGE_LEFT,
        )
    )
    by_liaison = select(Callback.id).where(is_same, Callback.outcome == follow_up.MESSAGE_LEFT)
    return any(session.execute(left.limit(1)).first() is not None for left in (by_line, by_liaison))

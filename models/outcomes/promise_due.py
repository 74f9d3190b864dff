"""Which callbacks count as a promise that was due, and when its two people talked (R36, R42).

The figures of a month, the wallboard, a person's own day and the spoken wait all count by this.
"""

from sqlalchemy import and_, case, func

from models.callbacks.callback import UNASKED, Callback
from models.callbacks.follow_up import MESSAGE_LEFT, SUPERVISOR, WRONG_PERSON

NOBODY_THERE = "nobody_there"
#: Key 1 was pressed, and the person who was promised a call has talked to nobody.
NOT_TALKED = frozenset({MESSAGE_LEFT, NOBODY_THERE, WRONG_PERSON})

#: One row of each promise. Nobody asked for what staff call about by themselves, and what is left for the
#: supervisor after a talk is a task. A request that goes on in another row counts there, since it was asked.
IS_DUE = and_(Callback.reason.not_in((*UNASKED, SUPERVISOR)), Callback.replaced_by_id.is_(None))
#: When the two began to talk; NULL if they have not. Until its outcome is saved, a talk counts.
TALKED_AT = case((func.coalesce(Callback.outcome, "").not_in(NOT_TALKED), Callback.talking_at), else_=None)

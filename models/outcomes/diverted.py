"""Which calls a recording answered, without staff: about a crime, a tip or a comment (R38, R42)."""

from sqlalchemy import ColumnElement, and_, exists

from models.callbacks.callback import Callback
from models.calls.call import Call
from models.talks.call_queue import QueuedCall

#: The topics of calls that end in a recording. A call counts once, by the last one that it heard.
RECORDINGS = ("report_crime", "report_tip", "report_comment")
#: Whoever waits for a person, or is promised a call, takes staff time, whatever they heard before.
IS_DIVERTED: ColumnElement[bool] = and_(
    Call.topic.in_(RECORDINGS),
    Call.asked_at.is_(None),
    ~exists().where(QueuedCall.call_id == Call.id),
    ~exists().where(Callback.requested_in_call_id == Call.id),
)

"""Whether a leg has nothing more to do: its callback, talk, call-out or caller went on without it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, exists, func, not_, or_, select, text
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.callbacks.callback_state import RINGING_STATES
from models.callouts.callout import is_callout_over
from models.callouts.forgotten import left_on_the_line
from models.calls.call import Call
from models.calls.call_status import LEAVING, LONGEST_CALL
from models.calls.place import WAITING
from models.calls.role import AT_0, CALLING_OUT, JOINERS, NOTIFIED
from models.notices.left_ringing import legs_left_ringing, rings_in_vain
from models.staff.staff import Staff
from models.talks.call_queue import QueuedCall, wait_of
from models.talks.talk import Talk, in_talk_since

#: How long the jobs that tell the legs of a talk about its end may take.
_BEING_TOLD = timedelta(seconds=3)
#: The exact words of the partial index, so that both databases use it.
_OF_CALLER = text("calls.ended_at IS NULL AND calls.parent_call_id IS NOT NULL")


def is_left_behind(session: Session, call_id: int) -> bool:
    """Whether this leg may be released. A job asks, but the rows decide: anyone may have written the job.

    Read only. Unlike in the sweeper's check (``left_behind_legs``), a leg counts as soon as it is left.
    """
    leg = session.get(Call, call_id, populate_existing=True)
    if leg is None or leg.ended_at is not None:
        return False
    if leg.role == CALLING_OUT:
        return is_callout_over(session, leg.id)
    if leg.role == NOTIFIED:
        return rings_in_vain(session, leg)
    talk = _last_talk(session, leg)
    if leg.role in JOINERS:
        return (
            talk is None
            or talk.is_over
            or (
                leg.id != talk.leader_call_id
                and session.scalar(select(Call.id).where(Call.id == leg.id, _HANDED_OVER)) is not None
            )
        )
    if leg.callback_id is not None and talk is None:
        callback = session.get(Callback, leg.callback_id, populate_existing=True)
        rung = () if callback is None else (callback.liaison_call_id, callback.caller_call_id)
        return callback is None or callback.state not in RINGING_STATES or leg.id not in rung
    if leg.callback_id is not None or (leg.role == AT_0 and leg.accepted_at is not None):
        return talk is None or talk.is_over or leg.id not in (talk.leader_call_id, talk.caller_call_id)
    waits = wait_of(session, leg.parent_call_id or leg.id) is not None
    if leg.role == AT_0:
        return not waits
    # The caller's own call at 0 continues after a hold, or while they are in the queue.
    is_over = talk is not None and talk.is_over and talk.held_at is None
    return is_over and not waits and leg.place != WAITING


def left_behind_legs(session: Session, now: datetime) -> Sequence[int]:
    """Live legs whose callback, talk or caller went on without them, and that nobody has told so."""
    return [
        *session.scalars(_OF_CALLBACKS, _times(now)),
        *session.scalars(_AT_0, _times(now)),
        *left_on_the_line(session, now, _BEING_TOLD),
        *legs_left_ringing(session, now),
    ]


def _times(now: datetime) -> dict[str, datetime]:
    return {"long_ago": now - LONGEST_CALL, "told": now - _BEING_TOLD}


def _last_talk(session: Session, leg: Call) -> Talk | None:
    mine = (
        Talk.caller_call_id == (leg.parent_call_id or leg.id)
        if leg.callback_id is None
        else Talk.callback_id == leg.callback_id
    )
    began_by = in_talk_since(leg) if leg.callback_id is None else None
    begun = [] if began_by is None else [Talk.began_at <= began_by]
    last = select(Talk).where(mine, *begun).order_by(Talk.id.desc()).limit(1)
    return session.scalars(last.execution_options(populate_existing=True)).first()


#: A colleague who led a talk and left it to another is freed at once, while their leg is not told yet.
_HANDED_OVER = and_(
    Call.staff_id.is_not(None),
    Call.accepted_at.is_not(None),
    not_(exists().where(Staff.busy_call_id == Call.id).correlate(Call)),
)
# The statements are built once: every pass of the sweeper sends them, and building takes longer than sending.
#: Whether a leg is in a talk, or is being told of its end.
_IS_SERVED = or_(
    and_(
        Talk.closed_at.is_(None),
        or_(
            Call.id == Talk.leader_call_id,
            Call.id == Talk.caller_call_id,
            and_(Call.role.in_(JOINERS), Call.started_at >= Talk.began_at, not_(_HANDED_OVER)),
        ),
    ),
    Talk.closed_at > bindparam("told"),
)
_NOT_TOLD = or_(Call.call_status.is_(None), Call.call_status != LEAVING)
_RINGS = and_(
    Callback.state.in_(RINGING_STATES),
    or_(
        Call.id == func.coalesce(Callback.liaison_call_id, 0),
        Call.id == func.coalesce(Callback.caller_call_id, 0),
    ),
)
_OF_CALLBACKS = (
    select(Call.id)
    .join(Callback, Callback.id == Call.callback_id)
    .where(
        Call.ended_at.is_(None),
        Call.callback_id.is_not(None),
        Call.call_sid.is_not(None),
        Call.started_at > bindparam("long_ago"),
        _NOT_TOLD,
        not_(_RINGS),
        not_(exists().where(Talk.callback_id == Call.callback_id, _IS_SERVED)),
    )
    .order_by(Call.started_at, Call.id)
)
_WAITS = exists().where(QueuedCall.call_id == Call.parent_call_id, QueuedCall.ended_at.is_(None))
_AT_0 = (
    select(Call.id)
    .where(
        _OF_CALLER,
        Call.role.in_((AT_0, *JOINERS)),
        Call.call_sid.is_not(None),
        Call.started_at.between(bindparam("long_ago"), bindparam("told")),
        _NOT_TOLD,
        not_(exists().where(Talk.caller_call_id == Call.parent_call_id, _IS_SERVED)),
        not_(and_(Call.role == AT_0, Call.accepted_at.is_(None), _WAITS)),
    )
    .order_by(Call.started_at, Call.id)
)

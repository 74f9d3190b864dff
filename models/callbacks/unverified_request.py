"""A callback requested without the PIN: one open for each phone, without revealing any other.

Anybody can fake a caller ID or borrow a phone. So each caller hears the words and the moment of a first
request made now, whatever that phone has already been promised. The row keeps the earlier moment and the
higher class (R35). A part of the day that was promised to one of them is kept for the last rounds, so that
calling earlier costs them no call. Only fear brings forward a callback requested in a call that the carrier
trusts more. A caller's choices by key change the row only if the same call made it, and count only while no
other call has asked. A person who dials another of our lines is promised that number on their phone, so each
line has its own row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, exists, false, func, literal_column, select
from sqlalchemy.orm import Session, aliased

from models.callbacks.asking_call import LISTENS_SLOWLY
from models.callbacks.callback import (
    CALLBACKS,
    IS_OWED,
    UNTOLD,
    WITHOUT_PIN,
    Callback,
    is_idle,
    keep_callback,
    owed_without_pin,
)
from models.callbacks.callback_policy import CallbackPolicy, Hours
from models.callbacks.callback_request import (
    A_DAY,
    Promise,
    give_back_claim,
    lock_phone,
    promise_callback,
    record_asked_again,
)
from models.callbacks.callback_state import OWED_STATES
from models.callbacks.follow_up import LATER
from models.callbacks.owed_already import askers, line_of, trust
from models.callbacks.replaced_request import SUPERSEDED
from models.calls.call import CALLS, Call
from models.calls.role import CALLED_BACK
from models.store.database import keyring_of

if TYPE_CHECKING:
    from models.calls.call_state import CallState

_BY, _STANDS = aliased(Callback), aliased(Callback)
#: A request with the PIN replaced it, and that case is still promised a call.
_IS_KEPT_FOR_CASE = and_(
    func.coalesce(Callback.outcome, "") == SUPERSEDED,
    exists()
    .where(_BY.id == Callback.replaced_by_id, _STANDS.case_id == _BY.case_id)
    # In the words of the index of what a case is owed.
    .where(_STANDS.state.in_([literal_column(f"'{state}'") for state in OWED_STATES])),
)


def request_without_pin(
    session: Session,
    call: "CallState",
    promise: Promise,
    now: datetime,
    *,
    a_day: int,
    policy: CallbackPolicy,
    is_limited: bool = True,
) -> int | None:
    """Write or keep the one callback of the calling phone on this line; its id, or None when refused.

    ``promise`` is what the caller hears. It is refused for a phone other than the calling one. A request that
    is not urgent is refused when this phone has had ``a_day`` of them in the last 24 hours. One that is still
    promised does not count: otherwise the caller would hear that it exists. One whose PIN was right is not
    ``is_limited``: a refusal would tell that their case is promised a call elsewhere (R35).
    """
    phone_key = keyring_of(session).index("phone", promise.number)
    if call.phone_key is None or phone_key != call.phone_key:
        return None
    lock_phone(session, phone_key)
    owed = owed_without_pin(session, phone_key)
    asking = askers(session, owed)
    standing = next((one for one in owed if line_of(asking, one) in (call.line, "")), None)
    is_counted = is_limited and promise.urgency != "urgent"
    if is_counted and _made_lately(session, call, phone_key, owed, now) >= a_day:
        return None
    if standing is None:
        return promise_callback(session, promise, actor=f"caller:{call.id}", now=now)
    few_rounds = _had_few_rounds(standing, now, a_day)
    rings_again = keep_callback(session, standing.id, few_rounds)
    if promise.urgency == "urgent" and not rings_again:
        # Another round is never refused, but from here on the rounds are as far apart as for anyone (R36).
        keep_callback(session, standing.id)
    is_mine = standing.requested_in_call_id == call.id and not standing.asked_elsewhere
    if is_mine and promise.window is not None and is_idle(standing):
        _move(session, standing, promise)
    else:
        asker = asking.get(standing.requested_in_call_id)
        if asker is not None and asker.caller_id_doubted and not call.caller_id_doubted:
            # Somebody who faked this number asked first; that must not keep its owner at the end of the list.
            standing.requested_in_call_id = call.id
        if is_mine:
            standing.time_zone = promise.time_zone
        is_better_known = asker is not None and trust(call) > trust(asker)
        if is_better_known:
            # The first to ask may not be the phone's owner, nor speak their language (R27).
            standing.language = promise.language
        if standing.reason == LATER and standing.window_starts is None:
            # A liaison promised them exactly this moment: from then on, at any hour.
            standing.window_starts = standing.next_attempt_at
            standing.window_ends = standing.next_attempt_at + A_DAY
        # A number that can be faked says nothing about where the owner of an attested one is, or when to call
        # them.
        is_trusted = asker is None or trust(call) >= trust(asker)
        zones = [standing.time_zone, *([promise.time_zone] if is_trusted else [])]
        if is_trusted or promise.urgency == "urgent":
            standing.asked_elsewhere = standing.asked_elsewhere or not is_mine
            at_once = rings_again or is_better_known
            _bring_forward(standing, promise, at_once=at_once, is_better_known=is_better_known)
        _keep_the_better(session, standing, promise, call, now)
        _keep_the_earlier_zone(session, standing, zones, now, policy)
    record_asked_again(session, standing, call, now)
    return standing.id


def made_in_call(session: Session, call: "CallState") -> Sequence[int]:
    """The promised callbacks that only this call requested without a PIN."""
    mine = select(Callback.id).where(
        Callback.requested_in_call_id == call.id, WITHOUT_PIN, ~Callback.asked_elsewhere, IS_OWED
    )
    return session.scalars(mine.order_by(Callback.id)).all()


def _move(session: Session, standing: Callback, promise: Promise) -> None:
    """The call that made the row has chosen a part of the day for it."""
    standing.window_starts, standing.window_ends = promise.window or (None, None)
    standing.urgency, standing.reason = promise.urgency, promise.reason
    standing.due_at, standing.next_attempt_at = promise.due_at, promise.next_attempt_at
    standing.time_zone = promise.time_zone
    standing.silent, standing.rank = standing.silent or promise.silent, None
    for name, value in UNTOLD.items():
        setattr(standing, name, value)
    session.flush()


def _bring_forward(standing: Callback, promise: Promise, *, at_once: bool, is_better_known: bool) -> None:
    """Call at the earlier moment; keep the later promised one for the last rounds.

    That is a part of the day, or the morning for a person who asked at night. An urgent callback is left to a
    person after its rounds, and only a better-known caller ID keeps it for later (R36). Without ``at_once``,
    because the phone has rung for it often enough, its own next moment stays.
    """
    starts, ends = standing.window_starts, standing.window_ends
    if not standing.asked_elsewhere:
        starts, ends = (starts, ends) if promise.window is not None else (None, None)
    elif promise.window is not None and (standing.urgency != "urgent" or is_better_known):
        is_over_by_then = ends is None or ends <= promise.window[0]
        starts, ends = promise.window if is_over_by_then else (starts, ends)
    elif starts is None and standing.caller_tries == 0:
        earlier, later = sorted((standing.next_attempt_at, promise.next_attempt_at))
        is_kept = is_better_known or later == standing.next_attempt_at
        if is_kept and later > earlier + LISTENS_SLOWLY:
            starts, ends = later, later + A_DAY
    standing.window_starts, standing.window_ends = starts, ends
    if at_once and is_idle(standing):
        standing.next_attempt_at = min(standing.next_attempt_at, promise.next_attempt_at)


def _keep_the_better(
    session: Session, standing: Callback, promise: Promise, call: "CallState", now: datetime
) -> None:
    """Let the row keep the earlier time of the request and the higher class, and raise ``silent``."""
    rises = promise.urgency == "urgent" != standing.urgency
    if rises or standing.reason == LATER:
        standing.urgency = "urgent" if rises else standing.urgency
        standing.reason = promise.reason
    # It was promised to this caller, and costs anyone else who answers only the use of their voice.
    standing.silent = standing.silent or promise.silent
    standing.requested_at = min(standing.requested_at, promise.requested_at)
    standing.due_at = min(standing.due_at, promise.due_at)
    if rises or is_idle(standing):
        # Its windows are checked again before it is on the list, and so is its class even if somebody is
        # being called for it.
        standing.rank = None
    session.flush()
    if rises:
        give_back_claim(session, standing, call, now)


def _keep_the_earlier_zone(
    session: Session, standing: Callback, zones: Sequence[str], now: datetime, policy: CallbackPolicy
) -> None:
    """Take the first of ``zones`` by which the phone rings earlier.

    Otherwise somebody could claim that it is night there, to keep the phone from being called by day.
    """
    at = max(now, standing.next_attempt_at)
    earliest = policy.moment_inside(standing, at)
    for zone in zones:
        hours = Hours(
            standing.urgency, zone, standing.window_starts, standing.window_ends,
            standing.asked_elsewhere, standing.next_attempt_at,
        )  # fmt: skip
        asked_at = policy.moment_inside(hours, at)
        if asked_at is not None and (earliest is None or asked_at < earliest):
            earliest, standing.time_zone = asked_at, zone
    session.flush()


def _had_few_rounds(standing: Callback, now: datetime, a_day: int) -> ColumnElement[bool]:
    """Whether asking again has given it fewer than ``a_day`` rounds in 24 hours beyond its tries.

    Otherwise its phone would ring for as long as somebody keeps asking. It is part of the statement that
    keeps the callback: a separate look-up would take longer when a callback exists.
    """
    rung = select(func.count()).where(
        CALLS.c.callback_id == standing.id, CALLS.c.role == CALLED_BACK, CALLS.c.call_sid.is_not(None),
        CALLS.c.started_at > now - A_DAY,
    )  # fmt: skip
    return rung.scalar_subquery() - CALLBACKS.c.caller_tries < a_day


def _made_lately(
    session: Session, call: "CallState", phone_key: str, owed: Sequence[Callback], now: datetime
) -> int:
    """How many requests, not urgent and no longer promised, this phone made in the last 24 hours.

    A request that continues in a new row, because nobody was there, keeps its moment and counts once
    (models/overview/outcome.py). One that a request with the PIN replaced counts as promised while that case
    is promised a call: a refusal would tell that somebody gave a PIN from this phone (R35). Calls whose
    caller ID the carrier judged differently do not count, so a faked number does not use up the phone's own
    limit (R07).
    """
    judged = and_(
        func.coalesce(Call.caller_id_doubted, false()) == call.caller_id_doubted,
        func.coalesce(Call.caller_id_attested, false()) == call.caller_id_attested,
    )
    made = (
        select(func.count(Callback.requested_at.distinct()))
        .select_from(Callback)
        .outerjoin(Call, Call.id == Callback.requested_in_call_id)
        .where(
            Callback.phone_key == phone_key, Callback.requested_at > now - A_DAY, WITHOUT_PIN,
            Callback.urgency != "urgent", Callback.requested_at.not_in([one.requested_at for one in owed]),
            ~_IS_KEPT_FOR_CASE, judged,
        )
    )  # fmt: skip
    return session.scalar(made) or 0

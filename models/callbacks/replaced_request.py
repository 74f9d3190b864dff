"""Requests without the PIN that a request with it replaces, so that one person is called once (R35).

Whoever has a PIN of their own is not always who asked before from that phone. A promise to somebody else may
not be made later, lower or gone, nor be told of. So only a request that is surely this caller's is replaced;
any other stands beside the new one, and the phone rings for it as well.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.callbacks.asking_call import first_due
from models.callbacks.callback import (
    WITHOUT_PIN,
    Callback,
    advance,
    cancel_callback,
    owed_without_pin,
    phone_key_of,
)
from models.callbacks.claim import end_waiting
from models.callbacks.follow_up import ANEW, CONTINUES, follow_up
from models.callbacks.owed_already import askers, trust
from models.cases.safe_phone import is_safe, is_shared_with_others

if TYPE_CHECKING:
    from models.calls.call_state import CallState

#: The outcome of a request that was replaced.
SUPERSEDED = "superseded"


def asked_before(
    session: Session, call: "CallState", phone_key: str, urgency: str, *, keeps_moment: bool
) -> Sequence[Callback]:
    """What this caller surely requested from this phone, a safe one of theirs, before they entered the PIN.

    It is nothing under a doubted caller ID, nor at a phone that another registrant has too. ``keeps_moment``:
    the new request chooses no part of the day. An urgent one is replaced only by one that is called as soon.
    The rows are locked.
    """
    registrant_id = call.registrant_id
    if registrant_id is None or call.caller_id_doubted or call.phone_key != phone_key:
        return []
    owed = owed_without_pin(session, phone_key)
    if not owed:
        return []
    asking = askers(session, owed)
    found = [
        one
        for one in owed
        if _is_alike(one, asking.get(one.requested_in_call_id), call)
        and (one.urgency != "urgent" or (urgency == "urgent" and keeps_moment))
    ]
    if not found or not is_safe(session, registrant_id, phone_key):
        return []
    return [] if is_shared_with_others(session, registrant_id, phone_key) else found


def supersede(
    session: Session, earlier: Sequence[Callback], by: int, call: "CallState", now: datetime
) -> None:
    """Replace ``earlier`` by the callback ``by``."""
    facts, actor = {"superseded_by": by}, f"caller:{call.id}"
    for former in earlier:
        advance(
            session, former.id, "cancel", actor=actor, now=now, facts=facts,
            outcome=SUPERSEDED, replaced_by_id=by,
        )  # fmt: skip


def cancel_with_pin(session: Session, call: "CallState", callback_id: int, now: datetime) -> bool:
    """Cancel a callback of the case; False when it is too late.

    What it had replaced was promised without the PIN, so it is promised again as it was, unless its phone has
    become unsafe or said stop since (R33).
    """
    if not cancel_callback(session, callback_id, now):
        return False
    _promise_replaced(session, call, callback_id, now)
    return True


def end_waiting_with_pin(session: Session, call: "CallState", now: datetime) -> None:
    """End what waits behind news, as the person canceled it; what it had replaced is promised again."""
    for callback_id in end_waiting(session, call.case_id, f"caller:{call.id}", now):
        _promise_replaced(session, call, callback_id, now)


def _promise_replaced(session: Session, call: "CallState", callback_id: int, now: datetime) -> None:
    actor, phone_key = f"caller:{call.id}", phone_key_of(session, callback_id) or ""
    if call.registrant_id is None or not is_safe(session, call.registrant_id, phone_key):
        return
    for former in _replaced_by(session, callback_id, phone_key):
        follow_up(
            session, former, reason=former.reason, at=max(former.next_attempt_at, first_due(call, now)),
            due_at=former.due_at, actor=actor, now=now,
            changes={
                "requested_at": former.requested_at, "requested_in_call_id": former.requested_in_call_id,
            },
        )  # fmt: skip


def _is_alike(former: Callback, asker: Any, call: "CallState") -> bool:
    """Whether a call as well known as this one requested it, from the same line and in the same language.

    Nobody else has asked for it, and no liaison promised it, keeps it or is called for it.
    """
    return (
        former.state == "requested"
        and former.reason not in CONTINUES
        and not former.asked_elsewhere
        and former.language == call.language
        and asker is not None
        and asker.direction == "inbound"
        and asker.line == call.line
        and trust(asker) <= trust(call)
    )


def _replaced_by(session: Session, callback_id: int, phone_key: str) -> Sequence[Callback]:
    kept = _kept_by(session, callback_id)
    replaced = select(Callback).where(
        Callback.phone_key == phone_key, WITHOUT_PIN, Callback.outcome == SUPERSEDED,
        Callback.replaced_by_id.in_(kept),
    )  # fmt: skip
    return session.scalars(replaced.order_by(Callback.id)).all()


def _kept_by(session: Session, callback_id: int) -> set[int]:
    """This callback and those before it that it keeps: one promised anew, or taken over, is another row."""
    found, asked = set[int](), [callback_id]
    while asked:
        one = session.get(Callback, asked.pop())
        if one is None or one.id in found:
            continue
        found.add(one.id)
        # A call that was agreed on in a talk is a promise of its own.
        if one.reason in CONTINUES:
            continue
        taken_over = select(Callback.id).where(
            Callback.case_id == one.case_id, Callback.outcome == ANEW, Callback.replaced_by_id == one.id
        )
        asked += [*session.scalars(taken_over), *([one.follows_id] if one.follows_id else [])]
    return found

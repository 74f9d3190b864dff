"""A callback that follows another: the call dropped, was cut off on hold, or is to continue later (R36)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from models.audit import audit
from models.callbacks.callback import (
    CALLBACKS,
    IS_OF_STAFF,
    IS_OPEN,
    IS_OWED,
    UNASKED,
    Callback,
    advance,
)
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_state import RINGING_STATES, TAKEN_UP_AGAIN
from models.callbacks.owed_already import rings_anyway
from models.callbacks.refusals import CallbackRefusal
from models.callbacks.to_new_phone import is_for_code
from models.calls.call import Call
from models.cases.safe_phone import standing_of
from models.staff.alert import LEFT_TOLD
from models.store.database import keyring_of
from models.store.job import Job
from models.store.refusal import RefusedError

#: Why one callback follows another. A DROPPED one is followed by no other for this reason; the rest may be.
DROPPED, CUT_OFF, LATER, SUPERVISOR = "dropped", "cut_off", "call_later", "to_supervisor"
#: Why a callback is created for a talk, or a wait at 0, that broke off.
BROKE_OFF = (DROPPED, CUT_OFF, "abandoned")
#: Why a callback continues a talk.
CONTINUES = (DROPPED, CUT_OFF, LATER, SUPERVISOR)
#: The outcomes of a callback whose phone is no longer called, by the line or by staff (R33): its owner said
#: stop, or a wrong person answered it.
STOPPED, WRONG_PERSON = "stopped", "wrong_person"
NOT_CALLED = frozenset({STOPPED, WRONG_PERSON})
#: The outcome of a talk in which the liaison left a message: key 1 was no person's.
MESSAGE_LEFT = "message_left"
#: The outcome of one that is left for staff, whose phone may not be called, or the carrier could not call.
CANNOT_DIAL = "cannot_dial"
#: The outcome of one that is left for staff with the next safe phone of a person at whose other phone a
#: wrong person answered: staff may call it.
NEXT_PHONE = "next_phone"
#: The outcome of one that is left for staff, of a person who has no phone that may be called.
NO_SAFE_PHONE = "no_safe_phone"
#: The outcome of one that was left or not answered, after a person promised it again.
ANEW = "promised_anew"
#: The outcome of one that waits, left for staff, while they call its person about news, or by themselves.
BEHIND_NEWS = "behind_news"
#: Nobody has to see to one that was left with these.
NOT_WAITED_FOR = (ANEW, BEHIND_NEWS)
#: The columns that the new promise does not copy from the old one.
_ANEW = frozenset(
    {
        "id", "state", "reason", "requested_at", "due_at", "next_attempt_at", "news_at", "lease_until",
        "liaison_tries", "caller_tries", "staff_id", "liaison_call_id", "caller_call_id",
        "talking_at", "closed_at", "outcome", "requested_in_call_id",
        "claimed_at", "taken_up_at", "note_sealed", "rank", "warned", "missed_by_id", "recognized_by",
        "paged_at", "stopped_after", "rescheduled_by_id", "follows_id", "replaced_by_id",
    }
)  # fmt: skip

#: How often a promise is inserted while staff claim one task of its case after the other.
_TIMES = 3
_BEFORE = aliased(Callback)


class NotAgainError(RefusedError):
    """This callback cannot be promised again. The message is one sentence that names nobody."""


def follow_up(
    session: Session,
    callback: Callback,
    *,
    reason: str,
    at: datetime,
    due_at: datetime,
    actor: str,
    now: datetime,
    left: bool = False,
    changes: dict[str, Any] | None = None,
) -> list[Job]:
    """Promise the same person another call at ``at``, the latest by ``due_at``; the jobs to enqueue after.

    It keeps the class of the first one: a liaison's "later" does not end anybody's fear (R36).
    It counts as requested in the caller's own leg, so that they can be told about it there. A case with an
    open callback keeps that one, and nothing is added. The same applies to a phone of no case if the existing
    callback is as good (``models/callbacks/owed_already.py``), except for BROKE_OFF. ``left``: a staff member
    must see to it, whatever else is open, and the line calls nobody; this also applies if that phone is not
    called any more (``lacks_phone``), unless another one is to be called. ``changes``: columns that differ
    from the first callback's.
    """
    kept = {
        column.name: getattr(callback, column.name)
        for column in CALLBACKS.columns
        if column.name not in _ANEW
    }
    values: dict[str, Any] = {
        **kept,
        "state": "requested",
        "reason": reason,
        "requested_at": now,
        "requested_in_call_id": callback.caller_call_id,
        "due_at": due_at,
        "next_attempt_at": at,
        "news_at": now,
        "follows_id": callback.id,
    }
    if "phone_key" not in (changes or {}) and lacks_phone(session, callback):
        outcome = _why_stopped(changes) if callback.stopped_after else CANNOT_DIAL
        left, changes = True, {**(changes or {}), "outcome": outcome}
    if left:
        values |= {"state": "left_for_staff", "closed_at": now, "outcome": reason}
    elif reason not in BROKE_OFF and callback.case_id is None and callback.registrant_id is None:
        # The person whose talk breaks off hears that we call again; to omit that would reveal an existing
        # callback (R35).
        leg = session.get(Call, callback.caller_call_id or callback.requested_in_call_id or 0)
        urgency, silent = values["urgency"], callback.silent
        if rings_anyway(
            session, leg, callback.phone_key, at, urgency=urgency, silent=silent, not_before=reason == LATER
        ):
            return []
    values |= changes or {}
    made = insert_unless_open(session, values, actor, now)
    if made is None:
        return []
    if "requested_at" in (changes or {}) and callback.replaced_by_id is None:
        # It is still the same request, which counts once.
        callback.replaced_by_id = made
        session.flush()
    facts = {"reason": reason, "after": callback.id}
    audit.record(
        session,
        actor=actor,
        action="request_callback",
        target=f"callback:{made}",
        facts=facts,
        state="requested",
        now=now,
    )
    return [] if left else [("dial_liaison", made)]


def lacks_phone(session: Session, callback: Callback) -> bool:
    """Whether the phone of this callback is not called any more, so that staff see to what follows it.

    It said stop in the talk or since (R33), or its owner marked it unsafe, as its row says now (R09). The
    line itself also never calls a phone that nobody has confirmed, to which staff said its code.
    """
    if callback.stopped_after or is_for_code(session, callback):
        return True
    whose = (callback.case_id, callback.phone_key, callback.registrant_id)
    return standing_of(session, *whose).is_barred


def insert_unless_open(session: Session, values: dict[str, Any], actor: str, now: datetime) -> int | None:
    """Insert a callback with these columns; its id, or None if its case has an open one: the index decides.

    What is of staff makes way for a promise (``_gives_way``).
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    is_promise = values["state"] == "requested" and values["reason"] not in UNASKED
    for _ in range(_TIMES):
        waits = _gives_way(session, values["case_id"], actor, now) if is_promise else {}
        statement = insert(CALLBACKS).values(values | waits).on_conflict_do_nothing()
        made = session.scalars(statement.returning(CALLBACKS.c.id)).first()
        # Staff may have claimed a task after the query for it. The insert has waited for their commit, so
        # the next query finds that task.
        if made is not None or not is_promise or values["case_id"] is None:
            break
    return None if made is None else int(made)


def _gives_way(session: Session, case_id: int | None, actor: str, now: datetime) -> dict[str, Any]:
    """Make way for what a person is promised: what staff only claimed of this case goes back to them.

    While somebody is already called for it, the promise waits behind that call (``claim.bring_back``).
    Returns the columns that say so; none of them otherwise.
    """
    if case_id is None:
        return {}
    task_of = select(Callback).where(Callback.case_id == case_id, IS_OWED, IS_OF_STAFF)
    task = session.scalars(
        task_of.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).first()
    if task is None:
        return {}
    if task.state not in RINGING_STATES:
        advance(session, task.id, "leave", actor=actor, now=now)
        session.refresh(task)
        return {}
    # Nobody has to see to it.
    return {
        "state": TAKEN_UP_AGAIN, "outcome": BEHIND_NEWS, "closed_at": now, "rank": None, "warned": LEFT_TOLD,
    }  # fmt: skip


def _why_stopped(changes: dict[str, Any] | None) -> str:
    outcome = (changes or {}).get("outcome")
    return WRONG_PERSON if outcome == WRONG_PERSON else STOPPED


def why_not_called(outcome: str | None) -> CallbackRefusal:
    """Why nobody calls the phone of a callback that was left with one of NOT_CALLED."""
    return CallbackRefusal.WRONG_PERSON if outcome == WRONG_PERSON else CallbackRefusal.PHONE_STOPPED


def promise_anew(
    session: Session, callback_id: int, policy: CallbackPolicy, actor: str, now: datetime
) -> list[Job]:
    """Somebody looked into a callback that was left for staff, or not answered: promise it once more.

    The line calls within the same windows, in the same class. Raises NotAgainError if that is not allowed:
    the callback was neither left nor unanswered, its phone is not called any more, or a call is already
    promised.
    """
    callback = session.get(Callback, callback_id, populate_existing=True, with_for_update={"key_share": True})
    if callback is None:
        raise NotAgainError(CallbackRefusal.UNKNOWN)
    if callback.state not in ("left_for_staff", "no_answer") or callback.outcome == ANEW:
        raise NotAgainError(CallbackRefusal.NOT_TO_REPEAT)
    if callback.outcome in NOT_CALLED:
        raise NotAgainError(why_not_called(callback.outcome))
    if is_for_code(session, callback):
        raise NotAgainError(CallbackRefusal.PHONE_NOT_CONFIRMED)
    if lacks_phone(session, callback):
        raise NotAgainError(CallbackRefusal.PHONE_BARRED)
    due_at = policy.due_at("urgent" if callback.urgency == "urgent" else "other", now)
    jobs = follow_up(
        session, callback, reason=callback.reason, at=now, due_at=due_at, actor=actor, now=now,
        # Nothing may ever have been dialed. The person still sees the line on which the callback was
        # requested (R32).
        changes={"requested_in_call_id": callback.requested_in_call_id},
    )  # fmt: skip
    if not jobs:
        raise NotAgainError(CallbackRefusal.PROMISED)
    callback.outcome, callback.rank = ANEW, None
    session.flush()
    return jobs


def promise_as_before(session: Session, callback: Callback, actor: str, now: datetime) -> None:
    """Promise a callback that waited behind news once more, as it was; nothing changes if another is open."""
    jobs = follow_up(
        session, callback, reason=callback.reason, at=callback.next_attempt_at, due_at=callback.due_at,
        actor=actor, now=now,
        changes={
            "requested_at": callback.requested_at, "requested_in_call_id": callback.requested_in_call_id,
            "caller_tries": callback.caller_tries, "note_sealed": callback.note_sealed,
            "rescheduled_by_id": callback.rescheduled_by_id,
            # Nobody agreed on its moment again, least of all for news that came since.
            "news_at": callback.news_at,
        },
    )  # fmt: skip
    # One whose phone is not called any more is left for staff, and the line calls nobody.
    if jobs or lacks_phone(session, callback):
        callback.outcome, callback.rank = ANEW, None
        session.flush()


def is_promised_again(session: Session, call_id: int | None) -> bool:
    """Whether the person on this leg was promised another call when their talk broke off.

    A callback that they requested themselves in the same call does not count: their talk may have ended
    normally.
    """
    asked = select(Callback.id).where(
        Callback.requested_in_call_id == call_id, Callback.reason.in_(BROKE_OFF), IS_OPEN
    )
    return call_id is not None and session.scalar(asked.limit(1)) is not None


def began_with(session: Session, callback: Callback) -> Callback:
    """The callback whose talk this one continues, over all talks that broke off or were put off; or itself.

    Each follows in the leg of the talk before it (``follow_up``).
    """
    seen = {callback.id}
    while callback.reason in CONTINUES and callback.requested_in_call_id is not None:
        before = session.scalars(
            select(Callback).where(Callback.caller_call_id == callback.requested_in_call_id).limit(1)
        ).first()
        if before is None or before.id in seen:
            break
        seen.add(before.id)
        callback = before
    return callback


def whose_talks_began_with(
    reasons: Collection[str], *which: ColumnElement[bool] | TextClause
) -> Select[tuple[int | None, int | None]]:
    """The case and the registrant of each of these callbacks that continues a talk with one of ``reasons``.

    It is ``began_with`` for many in one statement; none of ``reasons`` is one of CONTINUES.
    """
    people = (Callback.case_id, Callback.registrant_id)
    talks = select(*people, Callback.reason, Callback.requested_in_call_id).where(*which)
    talks_back = talks.cte("talks", recursive=True)
    # A union of all would not end if two callbacks followed each other.
    talks_back = talks_back.union(
        select(talks_back.c.case_id, talks_back.c.registrant_id, _BEFORE.reason, _BEFORE.requested_in_call_id)
        .join(_BEFORE, _BEFORE.caller_call_id == talks_back.c.requested_in_call_id)
        .where(talks_back.c.reason.in_(CONTINUES))
    )
    return select(talks_back.c.case_id, talks_back.c.registrant_id).where(talks_back.c.reason.in_(reasons))


def reasons_begun_with(session: Session, callback_ids: Collection[int]) -> dict[int, str]:
    """Why those of these callbacks were asked for that continue a talk, by id, in one statement.

    It is the reason of ``began_with``: one of CONTINUES alone does not tell whoever calls next what about.
    """
    talks = select(
        Callback.id.label("of"), Callback.reason.label("reason"), Callback.requested_in_call_id.label("leg")
    ).where(Callback.id.in_(callback_ids), Callback.reason.in_(CONTINUES))
    talks_back = talks.cte("talks_back", recursive=True)
    talks_back = talks_back.union(
        select(talks_back.c.of, _BEFORE.reason, _BEFORE.requested_in_call_id)
        .join(_BEFORE, _BEFORE.caller_call_id == talks_back.c.leg)
        .where(talks_back.c.reason.in_(CONTINUES))
    )
    first = select(talks_back.c.of, talks_back.c.reason).where(talks_back.c.reason.not_in(CONTINUES))
    return {row.of: row.reason for row in session.execute(first)}


@dataclass(frozen=True, slots=True)
class Before:
    """The callback that another one follows: how it ended, and the note on it."""

    id: int
    closed_at: datetime | None
    outcome: str | None
    note: str = field(repr=False)


def before_it(session: Session, callback: Callback) -> Before | None:
    """The callback that this one follows, as long as it is kept."""
    row = None if callback.follows_id is None else session.get(Callback, callback.follows_id)
    if row is None:
        return None
    note = "" if row.note_sealed is None else keyring_of(session).unseal("callback.note", row.note_sealed)
    return Before(row.id, row.closed_at, row.outcome, note)

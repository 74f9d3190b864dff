"""A callback: we phone someone back. The row is the promise; the queue only carries its id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.callbacks.callback_state import FINAL_STATES as FINAL_STATES
from models.callbacks.callback_state import MOVES, TAKEN_UP_AGAIN
from models.callbacks.callback_state import OPEN_STATES as OPEN_STATES
from models.callbacks.callback_state import OWED_STATES as OWED_STATES
from models.callbacks.callback_state import STATES as STATES
from models.calls.two_lists import rank_in_sql, rank_of
from models.store.base import Base, UtcDateTime
from models.store.database import changed_one, keyring_of
from models.store.job import Job

_CLOSED = text("closed_at IS NOT NULL")
_OPEN = text("state IN ('requested','claimed','ringing_liaison','ringing_caller','talking')")
_OWED = text("state IN ('requested','claimed','ringing_liaison','ringing_caller')")
_ON_LIST = text("state = 'requested' AND rank IS NOT NULL")
_NOT_YET = text("state = 'requested' AND rank IS NULL")
_IN_HAND = text("state IN ('claimed','ringing_liaison','ringing_caller','talking')")
_LEFT = text("state = 'left_for_staff'")
_LISTED = text("state IN ('requested','left_for_staff') AND rank IS NOT NULL")
_PROMISED = text(
    "state IN ('requested','claimed','ringing_liaison','ringing_caller','talking','left_for_staff')"
)
_TELLS = text("reason IN ('notice','hard_news')")
_OF_STAFF = text("staff_id IS NOT NULL")
_HAS_LIAISON = text("liaison_call_id IS NOT NULL")
_HAS_CALLER = text("caller_call_id IS NOT NULL")


def _first_rank(context: DefaultExecutionContext) -> int | None:
    """The rank of a new row: none before its time, but one that needs attention gets it at once."""
    row = context.get_current_parameters()  # type: ignore[no-untyped-call]
    if row.get("state") != TAKEN_UP_AGAIN:
        return None
    return rank_of(verified=row["verified"], urgent=row["urgency"] == "urgent")


def _asked(context: DefaultExecutionContext) -> datetime:
    row = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return cast(datetime, row["requested_at"])


def gave_pin(verified: bool, case_id: int | None, begun_by_staff: bool) -> bool | None:
    """Whether a caller gave the PIN for it; None if the line or staff began it, which ranks as verified."""
    if verified and (case_id is None or begun_by_staff):
        return None
    return verified


class Callback(Base):
    """One promise. ``urgency`` is ``urgent`` or ``other`` (R36); ``due_at`` is the latest moment promised.

    ``reason`` is one of REASONS; ``may_answer``, ``voicemail_text`` and ``when_dropped`` are words of
    models/callbacks/wishes.py. ``silent``: the person cannot talk and answers by key. ``requested_at`` is
    when the person began to wait, even if they first waited on the phone.

    ``liaison_call_id`` and ``caller_call_id`` are the legs of the current round, or of the one that led to
    the talk. ``talking_at`` is when the call had both keys: the talk itself is in models/talks/talk.py, and
    whether the promise was kept in models/outcomes/promise_due.py.

    ``rank``: in which part of the two lists it waits for a free liaison, or for a person's attention; None
    before its time has come (``models/calls/two_lists.py``). ``liaison_tries`` counts offers that liaisons
    missed, ``missed_by_id`` missed it last; neither costs the person called a try. ``warned`` counts the
    warnings that it is at risk (``PUT_OFF``: it must wait for a moment after ``due_at``, and no supervisor
    knows), and ``paged_at`` is when those on call were told that nobody takes it.

    ``staff_id`` has it, since ``claimed_at`` if they claimed it themselves, and until ``lease_until``.
    ``taken_up_at`` is when they took it up after it had been left for staff, or began a call that nobody had
    asked for; until somebody has talked or was surely not reached, it goes to staff and never to the list by
    itself. ``note_sealed`` is a short note by
    staff (R37). ``recognized_by``: how staff recognized the person on the call that we placed; until then it
    opens no case. ``registrant_id``: whose phone it is for, if it opens no case because nobody entered a PIN
    (R08, R09). ``asked_elsewhere``: another call without a PIN requested it as well, so no key in the call
    that made it changes it any more (R35). ``stopped_after``: the phone said stop in its talk or after it, so
    no follow-up of the talk calls that phone (R33). ``window_of_phone``: nobody chose its window; it is that
    of the phone to which a stop moved it. ``rescheduled_by_id``: who last agreed on its time.
    ``begun_by_staff``: it is a call that staff began, or follows one, and nobody has given the PIN for it.
    ``follows_id``: the callback that it follows; ``replaced_by_id``: the one that is kept instead of it.
    Either row may have been deleted since, so neither is a foreign key.
    ``news_at``: it is about the news of its case until then, when its moment was agreed on or its task noted
    newer news; what came later is not settled with it (``models/notices/staff_task.py``).
    """

    __tablename__ = "callbacks"
    __table_args__ = (
        Index("uq_callbacks_owed_case", "case_id", unique=True, sqlite_where=_OWED, postgresql_where=_OWED),
        Index("ix_callbacks_past", "case_id", "id", sqlite_where=_CLOSED, postgresql_where=_CLOSED),
        Index("ix_callbacks_phone", "phone_key", "requested_at"),
        # Which callback names a call, for a purge that deletes the call.
        Index(
            "ix_callbacks_liaison",
            "liaison_call_id",
            sqlite_where=_HAS_LIAISON,
            postgresql_where=_HAS_LIAISON,
        ),
        Index(
            "ix_callbacks_caller", "caller_call_id", sqlite_where=_HAS_CALLER, postgresql_where=_HAS_CALLER
        ),
        # Whether somebody is to tell a case or a registrant news.
        Index("ix_callbacks_tells", "case_id", sqlite_where=_TELLS, postgresql_where=_TELLS),
        # What a call requested, and whether it was promised another callback.
        Index("ix_callbacks_asked_in", "requested_in_call_id"),
        Index("ix_callbacks_measured", "urgency", "verified", "requested_at"),
        Index(
            "ix_callbacks_in_hand", "state", "lease_until", sqlite_where=_IN_HAND, postgresql_where=_IN_HAND
        ),
        # The order of the list itself. No other index may begin with the state of the callbacks on it: SQLite
        # would use that one, and sort all due callbacks.
        Index(
            "ix_callbacks_line",
            "rank",
            "due_at",
            "requested_at",
            "id",
            sqlite_where=_ON_LIST,
            postgresql_where=_ON_LIST,
        ),
        Index(
            "ix_callbacks_not_yet",
            "urgency",
            "next_attempt_at",
            sqlite_where=_NOT_YET,
            postgresql_where=_NOT_YET,
        ),
        Index("ix_callbacks_warned", "warned", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_callbacks_left", "warned", "closed_at", sqlite_where=_LEFT, postgresql_where=_LEFT),
        # What the console lists: the two lists with the callbacks that need attention by rank, and all
        # promises by their moment.
        Index(
            "ix_callbacks_listed",
            "rank",
            "due_at",
            "requested_at",
            "id",
            sqlite_where=_LISTED,
            postgresql_where=_LISTED,
        ),
        Index(
            "ix_callbacks_promised",
            "due_at",
            "requested_at",
            "id",
            sqlite_where=_PROMISED,
            postgresql_where=_PROMISED,
        ),
        Index(
            "ix_callbacks_of_staff",
            "staff_id",
            "talking_at",
            sqlite_where=_OF_STAFF,
            postgresql_where=_OF_STAFF,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16), default="requested")
    urgency: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(32))
    verified: Mapped[bool]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    registrant_id: Mapped[int | None] = mapped_column(ForeignKey("registrants.id"))
    requested_in_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"))
    language: Mapped[str] = mapped_column(String(8))
    time_zone: Mapped[str] = mapped_column(String(64))
    number_sealed: Mapped[str] = mapped_column(Text)
    phone_key: Mapped[str] = mapped_column(String(64))
    window_starts: Mapped[datetime | None] = mapped_column(UtcDateTime)
    window_ends: Mapped[datetime | None] = mapped_column(UtcDateTime)
    voicemail_allowed: Mapped[bool] = mapped_column(default=False)
    voicemail_text: Mapped[str | None] = mapped_column(String(16))
    may_answer: Mapped[str] = mapped_column(String(16), default="only_me")
    when_dropped: Mapped[str] = mapped_column(String(16), default="wait_for_me", server_default="wait_for_me")
    silent: Mapped[bool] = mapped_column(default=False, server_default=false())
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    news_at: Mapped[datetime] = mapped_column(UtcDateTime, default=_asked)
    rank: Mapped[int | None] = mapped_column(default=_first_rank)
    paged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    liaison_tries: Mapped[int] = mapped_column(default=0)
    caller_tries: Mapped[int] = mapped_column(default=0)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    missed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    warned: Mapped[int] = mapped_column(default=0)
    liaison_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id", use_alter=True))
    caller_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id", use_alter=True))
    talking_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(32))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note_sealed: Mapped[str | None] = mapped_column(Text)
    recognized_by: Mapped[str | None] = mapped_column(String(16))
    asked_elsewhere: Mapped[bool] = mapped_column(default=False, server_default=false())
    stopped_after: Mapped[bool] = mapped_column(default=False, server_default=false())
    window_of_phone: Mapped[bool] = mapped_column(default=False, server_default=false())
    rescheduled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    begun_by_staff: Mapped[bool] = mapped_column(default=False, server_default=false())
    follows_id: Mapped[int | None]
    replaced_by_id: Mapped[int | None]


CALLBACKS = cast(Table, Callback.__table__)
#: Whether a callback is open, in the exact words of the partial index: with a bound parameter SQLite would
#: not use the index, and each turn would read all open ones.
IS_OPEN = CALLBACKS.c.state.in_([literal_column(f"'{state}'") for state in OPEN_STATES])
#: Whether the two are still to be connected, in the words of the index that lets a case have one of these.
IS_OWED = CALLBACKS.c.state.in_([literal_column(f"'{state}'") for state in OWED_STATES])
#: Requested without a PIN. Excludes one that staff are to make about a lost PIN: that is the registrant's
#: (R08).
WITHOUT_PIN = and_(CALLBACKS.c.case_id.is_(None), CALLBACKS.c.registrant_id.is_(None), ~CALLBACKS.c.verified)
#: Nobody is being called, or about to be: it waits for its turn, or a staff member keeps it for themselves.
IS_IDLE = or_(
    CALLBACKS.c.state == "requested",
    and_(CALLBACKS.c.state == "claimed", CALLBACKS.c.staff_id.is_not(None)),
)
#: Whether it waits for its call, is on, or needs attention, in the exact words of the partial index.
IS_PROMISED = text(
    "callbacks.state IN ('requested','claimed','ringing_liaison','ringing_caller','talking','left_for_staff')"
)
#: Whether its person is to be told news, in the exact words of the partial index.
TELLS = text("callbacks.reason IN ('notice','hard_news')")
#: Whether it is over, in the exact words of the partial index of those.
IS_PAST = text("callbacks.closed_at IS NOT NULL")

#: Why we phone someone back, in neutral codes.
REASONS = (
    "asked", "afraid", "hard_news", "lockout", "waited", "abandoned",
    "lost_pin", "pin_changed", "letter_pin_used", "phone_added", "phone_stopped",
    "about_person", "about_court", "about_safety", "about_other",
    "dropped", "cut_off", "call_later", "to_supervisor", "staff_call", "consent_ends",
    "calls_stopped", "notice",
)  # fmt: skip
#: A phone that nobody answered settles none of these: its owner is told of what somebody else may have done
#: in their name (R02, R08, R09, R33), or is asked whether the calls about changes are to end (R28).
NEVER_GIVEN_UP = frozenset(
    {"pin_changed", "letter_pin_used", "phone_added", "phone_stopped", "calls_stopped", "consent_ends"}
)
#: A call that staff began themselves (``models/talks/own_call.py``): nobody asked for it and nobody waits for
#: it, so it tells nothing about waits, and opens nothing that a PIN opens.
STAFF_CALL = "staff_call"
#: A task of staff: to tell a change in custody to somebody whom the line did not reach
#: (``models/notices/staff_task.py``).
NOTICE_TASK = "notice"
#: The outcome of such a task that is over: its news was confirmed or stopped, or is told in another callback.
NEWS_OVER = "notice_over"
#: Nobody asked for these, so nobody waits.
UNASKED = (STAFF_CALL, "consent_ends", "calls_stopped", NOTICE_TASK)
#: A task about news that staff keep or call for. Its person was promised nothing, so no caller hears of it or
#: changes it; one whose moment staff agreed on is a promise.
IS_STAFF_TASK = and_(
    CALLBACKS.c.reason == NOTICE_TASK, CALLBACKS.c.begun_by_staff, CALLBACKS.c.rescheduled_by_id.is_(None)
)
#: What is in the hands of staff and promised to nobody: such a task, a call that staff began, or one that was
#: left for them and that one of them took up again. If they do not make it, the line does not either.
IS_OF_STAFF = or_(IS_STAFF_TASK, CALLBACKS.c.taken_up_at.is_not(None))
#: What a caller who entered the PIN is promised: it, and nothing else, is theirs to hear of and to change.
#: What they ask for while staff make a call of their own is another row (``follow_up.insert_unless_open``).
IS_OWED_TO_CALLER = and_(IS_OWED, ~IS_OF_STAFF)


#: Values for a promise of another moment: nobody was warned about it yet, and no offer of it was missed.
UNTOLD: dict[str, Any] = {"warned": 0, "paged_at": None, "liaison_tries": 0}


def advance(
    session: Session,
    callback_id: int,
    move: str,
    *,
    actor: str,
    now: datetime,
    only_if: Sequence[ColumnElement[bool]] = (),
    facts: dict[str, Any] | None = None,
    **values: Any,
) -> bool:
    """Make one move of the state table: one conditional UPDATE and an audit entry. False when too late.

    ``actor`` is a kind of mover and, after a colon, which one. Raises ValueError for a mover that may never
    make this move. A final state is left only by one that was left for staff: somebody keeps or closes it.
    """
    rule = MOVES[move]
    if actor.partition(":")[0] not in rule.movers:
        raise ValueError(f"The move {move} is not one that {actor.partition(':')[0]} may make.")
    if rule.after in FINAL_STATES:
        values |= {"closed_at": now, "lease_until": None, "claimed_at": None, "taken_up_at": None}
        if rule.after == TAKEN_UP_AGAIN:
            stands = rank_in_sql(CALLBACKS.c.verified, CALLBACKS.c.urgency)
            values["rank"] = func.coalesce(CALLBACKS.c.rank, stands)
            # Nobody has it any more, so nobody may leave it to a colleague (R36).
            values["staff_id"] = None
    elif rule.after == "requested":
        values = {"rank": None} | values
        values |= {"lease_until": None, "staff_id": None}
        values |= {"liaison_call_id": None, "caller_call_id": None, "claimed_at": None, "taken_up_at": None}
        if rule.before == ("ringing_caller",):
            # A liaison stayed until the caller's answer was known, so the counts of the next round start at
            # zero.
            values |= {"liaison_tries": 0, "paged_at": None}
    statement = (
        update(CALLBACKS)
        .where(CALLBACKS.c.id == callback_id, CALLBACKS.c.state.in_(rule.before), *only_if)
        .values(state=rule.after, **values)
    )
    moved = changed_one(session, statement)
    if moved:
        audit.record(
            session,
            actor=actor,
            action=f"{move}_callback",
            target=f"callback:{callback_id}",
            facts=facts,
            state=rule.after,
            now=now,
        )
    return moved


def locked(session: Session, callback_id: int) -> Callback | None:
    """The callback as it is now, locked until the transaction ends."""
    return session.scalars(_LOCKED, {"callback_id": callback_id}).first()


_LOCKED = (
    select(Callback)
    .where(Callback.id == bindparam("callback_id"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def keep_callback(session: Session, callback_id: int, *only_if: ColumnElement[bool]) -> bool:
    """The person wants the promised call; False when it is no longer promised, or not ``only_if``.

    A round that misses them now must not be the last one: they were told that we will call. It is not the
    first one either, and only that may leave a message (R31). A call that staff began, and that the line goes
    on with, is promised from now on like any that was asked for. So is one without a PIN that staff took up
    again: if they miss it, it does not go back to them.
    """
    kept = update(CALLBACKS).where(CALLBACKS.c.id == callback_id, IS_OWED, *only_if)
    fewer = case((CALLBACKS.c.caller_tries > 1, 1), else_=CALLBACKS.c.caller_tries)
    unasked = CALLBACKS.c.reason == STAFF_CALL
    values = {
        "caller_tries": fewer,
        "reason": case((unasked, "asked"), else_=CALLBACKS.c.reason),
        "taken_up_at": None,
        "outcome": case((CALLBACKS.c.taken_up_at.is_not(None), None), else_=CALLBACKS.c.outcome),
        "begun_by_staff": False,
    }
    return changed_one(session, kept.values(values))


def phone_key_of(session: Session, callback_id: int) -> str | None:
    """The blind index of the phone that this callback calls."""
    return session.scalar(select(CALLBACKS.c.phone_key).where(CALLBACKS.c.id == callback_id))


def number_of(session: Session, callback_id: int) -> str | None:
    """The phone that this callback calls, in E.164."""
    sealed = session.scalar(select(CALLBACKS.c.number_sealed).where(CALLBACKS.c.id == callback_id))
    return keyring_of(session).unseal("callback.number", sealed) if sealed else None


def owed_without_pin(session: Session, phone_key: str) -> list[Callback]:
    """The callbacks promised to this phone without a PIN, locked, oldest first."""
    owed = select(Callback).where(Callback.phone_key == phone_key, WITHOUT_PIN, IS_OWED)
    return list(session.scalars(owed.order_by(Callback.id).with_for_update(key_share=True)))


def stop_ringing_for(
    session: Session, which: ColumnElement[bool], later: datetime, now: datetime, actor: str
) -> list[Job]:
    """Put off to ``later`` those of ``which`` for which a liaison is being called; returns the jobs.

    With the accept key, their phone would ring beside a person who has just made its owner say that they
    cannot talk. Callbacks that were left for staff go back to them.
    """
    rung = select(Callback).where(which, Callback.state == "ringing_liaison")
    jobs: list[Job] = []
    # A callback that is accepted at this same moment already rings.
    for one in session.scalars(rung.with_for_update(skip_locked=True, of=Callback)).all():
        leg = one.liaison_call_id
        if one.taken_up_at is None:
            advance(session, one.id, "not_safe_later", actor=actor, now=now, next_attempt_at=later)
        else:
            advance(session, one.id, "leave", actor=actor, now=now, outcome=one.outcome)
        jobs += [] if leg is None else [("release_leg", leg)]
    return jobs


def was_put_off(session: Session, callback: Callback) -> bool:
    """Whether somebody answered a call for this request and said that it was not a good time.

    This includes a talk in between in which nobody was there: another callback continues its request.
    """
    same = (Callback.phone_key == callback.phone_key, Callback.requested_at == callback.requested_at)
    rows = session.scalars(select(Callback.id).where(*same)).all()
    entries = select(audit.AuditEntry.id).where(
        audit.AuditEntry.target.in_([f"callback:{row_id}" for row_id in rows]),
        audit.AuditEntry.action.in_(("not_safe_callback", "not_safe_later_callback")),
    )
    return session.execute(entries.limit(1)).first() is not None


def is_idle(callback: Callback) -> bool:
    """Whether nobody is being called for it or about to be; see IS_IDLE."""
    claimed = callback.state == "claimed" and callback.staff_id is not None
    return callback.state == "requested" or claimed


def cancel_callback(session: Session, callback_id: int, now: datetime, actor: str = "caller") -> bool:
    """Cancel a callback, unless the person's phone already rings or they are talking; then False."""
    return advance(session, callback_id, "cancel", actor=actor, now=now)


def move_callback(
    session: Session,
    callback_id: int,
    *,
    next_attempt_at: datetime,
    due_at: datetime,
    now: datetime,
    actor: str = "caller",
    facts: dict[str, Any] | None = None,
) -> bool:
    """Give a callback another time, unless someone is already being called for it; then False.

    ``facts`` go into its audit entry.
    """
    statement = (
        update(CALLBACKS)
        .where(CALLBACKS.c.id == callback_id, IS_IDLE)
        .values(next_attempt_at=next_attempt_at, due_at=due_at, news_at=now, rank=None, **UNTOLD)
    )
    moved = changed_one(session, statement)
    if moved:
        audit.record(
            session, actor=actor, action="reschedule_callback", target=f"callback:{callback_id}", now=now,
            facts=facts,
        )  # fmt: skip
    return moved

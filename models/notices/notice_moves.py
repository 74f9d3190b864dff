"""The moves of a notice: each is one conditional change of its row with an entry in the audit."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.next_try import never_dial
from models.calls.call import CALLS
from models.calls.outbound_leg import UNDIALLED
from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.notices.notice import IS_OPEN, NOTICES, OPEN_STATES, Notice
from models.store.job import Job

#: The consent ended, so the line may call no phone.
LAPSED = "no_phone"
#: What an entry of staff who told news knows of what was said before: how long before, and how many records
#: of the person came since.
_SECONDS, _RECORDS = "said_seconds_before", "records_since"
#: The entries of a notice that rests, and of one that is open again.
_STOP, _TAKE_UP = "stop_notice", "take_up_notice"
#: Nobody is on the phone about such a notice at this moment.
AT_REST = ("waiting", "left_for_staff")


def locked(session: Session, notice_id: int) -> Notice | None:
    """The notice as it is now, locked until the transaction ends."""
    row = select(Notice).where(Notice.id == notice_id).with_for_update(key_share=True)
    return session.scalars(row.execution_options(populate_existing=True)).first()


def lock_leg(session: Session, call_id: int) -> None:
    """Lock a leg before its notice: the end of a leg locks them in this order, another could deadlock."""
    session.execute(select(CALLS.c.id).where(CALLS.c.id == call_id).with_for_update(key_share=True))


def open_notices_of(session: Session, case_id: int) -> Sequence[Notice]:
    """The notices of a case that nobody has confirmed, oldest first."""
    mine = select(Notice).where(Notice.case_id == case_id, IS_OPEN).order_by(Notice.id)
    return session.scalars(mine.execution_options(populate_existing=True)).all()


def confirm(
    session: Session, notice_id: int, by: str, now: datetime, actor: str, *, told_at: datetime | None = None
) -> list[Job]:
    """Record that the registrant has heard the news; nothing calls them about it again.

    ``by`` is one of CONFIRMED_BY. Returns the jobs that stop other phones which still ring for it. A notice
    that is confirmed or stopped already stays as it is; but the person's own key counts for more than the
    word of staff, who may take theirs back (``take_back_confirmation``). ``told_at`` is when staff told it,
    if that was before ``now``.
    """
    values: dict[str, Any] = {"state": "confirmed", "confirmed_at": now, "confirmed_by": by}
    if by != "staff":
        # The turn of the key may have begun before another phone was told, and waited for that turn to end.
        said_at = session.scalar(select(NOTICES.c.said_at).where(NOTICES.c.id == notice_id))
        values |= {"confirmed_at": max(now, said_at or now), "outcome": None, "task": None}
        by_staff = (
            NOTICES.c.id == notice_id,
            NOTICES.c.state == "confirmed",
            NOTICES.c.confirmed_by == "staff",
        )
        again = update(NOTICES).where(*by_staff).values(**values).returning(NOTICES.c.id)
        if session.scalar(again) is not None:
            record_move(session, notice_id, "confirm_notice", now, actor, by=by)
            return []
    before = _said_before(session, notice_id, now, told_at) if by == "staff" else {}
    jobs = _end(
        session, NOTICES.c.id == notice_id, OPEN_STATES, values, "confirm_notice", now, actor, by=by, **before
    )
    notice = session.get(Notice, notice_id, populate_existing=True)
    is_theirs = (
        notice is not None and notice.confirmed_at == now and (by == "staff" or notice.said_at is None)
    )
    if notice is not None and is_theirs and _is_newer_said(session, notice, told_at):
        notice.said_at, notice.said_record_id = now, _newest_record(session, notice.case_id, told_at)
        session.flush()
    return jobs


def take_back_confirmation(session: Session, notice: Notice, now: datetime, actor: str) -> None:
    """Staff said by mistake that they had told the person: the notice is as if nobody had confirmed it.

    What the line said to the person before is still said; what only staff said was not (R16).
    """
    # With the confirmation of staff a notice keeps why it was theirs (``confirm``).
    notice.state = "waiting" if notice.outcome is None else "left_for_staff"
    if notice.task is not None:
        left = audit.AuditEntry.target == f"notice:{notice.id}", audit.AuditEntry.action == "leave_notice"
        notice.task_at = session.scalar(select(func.max(audit.AuditEntry.at)).where(*left)) or now
    if notice.said_at == notice.confirmed_at:
        _restore_said(session, notice)
    notice.confirmed_at = notice.confirmed_by = notice.closed_at = None
    session.flush()
    record_move(session, notice.id, _TAKE_UP, now, actor)


def stop(
    session: Session,
    which: ColumnElement[bool],
    outcome: str,
    now: datetime,
    actor: str,
    *,
    states: Collection[str] = OPEN_STATES,
    **facts: Any,
) -> list[Job]:
    """Stop the notices in one of ``states`` that ``which`` selects, for one of the OUTCOMES.

    Nobody is called about them. Returns the jobs that stop phones which still ring for them; ``facts`` go
    into the audit entry of each. The code of a task stays, for a notice that is taken up again.
    """
    values = {"state": "stopped", "outcome": outcome}
    return _end(session, which, states, values, _STOP, now, actor, outcome=outcome, **facts)


def leave(session: Session, notice: Notice, outcome: str, now: datetime, actor: str) -> None:
    """Leave a notice for staff, who are to reach this person: the line calls nobody about it any more."""
    if notice.state not in ("waiting", "ringing"):
        return
    notice.state, notice.outcome, notice.lease_until = "left_for_staff", outcome, None
    notice.task, notice.task_at = outcome, now
    session.flush()
    _drop_undialled(session, [notice.id], now)
    record_move(session, notice.id, "leave_notice", now, actor, outcome=outcome)


def end_calls(session: Session, registration_id: int, outcome: str, now: datetime, actor: str) -> list[Job]:
    """The person stopped or paused these calls: their open notices are stopped for this one of the OUTCOMES.

    A correction is left to staff: the line calls nobody who asked it to stop, but nobody is left with false
    news either (R16). Returns the jobs that end calls which ring.
    """
    mine = NOTICES.c.registration_id == registration_id
    jobs = stop(session, and_(mine, NOTICES.c.corrects_id.is_(None)), outcome, now, actor)
    corrections = select(Notice).where(
        Notice.registration_id == registration_id,
        Notice.corrects_id.is_not(None),
        Notice.state.in_(("waiting", "ringing")),
    )
    left = session.scalars(corrections.order_by(Notice.id).with_for_update(key_share=True)).all()
    for notice in left:
        leave(session, notice, "no_phone", now, actor)
    return jobs + _release_ringing(session, [one.id for one in left])


def end_untold(session: Session, notice: Notice, why: str, now: datetime, actor: str) -> list[Job]:
    """End a notice that may not be told, for one of the OUTCOMES; a correction is left to staff (R16).

    The line calls nobody who asked it to stop, but nobody is left with false news either. News that was open
    when the consent ended is left to staff as well.
    """
    if notice.corrects_id is None and why != LAPSED:
        return stop(session, NOTICES.c.id == notice.id, why, now, actor)
    leave(session, notice, "no_phone", now, actor)
    return []


def note_said(
    session: Session,
    notices: Sequence[Notice],
    now: datetime,
    *,
    is_status: bool,
) -> None:
    """Record which record was said; None if the line said that nothing can be confirmed.

    If that record is taken back later, exactly these people are told that it was wrong (R16).
    """
    for one in notices:
        one.said_at = now
        one.said_record_id = _newest_record(session, one.case_id) if is_status else None
    session.flush()


def note_perhaps_said(
    session: Session, notices: Sequence[Notice], now: datetime, actor: str, *, told_at: datetime
) -> None:
    """Staff may have told these at ``told_at``, in the words of that moment; they stay open (R16).

    Words of a newer record, which the line has said since, stay what this person heard last.
    """
    for one in notices:
        notice = locked(session, one.id)
        if notice is None:
            continue
        told = _newest_record(session, notice.case_id, told_at)
        if notice.said_record_id is not None and told is not None and notice.said_record_id > told:
            continue
        before = _facts_before(session, notice, told, now)
        notice.said_at, notice.said_record_id = now, told
        session.flush()
        record_move(session, notice.id, "tell_notice", now, actor, **before)


def take_back_perhaps_said(session: Session, notice: Notice, saved: Collection[datetime]) -> None:
    """What staff saved at the moments ``saved`` was a mistake: what was said before counts again."""
    # A talk may have noted it at each of them, one after the other.
    for _ in saved:
        if notice.said_at in saved:
            _restore_said(session, notice)
    session.flush()


def _is_newer_said(session: Session, notice: Notice, told_at: datetime | None) -> bool:
    """Whether staff told another record than the line had said, and nothing was said since they did."""
    if notice.said_at is None:
        return True
    is_since = told_at is not None and notice.said_at > told_at
    return not is_since and notice.said_record_id != _newest_record(session, notice.case_id, told_at)


def _said_before(session: Session, notice_id: int, now: datetime, told_at: datetime | None) -> dict[str, Any]:
    """What the line had said of this notice, if staff told a newer record, for the audit entry.

    As numbers alone: the id of a record in the entries of two notices would tie two victims of one person.
    """
    notice = locked(session, notice_id)
    if notice is None or notice.said_at is None or not _is_newer_said(session, notice, told_at):
        return {}
    return _facts_before(session, notice, _newest_record(session, notice.case_id, told_at), now)


def _facts_before(session: Session, notice: Notice, newest: int | None, now: datetime) -> dict[str, Any]:
    if notice.said_at is None:
        return {}
    facts: dict[str, Any] = {_SECONDS: (now - notice.said_at).total_seconds()}
    if notice.said_record_id is not None and newest is not None:
        facts[_RECORDS] = session.scalar(
            _records_up_to(notice.case_id, newest)
            .with_only_columns(func.count())
            .where(CustodyRecord.id > notice.said_record_id)
        )
    return facts


def _restore_said(session: Session, notice: Notice) -> None:
    """What staff said was a mistake: what was said before counts again, if anything was."""
    entries = select(audit.AuditEntry.facts).where(
        audit.AuditEntry.target == f"notice:{notice.id}",
        audit.AuditEntry.action.in_(("confirm_notice", "tell_notice")),
        audit.AuditEntry.at == notice.said_at,
    )
    facts: dict[str, Any] = next((one for one in session.scalars(entries) if one and _SECONDS in one), {})
    told_at, told = notice.said_at, notice.said_record_id
    notice.said_at = notice.said_record_id = None
    if told_at is not None and _SECONDS in facts:
        notice.said_at = told_at - timedelta(seconds=facts[_SECONDS])
    if told is not None and _RECORDS in facts:
        records = _records_up_to(notice.case_id, told).order_by(CustodyRecord.id.desc())
        notice.said_record_id = session.scalar(records.offset(facts[_RECORDS]).limit(1))


def _records_up_to(case_id: int, record_id: int) -> Select[int]:
    """The records of a case's person, up to this one."""
    of_case = select(CustodyRecord.id).join(Case, Case.subject_id == CustodyRecord.subject_id)
    return of_case.where(Case.id == case_id, CustodyRecord.id <= record_id)


def _newest_record(session: Session, case_id: int, then: datetime | None = None) -> int | None:
    """The newest record of the person in this case, now or ``then``."""
    mine = select(Subject.record_id).join(Case, Case.subject_id == Subject.id).where(Case.id == case_id)
    newest = session.scalar(mine)
    if then is None or newest is None:
        return newest
    earlier = (
        select(func.max(CustodyRecord.id))
        .join(Case, Case.subject_id == CustodyRecord.subject_id)
        .where(Case.id == case_id, CustodyRecord.recorded_at <= then)
    )
    return session.scalar(earlier) or newest


def ask_staff(session: Session, notice: Notice, task: str, now: datetime, actor: str) -> None:
    """Give staff the task to reach this person, while the line goes on with other phones (R30)."""
    notice.task, notice.task_at = task, notice.task_at or now
    session.flush()
    record_move(session, notice.id, "leave_notice", now, actor, outcome=task)


def rest_of(session: Session, notice_id: int) -> timedelta:
    """How long a notice was stopped before it was taken up again, in all."""
    entries = session.execute(
        select(audit.AuditEntry.action, audit.AuditEntry.at)
        .where(
            audit.AuditEntry.target == f"notice:{notice_id}",
            audit.AuditEntry.action.in_((_STOP, _TAKE_UP)),
        )
        .order_by(audit.AuditEntry.id)
    )
    rest, stopped_at = timedelta(0), None
    for action, at in entries:
        if action == _TAKE_UP and stopped_at is not None:
            rest += max(at - stopped_at, timedelta(0))
        stopped_at = at if action == _STOP else None
    return rest


def record_move(
    session: Session, notice_id: int, action: str, now: datetime, actor: str, **facts: Any
) -> None:
    """Write an audit entry about a notice."""
    # Neither the case nor the event: an entry that named both would tie two victims of one person.
    audit.record(
        session, actor=actor, action=action, target=f"notice:{notice_id}", facts=facts or None, now=now
    )


def _end(
    session: Session,
    which: ColumnElement[bool],
    states: Collection[str],
    values: dict[str, Any],
    action: str,
    now: datetime,
    actor: str,
    **facts: Any,
) -> list[Job]:
    ended = update(NOTICES).where(NOTICES.c.state.in_(states), which)
    over = ended.values(closed_at=now, lease_until=None, task_at=None, **values)
    found = session.scalars(over.returning(NOTICES.c.id)).all()
    if not found:
        return []
    _drop_undialled(session, found, now)
    for notice_id in sorted(found):
        record_move(session, notice_id, action, now, actor, **facts)
    return _release_ringing(session, found)


def _release_ringing(session: Session, notice_ids: Sequence[int]) -> list[Job]:
    """The jobs that end calls which nobody has answered with a key."""
    rings = select(CALLS.c.id).where(
        CALLS.c.notice_id.in_(notice_ids), CALLS.c.ended_at.is_(None), CALLS.c.accepted_at.is_(None)
    )
    return [("release_leg", call_id) for call_id in session.scalars(rings.order_by(CALLS.c.id))]


def _drop_undialled(session: Session, notice_ids: Sequence[int], now: datetime) -> None:
    """End the legs that no worker has begun to dial: their phones were not called, so no cap counts them."""
    legs = select(CALLS.c.id).where(CALLS.c.notice_id.in_(notice_ids), UNDIALLED)
    for call_id in session.scalars(legs.order_by(CALLS.c.id)).all():
        never_dial(session, call_id, now)

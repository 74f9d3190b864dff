"""The news that staff told in a talk: *Reached* confirms it, and a correction takes that back (R28, R37)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import pairwise

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from models.audit.audit import AuditEntry
from models.callbacks.callback import Callback
from models.callbacks.follow_up import CONTINUES, LATER, SUPERVISOR, began_with
from models.calls.call import Call
from models.cases.case import Case
from models.notices.answering import confirm_by_staff, confirm_newest_by_staff, note_said_by_staff
from models.notices.notice import HAS_TASK, IS_OPEN, NOTICES, PROMISED, Notice
from models.notices.notice_moves import stop, take_back_confirmation, take_back_perhaps_said
from models.notices.registration import Registration
from models.notices.staff_task import TELLING
from models.outcomes.told_falsely import drop_correction, note_told_falsely, take_back_told_falsely
from models.outcomes.words_shown import words_shown
from models.store.job import Job
from models.talks.follow_talk import opened_case
from models.talks.talk import Talk

#: Why nobody is told of a notice whose registration no longer stands.
_NOT_WANTED = {"stopped": "withdrawn", "paused": "paused"}


@dataclass(frozen=True, slots=True)
class NewestWords:
    """The words about a case that changed in a talk, and that its leader says they told.

    The page showed them first at ``changed_at``, and the ones before last at ``before_at``.
    """

    case_id: int
    before_at: datetime
    changed_at: datetime


def confirm_told(
    session: Session,
    talk: Talk,
    callback: Callback | None,
    actor: str,
    now: datetime,
    office: tzinfo,
    *,
    newest: NewestWords | None = None,
) -> list[Job]:
    """Staff reached a person who was to be told news, and know who it is: they have heard it (R37).

    They recognized the person of a callback, or the caller at 0 had given the PIN, and they viewed the words:
    nobody can tell what they have not seen. A callback that continues a talk about news tells it as well.
    Returns the jobs that stop what still rings. News stays open if nobody recognized the person.

    News that came before them during the talk they may have told, or not: it stays open. Of the ``newest``
    words they say that they told them as well, and these are still the same. That tells no news which other
    words had before: "I cannot confirm" tells nobody of an escape.
    """
    jobs: list[Job] = []
    told = cases_told(session, talk, callback)
    for case_id, shown in _shown(session, talk, callback, now):
        if case_id in told:
            jobs += confirm_by_staff(session, case_id, shown[0], now, actor)
        if newest is not None and case_id == newest.case_id:
            since, until = newest.before_at, newest.changed_at
            jobs += confirm_newest_by_staff(session, case_id, since, until, now, actor)
        _note_perhaps(session, case_id, shown, now, actor)
        # After it: nobody has told the correction that this makes.
        note_told_falsely(session, case_id, shown, now, actor, office)
    return jobs


def note_perhaps_told(
    session: Session, talk: Talk, callback: Callback | None, actor: str, now: datetime, office: tzinfo
) -> None:
    """Staff talked with this person and are to call again: what they had before them they may have told.

    It stays open, but should its file be taken back, the person is told that it was wrong (R16).
    """
    for case_id, shown in _shown(session, talk, callback, now):
        _note_perhaps(session, case_id, shown, now, actor)
        note_told_falsely(session, case_id, shown, now, actor, office)


def _note_perhaps(
    session: Session, case_id: int, shown: Sequence[datetime], now: datetime, actor: str
) -> None:
    """Note what is open as perhaps told, each in the words of the first view that had it."""
    for before, at in pairwise([None, *shown]):
        if at is not None:
            note_said_by_staff(session, case_id, at, now, actor, since=before)


def _shown(
    session: Session, talk: Talk, callback: Callback | None, now: datetime
) -> list[tuple[int, Sequence[datetime]]]:
    """The cases of this talk whose words staff had before them in it, and when."""
    cases = cases_perhaps_told(session, talk, callback)
    looks = [(case_id, words_shown(session, talk, callback, case_id, now)) for case_id in cases]
    return [(case_id, shown) for case_id, shown in looks if shown]


def cases_perhaps_told(session: Session, talk: Talk, callback: Callback | None) -> Sequence[int]:
    """The cases whose news may have been told in this talk: also beside another matter (R16)."""
    told = cases_told(session, talk, callback)
    case_id = None if callback is None or callback.recognized_by is None else callback.case_id
    return told if case_id is None or case_id in told else [*told, case_id]


def cases_told(session: Session, talk: Talk, callback: Callback | None) -> Sequence[int]:
    """The cases whose news this talk was there to tell, to a person who is known."""
    if callback is None:
        case = opened_case(session, session.get_one(Call, talk.caller_call_id))
        return [] if case is None else [case.id]
    return [] if callback.recognized_by is None else _of_callback(session, callback)


def _of_callback(session: Session, callback: Callback) -> Sequence[int]:
    """The cases whose news this callback is there to tell."""
    first = began_with(session, callback)
    if first.reason not in TELLING and not _continues_at_0(session, first):
        # News that waits for staff is told in the call that its person was promised.
        waits = exists().where(Notice.case_id == Case.id, IS_OPEN, HAS_TASK)
        return session.scalars(select(Case.id).where(Case.id == callback.case_id, waits)).all()
    whose = Case.id == callback.case_id
    if callback.registrant_id is not None:
        # They may have another case, of which this talk was not.
        asked = exists().where(Notice.case_id == Case.id, IS_OPEN, Notice.task.in_(PROMISED))
        in_call = exists().where(
            Call.id == first.requested_in_call_id, Notice.id == Call.notice_id, Notice.case_id == Case.id
        )
        whose = or_(whose, and_(Case.registrant_id == callback.registrant_id, or_(asked, in_call)))
    return session.scalars(select(Case.id).where(whose).order_by(Case.id)).all()


def _continues_at_0(session: Session, callback: Callback) -> bool:
    """Whether it continues the talk of a caller at 0 who had given the PIN."""
    if callback.reason not in CONTINUES or callback.case_id is None:
        return False
    at_0 = select(Talk.id).where(
        Talk.caller_call_id == callback.requested_in_call_id, Talk.callback_id.is_(None)
    )
    return session.execute(at_0.limit(1)).first() is not None


def take_back_told(
    session: Session, talk: Talk, callback: Callback | None, actor: str, now: datetime
) -> list[Job]:
    """*Reached* was a mistake: what it confirmed is open again. A confirmation by the person's key stays.

    Nobody is told any more that news which they did not hear was wrong; the jobs end calls that ring for it.
    """
    reached = _saved(session, talk, ("reached",))
    if not reached:
        return []
    cases = session.scalars(select(Case.id).where(_may_be_of(talk, callback))).all()
    jobs = take_back_told_falsely(session, cases, reached, now, actor)
    mistaken = (
        select(Notice, Registration.state)
        .join(Registration, Registration.id == Notice.registration_id)
        .where(
            Notice.case_id.in_(cases), Notice.state == "confirmed", Notice.confirmed_by == "staff",
            Notice.confirmed_at.in_(reached),
        )
        .order_by(Notice.id)
        .with_for_update(of=Notice, key_share=True)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    for notice, registration_state in session.execute(mistaken).all():
        take_back_confirmation(session, notice, now, actor)
        if notice.said_at is None:
            jobs += drop_correction(session, notice.id, now, actor)
        # A person who stopped the calls meanwhile asked for none of these.
        if registration_state in _NOT_WANTED and notice.corrects_id is None:
            stop(session, NOTICES.c.id == notice.id, _NOT_WANTED[registration_state], now, actor)
    return jobs


def take_back_perhaps_told(
    session: Session, talk: Talk, callback: Callback | None, actor: str, now: datetime
) -> list[Job]:
    """Nobody was told anything in this talk, although its outcome said so: what was said before counts again.

    What is confirmed by another talk or a key stays. Nobody is told any more that news which they did not
    hear was wrong; the jobs end calls that ring for it.
    """
    saved = _saved(session, talk, ("reached", LATER, SUPERVISOR))
    if not saved:
        return []
    cases = session.scalars(select(Case.id).where(_may_be_of(talk, callback))).all()
    mistaken = (
        select(Notice)
        .where(Notice.case_id.in_(cases), Notice.state != "confirmed", Notice.said_at.in_(saved))
        .order_by(Notice.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    jobs: list[Job] = []
    for notice in session.scalars(mistaken).all():
        take_back_perhaps_said(session, notice, saved)
        if notice.said_at is None:
            jobs += drop_correction(session, notice.id, now, actor)
    return jobs


def _saved(session: Session, talk: Talk, codes: Sequence[str]) -> list[datetime]:
    """When staff saved one of these codes as the outcome of this talk."""
    entries = select(AuditEntry.at, AuditEntry.facts).where(
        AuditEntry.target == talk.audit_target, AuditEntry.action == "note_outcome"
    )
    return [row.at for row in session.execute(entries) if (row.facts or {}).get("code") in codes]


def _may_be_of(talk: Talk, callback: Callback | None) -> ColumnElement[bool]:
    """The cases whose news this talk may have told; its moment says which notices it confirmed."""
    if callback is None:
        return Case.id == select(Call.case_id).where(Call.id == talk.caller_call_id).scalar_subquery()
    return or_(Case.id == callback.case_id, Case.registrant_id == callback.registrant_id)

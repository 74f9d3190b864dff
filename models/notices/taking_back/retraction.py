"""Takes back a file that was found wrong after it landed, and corrects what it made people hear (R16, R40).

Two people ask for it. For each person whom the file was the last word about, the record that stood before
counts again (``records.py``), the file's events are told to nobody any more, and each case that heard
something false gets one correction. What a case heard last is on its notices
(``said_record_id``), so that exactly those are called who believe a record that was taken back: whether they
heard it in our call, on the line while a notice was open, or from staff who confirmed it.

All of this is done in short batches. A batch that ran before changes nothing more, so after a crash the
sweeper begins again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import and_, exists, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from models.audit import audit
from models.cases.case import Case
from models.cases.registrant import Registrant
from models.cases.subject import Subject
from models.custody.custody import DATED_FACTS, IN_CUSTODY_KINDS, CustodyRecord
from models.custody.custody_event import CUSTODY_EVENTS, REMINDERS, UNCONFIRMED, CustodyEvent
from models.custody.event_making import last_told
from models.custody.imports.held import SettleError, two_of_staff
from models.custody.imports.lock import gentle_transaction, import_lock
from models.custody.imports.record import RETRACTED_STATES, CustodyImport
from models.custody.refusals import SettleRefusal
from models.notices.notice import NOTICES, Notice
from models.notices.notice_moves import record_move, stop
from models.notices.registration import Registration
from models.notices.spreading import stands
from models.notices.taking_back.corrections import TRUE_AGAIN, raises_danger, words_of
from models.notices.taking_back.records import TakenBack, people_of, take_back_records
from models.store.database import Database, is_any
from models.store.job import Job

_BATCH = 200
_ACTOR = "import"


@dataclass(frozen=True, slots=True)
class Retraction:
    """What was taken back: how many corrections it made in all. ``jobs`` end calls that tell false news."""

    corrections: int
    jobs: list[Job]


def retract(
    database: Database,
    import_id: int,
    *,
    by: str,
    and_by: str,
    now: datetime,
    tied_days: float,
    office: tzinfo,
) -> Retraction:
    """Take back a landed import with the approval of two staff, by e-mail. ``office`` is its time zone.

    Raises SettleError, ImportBusyError, or TiedError if an action within ``tied_days`` ties the two.
    """
    with import_lock(database):
        with database.transaction() as session:
            target, if_one = f"import:{import_id}", SettleRefusal.TWO_PEOPLE_RETRACT
            people = two_of_staff(session, by, and_by, target, now, tied_days, if_one)
            begin_retraction(session, import_id, [person.email for person in people], now)
            for person in people:
                audit.record(
                    session, actor=person.email, action="retract_import", target=f"import:{import_id}",
                    state="retracting", now=now,
                )  # fmt: skip
        return _carry_out(database, import_id, now, office)


def begin_retraction(session: Session, import_id: int, by: list[str], now: datetime) -> None:
    """Mark a landed import as being taken back, by the e-mails of two people. Raises SettleError."""
    begun = session.execute(
        update(CustodyImport)
        .where(CustodyImport.id == import_id, CustodyImport.state == "landed")
        .values(state="retracting", retracted_by=by, retracted_at=now)
        .returning(CustodyImport.id)
    ).first()
    if begun is None:
        raise SettleError(SettleRefusal.NO_LANDED_IMPORT, number=import_id)


def is_any_to_retract(session: Session) -> bool:
    """Whether two people approved a retraction that is not carried out yet."""
    return is_any(session, _UNFINISHED)


def resume_retractions(database: Database, now: datetime, office: tzinfo) -> list[Job]:
    """Carry out what was approved in the console, or left by a process that died. Raises ImportBusyError."""
    jobs: list[Job] = []
    with import_lock(database, 0):
        with database.reading() as session:
            found = session.scalars(_UNFINISHED).all()
        for import_id in found:
            jobs += _carry_out(database, import_id, now, office).jobs
    return jobs


_UNFINISHED = select(CustodyImport.id).where(CustodyImport.state == "retracting").order_by(CustodyImport.id)


def _carry_out(database: Database, import_id: int, now: datetime, office: tzinfo) -> Retraction:
    after, jobs = 0, list[Job]()
    while True:
        with gentle_transaction(database) as session:
            people = people_of(session, import_id, after, _BATCH)
            if not people:
                return Retraction(_finish(session, import_id, now), jobs)
            jobs += _take_back(session, import_id, people, now, office)
            after = people[-1]


def _take_back(
    session: Session, import_id: int, people: Sequence[int], now: datetime, office: tzinfo
) -> list[Job]:
    taken = take_back_records(session, import_id, people, now)
    _keep_true_events(session, people)
    jobs = _stop_false_events(session, people, now)
    by_person = {one.subject_id: one for one in taken}
    for subject_id, misled in _misled(session, people).items():
        back = by_person.get(subject_id)
        if back is not None:
            _correct(session, import_id, back, _who_heard_otherwise(session, back, misled, office), now)
        else:
            _correct_overtaken(session, import_id, subject_id, misled, now)
    return jobs


def _who_heard_otherwise(
    session: Session, back: TakenBack, misled: Sequence["_Misled"], office: tzinfo
) -> list["_Misled"]:
    """Those who were told something else than what stands now: to the others nothing was wrong (R16).

    A file may repeat the news with another hearing, and is then taken back because of that hearing.
    """
    stands_now = None if back.told is None else session.get(CustodyRecord, back.told.record_id)
    if stands_now is None:
        return list(misled)
    return [one for one in misled if one.words(stands_now, office) != one.words(one.heard, office)]


def _correct_overtaken(
    session: Session, import_id: int, subject_id: int, misled: Sequence["_Misled"], now: datetime
) -> None:
    """A later file had the last word. It corrects by itself if it repeated the news or was an event.

    A transfer that never happened is neither: "in custody" after it is no event.
    """
    told = last_told(session, [subject_id]).get(subject_id)
    for one in misled:
        if told is None or told.status == one.said or _is_any_event_since(session, subject_id, one):
            continue
        back = TakenBack(subject_id, one.record_id, told.record_id, told)
        _correct(session, import_id, back, [one], now)


def _is_any_event_since(session: Session, subject_id: int, one: "_Misled") -> bool:
    later = select(CustodyEvent.id).where(
        CustodyEvent.subject_id == subject_id,
        CustodyEvent.record_id > one.record_id,
        CustodyEvent.before_id.is_not(None),
        CustodyEvent.corrects_id.is_(None),
        CustodyEvent.retracted_at.is_(None),
    )
    return session.execute(later.limit(1)).first() is not None


def correct_late(session: Session, notice_ids: Sequence[int], now: datetime, office: tzinfo) -> None:
    """Correct what staff told of a file that was taken back meanwhile, if it was the last that a case heard.

    ``notice_ids`` are the notices that said it. A correction that was stopped is told after all.
    """
    if not notice_ids:
        return
    cases = set(session.scalars(select(Notice.case_id).where(Notice.id.in_(notice_ids))))
    again = update(NOTICES).where(NOTICES.c.corrects_id.in_(notice_ids), NOTICES.c.state == "stopped")
    anew = again.values(state="waiting", outcome=None, next_attempt_at=now, closed_at=None)
    for correction_id in session.scalars(anew.returning(NOTICES.c.id)).all():
        record_move(session, correction_id, "take_up_notice", now, _ACTOR)
    of_them = select(Case.subject_id).where(Case.id.in_(cases))
    people = session.scalars(of_them.distinct()).all()
    told_now = last_told(session, people)
    for subject_id, misled in _misled(session, people).items():
        newest = session.get_one(Subject, subject_id).record_id
        told = told_now.get(subject_id)
        for one in misled:
            # Newer news of another file tells what is true by itself.
            if one.case_id not in cases or _is_any_event_since(session, subject_id, one):
                continue
            # A record that may not be told, or is none, silences the one before it.
            stands_now = told if told is not None and told.record_id == newest else None
            back = TakenBack(subject_id, one.record_id, newest or one.record_id, stands_now)
            misled_again = _who_heard_otherwise(session, back, [one], office)
            _correct(session, one.heard.import_id, back, misled_again, now)


def _keep_true_events(session: Session, people: Sequence[int]) -> None:
    """What a file that counts has repeated since is news of that file, for those who were not told yet."""
    told = last_told(session, people)
    rows = session.execute(
        select(CustodyEvent.id, CustodyEvent.subject_id, CustodyEvent.kind, CustodyEvent.at)
        .join(CustodyRecord, CustodyRecord.id == CustodyEvent.record_id)
        .join(CustodyImport, CustodyImport.id == CustodyRecord.import_id)
        .where(
            CustodyEvent.subject_id.in_(told), CustodyEvent.before_id.is_not(None),
            CustodyEvent.corrects_id.is_(None), CustodyEvent.stopped_at.is_(None),
            CustodyImport.state.in_(RETRACTED_STATES),
        )
    )  # fmt: skip
    for event_id, subject_id, kind, at in rows.all():
        newest = told[subject_id]
        if newest.status == kind and newest.at == at:
            record = session.get_one(CustodyRecord, newest.record_id)
            again = update(CUSTODY_EVENTS).where(CUSTODY_EVENTS.c.id == event_id)
            session.execute(again.values(record_id=record.id, import_id=record.import_id))


def _stop_false_events(session: Session, people: Iterable[int], now: datetime) -> list[Job]:
    """Stop the events that retracted records report. An open correction goes on: it is still owed."""
    # A correction that says "we cannot confirm" is never false.
    false = session.scalars(
        select(CustodyEvent.id)
        .join(CustodyRecord, CustodyRecord.id == CustodyEvent.record_id)
        .join(CustodyImport, CustodyImport.id == CustodyRecord.import_id)
        .where(
            CustodyEvent.subject_id.in_(people),
            CustodyEvent.before_id.is_not(None),
            CustodyEvent.retracted_at.is_(None),
            CustodyEvent.kind != UNCONFIRMED,
            CustodyImport.state.in_(RETRACTED_STATES),
        )
    ).all()
    if not false:
        return []
    events = CUSTODY_EVENTS.c.id.in_(false)
    stopped = func.coalesce(CUSTODY_EVENTS.c.stopped_at, now)
    session.execute(update(CUSTODY_EVENTS).where(events).values(retracted_at=now, stopped_at=stopped))
    open_ones = NOTICES.c.event_id.in_(false) & NOTICES.c.corrects_id.is_(None)
    return stop(session, open_ones, "retracted", now, _ACTOR)


@dataclass(frozen=True, slots=True)
class _Misled:
    """A case that believes a record which was taken back, and the notice that said it.

    ``is_of_dates``: the notice told what a record announced, such as a hearing.
    """

    notice_id: int
    event_id: int
    case_id: int
    heard: CustodyRecord
    time_zone: str
    is_of_dates: bool

    @property
    def record_id(self) -> int:
        return self.heard.id

    @property
    def said(self) -> str:
        return self.heard.status

    def words(self, record: CustodyRecord, office: tzinfo) -> tuple[object, ...]:
        """What the line says of a record to this person."""
        return words_of(record, self.time_zone, office, with_dates=self.is_of_dates)


def _misled(session: Session, people: Sequence[int]) -> dict[int, list[_Misled]]:
    """Those who heard something false last, and to whom no correction is owed yet, by person."""
    correction = aliased(Notice)
    is_true_again = and_(correction.state == "stopped", correction.outcome == TRUE_AGAIN)
    is_corrected = exists().where(correction.corrects_id == Notice.id, ~is_true_again)
    rows = session.execute(
        select(
            Notice.id, Notice.event_id, Notice.case_id, CustodyRecord, Registrant.time_zone,
            CustodyEvent.kind, CustodyImport.state, is_corrected.label("is_corrected"),
        )
        .join(Case, Case.id == Notice.case_id)
        .join(Registrant, Registrant.id == Case.registrant_id)
        .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
        .join(CustodyRecord, CustodyRecord.id == Notice.said_record_id)
        .join(CustodyImport, CustodyImport.id == CustodyRecord.import_id)
        .where(Case.subject_id.in_(people), Notice.said_at.is_not(None))
        .order_by(Notice.said_at, Notice.id)
    )  # fmt: skip
    last = {row.case_id: row for row in rows}
    misled: dict[int, list[_Misled]] = {}
    for row in last.values():
        record = row.CustodyRecord
        is_told = record.status in IN_CUSTODY_KINDS | DATED_FACTS
        if is_told and row.state in RETRACTED_STATES and not row.is_corrected:
            is_of_dates = row.kind in REMINDERS
            one = _Misled(row.id, row.event_id, row.case_id, record, row.time_zone, is_of_dates)
            misled.setdefault(record.subject_id, []).append(one)
    return misled


def _correct(
    session: Session, import_id: int, taken: TakenBack, misled: Sequence[_Misled], now: datetime
) -> None:
    if not misled:
        return
    kind = UNCONFIRMED if taken.told is None else taken.told.status
    event = CustodyEvent(
        subject_id=taken.subject_id, kind=kind, at=None if taken.told is None else taken.told.at,
        record_id=taken.record_id, before_id=taken.false_record_id, import_id=import_id, made_at=now,
        spread_at=now, corrects_id=max(one.event_id for one in misled),
    )  # fmt: skip
    session.add(event)
    session.flush()
    registrations = _registrations(session, [one.case_id for one in misled], now)
    notices = [_notice(event, one, registrations[one.case_id], now) for one in misled]
    new = [values for values in notices if not _take_up(session, values, now)]
    if not new:
        return
    for notice_id in sorted(session.scalars(insert(NOTICES).returning(NOTICES.c.id), new)):
        record_move(session, notice_id, "make_notice", now, _ACTOR, correction=True)


def _take_up(session: Session, values: dict[str, Any], now: datetime) -> bool:
    """Take up a correction that was stopped because what it corrects seemed true after all."""
    stopped = update(NOTICES).where(
        NOTICES.c.corrects_id == values["corrects_id"],
        NOTICES.c.state == "stopped",
        NOTICES.c.outcome == TRUE_AGAIN,
    )
    notice_id = session.scalar(stopped.values(**values, closed_at=None).returning(NOTICES.c.id))
    if notice_id is None:
        return False
    record_move(session, notice_id, "take_up_notice", now, _ACTOR)
    return True


def _notice(event: CustodyEvent, one: _Misled, registration: Any, now: datetime) -> dict[str, Any]:
    # The line calls nobody who asked it to stop, but nobody is left with false news either: staff decide.
    task = None if registration.may_be_called else "no_phone"
    return {
        "event_id": event.id,
        "registration_id": registration.id,
        "case_id": one.case_id,
        "corrects_id": one.notice_id,
        "is_urgent": raises_danger(one.said, event.kind),
        "state": "waiting" if task is None else "left_for_staff",
        "outcome": task,
        "task": task,
        "task_at": None if task is None else now,
        "made_at": now,
        "next_attempt_at": now,
    }


def _registrations(session: Session, case_ids: Sequence[int], now: datetime) -> dict[int, Any]:
    """The newest registration of each case, and whether the line may call about it."""
    may_be_called = stands(now) & Case.closed_at.is_(None) & Case.named_by.is_(None)
    rows = session.execute(
        select(Registration.id, Registration.case_id, may_be_called.label("may_be_called"))
        .join(Case, Case.id == Registration.case_id)
        .where(Registration.case_id.in_(case_ids))
        .order_by(Registration.id)
    )
    return {row.case_id: row for row in rows}


def _finish(session: Session, import_id: int, now: datetime) -> int:
    session.execute(
        update(CustodyImport)
        .where(CustodyImport.id == import_id, CustodyImport.state == "retracting")
        .values(state="retracted")
    )
    made = count_corrections(session, import_id)
    # Neither the people nor the kinds: two victims of one person must not learn of each other.
    audit.record(
        session, actor=_ACTOR, action="finish_retraction", target=f"import:{import_id}",
        facts={"corrections": made}, state="retracted", now=now,
    )  # fmt: skip
    return made


def count_corrections(session: Session, import_id: int) -> int:
    """How many people a retraction owes, or owed, a correction."""
    made = (
        select(func.count())
        .select_from(Notice)
        .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
        .where(CustodyEvent.import_id == import_id, Notice.corrects_id.is_not(None))
    )
    return session.scalar(made) or 0


def count_uncorrected(session: Session, import_id: int, since: datetime) -> int:
    """How many open cases had a call with the PIN since a file landed, and no notice said its news to them.

    They may have heard it and get no correction: no row says what they heard. Denied people count as well,
    so that the number says nothing of the gate (R12), and a use of a duress PIN does not (R10).
    """
    concerned = select(CustodyRecord.subject_id).where(CustodyRecord.import_id == import_id)
    is_told = (
        exists()
        .where(Notice.case_id == Case.id, Notice.said_record_id == CustodyRecord.id)
        .where(CustodyRecord.import_id == import_id)
    )
    found = select(func.count()).where(
        Case.subject_id.in_(concerned),
        Case.last_verified_at >= since,
        Case.duress_of.is_(None),
        Case.closed_at.is_(None),
        ~is_told,
    )
    return session.scalar(found) or 0

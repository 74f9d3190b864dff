"""What a person called back may hear about a case: the same gate as on the line, no more for staff.

A callback opens its case to the staff member who has it on two conditions: it was requested in a call with
the right PIN, and staff have recorded how they recognized the person on the call that we placed. Staff see
the words that may be told and nothing more (R12, R13, R37), and each view is logged in the audit.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models.audit import audit
from models.audit.audit import AuditEntry
from models.callbacks.callback import Callback
from models.callbacks.callback_state import OPEN_STATES
from models.callbacks.claim import actor_of, standing
from models.callbacks.refusals import CaseWordsRefusal
from models.callbacks.to_new_phone import holds_content, is_for_code
from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.custody.custody_status import NEUTRAL, Heard, HeardRules, heard
from models.custody.directory import Court, Facility
from models.custody.imports.record import silencing_import
from models.store.database import keyring_of
from models.store.policies import Policies
from models.store.refusal import RefusedError

#: How many of the latest views are checked for those of the same talk.
_LOOKS = 20


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """A case and the last feed data about its subject: what the release gate decides by."""

    case_id: int
    found_case_id: int
    case_closed_at: datetime | None
    subject_as_of: datetime | None
    absent_since: datetime | None
    held_import_id: int | None
    record_id: int | None
    custody_status: str | None
    status_at: datetime | None
    releasable: bool | None
    removal_stage: str | None
    expected_release_at: datetime | None
    next_hearing_at: datetime | None
    next_hearing_place: str | None
    hearing_zone: str | None
    facility_name: str | None
    facility_phone: str | None


@dataclass(frozen=True, slots=True)
class View:
    """Who views the words about which case in which talk: ``ground`` is ``callback``, or ``talk`` at 0.

    ``talk_id`` is the id of that callback or talk, and ``since`` when it began.
    """

    case_id: int
    staff_id: int
    ground: Literal["callback", "talk"]
    talk_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class WordsBeside:
    """The words beside a talk. They follow the feed, so new ones are a view of their own (R16).

    ``is_new``: the last logged view had other words. ``changed_at`` is when they changed before the reader,
    and ``before_at`` when the reader last had the ones before; None while they are those of the first view.
    """

    heard: Heard
    changed_at: datetime | None
    before_at: datetime | None
    is_new: bool

    @property
    def news_at(self) -> datetime | None:
        """When new words came that tell something. That nothing can be confirmed tells no news (R13)."""
        return None if self.heard.kind == "neutral" else self.changed_at


def may_open_case(callback: Callback, staff_id: int, now: datetime, policies: Policies) -> bool:
    """Whether this callback opens its case to this person: verified, recognized, theirs, on or just over."""
    if not callback.verified or callback.case_id is None or callback.staff_id != staff_id:
        return False
    if callback.recognized_by is None:
        return False
    shortly = now - timedelta(minutes=policies.outcome_minutes)
    is_over_lately = callback.closed_at is not None and callback.closed_at > shortly
    was_talk = callback.state == "reached" and is_over_lately
    return callback.state in OPEN_STATES or was_talk


def look_at_words(
    session: Session, callback_id: int, staff_id: int, now: datetime, rules: HeardRules, policies: Policies
) -> Heard:
    """What the person of a callback may be told now, and the audit entry that this staff member viewed it.

    Raises RefusedError when the callback opens no case to them; nobody is told why the gate denies.
    """
    callback = standing(session, callback_id)
    if callback.case_id is None or not may_open_case(callback, staff_id, now, policies):
        raise RefusedError(CaseWordsRefusal.NOT_RECOGNIZED)
    if is_for_code(session, callback):
        raise RefusedError(CaseWordsRefusal.NOT_CONFIRMED)
    if holds_content(session, callback, now):
        raise RefusedError(CaseWordsRefusal.NEW_PHONE)
    return viewed(session, view_in_callback(callback, staff_id), now, rules)


def view_in_callback(callback: Callback, staff_id: int) -> View:
    """What this person views in this callback. Raises ValueError for one without a case."""
    if callback.case_id is None:
        raise ValueError("A callback without a case shows no words.")
    return View(callback.case_id, staff_id, "callback", callback.id, callback.requested_at)


def viewed(session: Session, view: View, now: datetime, rules: HeardRules) -> Heard:
    """What may be told about a case now, and the audit entry that this staff member viewed it."""
    told = heard_for(session, view.case_id, now, rules)
    log_view(session, view, told, now)
    return told


def log_view(session: Session, view: View, told: Heard, now: datetime) -> None:
    """The audit entry that this staff member has these words before them."""
    audit.record(
        session,
        actor=actor_of(view.staff_id),
        action="look_at_case",
        target=f"case:{view.case_id}",
        facts={"ground": view.ground, view.ground: view.talk_id, "words": _mark_of(session, view, told)},
        now=now,
    )


def words_beside(session: Session, view: View, now: datetime, rules: HeardRules) -> WordsBeside | None:
    """What this person sees about the case once they have viewed it in this same talk; None before that."""
    entries = (
        select(AuditEntry.at, AuditEntry.facts)
        .where(
            AuditEntry.actor == actor_of(view.staff_id),
            AuditEntry.action == "look_at_case",
            AuditEntry.target == f"case:{view.case_id}",
            AuditEntry.at >= view.since,
        )
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(_LOOKS)
    )
    looks = [
        (at, facts.get("words"))
        for at, facts in session.execute(entries)
        if facts and facts.get(view.ground) == view.talk_id
    ]
    if not looks:
        return None
    told = heard_for(session, view.case_id, now, rules)
    last = looks[0][1]
    is_new = _mark_of(session, view, told) != last
    if is_new:
        return WordsBeside(told, None if last is None else now, None if last is None else looks[0][0], is_new)
    changes = ((at, was) for (at, mark), (was, before) in pairwise(looks) if before not in (None, mark))
    changed_at, before_at = next(changes, (None, None))
    return WordsBeside(told, changed_at, before_at, is_new)


def _mark_of(session: Session, view: View, told: Heard) -> str:
    """The same for the same words in one talk. In another talk it differs, and so it compares no two cases.

    Not the age of the record: words that differ only in the minute of the feed tell nothing new.
    """
    lasting = replace(told, as_of=None, age=None)
    return keyring_of(session).index("words", f"{view.case_id} {view.ground} {view.talk_id} {lasting}")[:16]


def heard_for(session: Session, case_id: int, now: datetime, rules: HeardRules) -> Heard:
    """What a caller with the PIN of this case may hear now."""
    found = case_standing(session, case_id)
    return NEUTRAL if found is None else heard(found, now, rules)


def case_standing(session: Session, case_id: int) -> CaseStanding | None:
    """The state of a case, in one statement; None for no case, or one whose subject nobody has confirmed."""
    row = session.execute(
        select(
            Case.id, Case.id, Case.closed_at, Subject.as_of, Subject.absent_since,
            silencing_import(Subject.held_import_id, CustodyRecord.import_id),
            CustodyRecord.id, CustodyRecord.status, CustodyRecord.status_at, CustodyRecord.releasable,
            CustodyRecord.removal_stage, CustodyRecord.expected_release_at, CustodyRecord.next_hearing_at,
            Court.name, Court.time_zone, Facility.name, Facility.phone,
        )
        # Nothing is told about a person whom only one staff member has named.
        .join(Subject, and_(Subject.id == Case.subject_id, Case.named_by.is_(None)))
        .outerjoin(CustodyRecord, CustodyRecord.id == Subject.record_id)
        .outerjoin(Facility, Facility.name_key == CustodyRecord.facility_key)
        .outerjoin(Court, Court.name_key == CustodyRecord.court_key)
        .where(Case.id == case_id)
    ).first()  # fmt: skip
    return None if row is None else CaseStanding(*tuple(row))

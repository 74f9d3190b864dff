"""After a duress PIN was used: one liaison and the supervisors are told, nobody else (R10).

The call itself writes nothing that another call would not write: the sweeper finds the use in the times of
the duress case. A notice that the pause leaves to staff is told to the same people, since no list or page of
others names it, and so is each callback that is asked for while calls are paused. Nothing here is counted,
measured or published.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from models.audit import audit
from models.callbacks.callback import IS_PROMISED, Callback, advance
from models.callbacks.callback_state import OWED_STATES, TAKEN_UP_AGAIN
from models.callbacks.claim import keep_left, let_go
from models.callbacks.follow_up import NOT_WAITED_FOR, SUPERVISOR
from models.cases.case import Case
from models.cases.duress import TARGET, DuressError, DuressWatch
from models.cases.refusals import CaseRefusal
from models.notices.notice import HAS_TASK, IS_OPEN, Notice
from models.overview.case_opening import Person
from models.staff.alert import ONLY_YOU, Told, recipients, tell
from models.staff.staff import Staff
from models.store.policies import Policies

#: How long the liaison keeps such a callback: until they call or return it, not as other claims.
_KEPT = timedelta(days=365)
#: Dispatches claim callbacks all day, so an entry by this actor does not tell why this one is kept.
_ACTOR = "worker"
_REAL = aliased(Case)
_WATCHED = (
    select(DuressWatch, Case)
    .join(Case, Case.id == DuressWatch.case_id)
    .where(Case.last_verified_at.is_not(None))
)
_OTHER = aliased(Callback)
#: Left for staff, and somebody has to see to it.
_IS_LEFT = and_(
    Callback.state == TAKEN_UP_AGAIN,
    Callback.rank.is_not(None),
    func.coalesce(Callback.outcome, "").not_in(NOT_WAITED_FOR),
)
#: In the words of the index that has these alone.
_IS_OTHER_OWED = _OTHER.state.in_([literal_column(f"'{state}'") for state in OWED_STATES])
#: Waits for a liaison. One for the supervisor is theirs, and a case has one open callback.
_HAS_NO_LIAISON = or_(
    Callback.state == "requested",
    and_(
        _IS_LEFT,
        Callback.reason != SUPERVISOR,
        ~exists().where(_OTHER.case_id == Callback.case_id, _IS_OTHER_OWED),
    ),
)
_IS_OF_DURESS = exists().where(
    Case.duress_of.is_not(None),
    or_(Case.id == Callback.case_id, Case.registrant_id == Callback.registrant_id),
)
#: A callback after a duress PIN that has no liaison. Each pass of the sweeper asks, so by an index.
_RETURNED = select(Callback.id).where(IS_PROMISED, _HAS_NO_LIAISON, _IS_OF_DURESS).limit(1)

_IS_LIAISON = (Staff.role == "liaison", Staff.left_at.is_(None))


@dataclass(frozen=True, slots=True)
class DuressUse:
    """One use as its liaison and the supervisors see it; ``case_id`` is the real case.

    ``notices`` of the person's cases are open. ``entries``, for supervisors alone: when, what and who, of the
    audit.
    """

    id: int
    case_id: int
    used_at: datetime
    liaison_id: int | None
    is_paused: bool
    callbacks: tuple[int, ...]
    notices: int
    entries: tuple[tuple[datetime, str, str], ...]


def has_untold_use(session: Session) -> bool:
    """Whether a use is to be told, or a callback after one has no liaison yet."""
    if session.execute(_RETURNED).first() is not None:
        return True
    in_use = session.execute(_WATCHED).all()
    # A use stays with a liaison who still is one, so only those of others cost more statements.
    liaisons = set(session.scalars(select(Staff.id).where(*_IS_LIAISON))) if in_use else set()
    return any(
        _is_untold(watch, case)
        or (
            _is_paused(watch, case) and (_loose(session, watch, case) or _untold_notice(session, watch, case))
        )
        or (
            watch.staff_id not in liaisons
            and _passes_on(session, watch, case, _liaison_for(session, watch, case))
        )
        for watch, case in in_use
    )


def tell_of_uses(session: Session, now: datetime, _policies: Policies, is_open: bool) -> None:
    """Tell each new use to one liaison and every supervisor, and give the liaison the case's callbacks.

    They are told again when another notice waits for staff, or a callback is asked for: in this case nobody
    else is paged about it, or rung. They are also told when another liaison takes over, since the first one
    is no longer a liaison here. Without any liaison the supervisors alone are told, and the sweeper looks for
    one again.
    """
    for watch, case in session.execute(_WATCHED.with_for_update(of=DuressWatch)).all():
        liaison = _liaison_for(session, watch, case)
        notice_at = _untold_notice(session, watch, case) if _is_paused(watch, case) else None
        passes_on = _passes_on(session, watch, case, liaison)
        # Without a liaison nobody is given these, and each pass of the sweeper would tell of them.
        asked = [] if liaison is None else [one for one in _loose(session, watch, case) if _is_asked(one)]
        if _is_untold(watch, case) or notice_at is not None or passes_on or asked:
            watch.staff_id = None if liaison is None else liaison.id
            is_urgent = any(one.urgency == "urgent" for one in asked)
            _tell(session, liaison, now, is_open, is_urgent=is_urgent)
            moments = (watch.told_at, case.last_verified_at, notice_at)
            watch.told_at = max(moment for moment in moments if moment is not None)
            audit.record(
                session, actor="sweeper", action="tell_duress", target=f"{TARGET}:{case.id}",
                facts={"liaison": watch.staff_id}, now=now,
            )  # fmt: skip
        if liaison is not None and liaison.id == watch.staff_id:
            given = set[int | None]()
            for callback in _loose(session, watch, case):
                # Of several that were left, one at a time.
                if callback.state == TAKEN_UP_AGAIN and callback.case_id in given:
                    continue
                _give(session, callback, liaison.id, now)
                given.add(callback.case_id)
    session.flush()


def uses_for(session: Session, person: Person) -> list[DuressUse]:
    """The uses that this person may know of, newest first: the liaison's own, or all for a supervisor."""
    found = _WATCHED.order_by(Case.last_verified_at.desc())
    if person.role != "supervisor":
        found = found.where(DuressWatch.staff_id == person.staff_id)
    return [_use(session, watch, case, person) for watch, case in session.execute(found).all()]


def may_know(session: Session, person: Person, callback_id: int) -> bool:
    """Whether to mark this callback to this person: it is of a use, and they may know of it."""
    return any(callback_id in use.callbacks for use in uses_for(session, person))


def resume_calls(session: Session, person: Person, duress_case_id: int, now: datetime) -> None:
    """Lift the pause of automated calls; what was asked for after the duress PIN stays the liaison's.

    Raises DuressError for anybody but that liaison and a supervisor, and for a use that is not there.
    """
    row = session.execute(_WATCHED.where(Case.id == duress_case_id).with_for_update(of=DuressWatch)).first()
    if row is None or (person.role != "supervisor" and row[0].staff_id != person.staff_id):
        raise DuressError(CaseRefusal.UNKNOWN)
    watch, case = row
    paused = _waiting(_of_real(case))
    watch.lifted_at, watch.lifted_by = now, person.staff_id
    session.flush()
    for callback in session.scalars(paused.where(Callback.state == "claimed")).all():
        if callback.staff_id == watch.staff_id and callback.lease_until > now + _KEPT / 2:
            let_go(session, callback, f"staff:{person.staff_id}", now)
    audit.record(session, actor=person.email, action="resume_calls", target=f"{TARGET}:{case.id}", now=now)


def _is_untold(watch: DuressWatch, case: Case) -> bool:
    used_at = case.last_verified_at
    return used_at is not None and (watch.told_at is None or watch.told_at < used_at)


def _is_paused(watch: DuressWatch, case: Case) -> bool:
    used_at = case.last_verified_at
    return used_at is not None and (watch.lifted_at is None or watch.lifted_at < used_at)


def _passes_on(session: Session, watch: DuressWatch, case: Case, liaison: Staff | None) -> bool:
    """Whether somebody else is to know of this use, because it still pauses calls or has a callback."""
    if watch.staff_id == (None if liaison is None else liaison.id):
        return False
    return _is_paused(watch, case) or session.execute(_theirs(watch, case).limit(1)).first() is not None


def _liaison_for(session: Session, watch: DuressWatch, case: Case) -> Staff | None:
    """The liaison who knows already, else one at hand who speaks the language, else any."""
    liaisons = session.scalars(select(Staff).where(*_IS_LIAISON).order_by(Staff.id)).all()
    language = case.registrant.language

    def how_fit(one: Staff) -> tuple[bool, bool, bool, bool]:
        return (
            one.id == watch.staff_id, one.on_shift, one.on_call and not one.away,
            language in one.languages.split(","),
        )  # fmt: skip

    return max(liaisons, key=how_fit, default=None)


def _is_asked(callback: Callback) -> bool:
    """Whether a callback was just asked for, or returned untried; not one that its liaison called for."""
    return callback.state == "requested" and callback.caller_tries == 0


def _tell(session: Session, liaison: Staff | None, now: datetime, is_open: bool, *, is_urgent: bool) -> None:
    """Tell the liaison and the supervisors.

    An urgent callback that a liaison at home would be told of rings the supervisors at any hour: no colleague
    on call may know of it.
    """
    is_here = liaison is not None and (liaison.on_shift or liaison.on_call)
    told = [] if liaison is None else [Told(liaison.id, 1, is_here)]
    is_theirs = is_urgent and (liaison is None or not is_here or liaison.away)
    told += [
        Told(one.staff_id, 1, is_open or one.is_at_hand or is_theirs)
        for one in recipients(session)
        if one.role == "supervisor"
    ]
    tell(session, ONLY_YOU, told, now)


def _of_real(case: Case) -> ColumnElement[bool]:
    """Callbacks of the real case, and every other promise to its registrant."""
    return or_(Callback.case_id.in_(_real_cases(case)), Callback.registrant_id == _registrant(case))


def _registrant(case: Case) -> ScalarSelect[int]:
    return select(_REAL.registrant_id).where(_REAL.id == case.duress_of).scalar_subquery()


def _real_cases(case: Case) -> Select[Any]:
    """Every case of the person whose duress PIN it is."""
    return select(_REAL.id).where(_REAL.registrant_id == _registrant(case))


def _untold_notice(session: Session, watch: DuressWatch, case: Case) -> datetime | None:
    """Since when the newest of their notices waits for staff, if it came after they were told last."""
    waits = select(func.max(Notice.task_at)).where(IS_OPEN, HAS_TASK, Notice.case_id.in_(_real_cases(case)))
    newest = session.scalar(waits)
    is_untold = newest is not None and (watch.told_at is None or newest > watch.told_at)
    return newest if is_untold else None


def _waiting(which: ColumnElement[bool]) -> Select[Any]:
    waits = or_(Callback.state.in_(("requested", "claimed")), _IS_LEFT)
    return select(Callback).where(IS_PROMISED, waits, which).order_by(Callback.id)


def _theirs(watch: DuressWatch, case: Case) -> Select[Any]:
    # A colleague who took the caller for the registrant may have changed a phone: the others are then told.
    which = or_(Callback.case_id == case.id, Callback.registrant_id == case.registrant_id)
    return _waiting(or_(which, _of_real(case)) if _is_paused(watch, case) else which)


def _loose(session: Session, watch: DuressWatch, case: Case) -> Sequence[Callback]:
    """Callbacks that the liaison should have and has not; one that a worker dials is let be for now.

    A supervisor knows of the use as well, and keeps one that they claimed.
    """
    supervisors = select(Staff.id).where(Staff.role == "supervisor")
    loose = or_(
        _HAS_NO_LIAISON,
        and_(
            Callback.state == "claimed",
            Callback.staff_id.is_distinct_from(watch.staff_id),
            Callback.staff_id.not_in(supervisors),
        ),
    )
    return session.scalars(_theirs(watch, case).where(loose)).all()


def _give(session: Session, callback: Callback, staff_id: int, now: datetime) -> None:
    if callback.state == "claimed":
        let_go(session, callback, _ACTOR, now)
    if callback.state == TAKEN_UP_AGAIN:
        keep_left(session, callback, staff_id, now, now + _KEPT, _ACTOR)
        return
    advance(
        session, callback.id, "claim", actor=_ACTOR, now=now,
        staff_id=staff_id, claimed_at=now, lease_until=now + _KEPT, missed_by_id=None,
    )  # fmt: skip


def _use(session: Session, watch: DuressWatch, case: Case, person: Person) -> DuressUse:
    entries: list[tuple[datetime, str, str]] = []
    if person.role == "supervisor":
        entry = audit.AuditEntry
        mine = select(entry.at, entry.action, entry.actor).where(entry.target == f"{TARGET}:{case.id}")
        found = session.execute(mine.order_by(entry.id.desc()).limit(10))
        entries = [(at, action, actor) for at, action, actor in found]
    callbacks = session.scalars(_theirs(watch, case).with_only_columns(Callback.id)).all()
    is_theirs = Notice.case_id.in_(_real_cases(case))
    notices = session.scalar(select(func.count()).select_from(Notice).where(IS_OPEN, is_theirs))
    return DuressUse(
        case.id, case.duress_of or 0, case.last_verified_at or case.opened_at, watch.staff_id,
        _is_paused(watch, case), tuple(callbacks), notices or 0, tuple(entries),
    )  # fmt: skip

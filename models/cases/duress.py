"""The duress PIN: it opens a case of its own, about which nothing is told, not the real one (R10).

A *duress case* is a row of ``cases`` that no number opens. It is closed, so the line says the neutral phrase
in it, and it has its own PIN, registrant, callbacks and times. So everything that a caller asks for after the
duress PIN is kept, told to the next such caller, and changes nothing of the case itself (R13). No verb of the
line knows which of the two it works on.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ForeignKey, and_, bindparam, column, or_, select, table
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from models.audit import audit
from models.cases.case import Case
from models.cases.duress_likeness import follow_staff_changes, likeness_of
from models.cases.pin_hash import PinHasher
from models.cases.refusals import CaseRefusal
from models.store.base import Base, UtcDateTime
from models.store.refusal import RefusedError

#: The key of a duress case: this and the number key of its case. No number has it, since it is no hash.
KEY_PREFIX = "d"
#: What the audit calls a duress PIN's own matters; only a supervisor reads such entries.
TARGET = "duress"


class DuressError(RefusedError):
    """A duress PIN cannot be given this way."""


class DuressWatch(Base):
    """Who was told that the duress PIN of a case was used, and who has decided since that calls may resume.

    ``case_id`` is the duress case. ``staff_id`` is the one liaison who was told (R10); uses up to ``told_at``
    were told, and so were notices that wait for staff since then. Automated calls for the case are paused
    from a use on until ``lifted_at``.
    """

    __tablename__ = "duress_watches"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


@dataclass(frozen=True, slots=True)
class PinInForce:
    """What a new PIN of a case is compared with: its hash in force, and the mark of its other PIN.

    A case without a duress PIN has a decoy mark, and so has a duress case: a caller with the duress PIN must
    not find the case's own PIN by what is refused.
    """

    pin_hash: str = field(repr=False)
    number_key: str = field(repr=False)
    mark: str | None = field(repr=False)

    def is_near(self, hasher: PinHasher, pin: str) -> bool:
        """Whether a new PIN differs in too few places from the other one, or from the decoy (R10)."""
        decoy = hasher.decoy_mark(self.number_key)
        return hasher.is_near(self.mark or decoy, pin)


def pin_in_force(session: Session, case_id: int) -> PinInForce:
    """The hash of a case's PIN, and the mark that a new one must differ from. One statement."""
    return PinInForce(*session.execute(_PIN_IN_FORCE, {"case": case_id}).one())


def check_may_have_one(case: Case) -> None:
    """Raise DuressError when the case has no PIN of its caller's own: a mailed PIN, or none yet."""
    if case.duress_of is not None or case.pin_kind != "standing":
        raise DuressError(CaseRefusal.NO_STANDING_PIN)


def choose_duress_pin(
    session: Session, case: Case, *, pin_hash: str, mark: str, beside: str, actor: str, now: datetime
) -> None:
    """Give a case a duress PIN, or another one; it was hashed before.

    ``beside`` is the hash of the PIN in force from which it was found to differ enough. Raises DuressError
    when that is no longer the case's PIN, and like ``check_may_have_one``.
    """
    check_may_have_one(case)
    if case.pin_hash != beside:
        raise DuressError(CaseRefusal.PIN_CHANGED)
    duress = duress_case(session, case.id)
    if duress is None:
        duress = Case(
            registrant_id=likeness_of(session, case.registrant, now).id, subject_id=case.subject_id,
            number_key=KEY_PREFIX + case.number_key, number_sealed=case.number_sealed,
            pin_hash=pin_hash, pin_kind="standing", pin_issued_at=now, opened_at=now, closed_at=now,
            changes_held_until=case.changes_held_until, duress_of=case.id,
        )  # fmt: skip
        session.add(duress)
        session.flush()
        session.add(DuressWatch(case_id=duress.id))
    else:
        follow_staff_changes(session, case)
    duress.pin_hash, duress.pin_mark, duress.pin_issued_at = pin_hash, mark, now
    session.flush()
    audit.record(session, actor=actor, action="choose_duress_pin", target=_target(duress), now=now)


def drop_duress_pin(session: Session, case: Case, *, actor: str, now: datetime) -> None:
    """Turn the duress PIN off. Its case stays, with what was promised in it; no PIN opens it."""
    duress = duress_case(session, case.id)
    if duress is None or duress.pin_mark is None:
        return
    # No PIN has this hash, and calls under the old one close.
    duress.pin_hash, duress.pin_mark, duress.pin_issued_at = "", None, now
    session.flush()
    audit.record(session, actor=actor, action="drop_duress_pin", target=_target(duress), now=now)


def duress_case(session: Session, case_id: int) -> Case | None:
    """The duress case of a case."""
    return session.scalars(select(Case).where(Case.duress_of == case_id)).first()


def is_calling_paused(session: Session, case_id: int | None, registrant_id: int | None) -> bool:
    """Whether nothing is called or texted by itself for this case, or for any of this registrant (R10).

    What was asked for after the duress PIN is never called by itself: a liaison decides.
    """
    whose = {"case_id": case_id, "registrant_id": registrant_id}
    return session.execute(_PAUSED, whose).first() is not None


def waits_for_liaison(session: Session, case_id: int | None) -> bool:
    """Whether only those who know of a use may call for this case, so that nobody knows when they will.

    Never for a duress case: what its callers hear is what callers of a denied case hear (R13).
    """
    return session.execute(_WAITS_FOR_LIAISON, {"case_id": case_id}).first() is not None


def may_call(session: Session, staff_id: int | None, case_id: int | None, registrant_id: int | None) -> bool:
    """Whether this member of staff may call for this case: after a use, only those who know of it (R10).

    They are the one liaison who was told, and every supervisor.
    """
    who_know = who_know_of_use(session, case_id, registrant_id)
    if who_know is None or (staff_id is not None and staff_id in who_know):
        return True
    return session.scalar(select(_STAFF.c.role).where(_STAFF.c.id == staff_id)) == "supervisor"


def who_know_of_use(
    session: Session, case_id: int | None, registrant_id: int | None
) -> Collection[int | None] | None:
    """The liaisons, beside all supervisors, who alone may call for this case; None if everybody may."""
    whose = {"case_id": case_id, "registrant_id": registrant_id}
    return session.scalars(_PAUSED, whose).all() or None


def paused_for(session: Session, case_id: int) -> int | None:
    """The one liaison who knows of the use of this case's duress PIN (R10)."""
    mine = select(DuressWatch.staff_id).join(Case, Case.id == DuressWatch.case_id)
    return session.scalar(mine.where(Case.duress_of == case_id))


def _target(duress: Case) -> str:
    return f"{TARGET}:{duress.id}"


_DURESS, _REAL = aliased(Case), aliased(Case)
_STAFF = table("staff", column("id"), column("role"))
_PIN_IN_FORCE = (
    select(Case.pin_hash, Case.number_key, _DURESS.pin_mark)
    .outerjoin(_DURESS, _DURESS.duress_of == Case.id)
    .where(Case.id == bindparam("case"))
)
#: Whether the duress PIN was used and nobody has lifted the pause since.
IN_USE = and_(
    _DURESS.last_verified_at.is_not(None),
    or_(DuressWatch.lifted_at.is_(None), DuressWatch.lifted_at < _DURESS.last_verified_at),
)
_THEIRS = aliased(Case)
#: The real cases for which nothing is called by itself: every case of such a registrant. What the many read
#: or are paged about leaves them out (R10).
PAUSED_CASES = (
    select(_THEIRS.id)
    .select_from(DuressWatch)
    .join(_DURESS, _DURESS.id == DuressWatch.case_id)
    .join(_REAL, _REAL.id == _DURESS.duress_of)
    .join(_THEIRS, _THEIRS.registrant_id == _REAL.registrant_id)
    .where(IN_USE)
)
_WAITS_FOR_LIAISON = PAUSED_CASES.where(_THEIRS.id == bindparam("case_id"))
#: The liaison who was told of each use that pauses the calls of a case or a registrant.
_PAUSED = (
    select(DuressWatch.staff_id)
    .select_from(_DURESS)
    .join(DuressWatch, DuressWatch.case_id == _DURESS.id)
    .join(_REAL, _REAL.id == _DURESS.duress_of)
    .where(
        or_(
            _DURESS.id == bindparam("case_id"),
            _DURESS.registrant_id == bindparam("registrant_id"),
            and_(
                or_(
                    _REAL.id == bindparam("case_id"),
                    _REAL.registrant_id
                    == select(Case.registrant_id).where(Case.id == bindparam("case_id")).scalar_subquery(),
                    _REAL.registrant_id == bindparam("registrant_id"),
                ),
                IN_USE,
            ),
        )
    )
)

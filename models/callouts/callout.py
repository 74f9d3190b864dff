"""A call-out: the line rings a staff member, and with their key it dials an agency or an interpreter (Legs).

The two share one call of the carrier: the staff member's leg dials the party, whose phone rings with the
line's number. So they are joined at the answer, the party hears no word of ours, and one end ends both. A
caller who is called back has a call of their own instead, since they hear words first and press a key.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, cast

from sqlalchemy import ForeignKey, Index, String, Table, UniqueConstraint, bindparam, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.callbacks.claim import actor_of
from models.callbacks.liaison import free_liaison, reserve_liaison
from models.callbacks.next_try import never_dial
from models.callouts.party import kind_of
from models.callouts.refusals import CalloutRefusal
from models.calls.call import CALLS, Call
from models.calls.call_status import LEAVING, bring_forward
from models.calls.outbound_leg import mark_dialling, outbound_leg
from models.calls.pacing import is_refused
from models.calls.role import CALLING_OUT
from models.staff.set_away import end_sparing_of, note_key
from models.staff.staff import Staff
from models.staff.wrap_up import end_wrap_up
from models.store.base import Base, UtcDateTime
from models.store.database import keyring_of
from models.store.heartbeat import nobody_dials
from models.store.job import Job
from models.store.refusal import RefusedError

if TYPE_CHECKING:
    from models.calls.call_state import CallState

#: How a call-out ended: the party answered and hung up, or did not answer; the staff member ended it, perhaps
#: before anybody was dialed; or they never accepted it, so that nobody was dialed.
ANSWERED, UNANSWERED, ENDED, UNMADE = "answered", "unanswered", "ended", "unmade"
#: Why a call-out was not accepted: the phone could not be rung, nobody answered it, or they answered and
#: pressed no key to accept.
NOT_RUNG, NO_ANSWER, NO_KEY = "not_rung", "no_answer", "no_key"
#: The same by the status of the leg.
_WHY_UNMADE = {
    "failed": NOT_RUNG, "busy": NO_ANSWER, "no-answer": NO_ANSWER, LEAVING: NO_KEY, "completed": NO_KEY,
}  # fmt: skip
#: The exact words of the partial index, so that both databases use it.
IS_ON = text("callouts.closed_at IS NULL")
_ON = text("closed_at IS NULL")


class Callout(Base):
    """One call-out. ``party`` is a code of models/callouts/party.py; its number is in no row.

    ``call_id`` is the leg that rings the staff member. ``dialled_at`` is when their key had the party dialed,
    and ``outcome`` is ANSWERED, UNANSWERED, ENDED or UNMADE once it is over.
    """

    __tablename__ = "callouts"
    __table_args__ = (
        UniqueConstraint("call_id"),
        Index("ix_callouts_case", "case_id"),
        Index("ix_callouts_on", "staff_id", sqlite_where=_ON, postgresql_where=_ON),
        Index("ix_callouts_closed", "staff_id", "closed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    party: Mapped[str] = mapped_column(String(64))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    dialled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(16))


CALLOUTS = cast(Table, Callout.__table__)


def call_out(session: Session, case_id: int, party: str, staff_id: int, now: datetime) -> list[Job]:
    """Ring this staff member for a call to ``party``; the jobs to enqueue after the commit.

    The case is open to them, and the party may be called: the page checks both. Raises RefusedError when
    their phone is in a call or they rest, while the carrier refuses every call, and while nothing calls.
    """
    person = session.get_one(Staff, staff_id, populate_existing=True)
    if person.busy_call_id is not None:
        raise RefusedError(CalloutRefusal.PHONE_IN_CALL)
    if person.resting_until is not None:
        raise RefusedError(CalloutRefusal.RESTING, at=person.resting_until)
    if is_refused(session):
        raise RefusedError(CalloutRefusal.CARRIER_REFUSES)
    if nobody_dials(session, now):
        raise RefusedError(CalloutRefusal.NOTHING_DIALS)
    end_wrap_up(session, staff_id, now)
    end_sparing_of(session, staff_id)
    language = person.languages.partition(",")[0].strip()
    phone = keyring_of(session).unseal("staff.phone", person.phone_sealed)
    leg = Call(role=CALLING_OUT, staff_id=staff_id, **outbound_leg(session, phone, language, now))
    session.add(leg)
    session.flush()
    if not reserve_liaison(session, staff_id, leg.id, now):
        raise RefusedError(CalloutRefusal.PHONE_IN_CALL)
    made = Callout(case_id=case_id, staff_id=staff_id, call_id=leg.id, party=party, requested_at=now)
    session.add(made)
    session.flush()
    audit.record(
        session, actor=actor_of(staff_id), action=f"call_{kind_of(party)}", target=f"case:{case_id}",
        facts={"callout": made.id}, now=now,
    )  # fmt: skip
    return [("ring_taker", leg.id)]


def dial_staff(session: Session, leg: Call) -> tuple[str, str] | None:
    """Take the right to ring the staff member, once: the leg id and number; None when it is over."""
    if leg.leg_id is None or leg.phone_sealed is None or is_callout_over(session, leg.id):
        return None
    if not mark_dialling(session, leg.id):
        return None
    return leg.leg_id, keyring_of(session).unseal("call.phone", leg.phone_sealed)


def accept_call_out(
    session: Session, leg: "CallState", now: datetime
) -> tuple[Literal["accepted", "gone"], list[Job]]:
    """The staff member's key: the party is dialed now, by this same leg. ``gone`` when it is over."""
    callout = callout_of(session, leg.id)
    if callout is None or callout.closed_at is not None or leg.ended_at is not None:
        bring_forward(session, leg.id, LEAVING)
        return "gone", []
    note_key(session, leg.staff_id)
    callout.dialled_at = callout.dialled_at or now
    session.flush()
    return "accepted", []


def leave_call_out(session: Session, leg: "CallState", now: datetime, *, is_missed: bool) -> None:
    """The staff member was rung and does not make the call after all; they are free when the leg ends.

    ``is_missed``: they pressed no key, instead of the one that leaves it.
    """
    close(session, leg.id, UNMADE if is_missed else ENDED, now)
    bring_forward(session, leg.id, LEAVING)


def party_left(session: Session, leg: "CallState", now: datetime, *, is_answered: bool) -> None:
    """The party's phone was not answered, or the party hung up: the staff member hears so."""
    _lock_leg(session, leg.id)
    close(session, leg.id, ANSWERED if is_answered else UNANSWERED, now)
    bring_forward(session, leg.id, LEAVING)


def staff_left(session: Session, call_id: int, now: datetime) -> None:
    """The staff member's leg has ended, and with it the party's; its end is applied already."""
    dialled_at = session.scalar(select(Callout.dialled_at).where(Callout.call_id == call_id))
    close(session, call_id, UNMADE if dialled_at is None else ENDED, now)


def end_call_out(session: Session, callout_id: int, staff_id: int, now: datetime) -> list[Job]:
    """End a call-out of this person for both; returns the jobs. No change if it is already over.

    Raises RefusedError when it is somebody else's.
    """
    found = session.get(Callout, callout_id)
    if found is None or found.staff_id != staff_id:
        raise RefusedError(CalloutRefusal.NOT_YOURS)
    _lock_leg(session, found.call_id)
    never_dial(session, found.call_id, now)
    leg = session.get_one(Call, found.call_id, populate_existing=True)
    if leg.ended_at is not None:
        free_liaison(session, leg.id, now)
    close(session, leg.id, ENDED, now)
    return [] if leg.ended_at is not None else [("release_leg", leg.id)]


def callout_of(session: Session, call_id: int) -> Callout | None:
    """The call-out of a staff member's leg; locks the leg, then it, until the transaction ends."""
    _lock_leg(session, call_id)
    mine = select(Callout).where(Callout.call_id == call_id).with_for_update(key_share=True)
    return session.scalars(mine.execution_options(populate_existing=True)).first()


def is_callout_over(session: Session, call_id: int) -> bool:
    """Whether the leg's call-out is over, so that the leg has nothing more to do."""
    on = select(Callout.id).where(Callout.call_id == call_id, IS_ON)
    return session.execute(on).first() is None


# Both built once: every open page asks for them at every change.
_CURRENT = select(Callout).where(Callout.staff_id == bindparam("staff_id"), IS_ON)
_NEWEST_ENDED = (
    select(Callout, Call.call_status)
    .join(Call, Call.id == Callout.call_id)
    .where(Callout.staff_id == bindparam("staff_id"), Callout.closed_at > bindparam("since"))
    .order_by(Callout.closed_at.desc(), Callout.id.desc())
    .limit(1)
)


def current_callout(session: Session, staff_id: int) -> Callout | None:
    """The call-out that this person is in, or is being rung for."""
    return session.scalars(_CURRENT, {"staff_id": staff_id}).first()


def unmade_since(session: Session, staff_id: int, since: datetime) -> tuple[Callout, str] | None:
    """This person's newest call-out that ended after ``since``, if they never accepted it.

    The second value is why: NOT_RUNG, NO_ANSWER or NO_KEY. A person who ended the call or left it by key
    knows why nobody was called.
    """
    found = session.execute(_NEWEST_ENDED, {"staff_id": staff_id, "since": since}).first()
    if found is None or found[0].outcome != UNMADE or found[1] not in _WHY_UNMADE:
        return None
    return found[0], _WHY_UNMADE[found[1]]


def close(session: Session, call_id: int, outcome: str, now: datetime) -> None:
    """End the call-out of a leg, once: its first end counts."""
    session.execute(
        update(CALLOUTS).where(CALLOUTS.c.call_id == call_id, IS_ON).values(closed_at=now, outcome=outcome)
    )


def _lock_leg(session: Session, call_id: int) -> None:
    # The end of a leg locks the leg before its call-out; in another order the two could deadlock.
    session.execute(select(CALLS.c.id).where(CALLS.c.id == call_id).with_for_update(key_share=True))

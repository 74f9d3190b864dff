"""Refusals while the account works: the carrier refuses calls from one number of ours, or to one phone (R39).

The first refusal opens the office's breaker, whatever its reason. If the same number or phone is refused
again after another call was accepted, only that one is refused, and the office is not stopped again.

A number of the office has a row of `paces`, named after the number, from the first refusal of a call from it
until one is accepted. If only that number is refused, it is tried once every 30 s, with the leg of the next
liaison: that leg is placed from the number, so no liaison accepts in vain. The main number has no such row:
it calls every liaison, so its refusal is the office's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    column,
    delete,
    literal_column,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.orm import Session

from models.callbacks.callback import CALLBACKS, Callback
from models.callbacks.callback_list import ON_LIST
from models.callbacks.shown_line import shown_in_sql, shown_line
from models.calls.call import Call
from models.calls.pacing import PACES, PROBE, is_refused, lock_pace
from models.calls.place import REFUSED_ALONE
from models.calls.role import CALLED_BACK, NOTIFIED
from models.staff.staff import Staff
from models.store.database import is_any

_OF_LINES = PACES.c.name.startswith("+")
_REFUSED = select(PACES).where(_OF_LINES, PACES.c.refused_at.is_not(None))
_OF_OTHERS = _OF_LINES & PACES.c.name.not_in(bindparam("lines", expanding=True))
_ANY_OTHER = select(PACES.c.name).where(_OF_OTHERS).limit(1)
_FORGET_OTHERS = delete(PACES).where(_OF_OTHERS)
#: A refused call to a person is tried again after two minutes, then after twice as long each time, up to half
#: an hour.
_MOST_DOUBLINGS = 6
#: After this many refusals the number is not the cause of the refused call: it has since been used to call
#: the liaison.
_OF_THE_LINE = 2
#: Longer than the longest pause of one phone.
_REMEMBERED = timedelta(hours=1)
#: The same for a registrant's phone, whose window may be closed for nearly a day.
_KNOWN_OF_PHONE = timedelta(days=2)
#: The pause after the first refusal that is known to be about one phone alone.
FIRST_PAUSE = 4 * PROBE
#: The carrier was asked for this leg, and it is known whether it accepted it.
_IS_ASKED = or_(Call.call_sid.is_not(None), Call.call_status == "failed")
_NOTICES = table("notices", column("id"), column("case_id"))
_TO_PERSON = (
    select(Call.id.label("leg"), Call.place)
    .where(Call.phone_key == bindparam("to"), Call.id != bindparam("but"), _IS_ASKED)
    .where(Call.role.in_((CALLED_BACK, NOTIFIED)), Call.started_at > bindparam("since"))
)
#: Our last call to a person's phone. Each kind by its own index: together, all calls of the time are read.
_LAST_TO_PERSON = (
    _TO_PERSON.join(CALLBACKS, CALLBACKS.c.id == Call.callback_id)
    .where(CALLBACKS.c.phone_key == bindparam("to"))
    .union_all(
        _TO_PERSON.join(_NOTICES, _NOTICES.c.id == Call.notice_id).where(
            _NOTICES.c.case_id == bindparam("of_case")
        )
    )
    .order_by(literal_column("leg").desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A number (E.164) from which the carrier accepts no calls, since when, and Twilio's code."""

    number: str = field(repr=False)
    since: datetime
    code: int | None


def judge_refusal(
    session: Session, call_id: int, line: str | None, code: int | None, now: datetime
) -> tuple[bool, timedelta | None]:
    """Judge a refusal that was not about the number called: is it a lone refusal, and how long to wait.

    For a leg of staff, their phone rests for that long (``rest_phone``), and for a leg about a notice, the
    registrant's. A callback is left for staff if it is longer than ``FIRST_PAUSE``: the carrier has refused
    its phone alone before.

    ``line`` is the number that it was placed from, unless that is the main one. A refusal that is not lone is
    taken as the account's, as far as anybody knows.
    """
    leg = session.get_one(Call, call_id)
    if leg.staff_id is not None and line is None:
        pause = _pause_of_phone(session, leg, now)
        return pause is not None, pause
    if leg.staff_id is not None:
        # This was a probe of that number, whose refusal says nothing about the liaison's phone.
        leg.line = line or ""
    refusals = _refusals_before(session, leg, now)
    before = len(refusals)
    is_known = leg.role == CALLED_BACK and _is_known_alone(session, leg, now)
    if line is not None and before < _OF_THE_LINE and not is_known:
        return _is_lines_own(session, line, code, now), None
    if leg.role == NOTIFIED:
        pause = _pause_of_notified(session, leg, refusals, now)
        return pause is not None, pause
    if before == 0 and not is_known:
        return False, None
    if leg.role == CALLED_BACK:
        leg.place = REFUSED_ALONE
    return True, _pause_after(_OF_THE_LINE if is_known else before)


def is_refused_alone(
    session: Session, phone_key: str, case_id: int | None, now: datetime, *, but: int = 0
) -> bool:
    """Whether the carrier refused our last call to a person's phone, and that phone alone.

    It may have been for any callback, or about news of this case. Leg ``but`` does not count.
    """
    asked = {"to": phone_key, "of_case": case_id, "but": but, "since": now - _KNOWN_OF_PHONE}
    newest = session.execute(_LAST_TO_PERSON, asked).first()
    return newest is not None and newest.place == REFUSED_ALONE


def pause_of_number(session: Session, call_id: int, now: datetime) -> timedelta | None:
    """How long a staff phone rests that the carrier calls unreachable for the second time in a row.

    None the first time, and for a leg that is not to staff.
    """
    leg = session.get_one(Call, call_id)
    before = 0 if leg.staff_id is None else _failed_in_row(session, leg, now)
    return _pause_after(before) if before else None


def rest_if_failed(session: Session, call_id: int, now: datetime) -> None:
    """Rest a staff phone to which calls failed twice in a row although the carrier accepted them.

    A number that is out of use behaves like that. The rest is always equally long: if an error of the carrier
    ends every call like that, everybody must be available soon after it.
    """
    leg = session.get_one(Call, call_id)
    if leg.staff_id is not None and leg.direction == "outbound" and _failed_in_row(session, leg, now):
        rest_phone(session, call_id, now + _pause_after(1))


def pause_of_failed(session: Session, call_id: int, now: datetime) -> timedelta:
    """How long a registrant's phone rests to which this call failed although the carrier had accepted it."""
    leg = session.get_one(Call, call_id)
    theirs = _newest_first(leg, now, _KNOWN_OF_PHONE).where(
        Call.role == NOTIFIED, Call.phone_key == leg.phone_key, Call.id < leg.id, Call.call_sid.is_not(None)
    )
    earlier = session.execute(theirs.limit(_MOST_DOUBLINGS)).all()
    return _pause_after(1 + sum(1 for _ in takewhile(lambda one: one.call_status == "failed", earlier)))


def rest_phone(session: Session, call_id: int, until: datetime) -> None:
    """Don't call this leg's staff phone until then; a leg that is not to staff changes nothing.

    Call this after applying the leg's end, which locks its callback before its person.
    """
    whose = select(Call.staff_id).where(Call.id == call_id).scalar_subquery()
    session.execute(update(Staff).where(Staff.id == whose).values(spared_until=until))


def note_taken(session: Session, line: str) -> None:
    """The carrier accepted a call from this number."""
    session.execute(delete(PACES).where(PACES.c.name == line))


def refused_lines(session: Session) -> Sequence[RefusedLine]:
    """The numbers that are the only ones from which the carrier accepts no calls."""
    rows = session.execute(_REFUSED)
    return [RefusedLine(row.name, row.refused_at, row.refused_code) for row in rows]


def is_any_other_line(session: Session, lines: Collection[str]) -> bool:
    """Whether ``forget_other_lines`` has anything to forget."""
    return is_any(session, _ANY_OTHER, {"lines": list(lines)})


def forget_other_lines(session: Session, lines: Collection[str]) -> None:
    """Forget the records about numbers that the office no longer has."""
    session.execute(_FORGET_OTHERS, {"lines": list(lines)})


def refused_line_of(session: Session, callback: Callback, lines: Sequence[str]) -> str | None:
    """The one of the office's ``lines`` that the person of this callback sees, if the carrier refuses it."""
    refused = {one.number for one in refused_lines(session)}
    line = shown_line(session, callback, lines) if refused else None
    return line if line in refused else None


def take_probe(session: Session, line: str, callback: Callback, lines: Sequence[str], now: datetime) -> bool:
    """Whether this callback may be tried from its refused number now; if not, it waits for the next probe.

    All others of that number wait for the one after. A callback that waits is not due.
    """
    held = lock_pace(session, line, now)
    if held.next_at > now:
        callback.next_attempt_at = held.next_at
        session.flush()
        return False
    _set(session, line, next_at=now + PROBE)
    theirs = (
        select(Callback.id)
        .where(ON_LIST, Callback.id != callback.id, shown_in_sql(lines) == line)
        # Callbacks that another transaction has locked are skipped: they will find their number refused.
        .with_for_update(skip_locked=True, of=Callback)
    )
    put_off = update(CALLBACKS).where(CALLBACKS.c.id.in_(theirs), CALLBACKS.c.next_attempt_at < now + PROBE)
    session.execute(put_off.values(next_attempt_at=now + PROBE))
    return True


def of_other_lines(session: Session, lines: Sequence[str]) -> list[ColumnElement[bool]]:
    """The conditions for callbacks of numbers that are not refused, for a query of callbacks."""
    refused = [one.number for one in refused_lines(session)]
    return [shown_in_sql(lines).not_in(refused)] if refused else []


def _is_lines_own(session: Session, line: str, code: int | None, now: datetime) -> bool:
    is_new = session.scalar(select(PACES.c.name).where(PACES.c.name == line)) is None
    held = lock_pace(session, line, now)
    # The previous refusal opened the office's breaker; it is closed when another call is accepted.
    if is_new or (held.refused_at is None and is_refused(session)):
        return False
    since = held.refused_at or now
    _set(session, line, refused_at=since, refused_code=code, next_at=now + PROBE)
    return True


def _pause_of_phone(session: Session, leg: Call, now: datetime) -> timedelta | None:
    """How long a staff phone rests that alone is refused; None if the account is, as far as is known.

    That is, it was refused before, and our last call to anybody else was accepted.
    """
    before = _failed_in_row(session, leg, now)
    others = _newest_first(leg, now).where(Call.staff_id.is_distinct_from(leg.staff_id), _IS_ASKED)
    other = session.execute(others.limit(1)).first()
    if before == 0 or other is None or other.call_sid is None or is_refused(session):
        return None
    return _pause_after(before)


def _failed_in_row(session: Session, leg: Call, now: datetime) -> int:
    """How often in a row a call to this staff member was refused, or failed, before this leg."""
    theirs = _newest_first(leg, now).where(Call.staff_id == leg.staff_id, Call.id < leg.id, Call.line == "")
    earlier = session.execute(theirs.limit(_MOST_DOUBLINGS)).all()
    return sum(1 for _ in takewhile(lambda one: one.call_status == "failed", earlier))


def _newest_first(
    leg: Call, now: datetime, remembered: timedelta = _REMEMBERED
) -> Select[str | None, str | None]:
    lately = (Call.direction == leg.direction, Call.started_at > now - remembered)
    return select(Call.call_sid, Call.call_status).where(*lately).order_by(Call.id.desc())


def _pause_after(before: int) -> timedelta:
    pause: timedelta = PROBE * 2 ** min(before + 1, _MOST_DOUBLINGS)
    return pause


def _pause_of_notified(
    session: Session, leg: Call, refusals: Sequence[str | None], now: datetime
) -> timedelta | None:
    """How long a registrant's phone rests that alone is refused; None if the account is, as far as is known.

    That is, the phone was refused before, and our last call to anybody else was accepted. Of a phone that is
    known to be refused alone, other such phones say nothing: two of them must not stop the office in turn.
    """
    if not refusals or is_refused(session):
        return None
    alone = sum(1 for place in refusals if place == REFUSED_ALONE)
    others = [_IS_ASKED, Call.phone_key.is_distinct_from(leg.phone_key)]
    if alone:
        others.append(Call.place.is_distinct_from(REFUSED_ALONE))
    newest = _newest_first(leg, now, _KNOWN_OF_PHONE).where(*others)
    other = session.execute(newest.limit(1)).first()
    if other is None or other.call_sid is None:
        return None
    leg.place = REFUSED_ALONE
    return _pause_after(alone + 1)


def _refusals_before(session: Session, leg: Call, now: datetime) -> list[str | None]:
    """The places of the last legs to this person, while the carrier refused each; newest first.

    Each time that a person was to be called back, a liaison was called. A phone is called about each notice
    of its person.
    """
    earlier = select(Call.call_sid, Call.place).where(Call.role == leg.role, Call.id < leg.id, _IS_ASKED)
    if leg.role == CALLED_BACK:
        earlier = earlier.where(Call.callback_id == leg.callback_id)
    elif leg.role == NOTIFIED:
        earlier = earlier.where(Call.phone_key == leg.phone_key, Call.started_at > now - _KNOWN_OF_PHONE)
    else:
        return []
    found = session.execute(earlier.order_by(Call.id.desc()).limit(_MOST_DOUBLINGS)).all()
    return [one.place for one in takewhile(lambda one: one.call_sid is None, found)]


def _is_known_alone(session: Session, leg: Call, now: datetime) -> bool:
    callback = session.get_one(Callback, leg.callback_id)
    return is_refused_alone(session, callback.phone_key, callback.case_id, now, but=leg.id)


def _set(session: Session, line: str, **values: object) -> None:
    session.execute(update(PACES).where(PACES.c.name == line).values(**values))

"""The history of a callback or a talk, from its audit entries and its calls: who, when, what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.audit.audit import AuditEntry
from models.calls.call import Call
from models.calls.role import AT_0, CALLED_BACK, COLLEAGUE, INTERPRETER, LIAISON
from models.staff.staff_name import STAFF_KINDS, read_staff_names
from models.talks.talk import Talk

#: The role of a leg, as the word for its call.
_LEGS = {
    LIAISON: "rang_staff",
    AT_0: "rang_staff",
    CALLED_BACK: "rang_caller",
    COLLEAGUE: "rang_colleague",
    INTERPRETER: "rang_interpreter",
}

#: Whom a leg calls if that person is not on the staff list.
_OTHERS = {CALLED_BACK: "caller", INTERPRETER: "interpreter"}


@dataclass(frozen=True, slots=True)
class Happening:
    """``what`` is an action of the audit, or a call; ``who`` a name of staff, or a part of the app.

    For a call, ``facts`` contain ``ended`` (how), ``accepted`` (a key was pressed) and ``seconds``.
    """

    at: datetime
    what: str
    who: str = field(repr=False)
    is_staff: bool
    facts: dict[str, Any]


def history_of(session: Session, callback_id: int) -> list[Happening]:
    """Everything that happened to a callback, in order. Always three statements."""
    return _history(session, f"callback:{callback_id}", Call.callback_id == callback_id)


def history_of_talk(session: Session, talk_id: int) -> list[Happening]:
    """The same for a talk with a caller at 0; the calls are those placed for that caller."""
    caller = select(Talk.caller_call_id).where(Talk.id == talk_id).scalar_subquery()
    return _history(session, f"talk:{talk_id}", Call.parent_call_id == caller)


def _history(session: Session, target: str, its_calls: ColumnElement[bool]) -> list[Happening]:
    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.target == target).order_by(AuditEntry.id)
    ).all()
    calls = session.scalars(select(Call).where(its_calls, Call.role.in_(_LEGS)).order_by(Call.id)).all()
    names = read_staff_names(session).by_id
    found = [_entry(entry, names) for entry in entries] + [_call(call, names) for call in calls]
    return sorted(found, key=lambda one: one.at)


def _entry(entry: AuditEntry, names: Mapping[int, str]) -> Happening:
    staff_id, facts = _staff_of(entry), dict(entry.facts or {})
    for key in ("to", "rung"):
        kind, _, number = str(facts.get(key, "")).partition(":")
        if kind == "staff" and number.isdecimal():
            facts[key] = names.get(int(number), "")
    who = names.get(staff_id, "") if staff_id is not None else entry.actor.partition(":")[0]
    return Happening(entry.at, entry.action, who, staff_id is not None, facts)


def _call(call: Call, names: Mapping[int, str]) -> Happening:
    seconds = None if call.ended_at is None else int((call.ended_at - call.started_at).total_seconds())
    facts = {"ended": call.call_status, "accepted": call.accepted_at is not None, "seconds": seconds}
    # A person without an account is the caller who is called back, or an interpreter.
    who = names.get(call.staff_id, "") if call.staff_id is not None else _OTHERS.get(call.role, "")
    return Happening(call.started_at, _LEGS[call.role], who, call.staff_id is not None, facts)


def _staff_of(entry: AuditEntry) -> int | None:
    kind, _, number = entry.actor.partition(":")
    return int(number) if kind in STAFF_KINDS and number.isdecimal() else None

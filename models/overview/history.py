"""The history of a callback or a talk, from its audit entries and its calls: who, when, what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.audit.audit import AuditEntry
from models.calls.call import Call
from models.calls.role import AT_0, CALLED_BACK, COLLEAGUE, INTERPRETER, LIAISON
from models.outcomes.talk_facts import PRIVATE_FACTS
from models.staff.staff_name import STAFF_KINDS, StaffNames, read_staff_names
from models.talks.talk import Talk

#: The action of an outcome that asks for another call, for which no phone may be called.
LACK_PHONE = "lack_phone"
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


def lacks_phone(history: Sequence[Happening]) -> bool:
    """Whether no phone may be called for what the outcome that was saved last asks for."""
    said = [one.what for one in history if one.what in ("note_outcome", LACK_PHONE)]
    return said[-1:] == [LACK_PHONE]


def without_private(history: list[Happening]) -> list[Happening]:
    """The same for somebody who may not read the note: without what else was recorded about the person."""
    return [
        replace(one, facts={key: value for key, value in one.facts.items() if key not in PRIVATE_FACTS})
        for one in history
    ]


def _history(session: Session, target: str, its_calls: ColumnElement[bool]) -> list[Happening]:
    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.target == target).order_by(AuditEntry.id)
    ).all()
    calls = session.scalars(select(Call).where(its_calls, Call.role.in_(_LEGS)).order_by(Call.id)).all()
    names = read_staff_names(session)
    found = [_entry(entry, names) for entry in entries] + [_call(call, names.by_id) for call in calls]
    return sorted(found, key=lambda one: one.at)


def _entry(entry: AuditEntry, names: StaffNames) -> Happening:
    facts = dict(entry.facts or {})
    for key in ("to", "rung"):
        told = str(facts.get(key, ""))
        if told.startswith("staff:"):
            facts[key] = names.of(told) or ""
    kind = entry.actor.partition(":")[0]
    # Commands name a person by the e-mail, the line and the console by the id.
    person = names.of(entry.actor)
    return Happening(
        entry.at, entry.action, person or _part(kind), person is not None or kind in STAFF_KINDS, facts
    )


def _part(kind: str) -> str:
    """A part of the app; "" for staff without a row, who have no name."""
    return "" if kind in STAFF_KINDS else kind


def _call(call: Call, names: Mapping[int, str]) -> Happening:
    seconds = None if call.ended_at is None else int((call.ended_at - call.started_at).total_seconds())
    facts = {"ended": call.call_status, "accepted": call.accepted_at is not None, "seconds": seconds}
    # A person without an account is the caller who is called back, or an interpreter.
    who = names.get(call.staff_id, "") if call.staff_id is not None else _OTHERS.get(call.role, "")
    return Happening(call.started_at, _LEGS[call.role], who, call.staff_id is not None, facts)

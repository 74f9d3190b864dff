"""Which rows a legal hold on a case keeps, as conditions of SQL (R41).

A hold concerns the case's calls and callbacks, and all calls and callbacks of its registrant's phones: also
those in which nobody gave the PIN. Each condition is true or false and never NULL, so it can be negated.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.calls.call import Call
from models.cases.case import Case
from models.cases.duress import TARGET as DURESS
from models.cases.registrant import Phone
from models.notices.notice import NOTICES
from models.notices.registration import REGISTRATIONS
from models.retention.legal_hold import LegalHold
from models.store.base import table_of
from models.talks.talk import Talk

CALLS, CALLBACKS, TALKS, CASES = table_of(Call), table_of(Callback), table_of(Talk), table_of(Case)
_HOLDS = select(LegalHold.case_id).where(LegalHold.case_id.is_not(None), LegalHold.lifted_at.is_(None))
#: With the case that its duress PIN opens: those calls are of the same number.
_HELD_CASES = select(CASES.c.id).where(or_(CASES.c.id.in_(_HOLDS), CASES.c.duress_of.in_(_HOLDS)))
_HELD_REGISTRANTS = select(CASES.c.registrant_id).where(CASES.c.id.in_(_HELD_CASES))
_HELD_NUMBERS = select(CASES.c.number_key).where(CASES.c.id.in_(_HELD_CASES))
_HELD_PHONES = select(Phone.phone_key).where(Phone.registrant_id.in_(_HELD_REGISTRANTS))


def case_held(case_id: "Column[Any]") -> ColumnElement[bool]:
    """Whether this column names a held case."""
    return _is_one_of(case_id, _HELD_CASES)


def number_held(number_key: "Column[Any]") -> ColumnElement[bool]:
    """Whether this column has the keyed hash of a held case's number."""
    return _is_one_of(number_key, _HELD_NUMBERS)


def phone_held(phone_key: "Column[Any]") -> ColumnElement[bool]:
    """Whether this column has the keyed hash of a phone of a held case's registrant."""
    return _is_one_of(phone_key, _HELD_PHONES)


def callback_held(row: Any) -> ColumnElement[bool]:
    """Whether a callback (the columns of the table or of an alias) is to be kept."""
    return or_(
        case_held(row.case_id), phone_held(row.phone_key), _is_one_of(row.registrant_id, _HELD_REGISTRANTS)
    )


def call_held(row: Any) -> ColumnElement[bool]:
    """Whether a call is to be kept: one of the case, its phones or its callbacks, or a leg of such a call."""
    parent = CALLS.alias()
    return or_(
        _one_call_held(row),
        exists(select(parent.c.id).where(parent.c.id == row.parent_call_id, _one_call_held(parent.c))),
    )


def talk_held(row: Any) -> ColumnElement[bool]:
    """Whether a talk is to be kept: one of a callback or a call that is."""
    callback, call = CALLBACKS.alias(), CALLS.alias()
    return or_(
        exists(select(callback.c.id).where(callback.c.id == row.callback_id, callback_held(callback.c))),
        exists(select(call.c.id).where(call.c.id == row.caller_call_id, call_held(call.c))),
    )


def held_phones(session: Session, phone_keys: Collection[str]) -> frozenset[str]:
    """Those of some phones, by their keyed hashes, that belong to the registrant of a held case."""
    wanted = _HELD_PHONES.where(Phone.phone_key.in_(phone_keys))
    return frozenset(session.scalars(wanted))


def held_targets(session: Session, targets: Collection[str]) -> frozenset[str]:
    """Those targets of audit entries, such as ``call:12``, that a hold on a case concerns."""
    held = set[str]()
    for kind, (key, condition) in _TARGETS.items():
        prefix = f"{kind}:"
        ids = [
            int(t[len(prefix) :]) for t in targets if t.startswith(prefix) and t[len(prefix) :].isdecimal()
        ]
        if ids:
            found = session.scalars(select(key).where(key.in_(ids), condition))
            held |= {f"{prefix}{row_id}" for row_id in found}
    return frozenset(held)


def _one_call_held(row: Any) -> ColumnElement[bool]:
    callback, notice = CALLBACKS.alias(), NOTICES.alias()
    return or_(
        case_held(row.case_id),
        exists(select(notice.c.id).where(notice.c.id == row.notice_id, case_held(notice.c.case_id))),
        phone_held(row.phone_key),
        number_held(row.tried_key),
        exists(select(callback.c.id).where(callback.c.id == row.callback_id, callback_held(callback.c))),
    )


def _is_one_of(column: "Column[Any]", held: Select[Any]) -> ColumnElement[bool]:
    return and_(column.is_not(None), column.in_(held))


#: The targets that a hold can concern: the column of their ids, and the condition.
_TARGETS: dict[str, tuple[Any, ColumnElement[bool]]] = {
    "case": (CASES.c.id, case_held(CASES.c.id)),
    "phone": (Phone.id, Phone.registrant_id.in_(_HELD_REGISTRANTS)),
    "callback": (CALLBACKS.c.id, callback_held(CALLBACKS.c)),
    "call": (CALLS.c.id, call_held(CALLS.c)),
    "talk": (TALKS.c.id, talk_held(TALKS.c)),
    "notice": (NOTICES.c.id, case_held(NOTICES.c.case_id)),
    "registration": (REGISTRATIONS.c.id, case_held(REGISTRATIONS.c.case_id)),
    DURESS: (CASES.c.id, case_held(CASES.c.id)),
}

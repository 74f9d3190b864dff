"""The call bar of one person: what their phone rings for, the call they are in, and who is in it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    CompoundSelect,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from models.audit.audit import AuditEntry
from models.callbacks.callback import Callback
from models.callbacks.claim import HANDED
from models.callbacks.liaison import DOES_NOW, are_among
from models.callbacks.shown_line import shown_line
from models.callouts.callout import Callout, current_callout, unmade_since
from models.calls.call import Call
from models.calls.role import AT_0, COLLEAGUE
from models.overview.outcome import unsaved_talks
from models.staff.staff import Staff
from models.staff.staff_name import read_first_names, read_staff_names
from models.talks.queue_ring import caller_of
from models.talks.talk import IS_ON, Talk
from models.talks.talk_legs import joiners_of, last_missed, who_may_come

#: The exact words of the partial indexes: with bound parameters the databases would not use them.
_IN_HAND = text("callbacks.state IN ('claimed','ringing_liaison','ringing_caller','talking')")
_LEGS_OF_STAFF = text("calls.ended_at IS NULL AND calls.staff_id IS NOT NULL")
#: A call before a claim, and a talk before everything else.
#: How long the bar says that nobody was called.
_UNMADE_SHOWN = timedelta(minutes=2)
_ORDER = ("talking", "ringing_caller", "ringing_liaison", "claimed")


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else in the call: ``staff_id`` is None and ``name`` empty for an interpreter.

    ``stands`` is ``leads``, or a word of models/talks/talk_legs.py: ``rings``, ``accepted``, ``there`` or
    ``missed``. ``may_lead``: whether the reader may leave the call to them once they are there.
    """

    staff_id: int | None
    stands: str
    name: str = field(repr=False)
    may_lead: bool = False


@dataclass(frozen=True, slots=True)
class Colleague:
    """Someone who may be added to a call: ``state`` is free, rings, in_call, break, wrap_up or off_shift."""

    staff_id: int
    state: str
    languages: tuple[str, ...]
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnCall:
    """One callback or talk at 0 of this person; ``state`` is a callback's: claimed, ringing_… or talking.

    ``talk_id`` is set from the moment two people talk, ``callback_id`` for a callback. Not ``leads``:
    somebody else leads the talk, into which this person is called or came. ``leg_id`` is the leg that rings
    for a caller at 0 or for a colleague's talk. ``handed_at`` is when a colleague handed them the callback.
    ``is_discreet`` and ``is_silent`` are told of the call of their phone alone (see ``with_how_to_speak``).
    """

    callback_id: int | None
    talk_id: int | None
    leg_id: int | None
    state: str
    leads: bool
    language: str
    is_urgent: bool
    due_at: datetime | None
    lease_until: datetime | None
    began_at: datetime | None
    held_at: datetime | None
    handed_at: datetime | None = None
    others: tuple[Other, ...] = ()
    is_discreet: bool = False
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class CallBar:
    """``calls`` begin with the one that the phone is in. ``colleagues`` only while this person leads a talk
    into which nobody is being called.

    ``unsaved`` are the talks, or their callbacks, whose outcome they have not saved yet and still may save,
    the newest first.
    ``callout`` is their call to an agency or an interpreter; a phone in it is in no other call. ``unmade`` is
    the last one while they have to be told that nobody was called.
    """

    calls: tuple[OwnCall, ...]
    colleagues: tuple[Colleague, ...]
    unsaved: tuple[OwnCall, ...]
    callout: "OwnCallout | None" = None
    unmade: "UnmadeCallout | None" = None


@dataclass(frozen=True, slots=True)
class OwnCallout:
    """A call-out of this person; ``party`` is a code of models/callouts/party.py.

    Their own phone rings until ``dialled_at``.
    """

    id: int
    party: str
    dialled_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnmadeCallout:
    """A call-out in which nobody was called; ``why`` is what models/callouts/callout.py calls it."""

    id: int
    party: str
    why: str


_CALLER = aliased(Call)
_JOINS_AS = case(
    (Call.accepted_at.is_not(None), literal_column("'talking'")), else_=literal_column("'ringing_liaison'")
)
_ME: BindParameter[int] = bindparam("staff_id")
#: A claim made with that entry is a colleague's doing, and news to the one who has it.
_HANDED_AT = (
    select(func.max(AuditEntry.at))
    .where(
        AuditEntry.target == literal_column("'callback:'") + cast(Callback.id, String),
        AuditEntry.at == Callback.claimed_at,
        AuditEntry.action == HANDED,
    )
    .correlate(Callback)
    .scalar_subquery()
)
#: Everything of one person in one statement, since every open page asks for it at every change. Its columns
#: are the fields of OwnCall.
_OWN: CompoundSelect[Any] = union_all(
    select(
        Callback.id.label("callback_id"),
        Talk.id.label("talk_id"),
        # PostgreSQL would read an untyped NULL as text.
        cast(null(), BigInteger).label("leg_id"),
        Callback.state.label("state"),
        literal_column("1").label("leads"),
        Callback.language.label("language"),
        Callback.urgency.label("urgency"),
        Callback.due_at.label("due_at"),
        Callback.lease_until.label("lease_until"),
        Talk.began_at.label("began_at"),
        Talk.held_at.label("held_at"),
        _HANDED_AT.label("handed_at"),
    )
    .outerjoin(Talk, Talk.callback_id == Callback.id)
    .where(_IN_HAND, Callback.staff_id == _ME),
    select(
        null(), Talk.id, null(), literal_column("'talking'"), literal_column("1"), Talk.language,
        null(), null(), null(), Talk.began_at, Talk.held_at, null(),
    ).where(Talk.staff_id == _ME, IS_ON, Talk.callback_id.is_(None)),
    select(
        Call.callback_id,
        Talk.id,
        Call.id,
        _JOINS_AS,
        literal_column("0"),
        func.coalesce(Talk.language, _CALLER.language, Call.language),
        Callback.urgency,
        null(),
        null(),
        Talk.began_at,
        Talk.held_at,
        null(),
    )
    .outerjoin(Callback, Callback.id == Call.callback_id)
    .outerjoin(_CALLER, _CALLER.id == Call.parent_call_id)
    .outerjoin(
        Talk,
        and_(IS_ON, or_(Talk.callback_id == Call.callback_id, Talk.caller_call_id == Call.parent_call_id)),
    )
    .where(
        _LEGS_OF_STAFF,
        Call.staff_id == _ME,
        # After a talk handed to them the leg goes on, and asks how it ended.
        or_(
            and_(Call.role == COLLEAGUE, Talk.id.is_not(None)),
            and_(Call.role == AT_0, Call.accepted_at.is_(None)),
        ),
        Talk.staff_id.is_distinct_from(_ME),
    ),
)  # fmt: skip


def own_calls(session: Session, staff_id: int) -> list[OwnCall]:
    """The calls and claims of one person, without the others in them; the call of their phone is first."""
    rows = [_own_call(row) for row in session.execute(_OWN, {"staff_id": staff_id})]
    # A stable order, so that the same facts are the same page.
    rows.sort(
        key=lambda one: (
            _ORDER.index(one.state),
            one.lease_until is None,
            str(one.lease_until),
            one.callback_id or 0,
        )
    )
    return rows


def call_bar(session: Session, staff_id: int, now: datetime, outcome_minutes: float) -> CallBar:
    """The calls of one person; ``outcome_minutes`` is how long an ended talk may wait for its outcome."""
    rows = own_calls(session, staff_id)
    # Whatever else they have: after its minutes nobody can save what is true of a talk.
    unsaved = tuple(_over(talk) for talk in unsaved_talks(session, staff_id, now, outcome_minutes))
    if not rows or rows[0].state != "talking":
        callout = _callout(current_callout(session, staff_id))
        unmade = None if callout is not None else _unmade(session, staff_id, now)
        return CallBar(tuple(rows), (), unsaved, callout, unmade)
    first = replace(rows[0], others=_others(session, rows[0], staff_id))
    asks = first.leads and not any(
        one.staff_id is not None and one.stands in ("rings", "accepted") for one in first.others
    )
    return CallBar((first, *rows[1:]), _colleagues(session, first, staff_id) if asks else (), unsaved)


def with_how_to_speak(
    session: Session, bar: CallBar, lines: Sequence[str], discreet: Collection[str]
) -> CallBar:
    """The same, and of the call of their phone whether nobody may name the office, or the person cannot talk.

    ``lines`` are the office's numbers; callers of those in ``discreet`` hear the neutral name (R17).
    """
    if not bar.calls or bar.calls[0].state == "claimed":
        return bar
    first = bar.calls[0]
    line, is_silent = _line_and_silence(session, first, lines)
    return replace(
        bar, calls=(replace(first, is_discreet=line in discreet, is_silent=is_silent), *bar.calls[1:])
    )


def _line_and_silence(session: Session, call: OwnCall, lines: Sequence[str]) -> tuple[str, bool]:
    if call.callback_id is not None:
        callback = session.get_one(Callback, call.callback_id)
        return shown_line(session, callback, lines), callback.silent
    if call.talk_id is not None:
        caller = session.get_one(Call, session.get_one(Talk, call.talk_id).caller_call_id)
        return caller.line, caller.silent
    is_silent, line = caller_of(session, call.leg_id or 0) or (False, "")
    return line, is_silent


def _callout(found: Callout | None) -> OwnCallout | None:
    return None if found is None else OwnCallout(found.id, found.party, found.dialled_at)


def _unmade(session: Session, staff_id: int, now: datetime) -> UnmadeCallout | None:
    found = unmade_since(session, staff_id, now - _UNMADE_SHOWN)
    return None if found is None else UnmadeCallout(found[0].id, found[0].party, found[1])


def _own_call(row: Any) -> OwnCall:
    facts = dict(row._mapping)
    urgency = facts.pop("urgency")
    return OwnCall(**facts | {"leads": bool(facts["leads"]), "is_urgent": urgency == "urgent"})


def _others(session: Session, call: OwnCall, staff_id: int) -> tuple[Other, ...]:
    talk = None if call.talk_id is None else session.get(Talk, call.talk_id)
    if talk is None:
        return ()
    found = [
        (one.staff_id, one.stands)
        for one in (*joiners_of(session, talk), *last_missed(session, talk))
        if one.staff_id != staff_id
    ]
    if talk.staff_id is not None and talk.staff_id != staff_id:
        found.insert(0, (talk.staff_id, "leads"))
    names = read_first_names(session) if found else {}
    may_lead = _who_may_lead(session, talk, [one for one, _stands in found])
    return tuple(
        Other(one, stands, "" if one is None else names[one], one in may_lead) for one, stands in found
    )


def _who_may_lead(session: Session, talk: Talk, people: Sequence[int | None]) -> set[int | None]:
    """Those of the people in a talk to whom its leader may leave it (R10)."""
    who_know = who_may_come(session, talk) if any(people) else None
    if who_know is None:
        return set(people) - {None}
    return set(session.scalars(select(Staff.id).where(Staff.id.in_(people), are_among(who_know))))


def _colleagues(session: Session, call: OwnCall, staff_id: int) -> tuple[Colleague, ...]:
    talk = None if call.talk_id is None else session.get(Talk, call.talk_id)
    who_know = None if talk is None else who_may_come(session, talk)
    others = (
        select(Staff, DOES_NOW)
        .where(Staff.id != staff_id, Staff.left_at.is_(None), are_among(who_know))
        .order_by(Staff.id)
    )
    names = read_staff_names(session).by_id
    found = [
        Colleague(one.id, does_now, tuple(map(str.strip, one.languages.split(","))), names[one.id])
        for one, does_now in session.execute(others)
    ]
    return tuple(sorted(found, key=lambda one: _STATES.index(one.state)))


_STATES = ("free", "rings", "in_call", "wrap_up", "break", "off_shift")


def _over(talk: Talk) -> OwnCall:
    return OwnCall(
        talk.callback_id, talk.id, None, "over", True, talk.language, False, None, None, talk.began_at, None
    )

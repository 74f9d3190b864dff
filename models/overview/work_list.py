"""The list of the desk: every open callback, in the order in which a liaison works on them (R36)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from itertools import chain, islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from models.callbacks.callback import CALLBACKS, IS_PROMISED, Callback
from models.callbacks.callback_list import IN_ORDER, LISTED, NOT_YET
from models.callbacks.callback_state import TAKEN_UP_AGAIN
from models.callbacks.follow_up import NOT_WAITED_FOR
from models.callbacks.shown_line import shown_in_sql
from models.callbacks.wishes import SAFEST
from models.calls.offer import last_offers
from models.calls.two_lists import RANKS, interleave
from models.staff.staff_name import read_first_names
from models.talks.talk import Talk

#: What a reader may narrow the list to, in the order in which it is offered; all of the chosen ones apply.
FILTERS = ("mine", "urgent", "languages", "overdue", "attention", "follow_ups")
PAGE = 25
#: The exact words of the partial indexes: with bound parameters the databases would not use them.
_IN_HAND = text("callbacks.state IN ('claimed','ringing_liaison','ringing_caller','talking')")
_LEFT = Callback.state == TAKEN_UP_AGAIN
_IS_URGENT = Callback.urgency == "urgent"
#: A callback that was promised again has been replaced by another one.
_NOT_ANEW = or_(~_LEFT, Callback.outcome.is_(None), Callback.outcome.not_in(NOT_WAITED_FOR))
#: The parts of the list, one after the other.
_MINE, _LISTED, _THEIRS, _NOT_YET = range(4)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the list: their id, their languages, and the end of their office's day."""

    staff_id: int
    languages: tuple[str, ...]
    day_ends: datetime


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One callback as a row shows it; ``holder`` is the first name of who has it.

    If another call without a PIN asked for it as well (``asked_elsewhere``), its wishes are the safest ones:
    one caller was promised those (R35). ``on_list``: the line may offer it now. ``verified`` is also said of
    what the line or staff began; the PIN was given only for one with a case that a caller asked for.
    """

    id: int
    state: str
    urgency: str
    reason: str
    verified: bool
    case_id: int | None
    begun_by_staff: bool
    language: str
    time_zone: str
    due_at: datetime
    next_attempt_at: datetime
    window_starts: datetime | None
    window_ends: datetime | None
    asked_elsewhere: bool
    silent: bool
    voicemail_text: str | None
    may_answer: str
    caller_tries: int
    outcome: str | None
    staff_id: int | None
    paged_at: datetime | None
    held_at: datetime | None
    on_list: bool
    discreet: bool
    holder: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class WorkList:
    """One page. ``counts`` has each filter's count by its name, ``found`` that of all chosen ones together.

    ``total`` counts every open callback.
    """

    rows: Sequence[WorkRow]
    counts: Mapping[str, int]
    found: int
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.found // PAGE))

    @property
    def has_more(self) -> bool:
        """Whether a page follows."""
        return self.found > self.page * PAGE


def work_list(
    session: Session,
    reader: Reader,
    chosen: Collection[str],
    now: datetime,
    page: int = 1,
    *,
    soon: timedelta,
    lines: Sequence[str],
    discreet: Collection[str],
) -> WorkList:
    """A page of the list, numbered from 1, with the callbacks to which all of the ``chosen`` FILTERS apply.

    First what the reader has in hand; then the two lists in the order of offers (R36), with what needs
    attention among them; then what others have in hand, urgent first; last what may not be called yet, by its
    next moment.
    ``soon``: a promise due within this time counts as urgent. ``lines`` are the office's numbers, and those
    of ``discreet`` name no office. The number of statements is small and fixed. Raises ValueError for an
    unknown filter.
    """
    if not set(chosen) <= set(FILTERS):
        raise ValueError("There is no such filter of the list.")
    asked = {
        "staff_id": reader.staff_id,
        "languages": reader.languages,
        "day_ends": reader.day_ends,
        "now": now,
        "wanted": page * PAGE,
    }
    # In one order, so that each choice has its statements once.
    only = tuple(name for name in FILTERS if name in chosen)
    ids = _ordered_ids(session, only, asked, now, soon)
    shown = _rows(tuple(lines), frozenset(discreet))
    rows = {row.id: row for row in session.execute(shown, {"ids": ids})}
    total, found, *counts = session.execute(_counts(only), asked).one()
    names = read_first_names(session) if any(row.staff_id for row in rows.values()) else {}
    return WorkList(
        [_row(names, rows[one]) for one in ids if one in rows],
        dict(zip(FILTERS, counts, strict=True)),
        found,
        total,
        page,
    )


def _ordered_ids(
    session: Session, only: tuple[str, ...], asked: dict[str, Any], now: datetime, soon: timedelta
) -> list[int]:
    """The ids of one page in the order of the list; only the first rows of each part are read."""
    found: dict[int, list[Any]] = {part: [] for part in (_MINE, _LISTED, _THEIRS, _NOT_YET)}
    for row in session.execute(_heads(only), asked):
        found[row.part].append(row)
    for part in (_MINE, _NOT_YET):
        found[part].sort(key=lambda row: (row.due_at, row.id))
    found[_THEIRS].sort(key=lambda row: (not row.is_urgent, row.due_at, row.id))
    turns = interleave(found[_LISTED], last_offers(session, now), now + soon)
    in_order = chain(found[_MINE], turns, found[_THEIRS], found[_NOT_YET])
    return [row.id for row in islice(in_order, asked["wanted"] - PAGE, asked["wanted"])]


# Built once for each choice of filters: building a union takes longer than running it.
@cache
def _heads(only: tuple[str, ...]) -> Executable:
    """The first rows of each part; of what may not be called yet, ``due_at`` is its next moment."""
    mine = Callback.staff_id == bindparam("staff_id")
    parts: list[tuple[int, Any, tuple[Any, ...]]] = [
        (_MINE, Callback.due_at, (_IN_HAND, mine)),
        *((_LISTED, Callback.due_at, (LISTED, Callback.rank == rank)) for rank in RANKS),
        (_THEIRS, Callback.due_at, (_IN_HAND, or_(Callback.staff_id.is_(None), ~mine))),
        *(
            (_NOT_YET, Callback.next_attempt_at, (NOT_YET, Callback.urgency == urgency))
            for urgency in ("urgent", "other")
        ),
    ]
    heads = [
        select(
            literal_column(str(part)).label("part"),
            Callback.id,
            Callback.rank,
            moment.label("due_at"),
            Callback.requested_at,
            _IS_URGENT.label("is_urgent"),
        )
        .where(*which, *(_FILTERS[name] for name in only))
        .order_by(*_order(part, moment))
        .limit(bindparam("wanted"))
        .subquery()
        for part, moment, which in parts
    ]
    return union_all(*(select(head) for head in heads))


def _order(part: int, moment: Any) -> Sequence[Any]:
    """The order in which the rows of a part are read."""
    if part == _LISTED:
        return IN_ORDER
    return (*((~_IS_URGENT,) if part == _THEIRS else ()), moment, Callback.id)


@cache
def _counts(only: tuple[str, ...]) -> Executable:
    """How many are open, how many of them all of ``only`` apply to, and how many each filter alone."""
    applies = and_(true(), *(_FILTERS[name] for name in only))
    each = (func.count().filter(condition) for condition in _FILTERS.values())
    counts = select(func.count(), func.count().filter(applies), *each)
    return counts.select_from(Callback).where(IS_PROMISED, _NOT_ANEW)


#: A callback that a talk led to was requested in the caller's leg of that talk.
_AFTER_THEIR_TALK = exists().where(
    Talk.caller_call_id == Callback.requested_in_call_id, Talk.staff_id == bindparam("staff_id")
)
_FILTERS: dict[str, ColumnElement[bool]] = {
    "mine": and_(_IN_HAND, Callback.staff_id == bindparam("staff_id")),
    "urgent": _IS_URGENT,
    "languages": Callback.language.in_(bindparam("languages", expanding=True)),
    "overdue": and_(Callback.due_at < bindparam("now"), Callback.state != "talking"),
    "attention": or_(_LEFT, and_(Callback.state == "requested", Callback.paged_at.is_not(None))),
    "follow_ups": and_(
        Callback.due_at < bindparam("day_ends"),
        or_(Callback.rescheduled_by_id == bindparam("staff_id"), _AFTER_THEIR_TALK),
    ),
}


# Built once for each version of the office's numbers.
@lru_cache(maxsize=8)
def _rows(lines: tuple[str, ...], discreet: frozenset[str]) -> Select[Any]:
    columns = [CALLBACKS.c[name] for name in WorkRow.__dataclass_fields__ if name in CALLBACKS.c]
    return (
        select(
            *columns,
            CALLBACKS.c.rank.is_not(None).label("on_list"),
            shown_in_sql(lines).in_(discreet).label("discreet"),
            Talk.held_at,
        )
        .select_from(Callback)
        .outerjoin(Talk, Talk.callback_id == CALLBACKS.c.id)
        .where(Callback.id.in_(bindparam("ids", expanding=True)))
    )


def _row(names: Mapping[int, str], row: Any) -> WorkRow:
    values = dict(row._mapping)
    if values["asked_elsewhere"]:
        values |= {wish: chosen for wish, chosen in SAFEST.columns.items() if wish in values}
    return WorkRow(**values, holder=names.get(row.staff_id))

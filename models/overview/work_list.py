"""The list of the desk: every open callback, in the order in which a liaison works on them (R36)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from itertools import islice
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
#: The parts of which the list is made.
_LISTED, _IN_HANDS, _NOT_YET = range(3)


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


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What the lists of all readers are made of: read once, it makes the list of each (``list_for``).

    ``waiting`` are the ids of the two lists in the order of offers, and ``not_yet`` those that may not be
    called yet; both are long enough for ``page``. ``in_hand`` is everything that somebody has, or the line is
    calling about. ``rows`` are all that a reader's page may show. ``languages`` and ``follow_ups`` are counts
    by language and by person.
    """

    rows: Mapping[int, WorkRow]
    waiting: Sequence[int]
    in_hand: Sequence[Any]
    not_yet: Sequence[int]
    counts: Mapping[str, int]
    languages: Mapping[str, int]
    follow_ups: Mapping[int, int]
    found: int
    total: int
    page: int

    def list_for(self, reader: Reader) -> WorkList:
        """The page of one reader: what they have in hand is first, and that of others follows the lists."""
        mine = [row for row in self.in_hand if row.staff_id == reader.staff_id]
        theirs = [row for row in self.in_hand if row.staff_id != reader.staff_id and row.applies]
        shown = sorted((row for row in mine if row.applies), key=lambda row: (row.due_at, row.id))
        theirs.sort(key=lambda row: (not row.is_urgent, row.due_at, row.id))
        ids = [row.id for row in shown] + [*self.waiting] + [row.id for row in theirs] + [*self.not_yet]
        counts = {
            **self.counts,
            "mine": len(mine),
            "languages": sum(self.languages.get(one, 0) for one in {*reader.languages}),
            "follow_ups": self.follow_ups.get(reader.staff_id, 0),
        }
        page = ids[(self.page - 1) * PAGE : self.page * PAGE]
        return WorkList(
            [self.rows[one] for one in page if one in self.rows],
            {name: counts[name] for name in FILTERS},
            self.found,
            self.total,
            self.page,
        )


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
    next moment. The other arguments are those of ``open_work``.
    """
    found = open_work(session, reader, chosen, now, page, soon=soon, lines=lines, discreet=discreet)
    return found.list_for(reader)


def is_same_for_all(chosen: Collection[str]) -> bool:
    """Whether the same ``open_work`` with these filters makes the list of every reader."""
    return not _OF_READER & {*chosen}


def open_work(
    session: Session,
    reader: Reader,
    chosen: Collection[str],
    now: datetime,
    page: int,
    *,
    soon: timedelta,
    lines: Sequence[str],
    discreet: Collection[str],
) -> OpenWork:
    """What the lists of all readers are made of, or that of ``reader`` alone (see ``is_same_for_all``).

    ``soon``: a promise due within this time counts as urgent. ``lines`` are the office's numbers, and those
    of ``discreet`` name no office. The number of statements is small and fixed. Raises ValueError for an
    unknown filter.
    """
    if not set(chosen) <= set(FILTERS):
        raise ValueError("There is no such filter of the list.")
    wanted = page * PAGE
    asked = {
        "staff_id": reader.staff_id,
        "languages": reader.languages,
        "day_ends": reader.day_ends,
        "now": now,
        "wanted": wanted,
    }
    # In one order, so that each choice has its statements once.
    only = tuple(name for name in FILTERS if name in chosen)
    heads: dict[int, list[Any]] = {part: [] for part in (_LISTED, _IN_HANDS, _NOT_YET)}
    for row in session.execute(_heads(only), asked):
        heads[row.part].append(row)
    turns = interleave(heads[_LISTED], last_offers(session, now), now + soon)
    waiting = [row.id for row in islice(turns, wanted)]
    not_yet = [row.id for row in sorted(heads[_NOT_YET], key=lambda row: (row.due_at, row.id))[:wanted]]
    in_hand = heads[_IN_HANDS]
    # A reader's page begins earlier in these by as many as somebody has in hand.
    others = [*waiting, *not_yet][max(0, wanted - PAGE - len(in_hand)) : wanted]
    ids = [row.id for row in in_hand] + others
    found = session.execute(_rows(tuple(lines), frozenset(discreet)), {"ids": ids}).all()
    names = read_first_names(session) if any(row.staff_id for row in found) else {}
    of_languages = session.execute(_counts(only), asked).all()
    return OpenWork(
        rows={row.id: _row(names, row) for row in found},
        waiting=waiting,
        in_hand=in_hand,
        not_yet=not_yet,
        counts={name: sum(getattr(row, name) for row in of_languages) for name in _COUNTED},
        languages={row.language: row.total for row in of_languages},
        follow_ups=_follow_ups(session, asked),
        found=sum(row.found for row in of_languages),
        total=sum(row.total for row in of_languages),
        page=page,
    )


# Built once for each choice of filters: building a union takes longer than running it.
@cache
def _heads(only: tuple[str, ...]) -> Executable:
    """The first rows of each part, and all that are in hand.

    Of what may not be called yet, ``due_at`` is its next moment. What is in hand and does not fit the filters
    is there too, since it counts as somebody's own.
    """
    applies = and_(true(), *(_FILTERS[name] for name in only))
    parts: list[tuple[int, Any, tuple[Any, ...]]] = [
        *((_LISTED, Callback.due_at, (LISTED, Callback.rank == rank)) for rank in RANKS),
        *(
            (_NOT_YET, Callback.next_attempt_at, (NOT_YET, Callback.urgency == urgency))
            for urgency in ("urgent", "other")
        ),
    ]
    heads = [
        _head(part, moment, true())
        .where(*which, applies)
        .order_by(*(IN_ORDER if part == _LISTED else (moment, Callback.id)))
        .limit(bindparam("wanted"))
        .subquery()
        for part, moment, which in parts
    ]
    in_hands = _head(_IN_HANDS, Callback.due_at, applies).where(_IN_HAND).subquery()
    return union_all(*(select(head) for head in (*heads, in_hands)))


def _head(part: int, moment: Any, applies: Any) -> Select[Any]:
    return select(
        literal_column(str(part)).label("part"),
        Callback.id,
        Callback.rank,
        moment.label("due_at"),
        Callback.requested_at,
        _IS_URGENT.label("is_urgent"),
        Callback.staff_id,
        applies.label("applies"),
    )


@cache
def _counts(only: tuple[str, ...]) -> Executable:
    """Of each language: how many are open, how many of them all of ``only`` apply to, and some filters."""
    applies = and_(true(), *(_FILTERS[name] for name in only))
    each = (func.count().filter(_FILTERS[name]).label(name) for name in _COUNTED)
    return (
        select(
            Callback.language,
            func.count().label("total"),
            func.count().filter(applies).label("found"),
            *each,
        )
        .where(IS_PROMISED, _NOT_ANEW)
        .group_by(Callback.language)
    )


#: A callback that a talk led to was requested in the caller's leg of that talk.
_AFTER_TALK = Talk.caller_call_id == Callback.requested_in_call_id
_BY_TONIGHT = Callback.due_at < bindparam("day_ends")
_FILTERS: dict[str, ColumnElement[bool]] = {
    "mine": and_(_IN_HAND, Callback.staff_id == bindparam("staff_id")),
    "urgent": _IS_URGENT,
    "languages": Callback.language.in_(bindparam("languages", expanding=True)),
    "overdue": and_(Callback.due_at < bindparam("now"), Callback.state != "talking"),
    "attention": or_(_LEFT, and_(Callback.state == "requested", Callback.paged_at.is_not(None))),
    "follow_ups": and_(
        _BY_TONIGHT,
        or_(
            Callback.rescheduled_by_id == bindparam("staff_id"),
            exists().where(_AFTER_TALK, Talk.staff_id == bindparam("staff_id")),
        ),
    ),
}
#: Of these each reader has a count of their own; the others are the same for everybody.
_OF_READER = frozenset({"mine", "languages", "follow_ups"})
_COUNTED = tuple(name for name in FILTERS if name not in _OF_READER)


#: Who has each as a follow-up: who rescheduled it, and who led the talk that it came from.
_FOLLOWED = (
    select(Callback.id, Callback.rescheduled_by_id, Talk.staff_id)
    .outerjoin(Talk, _AFTER_TALK)
    .where(
        IS_PROMISED,
        _NOT_ANEW,
        _BY_TONIGHT,
        or_(Callback.rescheduled_by_id.is_not(None), Talk.staff_id.is_not(None)),
    )
)


def _follow_ups(session: Session, asked: Mapping[str, Any]) -> Mapping[int, int]:
    """How many follow-ups each person has."""
    followed = {
        (staff_id, row.id)
        for row in session.execute(_FOLLOWED, asked)
        for staff_id in (row.rescheduled_by_id, row.staff_id)
    }
    return Counter(staff_id for staff_id, _callback_id in followed)


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

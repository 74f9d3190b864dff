"""An office with as many cases and open callbacks as a large one: made a few hundred times, copied by SQL."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from config.office import Office
from models import Base
from models.cases.case import new_number
from models.cases.name_index import index_name
from models.custody.imports.history import waiting
from models.custody.imports.paging import page_held
from models.store.database import Database
from tests.factories import make_callback, make_case, make_staff, make_subject
from tests.models.custody.feed import feed_row, load
from tests.own_database import analyze
from workers.office_rules import policies_of

#: This many are made one by one, each open callback among them; the rest are copies of theirs.
_FIRST = 500
FIRST_NAMES = ("Ada", "Bela", "Ciro", "Dana", "Eva", "Filip", "Gita", "Hugo", "Ines", "Jano")
SURNAMES = tuple(
    f"{start}{end}"
    for start in ("Albo", "Bren", "Cora", "Dele", "Ervi")
    for end in ("nard", "sky", "tez", "lund", "mont", "rio", "vale", "wick", "yan", "zar")
)
_OPEN_IN = 10
#: Long case numbers, because among this many shorter ones two would be the same now and then.
_DIGITS = 12
#: How many people the held file would change.
_HELD = 2000
_LIAISONS = 20
#: More than any id of the first ones.
_STEP = 100_000
#: The tables that depend on a case, in an order in which each row finds what it refers to; of custody records
#: a copy shows that of its first.
_COPIED = ("subjects", "registrants", "phones", "consents", "name_words", "cases", "callbacks")
#: Unique or looked up by value: a copy has one of its own.
_OWN = frozenset({"number_key", "phone_key", "feed_key", "feed_id"})


def fill(database: Database, cases: int) -> None:
    """Put ``cases`` cases into an empty database, and open callbacks of a tenth of them."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        for number in range(_LIAISONS):
            make_staff(session, phone=f"+1202555{150 + number:04d}")
        for number in range(_FIRST):
            # Names as alike as those of a town: each first name and each surname stands for a hundred people.
            name = f"{FIRST_NAMES[number % 10]} {SURNAMES[number // 10 % 50]}"
            subject = make_subject(session, name=name)
            index_name(session, "subject", subject.id, name)
            case = make_case(
                session,
                "in_custody",
                subject=subject,
                number=new_number(_DIGITS),
                facility="Stewart",
                phone=f"+1206555{100 + number % 100:04d}",
                as_of=now,
            )
            if number % _OPEN_IN == 0:
                due = now + timedelta(minutes=number - _FIRST // 4)
                # Half are on the list, as many of them urgent as not; the others wait for their window.
                kind = number // _OPEN_IN % 4
                urgency, rank = ("urgent" if kind % 2 else "other"), (None, None, 1, 0)[kind]
                at = now + timedelta(hours=0 if kind > 1 else 1)
                make_callback(session, case, due_at=due, next_attempt_at=at, urgency=urgency, rank=rank)
    with database.transaction() as session:
        for copy in range(1, cases // _FIRST):
            copy_rows(session, _COPIED, copy)
    analyze(database)


def hold_a_file(database: Database, office: Office) -> int:
    """Let a feed file wait for two people; it changes so many that the people concerned are to be called."""
    now = datetime.now(UTC)
    before, since = now - timedelta(hours=2), now - timedelta(minutes=20)
    names = [f"held-{number}" for number in range(_HELD)]
    with database.transaction() as session:
        for name in names:
            make_case(session, subject=make_subject(session, feed_id=name), number=new_number(_DIGITS))
    load(database, *(feed_row(name, as_of=before) for name in names), now=before)
    broken = (feed_row(f"broken-{number}", as_of="soon") for number in range(_HELD // 10))
    released = (feed_row(name, status="released", as_of=since) for name in names)
    load(database, *released, *broken, now=since)
    with database.transaction() as session:
        page_held(session, now + timedelta(hours=1), policies_of(office), is_open=office.is_open(now))
        return waiting(session)[0].entry.id


def copy_rows(session: Session, tables: Sequence[str], copy: int) -> None:
    """Copy the rows of these tables that were made one by one, for the ``copy``-th time.

    The copies have ids of their own and refer to copies. The tables are in an order in which each row finds
    what it refers to.
    """
    for name in tables:
        _copy(session, Base.metadata.tables[name], tables, copy)


def _copy(session: Session, table: Table, copied: Sequence[str], copy: int) -> None:
    shift = copy * _STEP
    values: list[ColumnElement[Any]] = []
    for column in table.columns:
        refers = any(key.column.table.name in copied for key in column.foreign_keys)
        if column.primary_key or refers:
            values.append(column + shift)
        elif column.name in _OWN:
            values.append(func.substr(column, 1, 56).concat(f"-{copy}"))
        else:
            values.append(column)
    rows = select(*values).where(table.c.id < _STEP)
    session.execute(insert(table).from_select([column.name for column in table.columns], rows))

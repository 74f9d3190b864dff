"""For all files of the feed: the events are exactly the changes in what callers could hear (R28)."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.custody_event import CustodyEvent
from models.custody.imports.custody_import import ImportRules
from models.custody.imports.held import reject, release
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.factories import NOW, make_office, make_policies, make_staff
from tests.models.custody.feed import feed_row, load, open_cases

MANY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
#: The brake holds only what is impossible: how many may change at once is another test's matter.
WIDE = dict.fromkeys(("brake_floor", "brake_day_floor", "brake_releasable_floor"), 100_000)
RULES = ImportRules(make_office().gates, make_policies(**WIDE))
IN_CUSTODY = ("in_custody", "transferred", "returned_to_custody")
OUT = ("released", "released_on_bond", "escaped")
PEOPLE = ("A", "B")
NEXT = {
    **dict.fromkeys(IN_CUSTODY, ("transferred", *OUT, "deceased")),
    **dict.fromkeys(OUT, ("returned_to_custody", "deceased")),
    "deceased": (),
}


class Row(NamedTuple):
    """One row of the feed; hours are counted from NOW."""

    person: str
    as_of: int
    status: str
    happened: int
    may_be_told: bool


ROWS = st.builds(
    Row,
    person=st.sampled_from(PEOPLE),
    as_of=st.integers(0, 5),
    status=st.sampled_from((*IN_CUSTODY, *OUT, "removed", "deceased", "unknown")),
    happened=st.sampled_from((-200, -101, -100, -50, -25, 0)),
    may_be_told=st.sampled_from((True, True, True, False)),
)
FILES = st.lists(st.tuples(st.lists(ROWS, min_size=1, max_size=4), st.booleans()), max_size=7)


class Feed:
    """One database that was never fed, and the model of it: what the line could say of each person."""

    def __init__(self, database: Database, names: Sequence[str]) -> None:
        self._database, self._now = database, NOW + timedelta(hours=10)
        self._subjects = {case.subject_id: name for name, case in open_cases(database, *names).items()}
        self._known: dict[str, int] = {}
        self.said: dict[str, list[tuple[str, int]]] = {name: [] for name in names}

    def takes(self, rows: Sequence[Row], *, is_released: bool = True, full: bool = False) -> None:
        """Import a file; if the brake holds it, two people release it or one rejects it."""
        self._now += timedelta(hours=1)
        landed = load(self._database, *map(in_feed, rows), now=self._now, rules=RULES, full=full)
        if landed.held:
            assert landed.import_id is not None
            ana, ben = (f"{name}@office.example.org" for name in ("ana", "ben"))
            if not is_released:
                reject(self._database, landed.import_id, by=ana, now=self._now)
                return
            release(self._database, landed.import_id, by=ana, and_by=ben, now=self._now, tied_days=30)
        for name in self.said:
            about = [row for row in rows if row.person == name and row.as_of >= self._known.get(name, -1)]
            if not about:
                continue
            self._known[name] = about[0].as_of
            if len({_content(row) for row in about}) == 1 and _content(about[0]) is not None:
                self.said[name].append((about[0].status, about[0].happened))

    def events(self, name: str) -> list[tuple[str, int]]:
        """The events about a person, with their hours."""
        with self._database.reading() as session:
            found = session.scalars(select(CustodyEvent).order_by(CustodyEvent.id)).all()
            return [(one.kind, _hours(one.at)) for one in found if self._subjects.get(one.subject_id) == name]

    def told(self, name: str) -> int:
        """How many events about a person may still be told."""
        with self._database.reading() as session:
            found = session.scalars(select(CustodyEvent).where(CustodyEvent.stopped_at.is_(None))).all()
            return sum(self._subjects.get(one.subject_id) == name for one in found)


def in_feed(row: Row) -> dict[str, Any]:
    """The row as the feed sends it."""
    return feed_row(
        row.person,
        status=row.status,
        status_at=NOW + timedelta(hours=row.happened),
        as_of=NOW + timedelta(hours=row.as_of),
        asylum_related="no" if row.may_be_told else "yes",
    )


def _content(row: Row) -> tuple[str, int] | None:
    return (row.status, row.happened) if row.may_be_told and row.status != "unknown" else None


def _hours(at: datetime | None) -> int:
    assert at is not None
    return round((at - NOW) / timedelta(hours=1))


def _changes(said: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """What happened, to somebody who rang the line after each file."""
    found = []
    for (was, before), (status, happened) in itertools.pairwise(said):
        if was == status:
            is_news = status not in ("in_custody", "deceased") and happened > before + 24
        elif was in IN_CUSTODY and status in IN_CUSTODY:
            is_news = status != "in_custody" and happened > before
        else:
            is_news = True
        if is_news:
            found.append((status, happened))
    return found


@pytest.fixture
def office(database: Database) -> Database:
    """A database with two people who may release what the brake holds."""
    with database.transaction() as session:
        for name in ("ana", "ben"):
            made = NOW - timedelta(days=400)
            make_staff(session, f"{name}@office.example.org", role="supervisor", created_at=made)
    return database


def _named(database: Database, count: int) -> list[str]:
    """Names that no earlier example used."""
    with database.reading() as session:
        last = len(session.scalars(select(Subject.id)).all())
    return [f"{PEOPLE[n]}-{last}" for n in range(count)]


@ON_SQLITE
@MANY
@given(files=FILES)
def test_events_are_the_changes_in_what_the_line_could_say(
    office: Database, files: list[tuple[list[Row], bool]]
) -> None:
    names = dict(zip(PEOPLE, _named(office, 2), strict=True))
    feed = Feed(office, list(names.values()))

    for rows, is_released in files:
        feed.takes([row._replace(person=names[row.person]) for row in rows], is_released=is_released)

    for name in names.values():
        assert feed.events(name) == _changes(feed.said[name])
        assert feed.told(name) == min(1, len(feed.events(name)))


@st.composite
def _lives(draw: st.DrawFn) -> list[tuple[str, int]]:
    """What really happened to one person: each status with the hour at which it began."""
    life = [("in_custody", -1000)]
    for happened in draw(st.lists(st.integers(-900, -1), max_size=6, unique=True).map(sorted)):
        if not (following := NEXT[life[-1][0]]):
            break
        life.append((draw(st.sampled_from(following)), happened))
    return life


@ON_SQLITE
@MANY
@given(data=st.data(), life=_lives())
def test_no_order_or_slicing_of_true_rows_makes_an_event_of_what_did_not_happen(
    office: Database, data: st.DataObject, life: list[tuple[str, int]]
) -> None:
    (name,) = _named(office, 1)
    # A snapshot that lacks the people of earlier examples is none about them.
    with office.transaction() as session:
        session.execute(update(Case).where(Case.closed_at.is_(None)).values(closed_at=NOW))
    feed = Feed(office, [name])
    rows = [Row(name, place, *fact, True) for place, fact in enumerate(life)]
    # A file is a delta or a snapshot, and a snapshot may not name this person, but somebody without a case.
    snapshots = [Row(f"{name} other", place, "in_custody", -1000, True) for place in range(len(life))]
    files = st.tuples(st.sampled_from(rows), st.booleans()) | st.tuples(
        st.sampled_from(snapshots), st.just(True)
    )
    sent = data.draw(st.lists(st.tuples(files, st.booleans()), max_size=12))

    for (row, full), is_released in sent:
        feed.takes([row], is_released=is_released, full=full)

    events = feed.events(name)
    assert set(events) <= set(life[1:])
    assert [happened for _, happened in events] == sorted({happened for _, happened in events})


@ON_SQLITE
@MANY
@given(life=_lives())
def test_every_change_of_a_life_is_one_event_however_often_it_is_sent(
    office: Database, life: list[tuple[str, int]]
) -> None:
    (name,) = _named(office, 1)
    feed = Feed(office, [name])

    for place, fact in enumerate(life):
        row = Row(name, place, *fact, True)
        feed.takes([row])
        feed.takes([row, row])

    changed = [
        (status, happened)
        for (was, before), (status, happened) in itertools.pairwise(life)
        if was != status or happened > before + 24
    ]
    assert feed.events(name) == changed

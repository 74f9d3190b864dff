"""For all files, calls and retractions: exactly those who believe something false are corrected, once."""

from datetime import UTC, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models import CustodyRecord, Notice
from models.cases.subject import Subject
from models.custody.imports.record import RETRACTED_STATES, CustodyImport
from models.notices.notice import OPEN_STATES
from models.notices.notice_moves import confirm, note_said
from models.notices.spreading import spread
from models.notices.taking_back.retraction import retract
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.factories import NOW, MadeCase, make_staff
from tests.models.custody.feed import load
from tests.models.custody.test_event_properties import PEOPLE, ROWS, RULES, Row, in_feed
from tests.models.notices.registered import registered_case

ANA, BEN = "ana@office.example.org", "ben@office.example.org"


class Hears(NamedTuple):
    """One of the registrants hears what waits for them, and perhaps confirms it."""

    place: int
    confirms: bool


class TakesBack(NamedTuple):
    """Two people take back one of the files that count now, counted from the newest."""

    place: int


STEPS = st.lists(
    st.one_of(
        st.lists(ROWS, min_size=1, max_size=2),
        st.builds(Hears, place=st.integers(0, 3), confirms=st.booleans()),
        st.builds(TakesBack, place=st.integers(0, 3)),
    ),
    max_size=14,
)
MANY = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class World:
    """Four registrants about two people. It notes who was told what, and from which file that was."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, NOW + timedelta(hours=10)
        #: For each case: whether the last record that it heard could be told, and its import.
        self.believes: dict[int, tuple[int, int]] = {}
        with database.transaction() as session:
            #: The corrections that were there at the last look.
            self.seen = set(session.scalars(select(Notice.id)))
            # Names and files that no earlier example used.
            made = len(session.scalars(select(Subject.id)).all())
            self.first = max(session.scalars(select(CustodyImport.id)), default=0)
            self.names = {name: f"{name}-{made}" for name in "AB"}
            self.cases: list[MadeCase] = [registered_case(session, self.names[name]) for name in "AABB"]

    def reads(self, rows: list[Any]) -> None:
        self.now += timedelta(hours=1)
        named = [row._replace(person=self.names[row.person]) for row in rows]
        load(self.database, *map(in_feed, named), now=self.now, rules=RULES)
        with self.database.transaction() as session:
            spread(session, self.now, 50)

    def hears(self, step: Hears) -> None:
        """As a call does: the newest record, if it can be told, for every open notice of the case alike."""
        self.now += timedelta(minutes=1)
        case = self.cases[step.place]
        with self.database.transaction() as session:
            mine = select(Notice).where(Notice.case_id == case.id, Notice.state.in_(OPEN_STATES))
            told = session.scalars(mine.order_by(Notice.id)).all()
            record = self._newest(session, case)
            if not told or record is None:
                return
            is_held = session.get_one(Subject, case.subject_id).held_import_id is not None
            is_status = record.releasable and record.status != "unknown" and not is_held
            corrections = [one for one in told if one.corrects_id is not None]
            if not is_status and not corrections:
                return
            note_said(session, told, self.now, is_status=is_status)
            if is_status:
                self.believes[case.id] = (record.id, record.import_id)
            else:
                self.believes.pop(case.id, None)
            if step.confirms:
                for notice in told if is_status else corrections:
                    confirm(session, notice.id, "call", self.now, "caller:1")

    def takes_back(self, step: TakesBack) -> None:
        self.now += timedelta(minutes=1)
        with self.database.reading() as session:
            landed = select(CustodyImport.id).where(
                CustodyImport.state == "landed", CustodyImport.id > self.first
            )
            found = session.scalars(landed.order_by(CustodyImport.id.desc())).all()
        if step.place < len(found):
            retract(
                self.database, found[step.place], by=ANA, and_by=BEN, now=self.now, tied_days=30, office=UTC
            )

    def check(self) -> None:
        """Nobody goes on believing a record of a file that was taken back, unless a newer event is theirs."""
        with self.database.reading() as session:
            retracted = set(
                session.scalars(select(CustodyImport.id).where(CustodyImport.state.in_(RETRACTED_STATES)))
            )
            notices = session.scalars(select(Notice).order_by(Notice.id)).all()
            records = {one.id: one.import_id for one in session.scalars(select(CustodyRecord))}
            session.expunge_all()
        corrections = [one for one in notices if one.corrects_id is not None]
        corrected = [one.corrects_id for one in corrections]
        assert len(corrected) == len(set(corrected))
        by_id = {one.id: one for one in notices}
        for one in corrections:
            if one.id in self.seen:
                # What it corrects may have been told anew since, as nothing that can be confirmed.
                continue
            self.seen.add(one.id)
            # Only those who had heard a record of such a file are corrected, about their own case.
            false = by_id[one.corrects_id]
            assert false.case_id == one.case_id
            assert false.said_record_id is not None
            assert records[false.said_record_id] in retracted
        for case in self.cases:
            _record, import_id = self.believes.get(case.id, (0, 0))
            if import_id not in retracted:
                continue
            mine = [one for one in notices if one.case_id == case.id]
            is_owed = any(one.state in OPEN_STATES for one in mine)
            assert is_owed or self._is_still_said(case, retracted)

    def _is_still_said(self, case: MadeCase, retracted: set[int]) -> bool:
        """Whether the last word of the files that count is the same status."""
        with self.database.reading() as session:
            believed = session.get_one(CustodyRecord, self.believes[case.id][0])
            told = session.scalars(
                select(CustodyRecord.status)
                .where(
                    CustodyRecord.subject_id == case.subject_id,
                    CustodyRecord.releasable,
                    CustodyRecord.status != "unknown",
                    CustodyRecord.import_id.not_in(retracted),
                )
                .order_by(CustodyRecord.id.desc())
            ).first()
            return told == believed.status

    def _newest(self, session: Any, case: MadeCase) -> CustodyRecord | None:
        newest = select(CustodyRecord).where(CustodyRecord.subject_id == case.subject_id)
        found: CustodyRecord | None = session.scalars(newest.order_by(CustodyRecord.id.desc())).first()
        return found


@pytest.fixture
def office(database: Database) -> Database:
    """A database with two people who may take back a file."""
    with database.transaction() as session:
        for email in (ANA, BEN):
            make_staff(session, email=email, role="supervisor")
    return database


@ON_SQLITE
@MANY
@given(steps=STEPS)
@example([Hears(0, confirms=True), TakesBack(0), Hears(0, confirms=False), TakesBack(0)])
@example([Hears(1, confirms=False), [Row("A", 1, "transferred", -5, True)], TakesBack(1), TakesBack(0)])
@example([Hears(0, confirms=True), [Row("A", 1, "released", -10, False)], TakesBack(1), TakesBack(1)])
@example([Hears(1, True), TakesBack(0), Hears(1, False), TakesBack(0), Hears(1, True)])
@example(
    [
        [Row("B", 1, "transferred", -5, True)],
        Hears(2, confirms=True),
        [Row("B", 2, "in_custody", -300, True)],
        TakesBack(1),
    ]
)
def test_exactly_those_who_believe_something_false_are_corrected_once(
    office: Database, steps: list[Any]
) -> None:
    world = World(office)
    world.reads([Row(name, -1, "in_custody", -300, True) for name in PEOPLE])
    world.reads([Row("A", 0, "released", -10, True)])
    for step in steps:
        if isinstance(step, Hears):
            world.hears(step)
        elif isinstance(step, TakesBack):
            world.takes_back(step)
        else:
            world.reads(step)
        world.check()

"""Stages the feed rows of people with an open case, and counts what they would change (R12, R16)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, insert, select, update
from sqlalchemy.orm import Session

from models.custody.directory import Court, Facility
from models.custody.imports.brake import Tally
from models.custody.imports.file import CONTENT_COLUMNS, DENIED, Content, Doubt, FeedRow, Reject
from models.custody.imports.judging import Verdict, careful, judge
from models.custody.imports.known_people import (
    OPEN_CASES,
    RECORD_CONTENT,
    RECORDS,
    SUBJECTS,
    Known,
    find_people,
    written_out,
)
from models.custody.imports.lock import ImportBusyError, gentle_transaction, without_collector
from models.custody.imports.record import CustodyImport, ImportRow
from models.custody.imports.rejects import Rejects
from models.custody.refusals import ImportBusyRefusal, RowRefusal
from models.custody.unlisted import MOST_OF_A_FILE
from models.store.base import table_of
from models.store.database import Database

BATCH = 1000
IMPORT_ROWS = table_of(ImportRow)
_MOMENT = bindparam("moment", type_=SUBJECTS.c.doubted_at.type)
_DOUBT = (
    update(SUBJECTS)
    .where(SUBJECTS.c.id == bindparam("person"))
    .values(doubted_at=case((SUBJECTS.c.doubted_at > _MOMENT, SUBJECTS.c.doubted_at), else_=_MOMENT))
)


class OlderRow(NamedTuple):
    """A row about somebody of whom something newer is known: whose, of which moment, and what it says."""

    subject_id: int
    as_of: datetime
    content: Content


@dataclass(slots=True)
class _Staged:
    line: int
    digest: int
    releasable: bool
    status_at: datetime | None
    in_future: bool
    verdict: Verdict
    #: False for a row that would change nothing: the record says it already, word for word, or there is none
    #: that an unreadable row could make doubtful.
    is_written: bool
    #: False for a row that cannot be read, which is counted as rejected alone.
    is_counted: bool = True


class Staging:
    """One file being read. Without an ``import_id`` it only counts (a dry run) and writes nothing.

    ``state`` is the state the import's row must have while this writes.

    Memory grows with the number of people who have an open case, never with the file. The first line about a
    person counts and a later one is rejected. When the two differ, neither can be trusted, so the staged row
    becomes ``unknown``, and it is releasable only if both lines were. So it does for a row that is rejected
    because it cannot be read: its person may be out, or denied by now (R12, R14). One who is out stays so.
    """

    def __init__(
        self,
        database: Database,
        future_skew_minutes: float,
        now: datetime,
        import_id: int | None,
        state: str = "staging",
    ) -> None:
        self._state = state
        #: The newest time at which the feed confirmed anybody, known here or not; times in the future do not
        #: count.
        self.newest_as_of: datetime | None = None
        self.tally, self.rejects = Tally(), Rejects()
        self.changes = {"new": 0, "changed": 0, "unchanged": 0}
        self.rows = self.ignored = 0
        self.unmapped_statuses = self.unlisted_facilities = self.unlisted_courts = 0
        self.unlisted: dict[tuple[str, str], tuple[int, int]] = {}
        self._database, self._now, self._import_id = database, now, import_id
        self._latest = now + timedelta(minutes=future_skew_minutes)
        self._staged: dict[int, _Staged] = {}
        self._present: set[int] = set()
        self._doubted: dict[int, datetime] = {}
        self._older: list[OlderRow] = []
        self._repeated: list[int] = []
        with database.reading() as session:
            self._facilities = frozenset(session.scalars(select(Facility.name_key)))
            self._courts = frozenset(session.scalars(select(Court.name_key)))

    @without_collector()
    def take(self, items: Iterable[FeedRow | Reject]) -> None:
        """Read to the end in batches: look the people up, then stage each batch in one short transaction."""
        source = iter(items)
        while batch := list(islice(source, BATCH)):
            self._take_batch(batch)

    def stage_absent(self) -> None:
        """Stage people with an open case who are not in this full snapshot; unreadable rows name nobody."""
        for people in self._people_not_yet_absent():
            gone = [p for p in people if p.id not in self._staged and p.id not in self._present]
            # People with a record become "cannot confirm": a change like any other (R16).
            on_record = [person.cases for person in gone if person.record_id is not None]
            self.tally.absent += len(on_record)
            self.tally.status_changes += sum(on_record)
            if self._import_id is not None:
                self._write([self._gone(person.id, person.as_of) for person in gone], [])

    def _gone(self, subject_id: int, as_of: datetime | None) -> dict[str, Any]:
        return self._values(-subject_id, subject_id, "absent", DENIED, as_of or self._now)

    def _take_batch(self, batch: list[FeedRow | Reject]) -> None:
        rows = [item for item in batch if isinstance(item, FeedRow)]
        unreadable = [item for item in batch if isinstance(item, Reject)]
        rejects = list(unreadable)
        named = [row.subject_id for row in rows]
        named += [name for one in unreadable if one.doubt is not None for name in one.doubt.subject_ids]
        with self._database.reading() as session:
            people = find_people(session, self._database, named)
        fresh: dict[int, dict[str, Any]] = {}
        contradicted: list[dict[str, Any]] = []
        for row in rows:
            self.tally.in_the_future += self._is_in_the_future(row)
            if row.as_of <= self._latest and (self.newest_as_of is None or row.as_of > self.newest_as_of):
                self.newest_as_of = row.as_of
            known = people.get(row.subject_id)
            content = self._listed(row.content)
            if known is None:
                self.ignored += 1
            elif known.as_of is not None and row.as_of < known.as_of:
                self._present.add(known.subject_id)
                self._older.append(OlderRow(known.subject_id, row.as_of, content))
                rejects.append(Reject(row.line, "as_of", RowRefusal.OLDER, {}))
            elif (first := self._staged.get(known.subject_id)) is not None:
                rejects.append(Reject(row.line, "subject_id", RowRefusal.SAME_PERSON, {"line": first.line}))
                if first.digest != hash(content):
                    self._miss("row", "subject_id", row.line)
                self._contradict(first, content, known, known.as_of or row.as_of, fresh, contradicted)
            else:
                values = self._stage(row, content, known)
                if values is not None:
                    fresh[known.subject_id] = values
        for reject in unreadable:
            self._confirm_nothing(reject, people, fresh, contradicted)
        self.rows += len(batch)
        self.tally.usable_rows += len(batch) - len(rejects)
        self.rejects.add(sorted(rejects, key=lambda reject: reject.line))
        self._write(list(fresh.values()), contradicted)

    def _listed(self, content: Content) -> Content:
        """The row with the directory entries of its facility and court; free text is not stored (R12)."""
        facility, court = content[2], content[7]
        listed = (
            facility if facility in self._facilities else None,
            court if court in self._courts else None,
        )
        return (*content[:2], listed[0], *content[3:7], listed[1])

    def _stage(self, row: FeedRow, content: Content, known: Known) -> dict[str, Any] | None:
        """Judge and count a row; its staged row, or None if it says nothing new."""
        verdict = judge(content, known, self._now)
        status_at, releasable = content[1], content[3]
        in_future = self._is_in_the_future(row)
        says_nothing = (
            verdict.change == "unchanged"
            and row.as_of == known.as_of
            and not known.is_absent
            and not in_future
        )
        if says_nothing and releasable and not known.is_repeated:
            self._repeated.append(known.subject_id)
        staged = _Staged(row.line, hash(content), releasable, status_at, in_future, verdict, not says_nothing)
        self._staged[known.subject_id] = staged
        self._count(staged, 1)
        self.unmapped_statuses += not row.status_is_mapped
        self.unlisted_facilities += content[2] != row.content[2]
        self.unlisted_courts += content[7] != row.content[7]
        for kind, name, known_as in (
            ("facility", row.content[2], content[2]),
            ("court", row.content[7], content[7]),
            ("status", row.code, None),
        ):
            if name is not None and known_as is None:
                self._miss(kind, name, row.line)
        if says_nothing:
            return None
        change = "future" if in_future else verdict.change
        return self._values(row.line, known.subject_id, change, content, row.as_of)

    def _miss(self, kind: str, name: str, line: int) -> None:
        seen, first = self.unlisted.get((kind, name), (0, line))
        if seen or len(self.unlisted) < MOST_OF_A_FILE:
            self.unlisted[kind, name] = (seen + 1, first)

    def _confirm_nothing(
        self,
        reject: Reject,
        people: Mapping[str, Known],
        fresh: dict[int, dict[str, Any]],
        contradicted: list[dict[str, Any]],
    ) -> None:
        """Stage the person of an unreadable row as unknown, or as denied, and make a task of its field."""
        doubt = reject.doubt
        if doubt is None:
            self._miss("row", reject.field, reject.line)
            return
        known = [people[name] for name in doubt.subject_ids if name in people]
        is_news = [self._doubt_person(reject, doubt, one, fresh, contradicted) for one in known]
        if any(is_news):
            self._miss("row", reject.field, reject.line)

    def _doubt_person(
        self,
        reject: Reject,
        doubt: Doubt,
        known: Known,
        fresh: dict[int, dict[str, Any]],
        contradicted: list[dict[str, Any]],
    ) -> bool:
        """False if the row is older than the record, and so changes nothing that is told now."""
        if doubt.as_of is not None and known.as_of is not None and doubt.as_of < known.as_of:
            self._present.add(known.subject_id)
            self._doubt_since(known, doubt.as_of)
            return False
        content = careful(doubt, known)
        if (first := self._staged.get(known.subject_id)) is not None:
            self._contradict(first, content, known, known.as_of or self._now, fresh, contradicted)
            return True
        dated = doubt.as_of if doubt.as_of is not None and doubt.as_of <= self._latest else None
        as_of = dated or known.as_of
        verdict = judge(content, known, self._now)
        staged = _Staged(reject.line, hash(content), content[3], content[1], False, verdict, False, False)
        # Without a record nothing is told of them; dated by us, the corrected row would look older than this.
        if content is not known.content and as_of is not None:
            staged.is_written = True
            fresh[known.subject_id] = self._values(
                reject.line, known.subject_id, verdict.change, content, as_of
            )
        elif known.content is not None:
            # Without a date of its own the row may say anything up to now.
            self._doubt_since(known, dated or self._now)
        self._staged[known.subject_id] = staged
        self._count(staged, 1)
        return True

    def _doubt_since(self, known: Known, moment: datetime) -> None:
        self._doubted[known.subject_id] = max(moment, self._doubted.get(known.subject_id, moment))

    def _contradict(
        self,
        first: _Staged,
        second: Content,
        known: Known,
        as_of: datetime,
        fresh: dict[int, dict[str, Any]],
        contradicted: list[dict[str, Any]],
    ) -> None:
        if first.digest == hash(second):
            return
        both = first.releasable and second[3]
        content: Content = (
            ("unknown", first.status_at, None, True, None, None, None, None) if both else DENIED
        )
        self._count(first, -1)
        first.verdict, first.releasable, first.digest = (
            judge(content, known, self._now),
            content[3],
            hash(content),
        )
        self._count(first, 1)
        change = "future" if first.in_future else first.verdict.change
        values = {"change": change, **dict(zip(CONTENT_COLUMNS, content, strict=True))}
        if not first.is_written:
            first.is_written = True
            fresh[known.subject_id] = (
                self._values(first.line, known.subject_id, "changed", content, as_of) | values
            )
        elif known.subject_id in fresh:
            fresh[known.subject_id].update(values)
        else:
            contradicted.append({"staged_line": first.line, **values})

    def _count(self, staged: _Staged, sign: int) -> None:
        verdict = staged.verdict
        self.changes[verdict.change] += sign * staged.is_counted
        self.tally.status_changes += sign * verdict.status_changes
        self.tally.from_denial += sign * verdict.from_denial
        self.tally.impossible += sign * verdict.impossible
        self.tally.moved_releases += sign * verdict.moved_releases
        self.tally.moved_hearings += sign * verdict.moved_hearings

    def _is_in_the_future(self, row: FeedRow) -> bool:
        # Hearings and expected releases may lie in the future; events and confirmations may not.
        return row.newest_time > self._latest

    def _values(
        self, line: int, subject_id: int, change: str, content: Content, as_of: datetime
    ) -> dict[str, Any]:
        return {
            "import_id": self._import_id,
            "line": line,
            "subject_id": subject_id,
            "change": change,
            "as_of": as_of,
            **dict(zip(CONTENT_COLUMNS, content, strict=True)),
        }

    def _write(self, fresh: list[dict[str, Any]], contradicted: list[dict[str, Any]]) -> None:
        doubted, self._doubted = self._doubted, {}
        older, self._older = self._older, []
        repeated, self._repeated = self._repeated, []
        if self._import_id is None or not (fresh or contradicted or doubted or older or repeated):
            return
        with gentle_transaction(self._database) as session:
            check_state(session, self._import_id, self._state)
            if doubted:
                # Whatever becomes of the file: the doubt only keeps an older record from counting again.
                _doubt(session, doubted)
            if older:
                doubt_older(session, older)
            if repeated:
                # Should the file that reported the records be taken back, this one says so too, if it lands.
                theirs = SUBJECTS.c.id.in_(written_out(repeated))
                session.execute(update(SUBJECTS).where(theirs).values(seen_import_id=self._import_id))
            if fresh:
                session.execute(insert(IMPORT_ROWS), fresh)
            for values in contradicted:
                line = values.pop("staged_line")
                session.execute(
                    update(IMPORT_ROWS)
                    .where(IMPORT_ROWS.c.import_id == self._import_id, IMPORT_ROWS.c.line == line)
                    .values(values)
                )

    def _people_not_yet_absent(self) -> Iterator[Sequence[Any]]:
        after = 0
        while True:
            with self._database.reading() as session:
                people = session.execute(
                    select(SUBJECTS.c.id, SUBJECTS.c.as_of, SUBJECTS.c.record_id, OPEN_CASES.label("cases"))
                    .where(SUBJECTS.c.id > after, SUBJECTS.c.absent_since.is_(None), OPEN_CASES > 0)
                    .order_by(SUBJECTS.c.id)
                    .limit(BATCH)
                ).all()
            if not people:
                return
            after = people[-1].id
            yield people


def doubt_older(session: Session, rows: Sequence[OlderRow]) -> None:
    """Note the moments of rows that are older than the records of their people, and say something new.

    Should what is newer be taken back, such a row says more than the record of then, which may not count.
    """
    known = select(RECORDS.c.subject_id, RECORDS.c.as_of, *RECORD_CONTENT).order_by(RECORDS.c.id)
    records: dict[int, list[tuple[datetime, Any]]] = {}
    for subject_id, as_of, *content in session.execute(
        known.where(RECORDS.c.subject_id.in_({row.subject_id for row in rows}))
    ):
        records.setdefault(subject_id, []).append((as_of, tuple(content)))
    new: dict[int, datetime] = {}
    for one in rows:
        then = [content for at, content in records.get(one.subject_id, ()) if at <= one.as_of]
        if not then or then[-1] != one.content:
            new[one.subject_id] = max(one.as_of, new.get(one.subject_id, one.as_of))
    if new:
        _doubt(session, new)


def _doubt(session: Session, moments: Mapping[int, datetime]) -> None:
    session.execute(_DOUBT, [{"person": one, "moment": at} for one, at in moments.items()])


def check_state(session: Session, import_id: int, state: str) -> None:
    """Lock the import's row. Raises ImportBusyError when another process has changed its state."""
    query = select(CustodyImport.state).where(CustodyImport.id == import_id).with_for_update()
    if session.scalar(query) != state:
        raise ImportBusyError(ImportBusyRefusal.TAKEN_OVER)

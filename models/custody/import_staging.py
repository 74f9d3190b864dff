"""Stages the feed rows of people with an open case, and counts what they would change (R12, R16)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple, cast

from sqlalchemy import BindParameter, bindparam, case, func, insert, select, update
from sqlalchemy.orm import Session

from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.brake import OUT, Tally, is_impossible
from models.custody.custody import CustodyRecord
from models.custody.directory import Court, Facility
from models.custody.event_making import happened_again
from models.custody.import_file import CONTENT_COLUMNS, DENIED, UNREADABLE, Content, Doubt, FeedRow, Reject
from models.custody.import_lock import ImportBusyError, gentle_transaction, without_collector
from models.custody.import_record import COUNTED_STATES, RETRACTED_STATES, CustodyImport, ImportRow
from models.custody.import_rejects import Rejects
from models.custody.refusals import ImportBusyRefusal, RowRefusal
from models.custody.unlisted import MOST_OF_A_FILE
from models.store.base import table_of
from models.store.database import Database

BATCH = 1000
IMPORT_ROWS, SUBJECTS, RECORDS = table_of(ImportRow), table_of(Subject), table_of(CustodyRecord)
#: Of tables, since a row of a model costs twice as much to read.
RECORD_CONTENT = [RECORDS.c[name] for name in CONTENT_COLUMNS]
_CASES, _SEEN_IN = table_of(Case), table_of(CustodyImport)
_OPEN_CASES = (
    select(func.count(_CASES.c.id))
    .where(_CASES.c.subject_id == SUBJECTS.c.id, _CASES.c.closed_at.is_(None))
    .correlate(SUBJECTS)
    .scalar_subquery()
)
_MOMENT = bindparam("moment", type_=SUBJECTS.c.doubted_at.type)
_DOUBT = (
    update(SUBJECTS)
    .where(SUBJECTS.c.id == bindparam("person"))
    .values(doubted_at=case((SUBJECTS.c.doubted_at > _MOMENT, SUBJECTS.c.doubted_at), else_=_MOMENT))
)


@dataclass(slots=True)
class Known:
    """The record of a person with an open case. ``last_known``: the one before an ``unknown`` record.

    ``is_absent``: the last full snapshot did not name them. ``is_repeated``: another file than the one that
    reported it has repeated the record since, and counts.
    """

    subject_id: int
    as_of: datetime | None
    open_cases: int
    content: Content | None
    last_known: tuple[str, datetime | None] | None
    is_absent: bool = False
    is_repeated: bool = False


class OlderRow(NamedTuple):
    """A row about somebody of whom something newer is known: whose, of which moment, and what it says."""

    subject_id: int
    as_of: datetime
    content: Content


class Verdict(NamedTuple):
    """What one row would do: ``new``, ``changed`` or ``unchanged``, and its share of the tally."""

    change: str
    status_changes: int
    from_denial: int
    impossible: int
    moved_releases: int = 0
    moved_hearings: int = 0


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
        content = _careful(doubt, known)
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
                theirs = SUBJECTS.c.id.in_(_written_out(repeated))
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
                    select(SUBJECTS.c.id, SUBJECTS.c.as_of, SUBJECTS.c.record_id, _OPEN_CASES.label("cases"))
                    .where(SUBJECTS.c.id > after, SUBJECTS.c.absent_since.is_(None), _OPEN_CASES > 0)
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


def find_people(session: Session, database: Database, feed_ids: list[str]) -> Mapping[str, Known]:
    """The people among the feed's ids who have an open case, with their records. At most three statements."""
    keys = {database.keyring.index("feed", feed_id): feed_id for feed_id in feed_ids}
    found = session.execute(
        select(
            SUBJECTS.c.feed_key,
            SUBJECTS.c.id,
            SUBJECTS.c.as_of,
            SUBJECTS.c.absent_since,
            SUBJECTS.c.record_id,
            SUBJECTS.c.seen_import_id,
            _OPEN_CASES.label("open_cases"),
            _SEEN_IN.c.state.label("seen_state"),
        )
        .outerjoin(_SEEN_IN, _SEEN_IN.c.id == SUBJECTS.c.seen_import_id)
        .where(SUBJECTS.c.feed_key.in_(list(keys)))
    ).all()
    with_case = [one for one in found if one.open_cases]
    # Not joined: PostgreSQL would read every record there is for each batch.
    on_record = _contents(session, [one.record_id for one in with_case if one.record_id is not None])
    people: dict[str, Known] = {}
    for one in with_case:
        content, import_id = on_record.get(one.record_id, (None, None))
        last = (content[0], content[1]) if content is not None else None
        people[keys[one.feed_key]] = Known(
            one.id, one.as_of, one.open_cases, content, last, one.absent_since is not None,
            one.seen_import_id != import_id and one.seen_state in COUNTED_STATES,
        )  # fmt: skip
    _look_behind_unknown(session, people.values())
    return people


def _contents(session: Session, record_ids: list[int]) -> dict[int, tuple[Content, int | None]]:
    """What each record says, and the import that reported it."""
    if not record_ids:
        return {}
    ids = _written_out(record_ids)
    columns = RECORDS.c.id, RECORDS.c.import_id, *RECORD_CONTENT
    rows = session.execute(select(*columns).where(RECORDS.c.id.in_(ids)))
    return {row[0]: (cast("Content", row[2:]), row[1]) for row in rows}


def _written_out(ids: list[int]) -> BindParameter[list[int]]:
    # In the statement: a thousand parameters take psycopg longer than the rows take PostgreSQL.
    return bindparam("ids", ids, expanding=True, literal_execute=True)


def _careful(doubt: Doubt, known: Known) -> Content:
    """What stands about the person of an unreadable row."""
    old = known.content
    if doubt.releasable and old is not None and old[0] in OUT:
        # That they are out stays the careful word, and calls about it go on.
        return old
    was_denied = old is not None and not old[3]
    is_denied = was_denied if doubt.releasable is None else not doubt.releasable
    return DENIED if is_denied else UNREADABLE


def judge(content: Content, known: Known, now: datetime) -> Verdict:
    """What ``content`` would change for the person, given their record."""
    old = known.content
    if old is None or known.last_known is None:
        return Verdict("new", 0, 0, 0)
    # A second release with the same word makes notices, so the brake counts it too (event_making.py).
    is_again = (
        content[3] and content[0] == known.last_known[0] and happened_again(*known.last_known, content[1])
    )
    return Verdict(
        "unchanged" if content == old else "changed",
        known.open_cases if content[0] != old[0] or is_again else 0,
        int(content[3] and not old[3]),
        int(is_impossible(*known.last_known, content[0], content[1])),
        known.open_cases * _is_moved(old, content, _release, now),
        known.open_cases * _is_moved(old, content, _hearing, now),
    )


def _release(content: Content) -> datetime | None:
    return content[5]


def _hearing(content: Content) -> datetime | None:
    """Nobody is called about a hearing at a court that is not in the directory."""
    return content[6] if content[7] is not None else None


def _is_moved(
    old: Content, new: Content, date_of: Callable[[Content], datetime | None], now: datetime
) -> bool:
    before = date_of(old)
    is_told = old[3] and new[3] and old[0] == new[0]
    return is_told and before is not None and before > now and date_of(new) != before


def dated_cases(session: Session, now: datetime) -> tuple[int, int]:
    """The open cases with an expected release ahead, and those with a hearing at a court of the directory."""
    open_case = (
        select(func.count())
        .select_from(_CASES)
        .join(SUBJECTS, SUBJECTS.c.id == _CASES.c.subject_id)
        .join(RECORDS, RECORDS.c.id == SUBJECTS.c.record_id)
        .where(_CASES.c.closed_at.is_(None))
    )
    releases = session.scalar(open_case.where(RECORDS.c.expected_release_at > now)) or 0
    is_told = RECORDS.c.next_hearing_at > now, RECORDS.c.court_key.is_not(None)
    return releases, session.scalar(open_case.where(*is_told)) or 0


def _look_behind_unknown(session: Session, people: Iterable[Known]) -> None:
    """An ``unknown`` between two records must not make an impossible change look like an ordinary one."""
    unknown = {known.subject_id: known for known in people if known.content and known.content[0] == "unknown"}
    if not unknown:
        return
    newest = (
        select(func.max(CustodyRecord.id))
        .join(CustodyImport, CustodyImport.id == CustodyRecord.import_id)
        .where(
            CustodyRecord.subject_id.in_(unknown),
            CustodyRecord.status != "unknown",
            CustodyImport.state.not_in(RETRACTED_STATES),
        )
        .group_by(CustodyRecord.subject_id)
    )
    for subject_id, status, status_at in session.execute(
        select(CustodyRecord.subject_id, CustodyRecord.status, CustodyRecord.status_at).where(
            CustodyRecord.id.in_(newest)
        )
    ):
        unknown[subject_id].last_known = (status, status_at)

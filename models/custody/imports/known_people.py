"""People whom a custody file may change something for: those with an open case, and their records (R12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.orm import Session

from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.custody.imports.file import CONTENT_COLUMNS, Content
from models.custody.imports.record import COUNTED_STATES, RETRACTED_STATES, CustodyImport
from models.store.base import table_of
from models.store.database import Database

SUBJECTS, RECORDS = table_of(Subject), table_of(CustodyRecord)
#: Of tables, since a row of a model costs twice as much to read.
RECORD_CONTENT = [RECORDS.c[name] for name in CONTENT_COLUMNS]
_CASES, _SEEN_IN = table_of(Case), table_of(CustodyImport)
OPEN_CASES = (
    select(func.count(_CASES.c.id))
    .where(_CASES.c.subject_id == SUBJECTS.c.id, _CASES.c.closed_at.is_(None))
    .correlate(SUBJECTS)
    .scalar_subquery()
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
            OPEN_CASES.label("open_cases"),
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
    ids = written_out(record_ids)
    columns = RECORDS.c.id, RECORDS.c.import_id, *RECORD_CONTENT
    rows = session.execute(select(*columns).where(RECORDS.c.id.in_(ids)))
    return {row[0]: (cast("Content", row[2:]), row[1]) for row in rows}


def written_out(ids: list[int]) -> BindParameter[list[int]]:
    """The ids as text of the statement: as parameters they take psycopg longer than the rows PostgreSQL."""
    return bindparam("ids", ids, expanding=True, literal_execute=True)


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

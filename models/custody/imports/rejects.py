"""The rejects of one import, in a spooled file so that a million need no more memory than ten."""

import json
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.custody.imports.file import Reject
from models.custody.imports.record import ImportReject
from models.custody.refusals import RowRefusal

KEPT_IN_MEMORY_BYTES = 1_000_000
#: How many rejects of an import the console can show; the rest are only counted by field.
SHOWN_LATER = 1000
PAGE = 25


class Rejects:
    """Add first, then read as often as needed. Contains lines, fields, codes and facts, never a value."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY_BYTES)  # noqa: SIM115
        self._count = 0
        self._fields = Counter[str]()
        # The file is closed with its owner, however the import ended.
        weakref.finalize(self, self._file.close)

    def add(self, rejects: Iterable[Reject]) -> None:
        """Append, in order."""
        for reject in rejects:
            self._file.write(json.dumps([reject.line, reject.field, _why(reject)]).encode() + b"\n")
            self._count += 1
            self._fields[reject.field] += 1

    @property
    def fields(self) -> dict[str, int]:
        """The number of rejects of each field."""
        return dict(sorted(self._fields.items()))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Reject]:
        self._file.seek(0)
        for text in self._file:
            yield _reject(*json.loads(text))


def keep_rejects(session: Session, import_id: int, rejects: Rejects) -> None:
    """Store the first of them with the import."""
    rows = [
        {"import_id": import_id, "line": one.line, "field": one.field, "reason": _why(one)}
        for one in islice(rejects, SHOWN_LATER)
    ]
    if rows:
        session.execute(insert(ImportReject), rows)


def kept_rejects(
    session: Session, import_id: int, *, after: int = 0, field: str = "", size: int = PAGE
) -> list[Reject]:
    """Up to ``size`` rejects after line ``after``, of only one field if it is named."""
    query = select(ImportReject).where(ImportReject.import_id == import_id, ImportReject.line > after)
    if field:
        query = query.where(ImportReject.field == field)
    rows = session.scalars(query.order_by(ImportReject.line).limit(size))
    return [_reject(row.line, row.field, row.reason) for row in rows]


def _why(reject: Reject) -> str:
    """The code and the facts of a reject, as `_reject` reads them back."""
    return json.dumps([reject.code, reject.facts])


def _reject(line: int, field: str, why: str) -> Reject:
    code, facts = json.loads(why)
    return Reject(line, field, RowRefusal(code), facts)

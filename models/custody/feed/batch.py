"""The batches of the feed: what became of a number, and which numbers before it are missing (R16)."""

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.custody.imports.brake import SKIPS_A_BATCH
from models.custody.imports.file import FeedFileError
from models.custody.imports.record import RETRACTED_STATES, CustodyImport
from models.custody.refusals import BatchRefusal

_LANDED = ("landed", *RETRACTED_STATES)
#: The states in which a batch was taken; in others a dead process left it, and its file is taken again.
_TAKEN = (*_LANDED, "rejected", "applying", "held")


class HashedReader(io.BufferedReader):
    """A file read line by line, with the hash of what was read.

    So the hash is of the very bytes that were staged, even if somebody changes the file meanwhile.
    """

    def __init__(self, raw: io.FileIO) -> None:
        super().__init__(raw)
        self._hash = hashlib.sha256()

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self._hash.update(line)
        return line

    def hexdigest(self) -> str:
        """The SHA-256 of the lines so far, as 64 hexadecimal digits."""
        return self._hash.hexdigest()


@dataclass(frozen=True, slots=True)
class Batch:
    """What a manifest says of the file that is being imported, and the file, to compare the two."""

    number: int
    sha256: str
    rows: int
    name: str
    stream: HashedReader

    def check(self, rows: int) -> None:
        """Raise FeedFileError unless the file, read to its end, has this hash and this many rows."""
        if self.stream.hexdigest() != self.sha256:
            raise FeedFileError(BatchRefusal.WRONG_HASH, name=self.name)
        if rows != self.rows:
            raise FeedFileError(BatchRefusal.WRONG_ROWS, name=self.name, needed=self.rows, found=rows)


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a batch that was taken. ``waits_for_others`` means that a gap before it holds it."""

    import_id: int
    state: str
    sha256: str
    waits_for_others: bool

    @property
    def is_settled(self) -> bool:
        """Whether it landed, also if it was taken back since, or staff rejected it: its number is spent."""
        return self.state in (*_LANDED, "rejected")


def standing_of(session: Session, number: int) -> Standing | None:
    """What became of this number, None if it was never taken. A number is taken only once at a time."""
    found = session.execute(
        select(CustodyImport.id, CustodyImport.state, CustodyImport.batch_sha256, CustodyImport.hold_reasons)
        .where(CustodyImport.batch == number, CustodyImport.state.in_(_TAKEN))
        .order_by(CustodyImport.id.desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    waits = found.state == "held" and _skips(found.hold_reasons)
    return Standing(found.id, found.state, found.batch_sha256, waits)


def missing_before(session: Session, number: int) -> int:
    """How many numbers between the newest batch in line and this one have not arrived.

    The first batch ever may have any number. A batch that two people landed in spite of a gap is in line, so
    they have settled that gap. One that staff rejected did arrive.
    """
    top = newest_in_order(session)
    if top is None or number <= top + 1:
        return 0
    rejected = session.scalar(
        select(func.count(CustodyImport.batch.distinct())).where(
            CustodyImport.state == "rejected", CustodyImport.batch > top, CustodyImport.batch < number
        )
    )
    return number - 1 - top - (rejected or 0)


def newest_in_order(session: Session) -> int | None:
    """The highest number that was taken and that no gap holds."""
    landed = session.scalar(
        select(func.max(CustodyImport.batch)).where(CustodyImport.state.in_((*_LANDED, "applying")))
    )
    held = session.execute(
        select(CustodyImport.batch, CustodyImport.hold_reasons).where(
            CustodyImport.state == "held", CustodyImport.batch.is_not(None)
        )
    ).all()
    numbers = [landed, *(batch for batch, reasons in held if not _skips(reasons))]
    return max((number for number in numbers if number is not None), default=None)


def give_back(session: Session, import_id: int, now: datetime) -> bool:
    """End an import that a gap held, because the gap is closed and its file is read again.

    The brake judges it anew, against the records that the missing batch left. False if people settled it.
    """
    gone = session.execute(
        update(CustodyImport)
        .where(CustodyImport.id == import_id, CustodyImport.state == "held")
        .values(state="abandoned", settled_at=now, ended="gap_closed")
        .returning(CustodyImport.id)
    ).first()
    if gone is not None:
        audit.record(
            session, actor="import", action="abandon_import", target=f"import:{import_id}",
            facts={"ended": "gap_closed"}, state="abandoned", now=now,
        )  # fmt: skip
    return gone is not None


def _skips(reasons: list[str]) -> bool:
    return any(text.split(" ")[0] == SKIPS_A_BATCH for text in reasons)

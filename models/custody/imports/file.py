"""Reads a custody feed file row by row in bounded memory; the gate's values are dropped here (R12)."""

import csv
import dataclasses
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, BinaryIO

from models.custody.custody import CUSTODY_STATUSES, REMOVAL_STAGES
from models.custody.directory import LONGEST_NAME, place_key
from models.custody.refusals import FeedRefusal, RowRefusal
from models.custody.release_gate import is_releasable
from models.store.refusal import Fact, RefusedError

GATE_COLUMNS = ("adult", "section_1367", "asylum_related")
COLUMNS = (
    "subject_id", "status", "status_at", "facility", "as_of", *GATE_COLUMNS,
    "removal_stage", "expected_release_at", "next_hearing_at", "next_hearing_place",
)  # fmt: skip
LONGEST = {"subject_id": 100, "status": 64, "facility": LONGEST_NAME, "next_hearing_place": LONGEST_NAME}
#: Several times the size of any record; a longer one is an unclosed quote, or no CSV at all.
LONGEST_RECORD = 8192
#: By how many columns commas may have moved the one that names the person.
MOST_MOVED = 12
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
PROGRESS_BYTES = 65_536

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_UNDECODABLE = re.compile(r"[\ud800-\udfff]")


class FeedFileError(RefusedError):
    """The file cannot be read as a custody feed."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Whom a rejected row may name, if that can be read: of them the line must not tell an older row.

    ``releasable`` is what its gate columns say, and ``as_of`` its confirmation time if that is one. Of a row
    without the right number of columns neither is known, and any field that the comma may have moved may be
    the person's id.
    """

    subject_ids: tuple[str, ...]
    releasable: bool | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that does not land: its physical line, the field, and why; no fact is a value of the row.

    ``doubt`` is kept nowhere.
    """

    line: int
    field: str
    code: RowRefusal
    facts: Mapping[str, Fact]
    doubt: Doubt | None = dataclasses.field(default=None, repr=False, compare=False)


#: A record's content without its confirmation time; a row with equal contents is unchanged.
Content = tuple[
    str, datetime | None, str | None, bool, str | None, datetime | None, datetime | None, str | None
]  # fmt: skip
CONTENT_COLUMNS = (
    "status", "status_at", "facility_key", "releasable", "removal_stage",
    "expected_release_at", "next_hearing_at", "court_key",
)  # fmt: skip
#: All that is stored of a row that the gate denies (R12): no status, no date, no place, no stage.
DENIED: Content = ("unknown", None, None, False, None, None, None, None)
#: Nothing can be confirmed, though the gate allows it.
UNREADABLE: Content = ("unknown", None, None, True, None, None, None, None)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One readable row. ``content`` follows CONTENT_COLUMNS; an unmapped status is already ``unknown``.

    Its facility and court are the feed's own names, folded, until staging looks them up in the office's
    directories. ``newest_time`` is the later of the event time and the confirmation time. ``code`` is the
    unmapped status of a row that may be told.
    """

    line: int
    subject_id: str
    content: Content
    as_of: datetime
    newest_time: datetime
    status_is_mapped: bool
    code: str | None = None


class _RowError(Exception):
    """A row does not land. Not a ValueError, because parsing a time raises that too."""

    def __init__(self, field: str, code: RowRefusal, **facts: Fact) -> None:
        super().__init__(field, code)
        self.field, self.code, self.facts = field, code, facts


class _TooLongError(Exception):
    """A record is longer than LONGEST_RECORD."""


def read_feed(
    stream: BinaryIO, gates: Mapping[str, str], progress: Callable[[int], None] | None = None
) -> Iterator[FeedRow | Reject]:
    """Yield every row of a feed file, in order, as a FeedRow or as a Reject with its first error.

    UTF-8 with or without a byte order mark; one header line with exactly the columns of COLUMNS, in any
    order; blank lines do not count. ``line`` is the physical line that a record starts on. An unclosed quote
    invalidates only its own line. ``progress`` gets the number of bytes as they are read. Raises
    FeedFileError when the header is missing or wrong.
    """
    lines = _Lines(stream, progress)
    reader = csv.reader(lines, strict=True)
    places = _read_header(lines, reader)
    while True:
        try:
            fields = lines.next_record(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLongError):
            doubt = _doubt([text.strip('" \n') for text in lines.record[0].split(",")], places, gates)
            line = lines.give_back_all_but_the_first()
            yield Reject(line, "row", RowRefusal.NOT_CSV, {}, doubt)
            continue
        if not fields:
            continue
        if len(fields) != len(COLUMNS):
            facts = {"found": len(fields), "needed": len(COLUMNS)}
            doubt = _doubt(fields, places, gates)
            yield Reject(lines.first, "row", RowRefusal.COLUMN_COUNT, facts, doubt)
            continue
        try:
            yield _parse(lines.first, fields, places, gates)
        except _RowError as fault:
            doubt = _doubt(fields, places, gates)
            yield Reject(lines.first, fault.field, fault.code, fault.facts, doubt)


class _Lines:
    """Physical lines for the CSV reader; it remembers the lines of the current record."""

    def __init__(self, stream: BinaryIO, progress: Callable[[int], None] | None) -> None:
        self.first = 1
        self._stream, self._progress = stream, progress
        self._number, self._size, self._unreported = 0, 0, 0
        self.record: list[str] = []
        self._again: deque[str] = deque()

    def next_record(self, reader: Any) -> list[str]:
        self.record.clear()
        self._size, self.first = 0, self._number + 1
        fields: list[str] = next(reader)
        return fields

    def give_back_all_but_the_first(self) -> int:
        self._again.extendleft(reversed(self.record[1:]))
        self._number = self.first
        return self.first

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        text = self._again.popleft() if self._again else self._read()
        self._number += 1
        self.record.append(text)
        self._size += len(text)
        if self._size > LONGEST_RECORD:
            raise _TooLongError
        return text

    def _read(self) -> str:
        raw = self._stream.readline(LONGEST_RECORD + 1)
        self._report(len(raw))
        if not raw:
            raise StopIteration
        if len(raw) > LONGEST_RECORD and not raw.endswith(b"\n"):
            self._skip_queue()
            # One character per byte keeps a truncated line longer than any record may be, so it is refused.
            return raw.decode("latin-1")
        if self._number == 0:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        # Bytes that are not UTF-8 become surrogates, so that one bad value invalidates only one row.
        return raw.decode("utf-8", "surrogateescape")

    def _skip_queue(self) -> None:
        while True:
            chunk = self._stream.readline(PROGRESS_BYTES)
            self._report(len(chunk))
            if not chunk or chunk.endswith(b"\n"):
                return

    def _report(self, count: int) -> None:
        self._unreported += count
        if self._progress is not None and (
            self._unreported >= PROGRESS_BYTES or (count == 0 and self._unreported)
        ):
            self._progress(self._unreported)
            self._unreported = 0


def _read_header(lines: _Lines, reader: Any) -> dict[str, int]:
    try:
        header = lines.next_record(reader)
    except StopIteration:
        raise FeedFileError(FeedRefusal.EMPTY) from None
    except (csv.Error, _TooLongError):
        raise FeedFileError(FeedRefusal.NOT_CSV) from None
    if any(_UNDECODABLE.search(name) for name in header):
        raise FeedFileError(FeedRefusal.NOT_UTF8)
    if not set(header) & set(COLUMNS):
        # A header without one known name is probably a row, whose values must not be repeated.
        raise FeedFileError(FeedRefusal.NO_HEADER, known=", ".join(COLUMNS))
    for name in COLUMNS:
        if name not in header:
            raise FeedFileError(FeedRefusal.COLUMN_MISSING, name=name)
    for place, name in enumerate(header):
        if name not in COLUMNS:
            raise FeedFileError(FeedRefusal.COLUMN_UNKNOWN, name=repr(name[:40]))
        if name in header[:place]:
            raise FeedFileError(FeedRefusal.COLUMN_TWICE, name=name)
    return {name: place for place, name in enumerate(header)}


def _parse(line: int, fields: Sequence[str], places: Mapping[str, int], gates: Mapping[str, str]) -> FeedRow:
    releasable = _is_releasable(fields, places, gates)
    value = {name: fields[place].strip() for name, place in places.items() if name not in GATE_COLUMNS}
    # One search finds out that a row has no such character, as nearly every row.
    is_odd = _CONTROL.search("".join(value.values())) is not None
    for name, text in value.items():
        if is_odd and _CONTROL.search(text):
            undecodable = _UNDECODABLE.search(text)
            raise _RowError(name, RowRefusal.NOT_UTF8 if undecodable else RowRefusal.CONTROL_CHARACTER)
        if len(text) > LONGEST.get(name, 64):
            raise _RowError(name, RowRefusal.TOO_LONG, most=LONGEST.get(name, 64))
    if not value["subject_id"]:
        raise _RowError("subject_id", RowRefusal.MISSING)
    if not value["status"]:
        raise _RowError("status", RowRefusal.MISSING)
    mapped = value["status"] in CUSTODY_STATUSES
    facility, court = _place(value, "facility"), _place(value, "next_hearing_place")
    stage = value["removal_stage"] or None
    if stage is not None and stage not in REMOVAL_STAGES:
        raise _RowError("removal_stage", RowRefusal.UNKNOWN_STAGE, known=", ".join(REMOVAL_STAGES))
    status_at, as_of = _needed_moment(value, "status_at"), _needed_moment(value, "as_of")
    content: Content = (
        value["status"] if mapped else "unknown",
        status_at,
        facility,
        releasable,
        stage,
        _moment(value, "expected_release_at"),
        _moment(value, "next_hearing_at"),
        court,
    )
    code = value["status"] if releasable and not mapped else None
    # A denied row is checked like any other, so its errors are reported the same way, and then emptied.
    content = content if releasable else DENIED
    return FeedRow(line, value["subject_id"], content, as_of, max(status_at, as_of), mapped, code)


def _doubt(fields: Sequence[str], places: Mapping[str, int], gates: Mapping[str, str]) -> Doubt | None:
    place, more = places["subject_id"], len(fields) - len(COLUMNS)
    # A comma too many or too few moves the columns behind it. Of a row with very many only the nearest count.
    more = max(-place, min(more, MOST_MOVED))
    near = (text.strip() for text in fields[min(place, place + more) : max(place, place + more) + 1])
    ids = tuple(dict.fromkeys(one for one in near if one and _is_id(one)))
    if not ids:
        return None
    if len(fields) != len(COLUMNS):
        return Doubt(ids, None, None)
    as_of = _read_moment(fields[places["as_of"]].strip())
    releasable = _is_releasable(fields, places, gates)
    return Doubt(ids, releasable, as_of if isinstance(as_of, datetime) else None)


def _is_id(text: str) -> bool:
    return len(text) <= LONGEST["subject_id"] and _CONTROL.search(text) is None


def _is_releasable(fields: Sequence[str], places: Mapping[str, int], gates: Mapping[str, str]) -> bool:
    return is_releasable(gates, {name: fields[places[name]] for name in GATE_COLUMNS})


def _place(value: Mapping[str, str], name: str) -> str | None:
    key = place_key(value[name]) or None
    if key is not None and len(key) > LONGEST[name]:
        raise _RowError(name, RowRefusal.TOO_LONG, most=LONGEST[name])
    return key


def _needed_moment(value: Mapping[str, str], name: str) -> datetime:
    moment = _moment(value, name)
    if moment is None:
        raise _RowError(name, RowRefusal.MISSING)
    return moment


def _moment(value: Mapping[str, str], name: str) -> datetime | None:
    text = value[name]
    if not text:
        return None
    moment = _read_moment(text)
    if isinstance(moment, RowRefusal):
        raise _RowError(name, moment)
    return moment


@lru_cache(maxsize=4096)
def _read_moment(text: str) -> datetime | RowRefusal:
    """The moment in UTC, or why it is none. The rows of a file repeat few confirmation times."""
    # Python accepts any single character between date and time.
    if "T" not in text and " " not in text:
        return RowRefusal.NOT_A_TIME
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return RowRefusal.NO_OFFSET
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return RowRefusal.NOT_A_TIME
    return moment if EARLIEST <= moment < LATEST else RowRefusal.OUT_OF_RANGE

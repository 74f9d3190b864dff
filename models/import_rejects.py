"""The rejects of one import, spooled so that a million of them need no more memory than ten."""

import json
import tempfile
import weakref
from collections.abc import Iterable, Iterator

from models.import_file import Reject

KEPT_IN_MEMORY_BYTES = 1_000_000


class Rejects:
    """Add first, then read as often as wanted. Holds lines, fields and reasons, never a value."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY_BYTES)  # noqa: SIM115
        self._count = 0
        # The spool goes with its owner, however the import ended.
        weakref.finalize(self, self._file.close)

    def add(self, rejects: Iterable[Reject]) -> None:
        """Append, in order."""
        for reject in rejects:
            self._file.write(json.dumps([reject.line, reject.field, reject.reason]).encode() + b"\n")
            self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Reject]:
        self._file.seek(0)
        for text in self._file:
            yield Reject(*json.loads(text))

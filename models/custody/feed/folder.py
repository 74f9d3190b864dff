"""The watched folder: which batches are whole, and how their files leave it so that a kill loses none (R16).

Of a batch NAME there are three files, in the order in which they arrive: NAME.csv, NAME.json (the manifest)
and NAME.sig (its signature). Files that leave are noted first, in ``leaving/``, each by its identity: so a
later run finishes, and never touches a new file that has the same name.
"""

import io
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from models.custody.feed.batch import HashedReader
from models.custody.feed.manifest import MOST_BYTES, SIGNATURE_BYTES

#: The personal data goes first.
ENDINGS = (".csv", ".json", ".sig")
REFUSED, DONE, LEAVING = "refused", "done", "leaving"
REASON = ".reason.txt"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: No link is followed out of the folder, and a pipe never blocks.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

#: A file's inode and its last change in nanoseconds. Three files cannot move at once, and some senders use a
#: name again; a later run moves the noted files alone.
Identity = tuple[int, int]


@dataclass(slots=True)
class Files:
    """The files of one batch whose signature has arrived; ``seen`` is the identity of each, by its ending."""

    name: str
    manifest: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    seen: dict[str, Identity]

    @property
    def data_name(self) -> str:
        """The name of the data file."""
        return f"{self.name}.csv"


class FeedFolder:
    """The folder of one feed. Every method raises OSError when the folder cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def whole(self) -> list[Files]:
        """The batches whose manifest and signature are there, by name; a shorter signature still arrives."""
        found = []
        # Unlike glob, this raises when there is no such folder.
        for entry in sorted(entry for entry in self.path.iterdir() if entry.suffix == ".sig"):
            name = entry.stem
            if _NAME.fullmatch(name):
                signature, manifest = self._read(name, ".sig"), self._read(name, ".json")
                if signature and manifest and len(signature[0]) >= SIGNATURE_BYTES:
                    seen = {".sig": signature[1], ".json": manifest[1]}
                    found.append(Files(name, manifest[0], signature[0], seen))
        return found

    @contextmanager
    def data_of(self, files: Files) -> Iterator[HashedReader | None]:
        """The data file, open; None if it is not there."""
        opened = self._open(files.data_name)
        if opened is None:
            yield None
            return
        number, files.seen[".csv"] = opened
        with HashedReader(io.FileIO(number)) as stream:
            yield stream

    def see_data(self, files: Files) -> None:
        """Note the identity of the data file without reading it, for a batch that only leaves."""
        with self.data_of(files):
            pass

    def delete(self, files: Files) -> None:
        """Delete the batch's files."""
        self._leave(files, {"to": None})

    def keep(self, files: Files, now: datetime) -> None:
        """Move the batch's files to ``done/``."""
        self._leave(files, {"to": DONE, "at": now.timestamp()})

    def refuse(self, files: Files, sentence: str, now: datetime) -> None:
        """Move the batch's files to ``refused/``, with a file that says why and holds no row."""
        self._leave(files, {"to": REFUSED, "at": now.timestamp(), "sentence": sentence})

    def finish_leaving(self) -> None:
        """Finish what a dead process began."""
        for note in sorted((self.path / LEAVING).glob("*.json")):
            try:
                left = json.loads(note.read_text("utf-8"))
            except ValueError:
                # The process died while it wrote the note, before it touched a file.
                note.unlink()
            else:
                self._finish(note, left)

    def waiting_since(self, moment: datetime) -> int:
        """How many data files have been in the folder since before ``moment``."""
        files = (entry for entry in self.path.iterdir() if entry.suffix == ".csv")
        return sum(entry.lstat().st_mtime < moment.timestamp() for entry in files)

    def refused_since(self, moment: datetime | None) -> int:
        """How many batches were refused after ``moment``; all of those in ``refused/`` if it is None."""
        found = 0
        for entry in (self.path / REFUSED).glob(f"*{REASON}"):
            found += moment is None or entry.stat().st_mtime > moment.timestamp()
        return found

    def delete_old(self, where: str, days: int, now: datetime) -> None:
        """Delete what has been in ``done/`` or ``refused/`` for so many days: personal data (R41)."""
        before = (now - timedelta(days=days)).timestamp()
        for entry in (self.path / where).glob("*"):
            if not entry.is_dir() and entry.lstat().st_mtime <= before:
                entry.unlink(missing_ok=True)

    def _read(self, name: str, ending: str) -> tuple[bytes, Identity] | None:
        opened = self._open(name + ending)
        if opened is None:
            return None
        number, identity = opened
        with io.FileIO(number) as stream:
            return stream.read(MOST_BYTES + 1), identity

    def _open(self, name: str) -> tuple[int, Identity] | None:
        """A descriptor of a plain file, or None for anything else."""
        try:
            number = os.open(self.path / name, _FLAGS)
        except FileNotFoundError:
            return None
        except OSError:
            # Anything but a link is the folder's own trouble.
            if not (self.path / name).is_symlink():
                raise
            return None
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            os.close(number)
            return None
        return number, (status.st_ino, status.st_mtime_ns)

    def _leave(self, files: Files, how: Mapping[str, Any]) -> None:
        note = self.path / LEAVING / f"{files.name}.json"
        note.parent.mkdir(exist_ok=True)
        left = {"name": files.name, "seen": files.seen, **how}
        with note.open("w", encoding="utf-8") as stream:
            json.dump(left, stream)
            stream.flush()
            os.fsync(stream.fileno())
        self._finish(note, left)

    def _finish(self, note: Path, left: Mapping[str, Any]) -> None:
        name, to = left["name"], left["to"]
        target = None if to is None else self.path / to
        if target is not None:
            target.mkdir(exist_ok=True)
        for ending in ENDINGS:
            here = self.path / (name + ending)
            if self._is_same(here, left["seen"].get(ending)):
                if target is None:
                    here.unlink()
                else:
                    here.replace(target / here.name)
                    # The days that it is kept are counted from now on, not from when it was sent.
                    os.utime(target / here.name, (left["at"], left["at"]))
        if target is not None and "sentence" in left:
            reason = target / (name + REASON)
            reason.write_text(left["sentence"] + "\n", "utf-8")
            os.utime(reason, (left["at"], left["at"]))
        note.unlink(missing_ok=True)

    @staticmethod
    def _is_same(here: Path, seen: Any) -> bool:
        with suppress(FileNotFoundError):
            status = here.lstat()
            return seen is not None and tuple(seen) == (status.st_ino, status.st_mtime_ns)
        return False

"""The watched folder: which batches are whole, and how their files leave it so that a kill loses none (R16).

Of a batch NAME there are three files, in the order in which they arrive: NAME.csv, NAME.json (the manifest)
and NAME.sig (its signature). Files that leave are noted first, in ``leaving/``, each by its identity: so a
later run finishes, and never touches a new file that has the same name.

The sender may write to the folder, so whoever has the sender's account may put anything there, also in place
of our own folders in it. No link is followed, and a note that is not ours moves nothing.
"""

import errno
import io
import json
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from models.custody.feed.batch import HashedReader
from models.custody.feed.manifest import MOST_BYTES, SIGNATURE_BYTES
from models.custody.imports.file import LATEST, FeedFileError
from models.custody.refusals import BatchRefusal

#: The personal data goes first.
ENDINGS = (".csv", ".json", ".sig")
REFUSED, DONE, LEAVING = "refused", "done", "leaving"
REASON = ".reason.txt"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: No link is followed out of the folder, and a pipe never blocks.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

#: Errors of one file alone, such as one that only the sender's account may read. Any other is the folder's.
_OF_THE_FILE = frozenset({errno.EACCES, errno.EPERM, errno.ENXIO})
#: A sender may let others read a file some moments after it has its name.
SETTLES_SECONDS = 10.0

#: A file's inode and its last change in nanoseconds. Three files cannot move at once, and some senders use a
#: name again; a later run moves the noted files alone.
Identity = tuple[int, int]


@dataclass(slots=True)
class Files:
    """The files of one batch whose signature has arrived; ``seen`` is the identity of each, by its ending.

    ``unreadable`` is the name of one that our account may not read.
    """

    name: str
    manifest: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    seen: dict[str, Identity]
    unreadable: str | None = None

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
                try:
                    signature, manifest = self._read(name, ".sig"), self._read(name, ".json")
                except FeedFileError as error:
                    which = str(error.facts["name"])
                    if time.time() - (self.path / which).lstat().st_ctime >= SETTLES_SECONDS:
                        found.append(Files(name, b"", b"", self._identities(name), which))
                    continue
                if signature and manifest and len(signature[0]) >= SIGNATURE_BYTES:
                    seen = {".sig": signature[1], ".json": manifest[1]}
                    found.append(Files(name, manifest[0], signature[0], seen))
        return found

    @contextmanager
    def data_of(self, files: Files) -> Iterator[HashedReader | None]:
        """The data file, open; None if it is not there. Raises FeedFileError if we may not read it."""
        opened = self._open(files.data_name)
        if opened is None:
            yield None
            return
        number, files.seen[".csv"] = opened
        with HashedReader(io.FileIO(number)) as stream:
            yield stream

    def see_data(self, files: Files) -> None:
        """Note the identity of the data file without reading it, for a batch that only leaves."""
        files.seen |= {end: seen for end, seen in self._identities(files.name).items() if end == ".csv"}

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
        with self._own_folder(LEAVING) as notes:
            for entry in [one for one in os.scandir(notes) if one.name.endswith(".json")]:
                if entry.is_dir(follow_symlinks=False):
                    continue
                left = _read_note(notes, entry.name)
                if left is None:
                    _remove(notes, entry.name)
                else:
                    self._finish(notes, entry.name, left)

    def waiting_since(self, moment: datetime) -> int:
        """How many data files have been in the folder since before ``moment``."""
        files = (entry for entry in self.path.iterdir() if entry.suffix == ".csv")
        return sum(entry.lstat().st_mtime < moment.timestamp() for entry in files)

    def refused_since(self, moment: datetime | None) -> int:
        """How many batches were refused after ``moment``; all of those in ``refused/`` if it is None."""
        with self._own_folder(REFUSED) as folder:
            entries = [one for one in os.scandir(folder) if one.name.endswith(REASON)]
            times = [entry.stat(follow_symlinks=False).st_mtime for entry in entries]
        return sum(moment is None or at > moment.timestamp() for at in times)

    def delete_old(self, where: str, days: int, now: datetime) -> None:
        """Delete what has been in ``done/`` or ``refused/`` for so many days: personal data (R41)."""
        before = (now - timedelta(days=days)).timestamp()
        with self._own_folder(where) as folder:
            for entry in list(os.scandir(folder)):
                is_folder = entry.is_dir(follow_symlinks=False)
                if not is_folder and entry.stat(follow_symlinks=False).st_mtime <= before:
                    _remove(folder, entry.name)

    @contextmanager
    def _own_folder(self, name: str) -> Iterator[int]:
        """A descriptor of one of our own folders, made if it is not there.

        Anything else in its place goes: a link would lead our writes and deletions anywhere on the machine.
        """
        path = self.path / name
        with suppress(FileNotFoundError):
            if not stat.S_ISDIR(path.lstat().st_mode):
                path.unlink()
        path.mkdir(exist_ok=True)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if name == REFUSED:
                _show_sender(folder, 0o755)
            yield folder
        finally:
            os.close(folder)

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
        except OSError as error:
            if (self.path / name).is_symlink():
                return None
            if error.errno not in _OF_THE_FILE:
                raise
            raise FeedFileError(BatchRefusal.UNREADABLE, name=name) from None
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            os.close(number)
            return None
        return number, (status.st_ino, status.st_mtime_ns)

    def _identities(self, name: str) -> dict[str, Identity]:
        found = dict[str, Identity]()
        for ending in ENDINGS:
            with suppress(FileNotFoundError):
                status = (self.path / (name + ending)).lstat()
                if not stat.S_ISLNK(status.st_mode) and not stat.S_ISDIR(status.st_mode):
                    found[ending] = status.st_ino, status.st_mtime_ns
        return found

    def _leave(self, files: Files, how: Mapping[str, Any]) -> None:
        left = {"name": files.name, "seen": files.seen, **how}
        with self._own_folder(LEAVING) as notes:
            with _new_file(notes, f"{files.name}.json") as stream:
                json.dump(left, stream)
                stream.flush()
                os.fsync(stream.fileno())
            self._finish(notes, f"{files.name}.json", left)

    def _finish(self, notes: int, note: str, left: Mapping[str, Any]) -> None:
        here = {ending: self.path / (left["name"] + ending) for ending in ENDINGS}
        gone = [path for ending, path in here.items() if self._is_same(path, left["seen"].get(ending))]
        if left["to"] is None:
            for path in gone:
                path.unlink()
        else:
            with self._own_folder(left["to"]) as folder:
                for path in gone:
                    os.replace(path, path.name, dst_dir_fd=folder)
                    # The days that it is kept are counted from now on, not from when it was sent.
                    os.utime(path.name, (left["at"], left["at"]), dir_fd=folder, follow_symlinks=False)
                if "sentence" in left:
                    reason = left["name"] + REASON
                    with _new_file(folder, reason) as stream:
                        _show_sender(stream.fileno(), 0o644)
                        stream.write(left["sentence"] + "\n")
                    os.utime(reason, (left["at"], left["at"]), dir_fd=folder, follow_symlinks=False)
        _remove(notes, note)

    @staticmethod
    def _is_same(here: Path, seen: Any) -> bool:
        with suppress(FileNotFoundError):
            status = here.lstat()
            identity = (status.st_ino, status.st_mtime_ns)
            # In a note it is a list.
            return seen in (identity, [*identity])
        return False


def _new_file(folder: int, name: str) -> TextIO:
    """A new file for writing, in place of whatever had its name."""
    _remove(folder, name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    number = os.open(name, flags, 0o600, dir_fd=folder)
    # The sentence of a note may be anybody's, and hold what is no text.
    return os.fdopen(number, "w", encoding="utf-8", errors="replace")


def _show_sender(number: int, mode: int) -> None:
    # The sender repairs a batch by its reason, and the service's umask hides both. The feed's folder itself
    # lets only the sender in.
    with suppress(PermissionError):
        os.fchmod(number, mode)


def _remove(folder: int, name: str) -> None:
    """Delete a file that another process may delete in this moment."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _read_note(notes: int, name: str) -> dict[str, Any] | None:
    """What a note says; None if it is not ours, or if a process died while it wrote it and moved no file."""
    try:
        number = os.open(name, _FLAGS, dir_fd=notes)
    except OSError:
        return None
    with io.FileIO(number) as stream:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            return None
        try:
            left = json.loads(stream.read(MOST_BYTES))
        except (ValueError, RecursionError):
            return None
    is_ours = (
        isinstance(left, dict)
        and isinstance(left.get("seen"), dict)
        and left.get("name") == name.removesuffix(".json")
        and _NAME.fullmatch(left["name"]) is not None
        and left.get("to") in (None, DONE, REFUSED)
        and isinstance(at := left.get("at", 0 if left.get("to") is None else None), int | float)
        and 0 <= at < LATEST.timestamp()
        and isinstance(left.get("sentence", ""), str)
    )
    return left if is_ours else None

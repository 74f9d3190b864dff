"""Takes the batches of the watched folder in the order of their numbers; a gap holds what follows (R16).

The rows say what became of a batch, never the folder. A kill leaves a batch that was not taken (its files are
read again), one that is being applied (``resume`` finishes it), or one that is settled (its files leave).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select

from models.audit import audit
from models.custody.feed.batch import Batch, give_back, missing_before, newest_in_order, standing_of
from models.custody.feed.folder import DONE, REFUSED, FeedFolder, Files
from models.custody.feed.manifest import Manifest, read_manifest
from models.custody.imports.custody_import import ImportRules, import_custody, resume
from models.custody.imports.file import FeedFileError
from models.custody.imports.landing import let_go
from models.custody.imports.lock import ImportBusyError
from models.custody.refusals import BatchRefusal
from models.staff.alert import FEED_REFUSED, tell_supervisors
from models.staff.paging import PagedMatter, is_page_due, take_page
from models.store.database import Database
from models.store.policies import Policies
from models.store.refusal import RefusedError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FeedWatch:
    """One look at the folder: the sender's keys, the office's rules, and ``say``, the words of a refusal."""

    database: Database
    folder: FeedFolder
    keys: Sequence[Ed25519PublicKey]
    rules: ImportRules
    policies: Policies
    is_open: bool
    say: Callable[[RefusedError], str]

    def look(self, now: datetime) -> None:
        """Take what is whole. Raises OSError when the folder cannot be used; a later look goes on.

        While another import is running, nothing is taken.
        """
        self.folder.finish_leaving()
        resume(self.database, now)
        batches = []
        for files in self.folder.whole():
            try:
                batches.append((self._manifest_of(files), files))
            except FeedFileError as error:
                self._refuse(files, None, error, now)
        for manifest, files in sorted(batches, key=lambda one: (one[0].batch, one[1].name)):
            try:
                self._take(manifest, files, now)
            except FeedFileError as error:
                self._refuse(files, manifest.batch, error, now)
            except ImportBusyError:
                break
        self._tell(now)
        self.folder.delete_old(REFUSED, self.policies.feed_refused_days, now)
        self.folder.delete_old(DONE, self.policies.feed_done_days, now)

    def _manifest_of(self, files: Files) -> Manifest:
        if files.unreadable is not None:
            raise FeedFileError(BatchRefusal.UNREADABLE, name=files.unreadable)
        return read_manifest(files.name, files.manifest, files.signature, self.keys)

    def _take(self, manifest: Manifest, files: Files, now: datetime) -> None:
        with self.database.reading() as session:
            before = standing_of(session, manifest.batch)
            newest = newest_in_order(session)
            waits = before is not None and before.waits_for_others
            is_gap_closed = waits and not missing_before(session, manifest.batch)
        if before is not None:
            if before.sha256 != manifest.sha256:
                raise FeedFileError(BatchRefusal.OTHER_CONTENT, batch=manifest.batch)
            if before.is_settled:
                self._put_away(files, before.import_id, before.state, now)
                return
            if not is_gap_closed or not self._read_again(before.import_id, now):
                return
        elif manifest.full and newest is not None and manifest.batch < newest:
            # Whoever came with a newer batch would count as missing from it.
            raise FeedFileError(BatchRefusal.LATE_SNAPSHOT, batch=manifest.batch)
        self._import(manifest, files, now)

    def _import(self, manifest: Manifest, files: Files, now: datetime) -> None:
        with self.folder.data_of(files) as stream:
            if stream is None:
                raise FeedFileError(BatchRefusal.NO_DATA, name=files.data_name)
            batch = Batch(manifest.batch, manifest.sha256, manifest.rows, files.data_name, stream)
            result = import_custody(
                self.database, stream, self.rules,
                full=manifest.full, dry_run=False, strict=False, now=now, batch=batch,
            )  # fmt: skip
        if not result.held and result.import_id is not None:
            self._put_away(files, result.import_id, "landed", now)

    def _read_again(self, import_id: int, now: datetime) -> bool:
        with self.database.transaction() as session:
            is_ours = give_back(session, import_id, now)
        if is_ours:
            let_go(self.database, import_id)
        return is_ours

    def _put_away(self, files: Files, import_id: int, state: str, now: datetime) -> None:
        # The same line for a batch that has just landed and for one that is sent again.
        log.info(
            "A batch of the feed is %s; its files leave the folder.", state, extra={"import_id": import_id}
        )
        self.folder.see_data(files)
        if state == "landed" and self.policies.feed_done_days:
            self.folder.keep(files, now)
        else:
            self.folder.delete(files)

    def _refuse(self, files: Files, number: int | None, error: RefusedError, now: datetime) -> None:
        # No name of a file: nobody has proved who chose it.
        log.warning("A batch of the feed is refused: %s", error.code, extra={"batch": number})
        with self.database.transaction() as session:
            audit.record(
                session, actor="import", action="refuse_batch", target="feed",
                facts={"code": str(error.code), "batch": number}, now=now,
            )  # fmt: skip
        self.folder.see_data(files)
        self.folder.refuse(files, self.say(error), now)

    def _tell(self, now: datetime) -> None:
        """Tell supervisors of batches that were refused since they were last told, also before a crash."""
        minutes = self.policies.page_minutes
        with self.database.reading() as session:
            if not is_page_due(session, FEED_REFUSED, now, minutes):
                return
            told = session.scalar(select(PagedMatter.paged_at).where(PagedMatter.name == FEED_REFUSED))
        count = self.folder.refused_since(told)
        if count:
            with self.database.transaction() as session:
                if take_page(session, FEED_REFUSED, now, minutes):
                    tell_supervisors(session, FEED_REFUSED, count, now, self.is_open)

"""The office as it is now: its file plus the changes made in the console, polled for new ones."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from config.office import Office, OfficeError
from models.audit.office_change import newest_version, standing_changes
from models.store.database import Database

log = logging.getLogger(__name__)

#: How often a long-running process polls for changes.
LOOK_SECONDS = 4.0


class OfficeWatch:
    """Has the office of one process. Code that uses it reads ``office`` once per piece of work."""

    def __init__(self, base: Office, database: Database) -> None:
        """``base`` is the office from the file alone."""
        self.base = base
        self._database = database
        self._version, self._office = 0, base
        self._looking = threading.Lock()

    @property
    def office(self) -> Office:
        """The office as of the last poll."""
        return self._office

    def start(self) -> Office:
        """The first poll, which may fail only when the database cannot be read yet.

        Raises OfficeError when the changes made in the console no longer fit the file.
        """
        try:
            self._take_up()
        except SQLAlchemyError:
            # The database is missing or not migrated yet: the file applies until a later poll.
            log.info("The office's changes cannot be read yet.")
        return self._office

    def look(self) -> bool:
        """Poll; returns whether anything changed since the last one. A failed poll raises nothing."""
        try:
            return self._take_up()
        except OfficeError:
            log.exception("What was changed of the office does not fit its file; the office stays as it was.")
        except SQLAlchemyError as fault:
            log.warning("The office's changes cannot be read (%s).", type(fault).__name__)
        return False

    def _take_up(self) -> bool:
        with self._looking:
            with self._database.reading() as session:
                if newest_version(session) == self._version:
                    return False
                changes = standing_changes(session)
            # Saved in any case: what does not fit now will not fit at the next poll either.
            self._version = changes.version
            try:
                self._office = self.base.with_changes(changes.values)
            except OfficeError as error:
                raise OfficeError(
                    f"{error} It was changed in the console: `hotline office reset FIELD` hands it back."
                ) from None
            return True


def keep_looking(look: Callable[[], object], stop: threading.Event, seconds: float = LOOK_SECONDS) -> None:
    """Poll every few seconds until told to stop, in a thread other than those that answer callers."""
    while not stop.wait(seconds):
        look()

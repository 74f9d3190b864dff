"""The office as it stands now: its file with what was changed in the console laid over it, looked at anew."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from config.office import Office, OfficeError
from models.audit.office_change import newest_version, standing_changes
from models.store.database import Database

log = logging.getLogger(__name__)

#: How often a process that goes on looks whether something was changed.
LOOK_SECONDS = 4.0


class OfficeWatch:
    """Holds the office of one process. Whoever works with it takes ``office`` once for one piece of work."""

    def __init__(self, base: Office, database: Database) -> None:
        """``base`` is the office of the file alone."""
        self.base = base
        self._database = database
        self._version, self._office = 0, base
        self._looking = threading.Lock()

    @property
    def office(self) -> Office:
        """The office as of the last look."""
        return self._office

    def start(self) -> Office:
        """The first look, which may fail only where the database cannot be asked yet.

        Raises OfficeError when what was changed in the console does not fit the file any more.
        """
        try:
            self._take_up()
        except SQLAlchemyError:
            # Not there or not migrated yet: the file holds until a later look.
            log.info("The office's changes cannot be read yet.")
        return self._office

    def look(self) -> bool:
        """Whether something was changed since the last look. A look that fails changes and raises nothing."""
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
            # Noted in any case: what does not fit now will not fit at the next look either.
            self._version = changes.version
            try:
                self._office = self.base.with_changes(changes.values)
            except OfficeError as error:
                raise OfficeError(
                    f"{error} It was changed in the console: `hotline office reset FIELD` hands it back."
                ) from None
            return True


def keep_looking(look: Callable[[], object], stop: threading.Event, seconds: float = LOOK_SECONDS) -> None:
    """Look every few seconds until told to stop, off the threads that answer callers."""
    while not stop.wait(seconds):
        look()

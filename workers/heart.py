"""The heartbeat of one process of a role, the same for every role (R39)."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from models.store.database import Database
from models.store.heartbeat import BEAT_SECONDS, Pulse

log = logging.getLogger(__name__)


class Heart:
    """Writes a sign of life every ten seconds; a database that is down costs a beat and nothing else."""

    def __init__(
        self, database: Database, role: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database, self._clock, self._pulse = database, clock, Pulse(role)

    def beat(self) -> bool:
        """Write if it is time; returns whether it was."""
        now = self._clock()
        if not self._pulse.is_due(now):
            return False
        try:
            with self._database.transaction() as session:
                self._pulse.beat(session, now)
        except SQLAlchemyError as fault:
            log.warning("A heartbeat could not be written (%s).", type(fault).__name__)
        return True

    def beat_forever(self, then: Callable[[], None] = lambda: None) -> None:
        """Beat in a separate thread until the process ends; ``then`` is called after each beat."""

        def run() -> None:
            pause = threading.Event()
            while True:
                if self.beat():
                    try:
                        then()
                    except Exception:
                        # Whatever the error is, the process continues to show that it is alive.
                        log.exception("What follows a heartbeat failed.")
                pause.wait(BEAT_SECONDS)

        threading.Thread(target=run, name="heart", daemon=True).start()

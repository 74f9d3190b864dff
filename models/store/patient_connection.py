"""A connection to PostgreSQL that waits no longer for an answer than a caller can: its server may be hung."""

from typing import Any

from psycopg import Connection, OperationalError

#: How often the driver looks whether it was told to stop, in seconds; its own number.
_INTERVAL = 0.1


class PatientConnection(Connection[Any]):
    """Closes itself when the server gives no answer in ``answer_seconds``, and raises OperationalError.

    The server's own ``statement_timeout`` ends what waits for a lock. It ends nothing in a server that is
    stopped, while its machine still takes what it is sent.
    """

    answer_seconds: float | None = None

    def wait(self, gen: Any, interval: float = _INTERVAL, timeout: float | None = None) -> Any:
        """Wait for what the server answers to ``gen``, as the driver does, but not for ever."""
        if timeout is not None or self.answer_seconds is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_seconds)
        except OperationalError as error:
            # A refusal of the server's has an SQLSTATE. Without one the answer did not come, and nobody knows
            # what became of the statement: nothing more may be sent here.
            if error.sqlstate is None:
                self.pgconn.finish()
            raise

"""A PostgreSQL connection with a client-side timeout, because the server itself may hang."""

from typing import Any

from psycopg import Connection, OperationalError

#: How often the driver checks whether it was told to stop, in seconds. This is the driver's own number.
_INTERVAL = 0.1


class PatientConnection(Connection[Any]):
    """Closes itself when the server gives no answer in ``answer_seconds``, and raises OperationalError.

    The server's own ``statement_timeout`` ends statements that wait for a lock. It cannot end anything on a
    server that has stopped while its machine still accepts data.
    """

    answer_seconds: float | None = None

    def wait(self, gen: Any, interval: float = _INTERVAL, timeout: float | None = None) -> Any:
        """Wait for the server's answer to ``gen``, as the driver does, but with a timeout."""
        if timeout is not None or self.answer_seconds is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_seconds)
        except OperationalError as error:
            # A refusal by the server has an SQLSTATE. Without one, no answer came and the state of the
            # statement is unknown, so nothing more may be sent on this connection.
            if error.sqlstate is None:
                self.pgconn.finish()
            raise

"""How the parts of a pass look at the rows, and write: in few sessions, because most find nothing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from models.store.database import Database

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


class Looks:
    """The sessions of one pass.

    A look that finds nothing takes a fifth of the time that a session takes to open and close, and a pass at
    rest has thirty. So looks share a session until one finds something or something is written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = ExitStack()
        self._session: Session | None = None
        self._is_news = False

    def find(
        self, look: Callable[Concatenate[Session, _Given], _Found], *args: _Given.args, **named: _Given.kwargs
    ) -> _Found:
        """What ``look`` finds: plain values, no rows, because the session may be closed already."""
        if self._session is None:
            self._session = self._open.enter_context(self._database.reading())
        try:
            found = look(self._session, *args, **named)
        except Exception:
            self.close()
            raise
        self._is_news = self._is_news or bool(found)
        if self._is_news:
            # What was found may be acted on for seconds, by calls to the carrier as well.
            self.close()
        return found

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction of the database, which later looks see."""
        self._is_news = True
        self.close()
        with self._database.transaction() as session:
            yield session

    def end_part(self) -> None:
        """Let the next part see what this one may have written, here or in a job that it did by itself."""
        is_news, self._is_news = self._is_news, False
        if is_news:
            self.close()

    def close(self) -> None:
        """Give the session back; the next look takes another."""
        self._session = None
        self._open.close()

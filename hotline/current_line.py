"""The current line: rebuilt when the office changes, on a thread that no caller waits for."""

import logging
from collections.abc import Callable

from config.office import Office
from hotline.voice.line import Line
from workers.office_watch import OfficeWatch

log = logging.getLogger(__name__)


class CurrentLine:
    """A call returns the line for the next request; ``look`` picks up changes of the office."""

    def __init__(self, line: Line, watch: OfficeWatch, remake: Callable[[Line, Office], Line]) -> None:
        """``remake`` builds rules and trees for another office, or raises if they are incomplete."""
        self._line, self._watch, self._remake = line, watch, remake

    def __call__(self) -> Line:
        """Return the line as of the last check."""
        return self._line

    @property
    def office(self) -> Office:
        """The office of that line."""
        return self._line.office

    def look(self) -> None:
        """Check whether the office was changed. If anything here fails, calls go on with the current line."""
        try:
            if self._watch.look():
                self._line = self._remake(self._line, self._watch.office)
        except Exception:
            log.exception("The line could not be made for the changed office; it stays as it was.")

"""The line as its office stands now: made anew, off the callers' path, when the office was changed."""

import logging
from collections.abc import Callable

from config.office import Office
from hotline.voice.line import Line
from workers.office_watch import OfficeWatch

log = logging.getLogger(__name__)


class CurrentLine:
    """Called, it gives the line that the next request works with; ``look`` takes up what was changed."""

    def __init__(self, line: Line, watch: OfficeWatch, remake: Callable[[Line, Office], Line]) -> None:
        """``remake`` builds rules and trees for another office, or raises when they are not whole."""
        self._line, self._watch, self._remake = line, watch, remake

    def __call__(self) -> Line:
        """The line as of the last look."""
        return self._line

    @property
    def office(self) -> Office:
        """The office of that line."""
        return self._line.office

    def look(self) -> None:
        """Look whether the office was changed. Whatever fails here, calls go on with the line there is."""
        try:
            if self._watch.look():
                self._line = self._remake(self._line, self._watch.office)
        except Exception:
            log.exception("The line could not be made for the changed office; it stays as it was.")

"""Changes fields of the office: each change is checked with all the others, as a start would check them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from config.office import Office, OfficeError
from config.office_changes import EDITABLE, plain, value_of
from hotline.trees import build_flows, office_problems, tree_problems
from ivr_flows.prompts import Prompts
from models.database import Database
from models.office_change import OfficeChangeError, Standing, change_field, standing_changes

#: So often a change is checked anew because another one, of another field, came between.
TRIES = 3
#: How far ahead a change must leave the office open somewhere within each stretch that promises look through.
_AHEAD_DAYS = 400


class OfficeDesk:
    """What the console and the command line change the office with. Files are read at the start alone."""

    def __init__(
        self, base: Office, database: Database, prompts: Prompts, look: Callable[[], object] = lambda: None
    ) -> None:
        """``base`` is the office of the file; ``look`` lets this process take a change up at once."""
        self.base = base
        self._database, self._prompts, self._look = database, prompts, look

    def standing(self) -> tuple[Office, Standing]:
        """The office as the rows have it this moment, and the changes that hold. Raises OfficeError."""
        with self._database.reading() as session:
            changes = standing_changes(session)
        return self.base.with_changes(changes.values), changes

    def check(self, changes: Standing, name: str, value: Any | None, now: datetime) -> Office:
        """The office with one more change. Raises OfficeError with one sentence that names what is wrong.

        ``value`` None hands the field back to the file.
        """
        values = {field: one for field, one in changes.values.items() if field != name}
        if value is not None:
            values[name] = value
        office = self.base.with_changes(values)
        _stays_open(office, now)
        if faults := tree_problems(build_flows(office), self._prompts) + office_problems(
            office, self._prompts
        ):
            raise OfficeError(faults[0])
        return office

    def change(
        self, name: str, value: Any | None, *, seen: int, reason: str, actor: str, now: datetime
    ) -> int | None:
        """Change one field, and return the change's id; None when the office says just that already.

        ``value`` None hands the field back to the file. ``seen`` is the change of this field that the
        author looked at, 0 for the file. Raises OfficeError for a wrong value, OfficeChangeError when
        someone else was quicker or the reason will not do.
        """
        for _ in range(TRIES):
            with self._database.reading() as session:
                standing = standing_changes(session)
            if standing.versions.get(name, 0) != seen:
                raise OfficeChangeError(
                    "Someone else has changed this meanwhile. Look at what it is now, then change it again."
                )
            if self._is_so(standing, name, value):
                return None
            # Checked with no transaction open: callers write to the same database.
            if value is not None or self._fits(standing):
                self.check(standing, name, value, now)
            with self._database.transaction() as session:
                made = change_field(session, name, value, reason=reason, seen=standing, actor=actor, now=now)
            if made is not None:
                self._look()
                return made
        raise OfficeChangeError("Others are changing the office settings. Try again in a moment.")

    def _fits(self, standing: Standing) -> bool:
        """Whether what was changed still fits the file; where it does not, a field may go back one by one."""
        try:
            self.base.with_changes(standing.values)
        except OfficeError:
            return False
        return True

    def _is_so(self, standing: Standing, name: str, value: Any | None) -> bool:
        if value is None:
            return name not in standing.values
        if name in standing.values:
            return bool(standing.values[name] == plain(value))
        return name in EDITABLE and bool(value_of(self.base.table, name) == plain(value))


def _stays_open(office: Office, now: datetime) -> None:
    """A promise looks ahead for an open day: closures that leave it none are refused."""
    at = now
    while at < now + timedelta(days=_AHEAD_DAYS):
        office.due_at("other", at)
        at = max(office.next_open(at), at) + timedelta(days=1)

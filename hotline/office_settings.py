"""Changes fields of the office. Each change is checked with all the others, as a start would check them."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from config.office import Office, OfficeError
from config.office_changes import EDITABLE, plain, value_of
from hotline.trees import build_flows, office_problems, tree_problems
from ivr_flows.prompts import Prompts
from models.audit.office_change import OfficeChangeError, Standing, change_fields, standing_changes
from models.audit.refusals import OfficeChangeRefusal
from models.callbacks.promised_time import move_waiting
from models.store.database import Database
from models.store.form_stamp import FormRefusal
from workers.office_rules import callback_policy_of

#: How often a change is checked again because a change of another field came in between.
TRIES = 3
#: How many days ahead the office must keep opening often enough for callbacks to be promised.
_AHEAD_DAYS = 400
#: Fields that say when callbacks are made.
_HOURS = ("hours.", "holidays.", "policies.window_")


class OfficeSettings:
    """Changes the office for the console and the command line. It reads files only at the start."""

    def __init__(
        self, base: Office, database: Database, prompts: Prompts, look: Callable[[], object] = lambda: None
    ) -> None:
        """``base`` is the office from the file; ``look`` lets this process pick up a change at once."""
        self.base = base
        self._database, self._prompts, self._look = database, prompts, look

    def standing(self) -> tuple[Office, Standing]:
        """The office as the rows have it now, and the current changes. Raises OfficeError."""
        with self._database.reading() as session:
            changes = standing_changes(session)
        return self.base.with_changes(changes.values), changes

    def check(self, changes: Standing, values: Mapping[str, Any | None], now: datetime) -> Office:
        """Return the office with all these changes too. Raises OfficeError with one sentence on the fault.

        A value of None returns its field to the file.
        """
        laid = {field: one for field, one in changes.values.items() if field not in values}
        laid |= {field: one for field, one in values.items() if one is not None}
        office = self.base.with_changes(laid)
        _stays_open(office, now)
        if faults := tree_problems(build_flows(office), self._prompts) + office_problems(
            office, self._prompts
        ):
            raise OfficeError(faults[0])
        return office

    def change(
        self, name: str, value: Any | None, *, seen: int, reason: str, actor: str, now: datetime
    ) -> int | None:
        """Change one field and return the change's id; None when the office has that value already."""
        made = self.change_all({name: value}, seen={name: seen}, reason=reason, actor=actor, now=now)
        return made[0] if made else None

    def change_all(
        self,
        values: Mapping[str, Any | None],
        *,
        seen: Mapping[str, int],
        reason: str,
        actor: str,
        now: datetime,
    ) -> list[int]:
        """Change all these fields or none, and return the ids of the changes that say something new.

        A value of None returns its field to the file. ``seen`` has, for each field, the change that the
        author looked at, 0 for the file. Raises OfficeError for a wrong value. Raises OfficeChangeError when
        someone else changed any of them first, or when the reason is not acceptable.
        """
        for _ in range(TRIES):
            with self._database.reading() as session:
                standing = standing_changes(session)
            if any(standing.versions.get(name, 0) != seen.get(name, 0) for name in values):
                raise OfficeChangeError(FormRefusal.CHANGED)
            new = {name: value for name, value in values.items() if not self._is_so(standing, name, value)}
            if not new:
                return []
            # Checked with no transaction open: callers write to the same database.
            if any(value is not None for value in new.values()) or self._fits(standing):
                self.check(standing, new, now)
            with self._database.transaction() as session:
                made = change_fields(session, new, reason=reason, seen=standing, actor=actor, now=now)
            if made is not None:
                self._look()
                return made
        raise OfficeChangeError(OfficeChangeRefusal.BUSY)

    def move_promises(self, fields: Collection[str], now: datetime) -> tuple[int, int]:
        """After a change of these fields, see which promised callbacks the office's hours still let us keep.

        Returns how many they do not, and how many they do today only. Supervisors are told of the former.
        """
        put_off = today_only = 0
        if any(field.startswith(_HOURS) for field in fields):
            policy = callback_policy_of(self.standing()[0])
            after: int | None = 0
            while after is not None:
                with self._database.transaction() as session:
                    moved = move_waiting(session, now, policy, after)
                put_off, today_only = put_off + moved.put_off, today_only + moved.today_only
                after = moved.last_id
        return put_off, today_only

    def _fits(self, standing: Standing) -> bool:
        """Whether the changes still fit the file. If not, fields may be returned to the file one by one."""
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
    """Refuse closures that leave no open day for a callback: a promise looks ahead for one."""
    at = now
    while at < now + timedelta(days=_AHEAD_DAYS):
        office.due_at("other", at)
        at = max(office.next_open(at), at) + timedelta(days=1)

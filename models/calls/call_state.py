"""One call as a turn sees it: the call's own columns, and the facts that belong to the call."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from models.calls.call import CALLS, CallColumns, seldom_of
from models.calls.role import STAFF_LINE
from models.cases.pin import ATTESTED, STRANGERS, UNATTESTED

#: Used until the office's own number is set on the state (R11).
VERIFICATION_MINUTES = 10.0


class Facts:
    """Facts that belong to a call, each with its default for a call without it.

    Few turns need a fact, so they are read with the call only if the turn will surely ask for one.
    """

    # The case (in the PIN step: the one with the entered number, whether or not it is open).
    found_case_id: int | None = None
    case_closed_at: datetime | None = None
    pin_issued_at: datetime | None = None
    pin_kind: str | None = None
    changes_held_until: datetime | None = None
    registrant_id: int | None = None
    registrant_pace: str | None = None
    registrant_time_zone: str | None = None
    # The subject and what the feed last said.
    subject_as_of: datetime | None = None
    absent_since: datetime | None = None
    held_import_id: int | None = None
    record_id: int | None = None
    custody_status: str | None = None
    status_at: datetime | None = None
    releasable: bool | None = None
    removal_stage: str | None = None
    expected_release_at: datetime | None = None
    next_hearing_at: datetime | None = None
    next_hearing_place: str | None = None
    hearing_zone: str | None = None
    facility_name: str | None = None
    facility_phone: str | None = None
    # The callback that the case is promised, and who could take a call now.
    open_callback_id: int | None = None
    open_callback_due_at: datetime | None = None
    open_callback_urgency: str | None = None
    open_callback_window_starts: datetime | None = None
    open_callback_window_ends: datetime | None = None
    #: Phones of the registrant that said stop, about which no verified caller has been told (R33).
    stops_untold: int | None = None
    #: Notices of the case that nobody has confirmed: their news is said before anything else (R34).
    open_notices: int | None = None
    #: When the consent to notices ends, of a registration that was not stopped (R28).
    consent_ends_at: datetime | None = None
    #: When a caller last stopped or paused the calls about changes, and no verified caller was told since.
    calls_stopped_at: datetime | None = None
    free_liaisons: int = 0
    liaisons_on_shift: int = 0


if TYPE_CHECKING:

    class _Parts(CallColumns, Facts):
        """The fields of a state, however it was read."""
else:
    # Reading a column that was not set fails at once, instead of returning the table's own column. A fact
    # that is still to be read must not have its default.
    _Parts = object


class CallState(_Parts):
    """One call as a turn sees it; the turn may change the columns of ``_by_turn`` and ``_seldom``.

    Besides the columns of ``CallColumns``, which every state has, it contains what
    `models.overview.caller_state` read with them. A fact of ``Facts`` that was not read is read by ``later``
    when it is first asked for, or has its default if there is no ``later``. Other fields that were not read
    have the defaults given here.
    """

    # Only in the PIN step.
    pin_hash: str | None = None
    # The duress case of the entered number, and its PIN (R10).
    duress_case_id: int | None = None
    duress_pin_hash: str | None = None
    # A staff member whose number was entered instead of a case number.
    found_staff_id: int | None = None
    staff_pin_hash: str | None = None
    pin_expires_at: datetime | None = None
    letter_uses: int | None = None
    last_verified_at: datetime | None = None
    phone_is_known: bool = False
    phone_opened_lately: bool | None = False
    own_wait_until: datetime | None = None
    own_locked_at: datetime | None = None
    own_total: int = 0
    stranger_wait_until: datetime | None = None
    stranger_locked_at: datetime | None = None
    stranger_total: int = 0
    phone_numbers_unopened: int = 0
    number_has_failures: int = 0
    spraying_until: datetime | None = None
    wrong_untold: int = 0
    earlier_open_calls: int = 0
    # What the office decided, for `is_verified`.
    verification_minutes: float = VERIFICATION_MINUTES
    # The turn as it was read: a save uses it to find out whether another turn was faster.
    turn_read: int
    #: The columns that few turns change, as they were read: a save leaves out what did not change.
    seldom_read: tuple[Any, ...]
    #: Reads a fact by its name, and may return others with it.
    later: Callable[[str], dict[str, Any]] | None = None

    def __init__(self, **facts: Any) -> None:
        """A call without a row; a column that is not given has its default.

        Raises TypeError for a name that a state does not have, and for a column without a default.
        """
        if not facts.keys() <= NAMES:
            raise TypeError(f"A call's state has no {', '.join(sorted(facts.keys() - NAMES))}.")
        if not facts.keys() >= _REQUIRED:
            raise TypeError(f"A call's state needs {', '.join(sorted(_REQUIRED - facts.keys()))}.")
        self._begin(_DEFAULTS | facts)

    @classmethod
    def read(cls, values: dict[str, Any]) -> "CallState":
        """The state of a call that was read: all columns of ``CALLS``, and everything else read with them."""
        state = cls.__new__(cls)
        state._begin(values)
        return state

    if not TYPE_CHECKING:
        # Hidden from mypy, which would otherwise accept any name.
        def __getattr__(self, name: str) -> Any:
            """Read a fact that was not read with the call. What the turn has changed stays changed."""
            if name not in FACTS:
                raise AttributeError(f"A call's state has no {name}.")
            found = {} if self.later is None else self.later(name)
            self.__dict__ = {name: FACTS[name]} | found | self.__dict__
            return self.__dict__[name]

    def _begin(self, values: dict[str, Any]) -> None:
        # Set in one assignment, since a turn has some ninety values.
        self.__dict__ = values
        self.turn_read, self.seldom_read = self.turn, seldom_of(values)
        if self.caller_id_doubted:
            # A call under a false number must not reach the phone's own counters (R04, R07).
            self.phone_is_known = False
        if not self.caller_id_attested:
            # A caller notices a position in the queue: someone with a faked number could learn whose case it
            # is (R05, R07).
            self.phone_opened_lately = False

    @property
    def pin_counter(self) -> str:
        """The name of the counter that a try in this call adds to (R04).

        A known phone has two: one for calls that the carrier attests in full, which nobody can fake, and one
        for all others. If a carrier attests nothing, only the second is ever used.
        """
        if not self.phone_is_known or self.phone_key is None:
            return STRANGERS
        return (ATTESTED if self.caller_id_attested else UNATTESTED) + self.phone_key

    def is_verified(self, now: datetime) -> bool:
        """Whether the PIN was right, is still the case's, and a key came recently (R11).

        Recently means within the last ``verification_minutes``.
        """
        if self.verified_at is None or not self.opened_its_case():
            return False
        return self._keyed_lately(self.verified_at, now)

    def may_choose_pin(self, now: datetime) -> bool:
        """Whether a mailed PIN was right in this call, is still the case's, and a key came recently (R02).

        It only lets the caller choose their own PIN, so the call is not verified until they have.
        """
        if self.letter_at is None or self.case_id is None:
            return False
        if self.pin_issued_at is not None and self.pin_issued_at > self.letter_at:
            return False
        return self._keyed_lately(self.letter_at, now)

    def is_signed_in(self, now: datetime) -> bool:
        """Whether a staff member entered their number and PIN in this call, and pressed a key recently."""
        if self.role != STAFF_LINE or self.staff_id is None or self.verified_at is None:
            return False
        return self._keyed_lately(self.verified_at, now)

    def has_lapsed(self, now: datetime) -> bool:
        """Whether a PIN of a case or of staff was right in this call, but no key was pressed lately (R11)."""
        since = self.verified_at or self.letter_at
        return since is not None and not self._keyed_lately(since, now)

    def _keyed_lately(self, since: datetime, now: datetime) -> bool:
        return now - (self.last_key_at or since) <= timedelta(minutes=self.verification_minutes)

    def holds_changes(self, now: datetime) -> bool:
        """Whether phones and windows are blocked in the case this call opened, however long ago (R08)."""
        until = self.changes_held_until
        return self.opened_its_case() and until is not None and now < until

    def opened_its_case(self) -> bool:
        """Whether the PIN was right in this call and is still the case's, however long ago that was.

        This is for promises made then that show nothing about the case, such as a position in the queue.
        """
        if self.verified_at is None or self.case_id is None:
            return False
        return self.pin_issued_at is not None and self.pin_issued_at <= self.verified_at


#: The facts and their defaults.
FACTS: dict[str, Any] = {name: getattr(Facts, name) for name in Facts.__annotations__}
_REQUIRED = frozenset(
    column.name for column in CALLS.c if not (column.nullable or column.default is not None)
)
_DEFAULTS = FACTS | {
    column.name: getattr(column.default, "arg", None) for column in CALLS.c if column.name not in _REQUIRED
}
#: The names of all fields of a state.
NAMES = frozenset(CallColumns.__annotations__) | FACTS.keys() | frozenset(CallState.__annotations__)

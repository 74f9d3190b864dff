"""What a call tree needs to know about the office; hotline fills it from office.toml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from models.callbacks.callback_policy import CallbackPolicy
from models.custody.custody_status import HeardRules
from models.store.policies import Policies


class ServiceEntry(Protocol):
    """A service of the help menu."""

    @property
    def name(self) -> Mapping[str, str]: ...
    @property
    def key(self) -> str: ...
    @property
    def phone(self) -> str: ...


class OfficeRules(Protocol):
    """The office as a caller meets it: its names, its hours, and the numbers it may call."""

    @property
    def name(self) -> Mapping[str, str]: ...
    @property
    def neutral_name(self) -> Mapping[str, str]: ...
    @property
    def languages(self) -> tuple[str, ...]: ...
    @property
    def lines(self) -> tuple[str, ...]: ...
    @property
    def discreet_lines(self) -> tuple[str, ...]: ...
    @property
    def staff_line(self) -> str | None: ...
    @property
    def interpreters(self) -> Mapping[str, str]: ...
    @property
    def emergency_number(self) -> str: ...
    @property
    def person_number(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def zones(self) -> tuple[str, ...]: ...
    @property
    def services(self) -> Sequence[ServiceEntry]: ...
    @property
    def partner(self) -> str | None: ...

    def is_open(self, at: datetime) -> bool: ...
    def announced(self, at: datetime) -> Sequence[Mapping[str, str]]: ...
    def next_open(self, at: datetime) -> datetime: ...
    def due_at(self, urgency: Literal["urgent", "other"], at: datetime) -> datetime: ...
    def can_dial(self, number: str) -> bool: ...
    def zone_of(self, number: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """The office and, in the models' own terms, its decisions about callbacks, releases and PINs.

    ``shared_phone_keys`` are the blind indexes of the phones on the office's shared-phone list (R06).
    """

    office: OfficeRules
    callback_policy: CallbackPolicy
    release: HeardRules
    shared_phone_keys: frozenset[str] = frozenset()

    @property
    def policies(self) -> Policies:
        """The numbers that the office decided on."""
        return self.callback_policy.numbers

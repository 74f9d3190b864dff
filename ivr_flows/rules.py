"""What a call tree needs to know of the office; hotline fills it from office.toml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from models.custody_status import HeardRules
from models.pin_try import PinLimits


class ServiceEntry(Protocol):
    """A service of the help menu."""

    @property
    def name(self) -> Mapping[str, str]: ...
    @property
    def key(self) -> str: ...
    @property
    def phone(self) -> str: ...


class OfficeRules(Protocol):
    """The office as a caller meets it: its names, its hours, whom it may ring."""

    @property
    def name(self) -> Mapping[str, str]: ...
    @property
    def neutral_name(self) -> Mapping[str, str]: ...
    @property
    def languages(self) -> tuple[str, ...]: ...
    @property
    def lines(self) -> tuple[str, ...]: ...
    @property
    def interpreters(self) -> Mapping[str, str]: ...
    @property
    def emergency_number(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def zones(self) -> tuple[str, ...]: ...
    @property
    def services(self) -> Sequence[ServiceEntry]: ...

    def policy(self, name: str) -> int | float: ...
    def is_open(self, at: datetime) -> bool: ...
    def next_open(self, at: datetime) -> datetime: ...
    def due_at(self, urgency: Literal["urgent", "other"], at: datetime) -> datetime: ...
    def calling_window(self, at: datetime, time_zone: str) -> datetime: ...
    def can_dial(self, number: str) -> bool: ...
    def zone_of(self, number: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """The office and, in the models' own terms, its release switches and its limits on PIN tries.

    ``shared_phone_keys`` are the blind indexes of the phones on the office's shared-phone list (R06).
    """

    office: OfficeRules
    release: HeardRules
    pins: PinLimits
    shared_phone_keys: frozenset[str] = frozenset()

"""The phone numbers and applications of the account, with the URLs that each of them calls."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hotline.exchange.calls.order import PhoneNumber
from hotline.exchange.twiml.terms import new_sid


@dataclass(eq=False, slots=True)
class Holding:
    """One number or application. ``phone_number`` is in E.164, or None for an application.

    ``voice_application_sid`` and ``sms_application_sid`` name applications whose URLs a number uses instead
    of its own.
    """

    sid: str
    name: str
    settings: PhoneNumber
    created_at: datetime
    phone_number: str | None = None
    updated_at: datetime | None = None
    voice_application_sid: str = ""
    sms_application_sid: str = ""


class Holdings:
    """Numbers and applications by sid, oldest first. Safe to use from many threads.

    ``numbers`` are those that the exchange starts with.
    """

    def __init__(self, clock: Callable[[], datetime], numbers: Mapping[str, PhoneNumber]) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._numbers: dict[str, Holding] = {}
        self._applications: dict[str, Holding] = {}
        #: Whether the account has had numbers. An account that never had one may call from any.
        self.is_limited = False
        for number, settings in numbers.items():
            self.add_number(number, settings)

    def add_number(self, number: str, settings: PhoneNumber, name: str = "") -> Holding:
        """Add a number. Raises ValueError when the account has it already."""
        holding = Holding(new_sid("PN"), name or number, settings, self._clock(), number)
        with self._lock:
            if any(one.phone_number == number for one in self._numbers.values()):
                raise ValueError("the account has this number already")
            self._numbers[holding.sid] = holding
            self.is_limited = True
        return holding

    def add_application(self, settings: PhoneNumber, name: str) -> Holding:
        """Add an application."""
        holding = Holding(new_sid("AP"), name, settings, self._clock())
        with self._lock:
            self._applications[holding.sid] = holding
        return holding

    def numbers(self) -> list[Holding]:
        """Return every number, oldest first."""
        with self._lock:
            return list(self._numbers.values())

    def applications(self) -> list[Holding]:
        """Return every application, oldest first."""
        with self._lock:
            return list(self._applications.values())

    def find(self, sid: str) -> Holding:
        """Return a number or an application. Raises LookupError."""
        with self._lock:
            return self._kind(sid)[sid]

    def change(self, sid: str, **changes: Any) -> Holding:
        """Change attributes of a holding. Raises LookupError."""
        with self._lock:
            holding = self._kind(sid)[sid]
            for name, value in changes.items():
                setattr(holding, name, value)
            holding.updated_at = self._clock()
            return holding

    def remove(self, sid: str) -> None:
        """Give up a number or an application. Raises LookupError."""
        with self._lock:
            del self._kind(sid)[sid]

    def settings_of(self, number: str) -> PhoneNumber | None:
        """Return the URLs that a call or text to ``number`` uses; None for a number of somebody else."""
        with self._lock:
            found = next((one for one in self._numbers.values() if one.phone_number == number), None)
            if found is None:
                return None
            settings = found.settings
            if (voice := self._applications.get(found.voice_application_sid)) is not None:
                app = voice.settings
                settings = replace(app, sms_url=settings.sms_url, sms_method=settings.sms_method)
            if (sms := self._applications.get(found.sms_application_sid)) is not None:
                app = sms.settings
                settings = replace(settings, sms_url=app.sms_url, sms_method=app.sms_method)
            return settings

    def _kind(self, sid: str) -> dict[str, Holding]:
        return self._applications if sid.startswith("AP") else self._numbers

"""The objects that every page of the console works with, put together once in create_app."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Protocol, cast

from flask import current_app
from werkzeug.local import LocalProxy

from config.office import Office
from config.settings import Settings
from hotline.console.shell.navigation import Navigation
from hotline.console.shell.together import Together
from hotline.console.shell.words import Words
from hotline.office_settings import OfficeSettings
from ivr_flows.engine.rules import Rules
from ivr_flows.prompts import Prompts
from models.callbacks.callback_policy import CallbackPolicy
from models.cases.pin_hash import PinHasher
from models.store.database import Database
from models.store.policies import Policies

EXTENSION = "hotline.console"


class JobTaker(Protocol):
    """Takes a job after the commit: its name and one row's id (workers/queue.py)."""

    def enqueue(self, name: str, row_id: int, /) -> Any: ...


class PasswordHasher(Protocol):
    """Hashes staff passwords; raises BusyError while too many wait (sign_in/passwords.py)."""

    def hash(self, password: str) -> str: ...
    def matches(self, stored: str | None, password: str, *, known: bool = False) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Console:
    """The parts of the app that the console needs; views get it as ``console``.

    ``hasher`` runs the KDF of case PINs and ``passwords`` that of staff passwords; call neither while a
    transaction is open. ``clock`` returns an aware moment in UTC.
    """

    settings: Settings
    database: Database
    standing_office: Callable[[], Office]
    standing_rules: Callable[[], Rules]
    office_settings: OfficeSettings
    prompts: Prompts
    jobs: JobTaker
    hasher: PinHasher
    passwords: PasswordHasher
    words: Words
    clock: Callable[[], datetime]
    navigation: Navigation

    @cached_property
    def together(self) -> Together:
        """What open pages read together."""
        return Together(self.database)

    @property
    def office(self) -> Office:
        """The current office; changes made in the console are in it within seconds."""
        return self.standing_office()

    @property
    def rules(self) -> Rules:
        """The same office in the models' terms, made once for each of its versions."""
        return self.standing_rules()

    @property
    def policies(self) -> Policies:
        """The policies of the current office."""
        return self.rules.policies

    @property
    def callback_policy(self) -> CallbackPolicy:
        """When and whom the office calls, as of now."""
        return self.rules.callback_policy

    @property
    def today(self) -> date:
        """The day that it is now in the office."""
        return self.clock().astimezone(self.office.zone).date()


def _of_the_current_app() -> Console:
    return cast(Console, current_app.extensions[EXTENSION])


#: The console of the app that serves the request, as Flask's ``current_app`` is that app.
console = cast(Console, LocalProxy(_of_the_current_app))

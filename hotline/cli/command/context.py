"""The parts that every command shares: its installation, how it fails, and how it prints a result."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import click

from config.environment import SettingsError
from config.keys import make_missing_keys
from config.office import Office, OfficeError
from config.settings import Settings, data_folder

if TYPE_CHECKING:
    from models.callbacks.callback_policy import CallbackPolicy
    from models.store.policies import Policies


@dataclass(frozen=True)
class Installation:
    """The settings, the office and the migrated database that a command works on."""

    settings: Settings
    office: Office
    database: Any

    @cached_property
    def callback_policy(self) -> "CallbackPolicy":
        """The rules for when and whom the office calls."""
        from workers.office_rules import callback_policy_of

        return callback_policy_of(self.office)

    @property
    def policies(self) -> "Policies":
        """The policies of the office."""
        return self.callback_policy.numbers


def fail(sentence: str) -> NoReturn:
    """Refuse wrong usage or bad input: one clear sentence on stderr, exit 2."""
    click.echo(sentence, err=True)
    sys.exit(2)


def emit(as_json: bool, document: Any, text: str | Callable[[], str]) -> None:
    """Print a result on stdout: one JSON document, or ``text`` (a function is called only if needed)."""
    if as_json:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))
        return
    click.echo(text if isinstance(text, str) else text())


def load_settings(bound_to: str | None = None) -> Settings:
    """Read the environment, including generated keys. Exits 2 when a setting is wrong.

    Without ``bound_to`` the line is where `serve` listens on this data folder: a command in another terminal
    was not told its --bind.
    """
    from hotline.cli.command.bind import kept_bound

    try:
        return Settings.from_env(whole_environment(), bound_to or kept_bound(data_folder(os.environ)))
    except SettingsError as error:
        fail(str(error))


def whole_environment() -> dict[str, str]:
    """This process's environment and, in development, the keys made for it. Raises SettingsError."""
    return make_missing_keys(data_folder(os.environ), os.environ)


def take_environment(environ: dict[str, str]) -> None:
    """Give a forked process another environment than this one, as a new program would get."""
    os.environ.clear()
    os.environ.update(environ)


def load_office(settings: Settings) -> Office:
    """Read the office file. Exits 2 when it is wrong."""
    try:
        return Office.load(settings.office_file, settings.office_always_open)
    except OfficeError as error:
        fail(str(error))


def connect(settings: Settings) -> Any:
    """The database of these settings, migrated or not. Exits 2 for an address that cannot be read."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    from models.store.database import Database
    from models.store.keyring import Keyring, SealError

    try:
        make_url(settings.database_url)
    except (ArgumentError, ValueError):
        fail("HOTLINE_DATABASE_URL cannot be read: postgresql+psycopg://USER@HOST:PORT/NAME is its form.")
    try:
        return Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key))
    except SealError as error:
        fail(str(error))


def open_installation() -> Installation:
    """Read the settings and the office, open the database and check that it is migrated.

    Exits 2 with one sentence when a setting or the office file is wrong, or when the database is not of this
    release. Exits 1 when the database cannot be reached.
    """
    settings = load_settings()
    office = load_office(settings)
    database = connect(settings)
    if command := click.get_current_context(silent=True):
        command.call_on_close(database.close)
    check_migrated(database)
    check_keys(settings, database)
    return Installation(settings, standing_office(office, database), database)


#: Whether this process is forked from one that has checked the installation.
is_checked = False


def check_start(bound_to: str | None = None) -> Settings:
    """The settings of a server that may start: its database is of this release, its office is set up.

    `serve` has checked before it forks its programs, and they do not check again: each would take 14 MB for
    it, and one that dies while the database is away would not come back. Exits as `load_settings`,
    `check_migrated` and `check_installation` do. No connection stays open, since none may survive a fork.
    """
    settings = load_settings(bound_to)
    if not is_checked:
        database = connect(settings)
        check_migrated(database)
        check_installation(settings, database)
        database.close()
    return settings


def check_installation(settings: Settings, database: Any) -> None:
    """Exit 2 unless it is whole, the keys are this database's, and the office has numbers of its own."""
    from models.store.schema import missing_columns, told_of_missing

    if missing := missing_columns(database):
        database.close()
        fail(told_of_missing(missing))
    check_keys(settings, database)
    _refuse_missing_key(database)
    _refuse_placeholders(settings, database)


def standing_office(base: Office, database: Any) -> Office:
    """The office from the file with the console's changes. Exits 2 when they do not fit together."""
    from models.audit.office_change import standing_changes

    with database.reading() as session:
        changes = standing_changes(session)
    try:
        return base.with_changes(changes.values)
    except OfficeError as error:
        fail(f"{error} It was changed in the console: `hotline office reset FIELD` hands it back.")


def _refuse_placeholders(settings: Settings, database: Any) -> None:
    """Exit 2 in production while the office still has numbers of the shipped file; name each field."""
    office = standing_office(load_office(settings), database)
    if settings.production and (names := office.placeholders()):
        database.close()
        fail(
            "The office file still has shipped placeholder numbers, which nobody answers, in "
            f"{', '.join(names)}; set HOTLINE_OFFICE_FILE to the office's own."
        )


def check_migrated(database: Any) -> None:
    """Exit unless the database is reachable and of this release."""
    from sqlalchemy.exc import SQLAlchemyError

    from models.store.schema import is_current

    try:
        current = is_current(database)
    except SQLAlchemyError as error:
        click.echo(
            f"The database cannot be reached ({type(error).__name__}); look at HOTLINE_DATABASE_URL.",
            err=True,
        )
        sys.exit(1)
    if not current:
        fail("The database is not of this release: run `hotline db upgrade`.")


def keys_of(settings: Settings) -> dict[str, bytes]:
    """The keys of these settings, by the names under which a database knows them."""
    from models.store.key_mark import named_keys

    return named_keys(settings.secret_key, settings.pin_pepper, settings.field_keys)


def check_keys(settings: Settings, database: Any) -> None:
    """Exit 2 if a key is not the one with which this database has been used; a new one is marked."""
    from models.store.key_mark import mark_keys

    if others := mark_keys(database, keys_of(settings)):
        database.close()
        fail(told_of_keys(others))


def _refuse_missing_key(database: Any) -> None:
    """Exit 2 if another process seals under a key that is not listed here: its callers would be lost."""
    from models.store.rotation import unlisted_keys

    with database.reading() as session:
        missing = unlisted_keys(session)
    if missing:
        database.close()
        fail(
            f"HOTLINE_FIELD_KEYS lacks the key {missing[0]}, under which this database has values: list it, "
            "at least behind the first one."
        )


def told_of_keys(others: Sequence[str]) -> str:
    """Say in one sentence which key is not the one of this database."""
    said = f"{others[0]} is not the key with which this database has been used, by this or another machine"
    if others == ["HOTLINE_PIN_PEPPER"]:
        return f"{said}: no PIN would open; after a change on purpose run `hotline keys accept-pepper`."
    if others[0].startswith("HOTLINE_FIELD_KEYS"):
        return f"{said}: give every machine the same keys, and a new key a new name."
    return f"{said}: give every machine the same keys."

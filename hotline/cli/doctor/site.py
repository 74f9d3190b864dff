"""The installation as `doctor --going-live` sees it: each part is read once, when a step first needs it."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from config.environment import SettingsError
from config.office import Office, OfficeError
from config.settings import Settings
from hotline.cli.command.context import connect, whole_environment

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.store.database import Database
    from models.store.policies import Policies
    from workers.carrier import NumberSettings

T = TypeVar("T")


#: The steps that settle what other steps wait for.
ENVIRONMENT, OFFICE_FILE = "Set the environment for production", "Give the office a file of its own"
DATABASE, ACCOUNT = "Migrate the database", "Connect the Twilio account"


class NotKnownError(Exception):
    """Something that a step needs cannot be read yet. The message is one sentence that says what.

    ``settled_by`` is the title of the step that comes first.
    """

    def __init__(self, sentence: str, settled_by: str) -> None:
        super().__init__(sentence)
        self.settled_by = settled_by


class Site:
    """Settings, office, database and the carrier's numbers. Each may raise NotKnownError."""

    def __init__(self) -> None:
        self._open_database: Database | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings of this environment."""
        try:
            return Settings.from_env(whole_environment())
        except SettingsError as error:
            raise NotKnownError(str(error), ENVIRONMENT) from None

    @cached_property
    def office(self) -> Office:
        """The office from its file, with the console's changes if the database can be read."""
        from models.audit.office_change import standing_changes

        try:
            base = Office.load(self.settings.office_file, self.settings.office_always_open)
            try:
                return base.with_changes(self.read(lambda session, _now: standing_changes(session)).values)
            except NotKnownError:
                return base
        except OfficeError as error:
            raise NotKnownError(str(error), OFFICE_FILE) from None

    @cached_property
    def policies(self) -> "Policies":
        """The policies of the office."""
        from workers.office_rules import policies_of

        return policies_of(self.office)

    @cached_property
    def numbers(self) -> "dict[str, NumberSettings | None]":
        """How the account's numbers are set, for each line of the office and the staff line."""
        from workers.carrier import Carrier, CarrierRefused, CarrierUnknown

        self.with_twilio()
        office = self.office
        carrier = Carrier(self.settings, office.lines[0])
        try:
            wanted = [*office.lines, *([office.staff_line] if office.staff_line else [])]
            return {number: carrier.number_settings(number) for number in wanted}
        except (CarrierRefused, CarrierUnknown) as error:
            raise NotKnownError(f"Twilio does not tell its numbers. {error}", ACCOUNT) from None
        finally:
            carrier.close()

    def with_twilio(self) -> None:
        """Raise NotKnownError while the carrier is the local exchange."""
        if self.settings.carrier != "twilio":
            raise NotKnownError("HOTLINE_CARRIER is exchange, so Twilio is not asked.", ENVIRONMENT)

    def read(self, question: "Callable[[Session, datetime], T]") -> T:
        """Ask the database."""
        from sqlalchemy.exc import SQLAlchemyError

        if self._open_database is None:
            self._open_database = connect(self.settings)
        try:
            with self._open_database.reading() as session:
                return question(session, datetime.now(UTC))
        except SQLAlchemyError:
            raise NotKnownError("The database cannot be read.", DATABASE) from None

    def close(self) -> None:
        """Close the database."""
        if self._open_database is not None:
            self._open_database.close()

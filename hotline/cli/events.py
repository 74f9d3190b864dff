"""`hotline events`: tells open consoles that something changed, by streams that hold no thread."""

from typing import Any

import click

from config.logging import set_up_logging
from config.office import Office
from hotline.cli.command.bind import read_bind
from hotline.cli.command.context import check_start, load_settings


@click.command()
@click.option(
    "--bind", default="127.0.0.1:8003", show_default=True, metavar="HOST:PORT", help="Where to listen."
)
def events(bind: str) -> None:
    """Tell open consoles of changes; one role of several machines."""
    from hotline.cli.web import run_web

    where = read_bind(bind)
    settings = check_start()
    run_web(
        settings, where, "hotline.cli.events:make_application", role="events", is_alone=True, is_asgi=True
    )


def make_application() -> Any:
    """The ASGI application of the one process."""
    from hotline.events.application import DATABASE_SECONDS, EventsApplication
    from models.store.database import Database
    from models.store.keyring import Keyring
    from workers.heart import Heart
    from workers.office_rules import policies_of
    from workers.office_watch import OfficeWatch

    settings = load_settings()
    set_up_logging("events", settings.log_level)
    database = Database(
        settings.database_url,
        Keyring(settings.field_keys, settings.secret_key),
        patience_seconds=DATABASE_SECONDS,
    )
    offices = OfficeWatch(Office.load(settings.office_file, settings.office_always_open), database)
    offices.start()

    def idle_minutes() -> float:
        offices.look()
        return policies_of(offices.office).console_idle_minutes

    Heart(database, "events").beat_forever()
    return EventsApplication(database, settings.public_url, idle_minutes)

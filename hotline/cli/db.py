"""`hotline db`: brings the database to this release."""

import sys

import click

from hotline.cli.command.context import connect, emit, fail, load_settings


@click.group()
def db() -> None:
    """Bring the database to this release."""


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def upgrade(as_json: bool) -> None:
    """Run every revision that is missing; safe to run again and from several machines at once."""
    from sqlalchemy.exc import SQLAlchemyError

    from models.store import migrate

    settings = load_settings()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = connect(settings)
    try:
        migrate.upgrade(database)
    except migrate.MigrationError as error:
        fail(str(error))
    except SQLAlchemyError as error:
        click.echo(
            f"The database cannot be migrated ({type(error).__name__}); look at HOTLINE_DATABASE_URL.",
            err=True,
        )
        sys.exit(1)
    finally:
        database.close()
    emit(as_json, {"migrated": True}, "The database is of this release.")

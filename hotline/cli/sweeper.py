"""`hotline sweeper`: repairs what a crash or a lost queue left behind."""

import socket

import click

from config.logging import log_start, set_up_logging
from hotline.cli.command.context import check_migrated, connect, load_settings, refuse_placeholders


@click.command()
def sweeper() -> None:
    """Mend what was left behind; one role of several machines."""
    from workers.sweeper import run_sweeper

    settings = load_settings()
    set_up_logging("sweeper", settings.log_level)
    database = connect(settings)
    check_migrated(database)
    refuse_placeholders(settings, database)
    database.close()
    log_start("sweeper", socket.gethostname())
    run_sweeper(settings)

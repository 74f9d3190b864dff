"""`hotline worker`: takes jobs from the queue and dials out."""

import socket

import click

from config.logging import log_start, set_up_logging
from hotline.cli.command.context import check_migrated, connect, load_settings, refuse_placeholders


@click.command()
def worker() -> None:
    """Dial out; one role of several machines."""
    from workers.__main__ import run_worker

    settings = load_settings()
    set_up_logging("worker", settings.log_level)
    database = connect(settings)
    check_migrated(database)
    refuse_placeholders(settings, database)
    # The worker forks for each job, and a connection must not be shared across a fork.
    database.close()
    log_start("worker", socket.gethostname())
    run_worker(settings)

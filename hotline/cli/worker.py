"""`hotline worker`: takes jobs from the queue and dials out."""

import socket

import click

from config.logging import log_start, set_up_logging
from hotline.cli.command.context import check_start


@click.command()
def worker() -> None:
    """Dial out; one role of several machines."""
    from workers.__main__ import run_worker

    settings = check_start()
    set_up_logging("worker", settings.log_level)
    log_start("worker", socket.gethostname())
    run_worker(settings)

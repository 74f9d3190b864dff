"""`hotline sweeper`: repairs what a crash or a lost queue left behind."""

import socket

import click

from config.logging import log_start, set_up_logging
from hotline.cli.command.context import check_start


@click.command()
def sweeper() -> None:
    """Mend what was left behind; one role of several machines."""
    from workers.sweeper import run_sweeper

    settings = check_start()
    set_up_logging("sweeper", settings.log_level)
    log_start("sweeper", socket.gethostname())
    run_sweeper(settings)

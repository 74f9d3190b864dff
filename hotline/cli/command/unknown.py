"""Reads the id of a row, and refuses what a command cannot do, with the argument if nothing has that id."""

from typing import NoReturn

import click

from hotline.cli.command.context import fail
from hotline.refusals.wording import in_english
from models.store.refusal import RefusedError

#: The ids that a row of both databases can have.
ROW_ID = click.IntRange(1, 2**31 - 1)


def refuse_of(argument: str, error: RefusedError) -> NoReturn:
    """One sentence and exit 2."""
    words = in_english(error)
    fail(f"{argument}: {words}" if error.code.name == "UNKNOWN" else words)

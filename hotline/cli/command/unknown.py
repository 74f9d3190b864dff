"""Refuses what a command cannot do, and names the argument if nothing has the id that was given."""

from typing import NoReturn

from hotline.cli.command.context import fail
from hotline.refusals.wording import in_english
from models.store.refusal import RefusedError


def refuse_of(argument: str, error: RefusedError) -> NoReturn:
    """One sentence and exit 2."""
    words = in_english(error)
    fail(f"{argument}: {words}" if error.code.name == "UNKNOWN" else words)

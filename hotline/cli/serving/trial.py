"""Builds the app once before processes are started that would otherwise fail again and again."""

import sys
import traceback
from pathlib import Path

import click

from config.settings import Settings
from hotline.cli.command.context import fail


def try_app(settings: Settings) -> None:
    """Make the app and close it again; exits with one sentence when it cannot be made.

    Exit 2 when a setting, the office, a call tree or a prompt is at fault, 1 for a fault of the program.
    """
    try:
        from hotline.app import create_app

        app = create_app(settings)
    except ValueError as error:
        fail(f"The line cannot start. {error}")
    except Exception as error:  # noqa: BLE001 - whatever it is, a supervisor would start it for ever
        click.echo(f"The line cannot start ({type(error).__name__} in {_place(error)}).", err=True)
        sys.exit(1)
    line = app.extensions["hotline.line"]
    line.guesses.close()
    # No open connection may survive the fork of the web processes.
    line.database.close()


def _place(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or '').name}, line {error.lineno}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}, line {last.lineno}"

"""The command line. Each command has its own file, which is imported only when the command is called."""

import gc
import os
import sys
from importlib import import_module
from typing import Any

import click

from config.logging import set_up_terminal

#: Every command, its file in this folder, and its text in `hotline --help`.
COMMANDS = {
    "serve": ("serve", "Start everything on this machine under one supervisor."),
    "web": ("web", "Answer Twilio; one role of several machines."),
    "console": ("serving.console", "Answer staff's pages; one role of several machines."),
    "worker": ("worker", "Dial out; one role of several machines."),
    "sweeper": ("sweeper", "Mend what was left behind; one role of several machines."),
    "intake": ("intake", "Take custody files from the console; one role of several machines."),
    "events": ("events", "Tell open consoles of changes; one role of several machines."),
    "db": ("db", "Bring the database to this release."),
    "doctor": ("doctor.doctor", "Say what is configured, what is wrong, and what going live needs."),
    "flows": ("flows", "Check and draw the call trees."),
    "phone": ("phone", "Ring the line from this terminal."),
    "case": ("case", "Open and close cases, issue PINs."),
    "custody": ("custody", "Import custody records and settle what is held."),
    "office": ("office", "Show what holds of the office, and what was changed of its file."),
    "facility": ("facility", "Keep the directory of facilities."),
    "court": ("court", "Keep the directory of courts."),
    "staff": ("staff", "Add staff, start and end shifts."),
    "callbacks": ("callbacks", "List callbacks."),
    "notices": ("notices", "List notices, cancel one, take back those of a wrong import."),
    "audit": ("audit", "Check the chain of audit entries and print its head."),
    "purge": ("retention.purge", "Delete old calls, here and at the carrier."),
    "hold": ("retention.hold", "Set and lift legal holds, which the purge respects."),
    "keys": ("keys", "Rotate the keys that seal private fields."),
    "demo-data": ("demo_data", "Load the demo office."),
}


class LazyCommands(click.Group):
    """A group that imports a command only when it is called, which keeps `hotline --help` fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = COMMANDS[cmd_name][0]
        command = getattr(import_module(f"hotline.cli.{module}"), module.rpartition(".")[2])
        if not gc.isenabled():
            # What was read stays until the end; each later look for garbage leaves it out.
            gc.freeze()
            gc.enable()
        if not isinstance(command, click.Command):
            raise TypeError(f"hotline.cli.{module} holds no command of that name.")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, what) in COMMANDS.items()])


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hotline", message="%(version)s")
def group() -> None:
    """A telephone hotline for an office that serves crime victims."""


def main(args: list[str] | None = None, **options: Any) -> None:
    """Run one command: exit 0 on success, 2 on wrong usage or bad input, 1 on a fault.

    A fault is reported by class, file and line, because its message could quote private data.
    """
    set_up_terminal()
    # Until the command is read: almost nothing of it is garbage, and to look for it takes half of each start.
    gc.disable()
    # Files that a command writes (a SQLite file, keys, logs) are readable only by their owner.
    os.umask(0o077)
    try:
        code = group.main(args=args, prog_name="hotline", standalone_mode=False, **options)
    except click.exceptions.NoArgsIsHelpError as error:
        # Show the whole help, which already points at itself.
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        # One sentence, as for every other refusal; `--help` shows the usage.
        told = error.format_message().rstrip(".")
        # A misspelled word ends as a question, "Did you mean …?".
        end = "" if told.endswith("?") else "."
        click.echo(f"{told}{end} See `{_help_of(error)} --help`.", err=True)
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _help_of(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context is not None else "hotline"

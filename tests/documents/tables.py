"""The tables of commands, variables and policies, made from click, the settings and the office file."""

from collections.abc import Iterable, Iterator

import click

from config.office import Office
from config.policies import BOUNDS
from config.settings import variables
from hotline.cli import COMMANDS, group
from hotline.console.office.policy_effects import POLICY_EFFECTS
from hotline.console.office.policy_groups import POLICY_GROUPS
from hotline.console.office.policy_names import POLICY_NAMES
from hotline.console.office.policy_units import HOURS_OF_DAY, plain, with_unit

#: The commands in the order in which an operator meets them.
COMMAND_GROUPS = {
    "Run the line": ("serve", "web", "console", "worker", "sweeper", "intake", "events", "db"),
    "Check and keep it": ("doctor", "audit", "purge", "hold", "keys"),
    "The office and its people": ("office", "staff", "facility", "court"),
    "Cases and promises": ("case", "callbacks", "notices"),
    "The custody feed": ("custody",),
    "Try it, and read the call trees": ("phone", "flows", "demo-data"),
}
#: The basis of a number that nobody outside the office asks for.
OWN_DECISION = "Office decision."


def commands() -> str:
    """A table for each group of commands: how each is typed, and its help text."""
    told = [name for names in COMMAND_GROUPS.values() for name in names]
    if sorted(told) != sorted(COMMANDS):
        raise ValueError("COMMAND_GROUPS does not name each command once.")
    parts = []
    for title, names in COMMAND_GROUPS.items():
        rows = [(f"`{_usage(words, one)}`", _one_line(one)) for words, one in _commands(names)]
        parts.append(f"## {title}\n\n{_table(('command', 'what it does'), rows)}")
    return "\n\n".join(parts)


def environment() -> str:
    """One row for each variable that the line reads."""
    rows = [
        (f"`{name}`", told["help"], f"`{told['default']}`" if told["default"] else "")
        for name, told in variables().items()
    ]
    return _table(("variable", "what it is", "default"), rows)


def policies(office: Office) -> str:
    """A table for each group of policies, with the values and reasons of ``office``."""
    parts = []
    for one in POLICY_GROUPS:
        rows = []
        for name in one.policies:
            policy = office.policies[name]
            basis = "" if policy.basis == OWN_DECISION else f" *Basis: {policy.basis}*"
            rows.append(
                (
                    f"**{POLICY_NAMES[name]}** `{name}`",
                    POLICY_EFFECTS[name] + basis,
                    with_unit(name, policy.value),
                    _bounds(name),
                )
            )
        heads = ("policy", "what it changes", "shipped", "may be")
        parts.append(f"## {one.title}\n\n{_table(heads, rows)}")
    return "\n\n".join(parts)


def _commands(names: Iterable[str]) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in names:
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            for sub in command.commands:
                yield f"{name} {sub}", command.commands[sub]
        elif command is not None:
            yield name, command


def _usage(words: str, command: click.Command) -> str:
    context = click.Context(command)
    arguments, required, optional = [], [], []
    for one in command.params:
        if isinstance(one, click.Argument):
            arguments.append(one.make_metavar(context))
        elif isinstance(one, click.Option) and not one.hidden:
            names = "/".join([*one.opts, *one.secondary_opts])
            typed = names if one.is_flag else f"{names} {one.make_metavar(context).strip('[]')}"
            (required if one.required else optional).append(typed)
    return " ".join([words, *arguments, *required, *(f"[{one}]" for one in optional)])


def _one_line(command: click.Command) -> str:
    return " ".join((command.help or "").split())


def _bounds(name: str) -> str:
    least, most = BOUNDS[name]
    return f"{with_unit(name, least) if name in HOURS_OF_DAY else plain(least)} to {with_unit(name, most)}"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)

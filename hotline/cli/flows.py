"""``hotline flows``: check the call trees, and draw them from the tables that callers walk."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from hotline.cli.context import emit, fail, load_office, load_settings
from hotline.trees import build_flows, tree_problems
from ivr_flows.drawing import as_mermaid, as_svg, as_text
from ivr_flows.flow import WAITING, Flow
from ivr_flows.prompts import PromptError, Prompts


@click.group()
def flows() -> None:
    """Check and draw the call trees."""


@flows.command()
@click.option(
    "--against", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="An older --json."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the steps where calls may wait, for a later --against."
)
def check(against: Path | None, as_json: bool) -> None:
    """Say what is wrong with the trees and prompts; with --against also which calls a deploy would strand.

    Exits 1 when something is wrong.
    """
    trees, prompts = _load()
    found = tree_problems(trees, prompts)
    if against is not None:
        found += _stranded(trees, against)
    waits = {
        name: sorted(s for s, step in flow.steps.items() if isinstance(step, WAITING))
        for name, flow in trees.items()
    }
    document = {"trees": waits, "problems": found}
    emit(
        as_json,
        document,
        lambda: (
            "\n".join(found) or f"{len(trees)} call trees are whole in {len(prompts.languages)} languages."
        ),
    )
    sys.exit(1 if found else 0)


@flows.command()
@click.option(
    "--format", "kind", type=click.Choice(["text", "mermaid", "svg"]), default="text", show_default=True
)
@click.option("--flow", "name", default="victim_line", show_default=True, help="Which tree.")
@click.option("--language", default="en", show_default=True, help="Of the words in the text format.")
def draw(kind: str, name: str, language: str) -> None:
    """Draw a call tree on standard output."""
    trees, prompts = _load()
    if name not in trees:
        fail(f"--flow: there is no tree named {name}; there are {', '.join(trees)}.")
    if language not in prompts.languages:
        fail(f"--language: {language} is not offered; there are {', '.join(prompts.languages)}.")
    flow = trees[name]
    click.echo(
        {
            "text": lambda: as_text(flow, prompts, language),
            "mermaid": lambda: as_mermaid(flow),
            "svg": lambda: as_svg(flow),
        }[kind]()
    )


def _load() -> tuple[dict[str, Flow], Prompts]:
    office = load_office(load_settings())
    try:
        return build_flows(office), Prompts.load(office.languages)
    except PromptError as error:
        fail(str(error))


def _stranded(trees: dict[str, Flow], against: Path) -> list[str]:
    try:
        old: dict[str, Any] = json.loads(against.read_text(encoding="utf-8"))["trees"]
        steps = [(name, step) for name, waiting in old.items() for step in waiting]
    except (ValueError, KeyError, TypeError, AttributeError):
        fail(f"--against: {against} is not what `hotline flows check --json` printed.")
    return [
        f"{name}: a call waiting at {step} would be passed to a person; list the step under moved."
        for name, step in steps
        if name not in trees or trees[name].find(step) is None
    ]

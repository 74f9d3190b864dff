"""``hotline flows``: checks the call trees, and draws them from the tables that callers walk."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from config.office import Office
from hotline.cli.command.context import emit, fail, load_office, load_settings
from hotline.office_rules import rules_of
from hotline.speech import measured_seconds
from hotline.trees import build_flows, tree_problems, walked_problems
from ivr_flows.engine.flow import Flow
from ivr_flows.prompts import PromptError, Prompts
from ivr_flows.review.drawing import as_mermaid, as_text
from ivr_flows.review.layout import LayoutMissingError
from ivr_flows.review.parts import file_of
from ivr_flows.review.picture import OVERVIEW, Picture, pictures
from ivr_flows.review.rehearsal import rehearse
from ivr_flows.review.svg import as_svg
from ivr_flows.review.transcript import as_document, as_script


@click.group()
def flows() -> None:
    """Check, draw and write out the call trees."""


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
    office, trees, prompts = _load()
    # A tree with loose ends cannot be walked.
    found = tree_problems(trees, prompts) or walked_problems(trees, prompts, office)
    if against is not None:
        found += _stranded(trees, against)
    waits = {
        name: sorted(step for step in flow.steps if flow.may_wait_at(step)) for name, flow in trees.items()
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
@click.option("--language", default="en", show_default=True, help="Of the words, in text and svg.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="With svg: write every picture of every tree here.",
)
def draw(kind: str, name: str, language: str, out: Path | None) -> None:
    """Draw a call tree on standard output; --format svg --out writes a picture for each part of each tree."""
    _, trees, prompts = _load()
    if name not in trees:
        fail(f"--flow: there is no tree named {name}; there are {', '.join(trees)}.")
    if language not in prompts.languages:
        fail(f"--language: {language} is not offered; there are {', '.join(prompts.languages)}.")
    if out is not None and kind != "svg":
        fail("--out is for --format svg alone.")
    if kind == "svg":
        _draw_pictures(pictures(trees, prompts, language), file_of(name), out)
    else:
        click.echo(as_text(trees[name], prompts, language) if kind == "text" else as_mermaid(trees[name]))


def _draw_pictures(found: list[Picture], name: str, out: Path | None) -> None:
    """Print the picture ``name``, or write all into ``out``."""
    try:
        if out is None:
            click.echo(next(as_svg(one) for one in found if one.name == name), nl=False)
            return
        files = {out / f"{one.name}.svg": as_svg(one) for one in found}
    except LayoutMissingError:
        fail("--format svg needs Graphviz of the developers' packages: first run `make setup`.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"--out: {out} cannot be written: {error.strerror}.")
    click.echo(f"{len(files)} pictures are in {out}; begin with {OVERVIEW}.svg.")


@flows.command()
@click.option("--language", help="One language alone; without it, each that is offered.")
@click.option("--json", "as_json", is_flag=True, help="Print the script as one JSON document.")
def transcript(language: str | None, as_json: bool) -> None:
    """Write every path of every call tree as a script to read: who says what, which keys, how long.

    Seconds are counted at 150 words a minute, and measured where espeak-ng is installed. Exits 1 when the
    trees or prompts have a fault; `hotline flows check` names it.
    """
    office, trees, prompts = _load()
    if language is not None and language not in prompts.languages:
        fail(f"--language: {language} is not offered; there are {', '.join(prompts.languages)}.")
    if tree_problems(trees, prompts):
        click.echo("The trees have faults; `hotline flows check` names them.", err=True)
        sys.exit(1)
    codes = [language] if language else list(prompts.languages)
    rules = rules_of(office)
    found = [rehearse(flow, prompts, rules, code) for code in codes for flow in trees.values()]
    document = [as_document(one, measured_seconds) for one in found] if as_json else []
    emit(as_json, document, lambda: "\n\n".join(as_script(one, measured_seconds) for one in found))


def _load() -> tuple[Office, dict[str, Flow], Prompts]:
    office = load_office(load_settings())
    try:
        return office, build_flows(office), Prompts.load(office.languages)
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

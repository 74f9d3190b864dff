"""Which files of the documents are written by code, and how a table gets into its page."""

import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from config.office import Office
from ivr_flows.review.svg import as_svg as picture_as_svg
from tests.documents import a_call, module_map, sequences, tables
from tests.documents.ladder import as_svg

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
#: What stands in a page between these comments is written by code.
BEGIN, END = "<!-- `make docs` writes what follows -->", "<!-- `make docs` wrote what is above -->"
_BETWEEN = re.compile(rf"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", re.DOTALL)


def pages() -> dict[Path, str]:
    """Each page that has a table of ours, as it should be."""
    shipped = Office.load(ROOT / "config" / "office.toml")
    made: dict[str, Callable[[], str]] = {
        "operators/commands.md": tables.commands,
        "operators/environment.md": tables.environment,
        "office/policies.md": partial(tables.policies, shipped),
    }
    return {DOCS / name: _filled(DOCS / name, make()) for name, make in made.items()}


@cache
def ladders() -> dict[Path, str]:
    """The call of README, and the two sequences, from calls that are played now."""
    drawn = {
        "pictures/a-call.svg": a_call.a_call,
        "developers/pictures/key-press.svg": sequences.key_press,
        "developers/pictures/callback.svg": sequences.callback,
    }
    return {DOCS / name: as_svg(draw()) for name, draw in drawn.items()}


def module_maps() -> dict[Path, str]:
    """The packages of the code. Raises LayoutMissingError without pygraphviz."""
    folder = DOCS / "developers" / "pictures"
    return {folder / f"{one.name}.svg": picture_as_svg(one) for one in module_map.pictures()}


def _filled(page: Path, table: str) -> str:
    text, count = _BETWEEN.subn(lambda _: f"\n{table}\n\n", page.read_text(encoding="utf-8"))
    if count != 1:
        raise ValueError(f"{page} needs one place between {BEGIN!r} and {END!r}.")
    return text

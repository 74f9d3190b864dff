"""The module map, from the packages, their first sentences and the imports between them."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module

import grimp

from ivr_flows.review.picture import Arrow, Box, Picture, Row
from tests.documents.sequences import first_sentence

TOP = ("hotline", "workers", "ivr_flows", "models", "config")
Imports = Mapping[str, set[str]]


def pictures() -> list[Picture]:
    """The packages at the top, and what is in those that have many packages."""
    graph = _graph()
    whole = Picture(
        "modules",
        "The packages of the code",
        "An arrow leads to what is imported. An import that follows from other arrows is left out.",
        tuple(_top(top) for top in TOP),
        tuple(_arrows(TOP, graph)),
    )
    return [whole, *(_inside(top) for top in ("models", "hotline", "ivr_flows"))]


def _inside(top: str) -> Picture:
    packages = [f"{top}.{name}" for name in packages_of(top)]
    boxes = tuple(Box(one, one.partition(".")[2], "part", (Row("words", sentence(one)),)) for one in packages)
    title = f"Inside {top}"
    return Picture(
        f"modules-{top}",
        title,
        "An arrow leads to what is imported.",
        boxes,
        tuple(_arrows(packages, _graph())),
    )


def packages_of(top: str) -> list[str]:
    """The packages directly in one at the top, by name, without revisions of the schema."""
    return sorted(
        child.rpartition(".")[2] for child in _graph().find_children(top) if _graph().find_children(child)
    )


def sentence(package: str) -> str:
    """The first sentence of a package's docstring. Raises ValueError without one."""
    found = first_sentence(import_module(package).__doc__).replace("`", "")
    if not found:
        raise ValueError(f"{package} has no docstring.")
    return found


def _top(top: str) -> Box:
    rows = [Row("words", sentence(top)), *(Row("option", "", name) for name in packages_of(top))]
    link = f"modules-{top}.svg" if top in ("models", "hotline", "ivr_flows") else ""
    return Box(top, top, "part", tuple(rows), link=link)


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(*TOP, cache_dir=None)


def _arrows(packages: Iterable[str], graph: grimp.ImportGraph) -> list[Arrow]:
    """One arrow for each import that does not follow from others."""
    names = list(packages)
    direct: dict[str, set[str]] = {
        one: {
            other
            for other in names
            if other != one and graph.direct_import_exists(importer=one, imported=other, as_packages=True)
        }
        for one in names
    }
    return [
        Arrow(one, other, "")
        for one in names
        for other in sorted(direct[one])
        if not any(_leads(step, other, direct, {one}) for step in direct[one] - {other})
    ]


def _leads(start: str, goal: str, direct: Imports, seen: set[str]) -> bool:
    if start == goal:
        return True
    return any(_leads(step, goal, direct, seen | {start}) for step in direct[start] - seen)

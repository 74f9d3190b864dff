"""Places boxes and arrows with Graphviz, which comes with pygraphviz and is needed for pictures alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Point = tuple[float, float]

#: Points to an inch. Graphviz takes the sizes of boxes in inches and gives places in points.
INCH = 72
#: A label without text: Graphviz keeps room for it, and measures no font.
LABEL = '<<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"><TR><TD></TD></TR></TABLE>>'
#: So many ends of one fan are side by side.
ACROSS = 3


class LayoutMissingError(Exception):
    """Pygraphviz is not installed."""


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow to place: the names of its boxes, and the width and height of its label (0, 0 without one)."""

    source: str
    target: str
    size: Point


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in points, y downward: the size of all, box centers, the curve and label center of each link.

    A curve has its end first, then its start and the control points of Bézier curves. A frame is a left,
    top, width and height.
    """

    size: Point
    boxes: Mapping[str, Point]
    curves: Sequence[tuple[Point, Sequence[Point]]]
    labels: Sequence[Point | None]


def lay_out(sizes: Mapping[str, Point], links: Sequence[Link]) -> Layout:
    """Lay a graph out from top to bottom. ``sizes`` are the widths and heights of its boxes in points.

    All sizes are given, so no font of this machine changes the result. Raises LayoutMissingError.
    """
    try:
        from pygraphviz import AGraph
    except ImportError as error:
        raise LayoutMissingError from error
    graph = AGraph(directed=True, strict=False)
    graph.graph_attr.update(rankdir="TB", nodesep="0.35", ranksep="0.4", splines="true")
    if not any(link.size[0] for link in links):
        # Graphviz packs what no arrow connects, but then forgets where the labels of arrows belong.
        graph.graph_attr.update(pack="24", packmode="array_i3")
    graph.node_attr.update(shape="box", fixedsize="true", label="")
    for name, (width, height) in sizes.items():
        graph.add_node(name, width=f"{width / INCH:.4f}", height=f"{height / INCH:.4f}")
    depths = _staggered(links)
    for position, link in enumerate(links):
        width, height = link.size
        label = LABEL.format(width=round(width), height=round(height))
        graph.add_edge(
            link.source, link.target, key=str(position), label=label if width else "", minlen=depths[position]
        )
    graph.layout(prog="dot")
    left, bottom, right, top = _numbers(graph.graph_attr["bb"])

    def placed(text: str) -> Point:
        x, y = _numbers(text)
        return x - left, top - y

    curves, labels = list[tuple[Point, Sequence[Point]]](), list[Point | None]()
    for position, link in enumerate(links):
        edge = graph.get_edge(link.source, link.target, key=str(position))
        points = [placed(text.removeprefix("e,")) for text in edge.attr["pos"].split()]
        curves.append((points[0], points[1:]))
        labels.append(placed(edge.attr["lp"]) if link.size[0] else None)
    boxes = {name: placed(graph.get_node(name).attr["pos"]) for name in sizes}
    return Layout((right - left, top - bottom), boxes, curves, labels)


def _numbers(text: str) -> list[float]:
    return [float(one) for one in text.split(",")]


def _staggered(links: Sequence[Link]) -> list[int]:
    """How many ranks each link spans. The ends of a wide fan are put below each other, to fit on paper."""
    led = Counter(link.target for link in links)
    sources = {link.source for link in links}
    fans: dict[str, int] = {}
    depths = []
    for link in links:
        is_end = led[link.target] == 1 and link.target not in sources
        fans[link.source] = fans.get(link.source, -1) + is_end
        depths.append(1 + fans[link.source] // ACROSS if is_end else 1)
    return depths

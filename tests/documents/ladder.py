"""Draws who says what to whom, from top to bottom, as an SVG file for light, dark and paper."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from ivr_flows.review.svg import LINE, MARGIN, STYLE, WIDE, text_width, wrapped

HEAD, LANE_HEAD, GAP, ABOVE = 56, 34, 12, 5
MORE_STYLE = """
.lane{stroke:var(--line);stroke-width:1;stroke-dasharray:2 4}
.lane-head{fill:var(--box);stroke:var(--line)}
.head-text{text-anchor:middle;font-weight:650}
.told{text-anchor:middle;paint-order:stroke;stroke:var(--paper);stroke-width:5px;stroke-linejoin:round}
.where{text-anchor:middle;fill:var(--soft);font-size:11px;paint-order:stroke;stroke:var(--paper)}
.beside{text-anchor:start}
.band{fill:var(--box)}
.band-text{font-weight:650}
.together{text-anchor:middle}
.talk{fill:var(--talk);stroke:var(--line)}
"""


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one lane to another or to itself: its words and, in small letters, where they are in code."""

    source: str
    target: str
    words: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """A line across all lanes that begins a part."""

    title: str


@dataclass(frozen=True, slots=True)
class Together:
    """Lanes whose people talk with each other from here on."""

    lanes: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """``lanes`` from left to right, ``apart`` points between two of them, and the rungs in their order."""

    title: str
    lanes: Sequence[str]
    rungs: Sequence[Arrow | Band | Together]
    apart: int = 190


def as_svg(ladder: Ladder) -> str:
    """The drawing as one file without scripts, fonts or images from elsewhere."""
    half = ladder.apart // 2
    places = {lane: MARGIN + half + ladder.apart * number for number, lane in enumerate(ladder.lanes)}
    width = 2 * MARGIN + ladder.apart * len(ladder.lanes)
    top = MARGIN + HEAD + LANE_HEAD
    y, rungs = top + GAP, list[str]()
    for rung in ladder.rungs:
        match rung:
            case Band(title):
                rungs += _band(title, y, width)
                y += LINE + 2 * GAP
            case Together(lanes, words):
                rungs += _together([places[one] for one in lanes], words, y, half)
                y += LINE + 2 * GAP
            case Arrow():
                drawn, y = _arrow(rung, places, y, half)
                rungs += drawn
    height = y + GAP + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img">',
            f"<title>{escape(ladder.title)}</title><style>{STYLE}{MORE_STYLE}"
            f"{WIDE if width > height else ''}</style>",
            f'<rect class="paper" width="{width}" height="{height}"/>',
            f'<text class="head" x="{MARGIN}" y="{MARGIN + 18}">{escape(ladder.title)}</text>',
            *(f'<path class="lane" d="M{x} {top}V{height - MARGIN}"/>' for x in places.values()),
            *(_lane_head(lane, x, top, half) for lane, x in places.items()),
            *rungs,
            "</svg>",
            "",
        ]
    )


def _lane_head(lane: str, x: int, top: int, half: int) -> str:
    wide = min(2 * half - 16, round(text_width(lane) * 1.1) + 24)
    return (
        f'<rect class="lane-head" x="{x - wide // 2}" y="{top - LANE_HEAD + 4}" width="{wide}" height="26"'
        f' rx="5"/><text class="head-text" x="{x}" y="{top - LANE_HEAD + 21}">{escape(lane)}</text>'
    )


def _band(title: str, y: int, width: int) -> Iterator[str]:
    yield f'<rect class="band" x="{MARGIN}" y="{y}" width="{width - 2 * MARGIN}" height="{LINE + 6}"/>'
    yield f'<text class="band-text" x="{MARGIN + 8}" y="{y + LINE - 2}">{escape(title)}</text>'


def _together(lanes: list[int], words: str, y: int, half: int) -> Iterator[str]:
    left, right = min(lanes) - half // 2, max(lanes) + half // 2
    yield (
        f'<rect class="talk" x="{left}" y="{y}" width="{right - left}" height="{LINE + 10}" rx="14"/>'
        f'<text class="together" x="{(left + right) // 2}" y="{y + LINE}">{escape(words)}</text>'
    )


def _arrow(arrow: Arrow, places: dict[str, int], y: int, half: int) -> tuple[list[str], int]:
    """The arrow below its words, and where the next rung begins."""
    start, end = places[arrow.source], places[arrow.target]
    to_itself = start == end
    space = 2 * half - 40 if to_itself else abs(end - start) - 20
    lines = wrapped(arrow.words, space)
    wheres = wrapped(arrow.where, space * 1.15)
    x = start + 12 if to_itself else (start + end) // 2
    drawn = []
    for kind, texts in (("told", lines), ("where", wheres)):
        for text in texts:
            y += LINE if kind == "told" else LINE - 4
            beside = " beside" if to_itself else ""
            drawn.append(f'<text class="{kind}{beside}" x="{x}" y="{y - ABOVE}">{escape(text)}</text>')
    if to_itself:
        height = LINE * len(lines) + (LINE - 4) * len(wheres)
        drawn.append(f'<path d="M{start} {y - height + 4}h6v{height - 8}h-6"/>')
        return drawn, y + GAP
    way = 1 if end > start else -1
    drawn.append(f'<path d="M{start} {y}H{end - 3 * way}"/>')
    drawn.append(f'<path class="tip" d="M{end} {y}l{-9 * way} -4v8Z"/>')
    return drawn, y + GAP

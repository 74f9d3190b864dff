"""Writes a picture of a call tree as SVG, for screens in light and dark, and for paper."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from ivr_flows.review.layout import Layout, Link, lay_out
from ivr_flows.review.picture import KINDS, Box, Picture, Row

FONT, LINE, PAD, MARGIN, HEAD = 13, 18, 12, 24, 62
WORDS_WIDTH, PLAIN_WIDTH, LABEL_WIDTH = 264, 190, 150
INDENT = 16
#: The longest words of a box; the text format has all of them.
MOST_LINES = 4
#: Widths of letters in em. The widest common font decides, so that text never leaves its box.
_MARKS = {"exit": "→ ", "near": "→ ", "entry": "↓ "}
_NARROW, _WIDE = set("iljtfrI.,:;'|! ()[]"), set("mwMW…")

STYLE = """
svg{
--paper:#fff;--ink:#1b1f24;--soft:#57606a;--line:#8a949e;--link:#0a58a6;
--box:#f6f8fa;--talk:#ddebf7;--menu:#fff4cf;--entry:#f7e8d8;--look:#fff;--end:#fbe1e4}
@media (prefers-color-scheme:dark){svg{
--paper:#14181d;--ink:#e8ecf0;--soft:#a3adb8;--line:#74808c;--link:#7cbcff;
--box:#20262d;--talk:#17334d;--menu:#3a3313;--entry:#3b2b1c;--look:#14181d;--end:#46222a}}
@media print{svg{
--paper:#fff;--ink:#000;--soft:#333;--line:#555;--link:#000;
--box:#fff;--talk:#fff;--menu:#fff;--entry:#fff;--look:#fff;--end:#fff;
width:100%;height:auto}}
text{font:13px system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--ink)}
.head{font-size:20px;font-weight:650}
.title,.key{font-weight:650}
.soft,.kind,.entry{fill:var(--soft);font-size:12px}
.exit,.near{font-size:12px}
a text{fill:var(--link)}
a .near{fill:var(--ink)}
a:hover text{text-decoration:underline}
.paper{fill:var(--paper)}
.box rect{fill:var(--box);stroke:var(--line)}
.menu rect,.wait rect{fill:var(--menu)}
.collect rect{fill:var(--entry)}
.decide rect{fill:var(--look);stroke-dasharray:5 3}
.hangup rect{fill:var(--end)}
.stay rect,.transfer rect,.conference rect,.crossing rect,.part rect{fill:var(--talk)}
path{fill:none;stroke:var(--line);stroke-width:1.4}
.tip{fill:var(--line);stroke:none}
.label{text-anchor:middle;paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
"""

#: For a picture that is wider than tall.
WIDE = "@page{size:landscape}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in a box: its distance from the left and the top, its class, and where it leads."""

    text: str
    x: float
    y: float
    kind: str
    key: str = ""
    link: str = ""


def as_svg(picture: Picture) -> str:
    """The picture as one SVG file without scripts, outside fonts or images. Raises LayoutMissingError."""
    set_boxes = {box.name: _set(box) for box in picture.boxes}
    labels = [wrapped(arrow.label, LABEL_WIDTH) if arrow.label else [] for arrow in picture.arrows]
    links = [
        Link(
            arrow.source,
            arrow.target,
            (max(map(text_width, lines), default=0) + 8 if lines else 0, LINE * len(lines)),
        )
        for arrow, lines in zip(picture.arrows, labels, strict=True)
    ]
    layout = lay_out({name: size for name, (size, _) in set_boxes.items()}, links)
    note = wrapped(picture.note, max(layout.size[0], 480))
    head = HEAD + LINE * max(0, len(note) - 1)
    width = round(
        max(layout.size[0], text_width(picture.title) * 1.6, *map(text_width, note), 1) + 2 * MARGIN
    )
    height = round(layout.size[1] + head + 2 * MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        f"<title>{escape(picture.title)}</title><style>{STYLE}{WIDE if width > height else ''}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        f'<text class="head" x="{MARGIN}" y="{MARGIN + 18}">{escape(picture.title)}</text>',
        *(
            f'<text class="soft" x="{MARGIN}" y="{MARGIN + 40 + LINE * line}">{escape(text)}</text>'
            for line, text in enumerate(note)
        ),
        f'<g transform="translate({round((width - layout.size[0]) / 2)} {MARGIN + head})">',
        *_arrows(layout),
    ]
    for box in picture.boxes:
        size, lines = set_boxes[box.name]
        parts += _box(box, layout.boxes[box.name], size, lines)
    for place, texts in zip(layout.labels, labels, strict=True):
        if place is not None:
            parts += _label(place, texts)
    return "\n".join([*parts, "</g>", "</svg>", ""])


def text_width(text: str) -> float:
    """About how wide a text is, in points."""
    return FONT * sum(0.34 if one in _NARROW else 0.9 if one in _WIDE else 0.62 for one in text)


def wrapped(text: str, width: float, most: int = 99) -> list[str]:
    """The text in lines of at most ``width`` points; an ellipsis says that some are left out."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1].rstrip(".,") + "…"]
    return lines if text else []


def _set(box: Box) -> tuple[tuple[float, float], list[Line]]:
    """The size of a box and its lines: where it is entered from, its title and kind, and its other rows."""
    width = WORDS_WIDTH if any(row.kind in ("words", "option") for row in box.rows) else PLAIN_WIDTH
    lines = list[Line]()
    y = PAD + FONT - 3

    def add(row: Row, most: int) -> None:
        nonlocal y
        key = f"{row.key} " if row.key else ""
        mark = _MARKS.get(row.kind, "")
        indent = INDENT if row.key or mark else 0
        first = INDENT if row.kind in ("exit", "near") and not row.key and box.kind in ("menu", "wait") else 0
        texts = wrapped(f"{key}{mark}{row.text}", width - 2 * PAD - first - indent, most)
        unset = key
        for position, text in enumerate(texts):
            bold = _of_key(text, unset)
            unset = unset.removeprefix(bold).lstrip()
            x = PAD + first + (indent if position else 0)
            lines.append(Line(text.removeprefix(bold), x, y, row.kind, bold, row.link))
            y += LINE

    for row in box.rows:
        if row.kind == "entry":
            add(row, MOST_LINES)
    for text in wrapped(box.title, (width - 2 * PAD) / 1.1):
        lines.append(Line(text, PAD, y, "title", link=box.link))
        y += LINE
    if box.kind in KINDS:
        lines.append(Line(" · ".join(filter(None, (KINDS[box.kind], box.note))), PAD, y, "kind"))
        y += LINE
    for row in box.rows:
        if row.kind != "entry":
            # Only words may be cut, never where a way leads.
            add(row, MOST_LINES if row.kind in ("words", "option") else 99)
    return (width, y - LINE + PAD + 4), lines


def _of_key(text: str, unset: str) -> str:
    """What a line has of the key before a row: a long list of words may itself be broken."""
    if text.startswith(unset):
        return unset
    return text if unset.startswith(f"{text} ") else ""


def _box(
    box: Box, center: tuple[float, float], size: tuple[float, float], lines: list[Line]
) -> Iterator[str]:
    left, top = center[0] - size[0] / 2, center[1] - size[1] / 2
    round_ = 16 if box.kind in ("hangup", "part") else 5
    yield f'<g class="box {box.kind}" id={quoteattr(box.name)}><title>{escape(box.name)}</title>'
    yield f'<rect x="{left:.0f}" y="{top:.0f}" width="{size[0]:.0f}" height="{size[1]:.0f}" rx="{round_}"/>'
    for line in lines:
        key = f'<tspan class="key">{escape(line.key)}</tspan>' if line.key else ""
        x, y = round(left + line.x), round(top + line.y)
        text = f'<text class="{line.kind}" x="{x}" y="{y}">{key}{escape(line.text)}</text>'
        yield f"<a href={quoteattr(line.link)}>{text}</a>" if line.link else text
    yield "</g>"


def _arrows(layout: Layout) -> Iterator[str]:
    for end, (start, *controls) in layout.curves:
        curve = " ".join(f"{x:.0f} {y:.0f}" for x, y in controls)
        yield f'<path d="M{start[0]:.0f} {start[1]:.0f}C{curve}L{end[0]:.0f} {end[1]:.0f}"/>'
        yield _tip(controls[-1], end)


def _tip(before: tuple[float, float], end: tuple[float, float]) -> str:
    """The triangle at the end of an arrow."""
    x, y = end[0] - before[0], end[1] - before[1]
    length = (x * x + y * y) ** 0.5 or 1
    x, y = x / length, y / length
    base = (end[0] - 9 * x, end[1] - 9 * y)
    corners = ((end[0], end[1]), (base[0] - 4 * y, base[1] + 4 * x), (base[0] + 4 * y, base[1] - 4 * x))
    return f'<path class="tip" d="M{"L".join(f"{a:.1f} {b:.1f}" for a, b in corners)}Z"/>'


def _label(center: tuple[float, float], lines: list[str]) -> Iterator[str]:
    top = center[1] - LINE * len(lines) / 2 + FONT
    for position, line in enumerate(lines):
        yield f'<text class="label" x="{center[0]:.0f}" y="{top + LINE * position:.0f}">{escape(line)}</text>'

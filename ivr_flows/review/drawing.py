"""Draws a call tree from its own table: as text, as Mermaid, or as an SVG picture."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from ivr_flows.engine.flow import (
    BACK,
    Announce,
    Collect,
    Conference,
    Decide,
    Flow,
    Menu,
    Stay,
    Transfer,
    Wait,
)
from ivr_flows.prompts import Prompts

BOX_WIDTH, BOX_HEIGHT, COLUMN, ROW, MARGIN = 190, 44, 260, 62, 24
COLOURS = {
    "Announce": "#e7f2f5",
    "Menu": "#fef0c8",
    "Collect": "#f2e4d4",
    "Stay": "#f4ead9",
    "Decide": "#f0f0f0",
    "Wait": "#fbe3c0",
    "Transfer": "#d9e8f6",
    "Conference": "#d9e8f6",
    "Crossing": "#e1f3d8",
    "Hangup": "#f8dfe2",
}


def edges(flow: Flow, name: str) -> Iterator[tuple[str, str]]:
    """Where a step leads and by what: a key, a word, or nothing to press."""
    step = flow.steps[name]
    match step:
        case Announce():
            yield "", step.next
        case Menu():
            for key, choice in enumerate(step.choices, 1):
                if choice.next is not None:
                    yield str(key), choice.next
                for word, target in choice.on.items():
                    yield f"{key}, {word}", target
            yield from step.extra.items()
            if step.give_up or step.silence:
                yield "silence", step.silence or step.give_up or ""
        case Wait():
            for key, choice in enumerate(step.choices, 1):
                yield from ((f"{key}, {word}", target) for word, target in choice.on.items())
            yield from ((f"silence, {word}", target) for word, target in step.on.items())
            if step.back is not None:
                yield BACK, step.back
        case Collect(on=on) | Decide(on=on) | Stay(on=on) | Transfer(on=on) | Conference(on=on):
            yield from ((word, target) for word, target in on.items() if target in flow.steps)
            if isinstance(step, Collect) and step.back is not None:
                yield BACK, step.back
        case _:
            return


_WITHOUT_A_STEP = {
    "*": "repeat",
    "9": "slow pace",
    "8": "the next language, at menus",
    "#": "the menu before",
}


def as_text(flow: Flow, prompts: Prompts, language: str) -> str:
    """Every step in the order a caller may meet it, with its words and where each exit leads."""
    lines = [f"{flow.name}: starts at {flow.start}"]
    for key, target in flow.keys.items():
        lines.append(f"  at every step, {key}: {target or _WITHOUT_A_STEP[key]}")
    lines.append(f"  after three misses: {flow.give_up}; after silence alone: {flow.silent}")
    for name in _in_order(flow):
        who = "verified callers" if flow.gate == "case" else "staff who signed in"
        gate = "" if name in flow.open_to_all else f"  [{who} only]"
        lines += ["", f"{name} ({type(flow.steps[name]).__name__.lower()}){gate}"]
        for prompt, own_language in flow.prompts(name):
            lines.append(f"    “{prompts.languages[own_language or language].texts[prompt]}”")
        lines += [f"    {by or 'then'} → {target}" for by, target in edges(flow, name)]
    return "\n".join(lines)


def as_mermaid(flow: Flow) -> str:
    """The tree as a Mermaid flowchart."""
    names = {name: f"s{position}" for position, name in enumerate(_in_order(flow))}
    lines = ["flowchart LR"]
    lines += [f'  {names[name]}["{name}"]' for name in names]
    for name in names:
        for by, target in edges(flow, name):
            arrow = f'-- "{by}" -->' if by else "-->"
            lines.append(f"  {names[name]} {arrow} {names[target]}")
    return "\n".join(lines)


def as_svg(flow: Flow) -> str:
    """The tree as a picture: a column for each number of steps from the start."""
    places: dict[str, tuple[int, int]] = {}
    rows: dict[int, int] = {}
    for name, depth in _in_order(flow).items():
        places[name] = (MARGIN + depth * COLUMN, MARGIN + rows.get(depth, 0) * ROW)
        rows[depth] = rows.get(depth, 0) + 1
    width = MARGIN + (max(rows) + 1) * COLUMN
    height = 2 * MARGIN + max(rows.values()) * ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(flow.name)}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
    ]
    for name in places:
        for by, target in _merged(flow, name):
            parts.append(_arrow(places[name], places[target], by))
    for name, (x, y) in places.items():
        kind = type(flow.steps[name]).__name__
        dash = "" if name in flow.open_to_all else ' stroke-width="2.5"'
        parts.append(
            f'<g><rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" '
            f'fill="{COLOURS[kind]}" stroke="#555"{dash}/>'
            f'<text x="{x + 10}" y="{y + 19}" font-weight="bold">{escape(name)}</text>'
            f'<text x="{x + 10}" y="{y + 35}" fill="#555">{kind.lower()}</text></g>'
        )
    return "\n".join([*parts, "</svg>"])


def _arrow(start: tuple[int, int], end: tuple[int, int], by: str) -> str:
    x1, y1 = start[0] + BOX_WIDTH, start[1] + BOX_HEIGHT // 2
    x2, y2 = end[0], end[1] + BOX_HEIGHT // 2
    bend = max(40, abs(x2 - x1) // 2)
    label = ""
    if by:
        # A point on the curve shortly before its end, where the arrows of one box have separated.
        x = _on_curve(x1, x1 + bend, x2 - bend, x2)
        y = _on_curve(y1, y1, y2, y2)
        label = f'<text x="{x}" y="{y - 3}" text-anchor="middle" fill="#0b4f6c">{escape(by)}</text>'
    return (
        f'<path d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}" fill="none" stroke="#888" '
        f'marker-end="url(#tip)"/>{label}'
    )


def _on_curve(a: int, b: int, c: int, d: int, t: float = 0.7) -> int:
    """A coordinate of the cubic curve through ``a`` and ``d`` at parameter ``t``."""
    u = 1 - t
    return round(u**3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t**3 * d)


def _merged(flow: Flow, name: str) -> Iterator[tuple[str, str]]:
    """The edges of a step, with those that lead to the same place merged into one label."""
    by_target: dict[str, list[str]] = {}
    for by, target in edges(flow, name):
        by_target.setdefault(target, []).append(by)
    for target, ways in by_target.items():
        yield " / ".join(filter(None, ways)), target


def _in_order(flow: Flow) -> dict[str, int]:
    """Every step with its distance from the start; those only an extra key or give-up reaches are last."""
    found = {flow.start: 0}
    ahead = [flow.start]
    while ahead or len(found) < len(flow.steps):
        if not ahead:
            rest = next(name for name in flow.steps if name not in found)
            found[rest] = 0
            ahead.append(rest)
        name = ahead.pop(0)
        for _, target in edges(flow, name):
            if target not in found:
                found[target] = found[name] + 1
                ahead.append(target)
    return found

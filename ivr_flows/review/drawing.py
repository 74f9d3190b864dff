"""Writes a call tree from its own table: as text, or as Mermaid."""

from collections.abc import Iterator

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

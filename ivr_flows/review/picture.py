"""Says what the pictures of the call trees show: all trees, each tree, and each of its parts."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ivr_flows.engine.flow import Crossing, Flow, Menu, Wait
from ivr_flows.prompts import Prompts
from ivr_flows.review.drawing import edges
from ivr_flows.review.parts import TITLES, Part, file_of, parts_of
from ivr_flows.review.plain_words import title_of, way_of

OVERVIEW = "overview"
#: A step that this many others lead to is named in their boxes. Arrows to it would hide the rest.
MANY = 4
#: How to read the picture of a whole tree.
WHOLE_NOTE = "Each box names all parts that it leads to. The arrow to a part is from the first that names it."
#: "To repeat, press {key}." without the words about the key, which stands before the option.
_KEY = re.compile(r",?[^,.?!]*\{key\}[^.?!]*[.?!]")
_SLOT = re.compile(r"\{(\w+)\}")
#: What the boxes say for each kind of step.
KINDS = {
    "announce": "says",
    "menu": "menu",
    "collect": "takes digits",
    "stay": "waits",
    "decide": "checks",
    "wait": "call queue",
    "transfer": "dials",
    "conference": "talk",
    "crossing": "another tree",
    "hangup": "hangs up",
}
_KEYS = {
    "0": "a person",
    "*": "repeat",
    "9": "slower",
    "7": "a harmless announcement",
    "5": "a person, without talking",
    "8": "the next language (at menus)",
    "#": "the menu before",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a box. ``key`` is printed before it; ``link`` is the address of another picture or step.

    ``kind``: words, option, entry, exit (to another picture) or near (to a step of this one).
    """

    kind: str
    text: str
    key: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A step, or a part in the picture of a whole tree."""

    name: str
    title: str
    kind: str
    rows: tuple[Row, ...]
    note: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """Leads from one box to another, by the keys and words of ``label``."""

    source: str
    target: str
    label: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that a picture shows, before it has a layout. ``name`` is its file without the ending."""

    name: str
    title: str
    note: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def pictures(flows: Mapping[str, Flow], prompts: Prompts, language: str) -> list[Picture]:
    """The overview, each tree and each of its parts. A part that an earlier tree has too is drawn once."""
    parts = {name: parts_of(flow) for name, flow in flows.items()}
    drawn = _drawn(parts)
    found = [_overview(flows, parts, drawn)]
    for tree, flow in flows.items():
        homes = {step: part for part in parts[tree] for step in part.steps}
        if len(parts[tree]) > 1:
            found.append(_whole(flow, parts[tree], drawn))
        found += [
            _picture(flow, part, homes, drawn, prompts, language)
            for part in parts[tree]
            if drawn[part.picture] == part.picture
        ]
    return found


def _drawn(parts: Mapping[str, Sequence[Part]]) -> dict[str, str]:
    """The picture that shows each part: its own, or the one of an earlier tree with the same steps."""
    seen = list[Part]()
    found = dict[str, str]()
    for part in (part for several in parts.values() for part in several):
        same = next((one for one in seen if one.name == part.name and one.steps == part.steps), part)
        found[part.picture] = same.picture
        seen.append(part)
    return found


def _picture(
    flow: Flow,
    part: Part,
    homes: Mapping[str, Part],
    drawn: Mapping[str, str],
    prompts: Prompts,
    language: str,
) -> Picture:
    led = Counter(
        target for step in part.steps for target in {to for _, to in edges(flow, step)} if target != step
    )
    reached = {part.first}
    arrows, boxes = list[Arrow](), list[Box]()
    for name, step in part.steps.items():
        exits = list[Row]()
        for target, label in _labels(name, edges(flow, name)):
            home = homes[target]
            if home is not part:
                words = home.title if target == home.first else f"{home.title}: {title_of(target)}"
                exits.append(Row("exit", words, label, f"{drawn[home.picture]}.svg#{target}"))
            elif target == name or led[target] < MANY or target not in reached:
                reached.add(target)
                arrows.append(Arrow(name, target, label))
            else:
                exits.append(Row("near", title_of(target), label, f"#{target}"))
        if isinstance(step, Crossing):
            to = f"{TITLES.get(step.tree, step.tree)}: {title_of(step.at)}"
            exits.append(Row("exit", to, "", f"{file_of(step.tree)}.svg"))
        said = _beside_their_options([*_words(flow, name, prompts, language)], exits)
        rows = (*_entries(flow, name, homes, drawn), *said)
        boxes.append(Box(name, title_of(name), type(step).__name__.lower(), rows, _gate(flow, name)))
    keys = ", ".join(f"{key} {_KEYS[key]}" for key in flow.keys if key in _KEYS)
    note = f"Keys at every step: {keys}." if keys else ""
    return Picture(
        part.picture, f"{TITLES.get(flow.name, flow.name)}: {part.title}", note, tuple(boxes), tuple(arrows)
    )


def _beside_their_options(words: list[Row], exits: list[Row]) -> Iterator[Row]:
    """Each exit by one key follows the option with that key; the others are last."""
    told = {row.key for row in words if row.kind == "option"}
    for row in words:
        yield row
        if row.kind == "option":
            yield from (replace(one, key="") for one in exits if one.key == row.key)
    yield from (one for one in exits if one.key not in told)


def _gate(flow: Flow, name: str) -> str:
    if name in flow.open_to_all:
        return ""
    return "after the PIN" if flow.gate == "case" else "after sign-in"


def _entries(flow: Flow, name: str, homes: Mapping[str, Part], drawn: Mapping[str, str]) -> Iterator[Row]:
    """What leads to the step from outside the picture: other parts, keys of every step, limits."""
    if name == flow.start:
        yield Row("entry", "The call starts here")
    yield from (Row("entry", f"key {key} at every step") for key, to in flow.keys.items() if to == name)
    elsewhere = {
        "after three wrong keys": flow.give_up,
        "after silence alone": flow.silent,
        "at a step that needs a PIN": flow.locked_out,
        "after too long without progress": flow.overlong,
    }
    yield from (Row("entry", how) for how, to in elsewhere.items() if to == name)
    if name in flow.recalled.values():
        yield Row("entry", "when what it waits for has changed")
    sources = {
        homes[step].picture: homes[step] for step in flow.steps for _, to in edges(flow, step) if to == name
    }
    away = [part for part in sources.values() if part is not homes[name]]
    if len(away) >= MANY:
        yield Row("entry", f"from {len(away)} other pictures")
    else:
        for part in away:
            yield Row("entry", f"from {part.title}", link=f"{drawn[part.picture]}.svg")


def _words(flow: Flow, name: str, prompts: Prompts, language: str) -> Iterator[Row]:
    """The first words that the step says, and the options of a menu, each with its key."""
    step = flow.steps[name]
    choices = step.choices if isinstance(step, Menu | Wait) else ()
    options = {choice.prompt for choice in choices}
    for prompt, own in flow.prompts(name):
        if prompt not in options:
            yield Row("words", f"“{_readable(prompts.languages[own or language].texts[prompt])}”")
        break
    for key, choice in enumerate(choices, 1):
        text = prompts.languages[choice.language or language].texts[choice.prompt]
        yield Row("option", _readable(_KEY.sub("", text) or text), str(key))


def _readable(text: str) -> str:
    return _SLOT.sub(lambda slot: f"[{slot[1].replace('_', ' ')}]", text).strip()


def _labels(step: str, ways: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each target once, with all that leads there: "1, 2: saved" for "1, saved" and "2, saved"."""
    by_target: dict[str, dict[str, dict[str, None]]] = {}
    for by, target in ways:
        key, comma, word = by.partition(", ")
        # Two words of a step may be the same in plain words.
        keys = by_target.setdefault(target, {}).setdefault(way_of(step, word) if comma else "", {})
        keys[way_of(step, key)] = None
    for target, by_word in by_target.items():
        parts = [": ".join(filter(None, (", ".join(keys), word))) for word, keys in by_word.items()]
        yield target, "; ".join(filter(None, parts))


def _whole(flow: Flow, parts: Sequence[Part], drawn: Mapping[str, str]) -> Picture:
    """A tree in one picture: its parts, and which leads to which.

    Keys are left out: the same key means another thing at each menu of a part.
    """
    homes = {step: part for part in parts for step in part.steps}
    first = homes[flow.start]
    ways = {part.picture: _ways(flow, part, homes) for part in parts}
    titles = {part.picture: part.title for part in parts}
    arrows = _first_ways(first.picture, ways)
    boxes = list[Box]()
    for part in parts:
        rows = [Row("entry", "The call starts here")] if part is first else []
        keys = [key for key, to in flow.keys.items() if to in part.steps]
        rows += [Row("entry", f"key {key} at every step") for key in keys]
        rows.append(Row("words", f"{len(part.steps)} steps"))
        rows += [Row("exit", titles[to], "", f"{drawn[to]}.svg") for to in ways[part.picture]]
        rows += [
            Row("exit", TITLES.get(step.tree, step.tree), "", f"{file_of(step.tree)}.svg")
            for step in part.steps.values()
            if isinstance(step, Crossing)
        ]
        boxes.append(Box(part.picture, part.title, "part", tuple(rows), link=f"{drawn[part.picture]}.svg"))
    return Picture(
        file_of(flow.name), TITLES.get(flow.name, flow.name), WHOLE_NOTE, tuple(boxes), tuple(arrows)
    )


def _first_ways(start: str, ways: Mapping[str, Sequence[str]]) -> list[Arrow]:
    """One arrow to each part, from the first that leads there: more of them would hide each other."""
    found = dict[str, Arrow]()
    for source, several in ways.items():
        for to in several:
            if to != start:
                found.setdefault(to, Arrow(source, to, ""))
    return list(found.values())


def _overview(
    flows: Mapping[str, Flow], parts: Mapping[str, Sequence[Part]], drawn: Mapping[str, str]
) -> Picture:
    """Every tree with its parts, and an arrow where a call goes on in another tree."""
    boxes, arrows = list[Box](), list[Arrow]()
    for tree, flow in flows.items():
        rows = [Row("words", f"{len(flow.steps)} steps")]
        if len(parts[tree]) > 1:
            rows += [Row("exit", part.title, "", f"{drawn[part.picture]}.svg") for part in parts[tree]]
        boxes.append(Box(tree, TITLES.get(tree, tree), "part", tuple(rows), link=f"{file_of(tree)}.svg"))
        crossed = [step.tree for step in flow.steps.values() if isinstance(step, Crossing)]
        arrows += [Arrow(tree, to, "") for to in dict.fromkeys(crossed) if to in flows]
    return Picture(OVERVIEW, "All call trees", "", tuple(boxes), tuple(arrows))


def _ways(flow: Flow, part: Part, homes: Mapping[str, Part]) -> list[str]:
    """The pictures that the part leads to, each once."""
    to = (homes[target] for step in part.steps for _, target in edges(flow, step))
    return list(dict.fromkeys(home.picture for home in to if home is not part))

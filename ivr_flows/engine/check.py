"""Finds errors in a call tree before a caller can meet them: at startup and in ``flows check``."""

import re
from collections.abc import Iterator

from ivr_flows.engine.flow import (
    MOST_CHOICES,
    Announce,
    Collect,
    Conference,
    Crossing,
    Decide,
    Flow,
    Hangup,
    Menu,
    SlowHandler,
    Stay,
    Transfer,
    Wait,
)
from ivr_flows.prompts import Prompts
from models.calls.place import PLACES
from models.calls.role import ROLES

WORDS_A_SECOND = 150 / 60
#: The only words that no key stops (R23), and how long they may take.
DANGER_LINE, DANGER_SECONDS = "danger_line", 4
INSTRUCTION_SECONDS = 20
#: The longest that one text of the catalog may take; menus and instructions are made of several texts.
PROMPT_SECONDS = 14
MENU_WORDS = 75
SENTENCE_WORDS = 20
INBOUND_KEYS = {"0", "*", "9", "7", "5", "8", "#"}
#: The keys of a person whom we call. 0 is key 1 there, and 8 and # are for inbound calls.
CALLED_KEYS = {"*", "9", "7", "5"}
#: What a discreet line must not say before the PIN, in the languages that ship (R17).
TELLS_THE_LINE = re.compile(
    r"\{emergency\}|\b(911|case|crimes?|victims?|court|office|police"
    r"|caso|delitos?|crimen|víctimas?|corte|oficina|policía)\b",
    re.IGNORECASE,
)
_ENDING = Hangup | Transfer | Conference | Crossing
#: Prompts that the engine and the desk say by themselves, in any step.
ENGINE_PROMPTS = (
    "repair.silence",
    "repair.wrong",
    "repair.fuller",
    "repair.simplest",
    "repair.person",
    "apology",
    "hold",
)


def problems(flow: Flow, prompts: Prompts) -> list[str]:
    """Every error in the tree, one sentence each, with the rule it breaks."""
    found = [*_columns(flow), *_exits(flow), *_words(flow), *_reach(flow)]
    if found:
        # A tree with dangling exits cannot be checked any further.
        return found
    return [
        *found,
        *_opening(flow, prompts),
        *_menus(flow, prompts),
        *_lengths(flow, prompts),
        *_keys(flow),
    ]


def prompt_problems(prompts: Prompts) -> Iterator[str]:
    """Every error in the prompts themselves, whichever tree says them, one sentence each."""
    yield from prompts.problems()
    for code, language in prompts.languages.items():
        for prompt, text in language.texts.items():
            if any(long_sentences(text)):
                yield f"The prompt {prompt} in {code} has a sentence over {SENTENCE_WORDS} words (R18)."
            if _seconds(text) > PROMPT_SECONDS:
                yield f"The prompt {prompt} in {code} takes over {PROMPT_SECONDS} s (R23)."
            if re.search(r"\b[79]\b", text):
                yield f"The prompt {prompt} in {code} names 9 or 7, which stand on the card alone (R22)."


def _columns(flow: Flow) -> Iterator[str]:
    """What the engine writes into a call must be a word that the models know."""
    if flow.role not in ROLES:
        yield f"{flow.name}: the role {flow.role} is none of models/calls/role.py."
    for name in flow.steps:
        place = flow.place_of(name)
        if place is not None and place not in PLACES:
            yield f"{flow.name}: the place {place} of {name} is none of models/calls/place.py."


def _exits(flow: Flow) -> Iterator[str]:
    named = {
        "the start": flow.start,
        "give_up": flow.give_up,
        "silent": flow.silent,
        **{f"key {key}": step for key, step in flow.keys.items() if step},
    }
    if flow.locked_out is not None:
        named["locked_out"] = flow.locked_out
    if flow.overlong is not None:
        named["overlong"] = flow.overlong
    if flow.stranded is not None:
        named["stranded"] = flow.stranded
    named |= {f"recalled from {step}": target for step, target in flow.recalled.items()}
    for name, step in flow.steps.items():
        if isinstance(step, Menu) and step.told_by is not None:
            named[f"told_by of {name}"] = step.told_by
    for place, target in named.items():
        if target not in flow.steps:
            yield f"{flow.name}: {place} leads to {target}, which is no step."
    for name in flow.steps:
        for target in flow.exits(name):
            if target not in flow.steps:
                yield f"{flow.name}: the step {name} leads to {target}, which is no step."
    for name in flow.open_to_all - set(flow.steps):
        yield f"{flow.name}: {name} is open to all and is no step."
    for old, new in flow.moved.items():
        if old in flow.steps or new not in flow.steps:
            yield f"{flow.name}: moved maps {old} to {new}; the first must be gone and the second be there."


def _words(flow: Flow) -> Iterator[str]:
    for name, step in flow.steps.items():
        pairs = []
        match step:
            case Collect() | Stay() | Transfer() | Conference():
                pairs = [(step.then, step.on)]
            case Decide():
                pairs = [(step.ask, step.on)]
            case Menu() | Wait():
                pairs = [(choice.does, choice.on) for choice in step.choices if choice.does is not None]
                for choice in step.choices:
                    if (choice.does is None) == (choice.next is None):
                        yield f"{flow.name}: {choice.prompt} of {name} needs a next step or a verb, not both."
                if isinstance(step, Wait):
                    pairs.append((step.look, step.on))
        for handler, on in pairs:
            if handler is None:
                continue
            for word in handler.words - set(on):
                yield f"{flow.name}: {name} has no exit for the word {word} of {handler.name}."
            for word in set(on) - handler.words:
                yield f"{flow.name}: {name} has an exit for {word}, which {handler.name} never answers."
        if isinstance(step, Decide) and isinstance(step.ask, SlowHandler):
            yield f"{flow.name}: {name} asks a slow verb, which only a collect step can."


def _reach(flow: Flow) -> Iterator[str]:
    everywhere = {step for step in flow.keys.values() if step} | {flow.give_up, flow.silent}
    everywhere |= {step for step in (flow.locked_out, flow.stranded, flow.overlong) if step}
    everywhere |= set(flow.recalled.values())
    exits = {name: set(flow.exits(name)) for name in flow.steps}
    seen: set[str] = set()
    ahead = [flow.start, *everywhere]
    while ahead:
        name = ahead.pop()
        if name in seen or name not in exits:
            continue
        seen.add(name)
        ahead += exits[name]
    for name in sorted(set(flow.steps) - seen):
        yield f"{flow.name}: no caller can reach the step {name}."
    ending = {n for n, s in flow.steps.items() if isinstance(s, _ENDING)}
    while True:
        more = {name for name, targets in exits.items() if name not in ending and targets & ending}
        if not more:
            break
        ending |= more
    for name in sorted(set(flow.steps) - ending):
        yield f"{flow.name}: the step {name} can reach neither an end nor a person."
    yield from _loops(flow)


def _loops(flow: Flow) -> Iterator[str]:
    """Steps that ask nothing must not form a loop: the caller would hear nothing forever."""
    quiet = {n: [t for t in flow.exits(n) if isinstance(flow.steps.get(t), Announce | Decide)]
             for n, s in flow.steps.items() if isinstance(s, Announce | Decide)}  # fmt: skip
    while True:
        free = [name for name, targets in quiet.items() if not any(target in quiet for target in targets)]
        if not free:
            break
        for name in free:
            del quiet[name]
    if quiet:
        yield f"{flow.name}: these steps may follow each other without end: {', '.join(sorted(quiet))}."


def _opening(flow: Flow, prompts: Prompts) -> Iterator[str]:
    for name, step in flow.steps.items():
        if isinstance(step, Announce) and not step.barge_in:
            if step.prompt != DANGER_LINE:
                yield f"{flow.name}: no key stops {name}, which only the danger line may have (R23)."
            for code in prompts.languages:
                if _seconds(prompts.text(code, step.prompt, emergency="911")) > DANGER_SECONDS:
                    yield f"{flow.name}: {name} takes over {DANGER_SECONDS} s in {code} (R17)."
    if "0" not in flow.keys:
        return
    if flow.is_discreet:
        yield from _discreet(flow, prompts)
        return
    first = flow.steps[flow.start]
    if not (isinstance(first, Announce) and first.in_each_language and not first.barge_in):
        yield f"{flow.name}: the call must open with the danger line in each language (R17)."
    language = flow.steps[first.next] if isinstance(first, Announce) else None
    if not isinstance(language, Menu) or {c.language for c in language.choices} != set(prompts.languages):
        yield f"{flow.name}: the choice of each language, in itself, must follow the danger line (R17, R27)."


def _discreet(flow: Flow, prompts: Prompts) -> Iterator[str]:
    """A discreet line opens with the languages, and reveals nothing before the PIN, 0 or repair (R17)."""
    first = flow.steps[flow.start]
    if not isinstance(first, Menu) or {c.language for c in first.choices} != set(prompts.languages):
        yield f"{flow.name}: the choice of each language, in itself, must open the call (R17, R27)."
    seen, ahead = {flow.give_up, flow.silent}, [flow.start]
    while ahead:
        name = ahead.pop()
        if name in seen or name not in flow.open_to_all:
            continue
        seen.add(name)
        ahead += flow.exits(name)
        for code in prompts.languages:
            for prompt, own_language in flow.prompts(name):
                if TELLS_THE_LINE.search(prompts.languages[own_language or code].texts.get(prompt, "")):
                    yield f"{flow.name}: {name} says {prompt} in {code} before the PIN (R17)."


def _menus(flow: Flow, prompts: Prompts) -> Iterator[str]:
    for name, step in flow.steps.items():
        if not isinstance(step, Menu | Wait):
            continue
        options = {str(key) for key in range(1, len(step.choices) + 1)}
        extra = set(step.extra) if isinstance(step, Menu) else set()
        for key in extra & (options | {"*", "#"} | set(flow.keys)):
            yield f"{flow.name}: the extra key {key} of {name} is taken."
        if not 1 <= len(step.choices) <= MOST_CHOICES:
            yield f"{flow.name}: {name} has {len(step.choices)} options, not 1 to {MOST_CHOICES} (R20)."
        for code in prompts.languages:
            for choice in step.choices:
                text = prompts.languages[choice.language or code].texts.get(choice.prompt, "")
                if not re.search(r"\{key\}\W*$", text):
                    yield f"{flow.name}: the option {choice.prompt} in {code} must end with its key (R21)."


def _lengths(flow: Flow, prompts: Prompts) -> Iterator[str]:
    for name, step in flow.steps.items():
        for code in prompts.languages:
            texts = []
            for prompt, own_language in flow.prompts(name):
                text = prompts.languages[own_language or code].texts.get(prompt)
                if text is None:
                    yield f"{flow.name}: {name} says {prompt}, missing in {own_language or code} (R27)."
                else:
                    texts.append(text)
            spoken = " ".join(texts)
            if isinstance(step, Menu | Wait) and _count(spoken) > MENU_WORDS:
                yield f"{flow.name}: the menu {name} has over {MENU_WORDS} words in {code} (R23)."
            if not isinstance(step, Menu | Wait) and _seconds(spoken) > INSTRUCTION_SECONDS:
                yield f"{flow.name}: {name} takes over {INSTRUCTION_SECONDS} s in {code} (R23)."
    for code, language in prompts.languages.items():
        for prompt in ENGINE_PROMPTS:
            if prompt not in language.texts:
                yield f"{flow.name}: the prompt {prompt} is missing in {code} (R27)."


def long_sentences(text: str) -> Iterator[str]:
    """The sentences of ``text`` that are too long (R18)."""
    for sentence in re.split(r"[.!?¿¡]+", text):
        if _count(sentence) > SENTENCE_WORDS:
            yield sentence.strip()


def _keys(flow: Flow) -> Iterator[str]:
    if "0" in flow.keys and set(flow.keys) != INBOUND_KEYS:
        yield f"{flow.name}: the keys 0, *, 9, 7 and 5, and at menus 8 and #, work everywhere (R22)."
    is_called = any(isinstance(step, Menu) and step.unattended for step in flow.steps.values())
    if is_called and set(flow.keys) != CALLED_KEYS:
        yield f"{flow.name}: the keys *, 9, 7 and 5 work everywhere for a person whom we call (R22)."


def _count(text: str) -> int:
    return len(text.split())


def _seconds(text: str) -> float:
    return _count(text) / WORDS_A_SECOND

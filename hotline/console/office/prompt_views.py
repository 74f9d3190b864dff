"""The prompts page: every sentence of the line in every language, its length, and its reading level."""

from dataclasses import dataclass
from functools import lru_cache

from flask import render_template, request

from hotline.console.office.area import area
from hotline.console.office.prompt_words import group_name
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff
from hotline.console.shell.words import language_name
from ivr_flows.prompts import Prompts, count_words
from ivr_flows.review.announcement_check import spoken_seconds
from ivr_flows.review.readability import Readability, readability
from models.staff.staff import ROLES

#: Takes the place of a group in the URL: every prompt on one page, for printing.
ALL = "all"
#: The longest text that can be searched for.
MOST_CHARACTERS = 100

area.add_app_template_filter(group_name, "prompt_group")


@dataclass(frozen=True, slots=True)
class Said:
    """One prompt in one language. A voice reads ``spoken`` aloud."""

    language: str
    text: str
    spoken: str
    words: int
    seconds: float
    score: Readability | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt in each language, by its id."""

    name: str
    said: tuple[Said, ...]


@area.get("/prompts")
@guard_staff(*ROLES)
def prompts() -> str:
    every = _every(console.prompts)
    wanted = " ".join(request.args.get("q", "")[:MOST_CHARACTERS].split())
    kinds = dict.fromkeys(_group(one) for one in every)
    kind = request.args.get("group", next(iter(kinds)))
    # All prompts are too many for one page: a search covers all of them, else one group is shown.
    found = [one for one in every if (_fits(one, wanted) if wanted else kind in {_group(one), ALL})]
    groups: dict[str, list[Prompt]] = {}
    for one in found:
        groups.setdefault(_group(one), []).append(one)
    return render_template(
        "console/office/prompts/prompts.html",
        groups=groups,
        kinds=[*kinds, ALL],
        kind="" if wanted else kind,
        wanted=wanted,
        found=len(found),
        total=len(every),
        names={code: language_name(code) for code in console.office.languages},
    )


def _group(prompt: Prompt) -> str:
    return prompt.name.split(".")[0]


@lru_cache(maxsize=1)
def _every(prompts: Prompts) -> tuple[Prompt, ...]:
    """Every prompt, scored once per process, because prompts change only with a deploy."""
    languages = prompts.languages
    names = list(dict.fromkeys(name for one in languages.values() for name in one.texts))
    return tuple(
        Prompt(
            name, tuple(_said(code, one.texts[name]) for code, one in languages.items() if name in one.texts)
        )
        for name in names
    )


def _said(code: str, text: str) -> Said:
    plain = text.replace("«", "").replace("»", "").replace(" | ", " ")
    spoken = plain.replace("{", "").replace("}", "")
    return Said(code, plain, spoken, count_words(text), spoken_seconds(text), readability(spoken, code))


def _fits(prompt: Prompt, wanted: str) -> bool:
    low = wanted.casefold()
    return low in prompt.name or any(low in said.text.casefold() for said in prompt.said)

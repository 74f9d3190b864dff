"""The prompts page: every sentence of the line by step of the call, with its length and reading level."""

from dataclasses import dataclass
from functools import lru_cache

from flask import render_template, request

from hotline.console.office.area import area
from hotline.console.office.prompt_steps import PROMPT_STEPS, STEP_OF
from hotline.console.office.prompt_words import group_name
from hotline.console.office.search_words import fits, wanted_words
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff
from hotline.console.shell.words import language_name
from ivr_flows.prompts import Prompts, count_words
from ivr_flows.review.announcement_check import spoken_seconds
from ivr_flows.review.readability import Readability, readability
from models.staff.staff import ROLES

#: Takes the place of a step in the URL: every prompt on one page, for printing.
ALL = "all"
#: Groups begin closed in a list with more prompts, which would be many screens on a phone.
MOST_OPEN = 12

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
    every, wanted = _every(console.prompts), wanted_words()
    step = request.args.get("step", PROMPT_STEPS[0].key)
    # All prompts are too many for one page: a search covers all of them, else one step is shown.
    found = [
        one
        for one in every
        if (
            fits(wanted, one.name, *(said.text for said in one.said))
            if wanted
            else step in {STEP_OF[_group(one)].key, ALL}
        )
    ]
    groups: dict[str, list[Prompt]] = {group: [] for each in PROMPT_STEPS for group in each.groups}
    for one in found:
        groups[_group(one)].append(one)
    return render_template(
        "console/office/prompts/prompts.html",
        groups={group: prompts for group, prompts in groups.items() if prompts},
        steps=PROMPT_STEPS,
        step="" if wanted else step,
        wanted=wanted,
        is_open=len(found) <= MOST_OPEN or step == ALL,
        most_open=MOST_OPEN,
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

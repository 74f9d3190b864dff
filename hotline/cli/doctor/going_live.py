"""`hotline doctor --going-live`: ticks each step that can be checked, and names those for people."""

import dataclasses
from collections import Counter
from typing import Any

from hotline.cli.doctor.machine_steps import MACHINE_STEPS
from hotline.cli.doctor.office_steps import OFFICE_STEPS
from hotline.cli.doctor.people_steps import PEOPLE_STEPS
from hotline.cli.doctor.site import NotKnownError, Site
from hotline.cli.doctor.step import ByHandError, OpenError, Step, Ticked
from hotline.cli.doctor.twilio_steps import TWILIO_STEPS

#: Every step, in the order of docs/operators/going-live.md.
STEPS: tuple[Step, ...] = (*OFFICE_STEPS, *MACHINE_STEPS, *TWILIO_STEPS, *PEOPLE_STEPS)


def tick() -> tuple[dict[str, Any], str]:
    """Check every step; returns the JSON document, and the text of one line a step."""
    site = Site()
    try:
        ticked = _wait_for_others([_tick(step, site) for step in STEPS])
    finally:
        site.close()
    counts = Counter(one.state for one in ticked)
    document = {
        "ready": not counts["open"],
        "done": counts["done"],
        "open": counts["open"],
        "by_hand": counts["by_hand"],
        "steps": [
            {"step": number, "title": one.title, "state": one.state, "told": one.told, "next": one.then}
            for number, one in enumerate(ticked, 1)
        ],
    }
    lines = [_line(number, one) for number, one in enumerate(ticked, 1)]
    end = f"{counts['done']} done, {counts['open']} open, {counts['by_hand']} by hand."
    return document, "\n".join([*lines, "", end])


def _wait_for_others(ticked: list[Ticked]) -> list[Ticked]:
    """Let a step that waits for another open one name it, so that each fault is told once."""
    numbers = {one.title: number for number, one in enumerate(ticked, 1) if one.state == "open"}

    def shown(one: Ticked) -> Ticked:
        first = numbers.get(one.settled_by or "")
        if first is None or one.settled_by == one.title:
            return one
        return dataclasses.replace(one, told=f"waits for step {first}", then="")

    return [shown(one) for one in ticked]


def _tick(step: Step, site: Site) -> Ticked:
    try:
        told = step.check(site)
    except NotKnownError as unknown:
        told = str(unknown).rstrip(".")
        if step.by_hand is None:
            return Ticked(step.title, "open", told, "Settle that first.", unknown.settled_by)
        told = ""
    except OpenError as missing:
        return Ticked(step.title, "open", missing.told, missing.then)
    except ByHandError as left:
        return Ticked(step.title, "by_hand", left.told, left.then)
    if step.by_hand is not None:
        return Ticked(step.title, "by_hand", told, step.by_hand)
    return Ticked(step.title, "done", told)


def _line(number: int, one: Ticked) -> str:
    told = f": {one.told}." if one.told else "."
    return (
        f"{one.state.replace('_', ' '):8} {number:2}. {one.title}{told}{f' {one.then}' if one.then else ''}"
    )

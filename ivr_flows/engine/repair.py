"""What is said after a slip or a silence, before the question is asked again (R25)."""

from ivr_flows.engine.flow import Collect, Step
from ivr_flows.engine.turn import Say, Slots


def repair_words(step: Step, kind: str, misses: int, slots: Slots, mistaken: str | None = None) -> list[Say]:
    """Short the first time, fuller the second, simplest the third; an entry says what it must be (R20).

    ``mistaken`` says what was entered instead.
    """
    opening = {1: f"repair.{kind}", 2: "repair.fuller", 3: "repair.simplest"}[min(misses, 3)]
    says = [Say(opening)]
    if not isinstance(step, Collect):
        return says
    told = mistaken or step.malformed
    if kind == "wrong" and told is not None:
        explained = Say(told, () if mistaken else slots)
        says = [explained] if misses == 1 else [*says, explained]
    if misses > 1 and step.otherwise is not None:
        says.append(Say(step.otherwise))
    return says

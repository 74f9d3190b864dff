"""What a step says and asks, and the danger line among what was said."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ivr_flows.engine.flow import (
    NEXT_LANGUAGE,
    Announce,
    Choice,
    Collect,
    Flow,
    Menu,
    Stay,
    Wait,
)
from ivr_flows.engine.turn import Say

if TYPE_CHECKING:
    from ivr_flows.engine.desk import Desk


class StepWords:
    """The words of one flow's steps in one call."""

    def __init__(self, flow: Flow, desk: "Desk") -> None:
        self._flow, self._desk = flow, desk

    def announced(self, step: Announce) -> list[Say]:
        """The announcement, in each language of the office where it is for a caller who chose none yet."""
        slots = self._desk.slots(step.about)
        if not step.in_each_language:
            return [Say(step.prompt, slots)]
        return [Say(step.prompt, slots, language) for language in self._desk.languages]

    def count(self, says: Sequence[Say]) -> int:
        """How many words a voice says."""
        prompts, language = self._desk.prompts, self._desk.call.language
        return sum(prompts.count(say.language or language, say.prompt, **dict(say.slots)) for say in says)

    def menu(self, name: str) -> list[Say]:
        """What a step asks, and after the options of a menu its tail."""
        step, says = self._flow.steps[name], self.asks(name)
        if isinstance(step, Menu):
            says += [Say(words) for words in step.tail]
            if step.tells_language and len(self._desk.languages) > 1:
                says.append(Say(NEXT_LANGUAGE, (), self._desk.next_language))
        return says

    def asks(self, name: str) -> list[Say]:
        """The question of a step, and the options of a menu."""
        step = self._flow.steps[name]
        if isinstance(step, Collect):
            return [Say(step.prompt)]
        if not isinstance(step, Menu | Wait | Stay):
            return []
        says = []
        if not isinstance(step, Wait) and step.prompt:
            says.append(Say(step.prompt, self._desk.slots(step.about)))
        for key, choice in enumerate(() if isinstance(step, Stay) else step.choices, 1):
            if not choice.needs_phone or self._desk.may_have_a_phone:
                says.append(self._option(key, choice))
        return says

    def _option(self, key: int, choice: Choice) -> Say:
        language = choice.language or self._desk.call.language
        slots = self._desk.slots(choice.about, language)
        return Say(choice.prompt, (("key", str(key)), *slots), choice.language)

    def danger_in(self, said: tuple[Say, ...]) -> tuple[Say, ...]:
        """What no key stops, once each."""
        return tuple(dict.fromkeys(say for say in said if say.prompt in self._flow.danger))

    def others_in(self, said: tuple[Say, ...]) -> tuple[Say, ...]:
        """What a key may stop."""
        return tuple(say for say in said if say.prompt not in self._flow.danger)

"""On a discreet line a PIN is called a code, both before and after it was right (R17)."""

import dataclasses
from collections.abc import Mapping

from ivr_flows.engine.flow import Announce, Collect, Menu, Step

#: The replacement on such a line for each prompt that says "PIN".
CODE_WORDS: Mapping[str, str] = {
    "ask_pin.wrong": "discreet.wrong_code",
    "ask_pin.number": "discreet.number_again",
    "case.new_pin": "discreet.new_code",
    "since.wrong_tries": "discreet.wrong_tries",
    "since.wrong_tries_first": "discreet.wrong_tries_first",
    "since.last_call": "discreet.last_call",
    "since.advice": "discreet.advice",
    "new_pin.needed": "discreet.code_needed",
    "new_pin.once_more": "discreet.code_once_more",
    "no_match.again": "discreet.no_match",
    "new_pin.keep": "discreet.keep_code",
    "new_pin.ask": "discreet.ask_new_code",
    "new_pin.again": "discreet.new_code_again",
    "new_pin.guessable": "discreet.guessable",
    "new_pin.same": "discreet.same_code",
    "new_pin.differs": "discreet.codes_differ",
    "new_pin.done": "discreet.code_changed",
    "callback.held": "discreet.held",
}


def in_code_words(step: Step) -> Step:
    """The step with these words."""
    match step:
        case Announce():
            return dataclasses.replace(step, prompt=CODE_WORDS.get(step.prompt, step.prompt))
        case Collect():
            malformed = CODE_WORDS.get(step.malformed, step.malformed) if step.malformed is not None else None
            mistaken = step.mistaken
            if mistaken is not None:
                words = CODE_WORDS.get(mistaken.words, mistaken.words)
                mistaken = dataclasses.replace(mistaken, words=words)
            prompt = CODE_WORDS.get(step.prompt, step.prompt)
            return dataclasses.replace(step, prompt=prompt, malformed=malformed, mistaken=mistaken)
        case Menu():
            choices = tuple(
                dataclasses.replace(one, prompt=CODE_WORDS.get(one.prompt, one.prompt))
                for one in step.choices
            )
            return dataclasses.replace(step, choices=choices)
        case _:
            return step

"""One step of going live: its title, how it is checked, and what a check found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hotline.cli.doctor.site import Site

State = Literal["done", "open", "by_hand"]


class OpenError(Exception):
    """A step is not done: what is missing, and the next action."""

    def __init__(self, told: str, then: str) -> None:
        super().__init__(told)
        self.told, self.then = told, then


class ByHandError(Exception):
    """A step that is usually checked, but has to be done by hand in this installation."""

    def __init__(self, told: str, then: str) -> None:
        super().__init__(told)
        self.told, self.then = told, then


@dataclass(frozen=True)
class Step:
    """``title`` is also the heading in docs/operators/going-live.md, where a test compares them.

    ``check`` returns a few words about what it found, or raises OpenError. A step with ``by_hand`` is never
    ticked: that is the action, and its check only says what is known.
    """

    title: str
    check: Callable[[Site], str]
    by_hand: str | None = None


@dataclass(frozen=True)
class Ticked:
    """A step as it stands: ``told`` is what was found, ``then`` the next action (empty when done).

    ``settled_by`` is the title of the step that this one waits for, if any.
    """

    title: str
    state: State
    told: str
    then: str = ""
    settled_by: str | None = None

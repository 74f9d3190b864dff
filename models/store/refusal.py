"""Why a person may not do what they asked: a code of the room that refuses it, and the facts of this case."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

#: A name of staff, another plain word, a number, or an aware moment.
Fact = str | int | datetime | None


class Reason(Protocol):
    """What words are found for: a code, and the facts that fill their slots."""

    @property
    def code(self) -> StrEnum: ...
    @property
    def facts(self) -> Mapping[str, Fact]: ...


class RefusedError(ValueError):
    """``code`` says why; ``facts`` fill the slots of its words, which hotline/refusals has for every code.

    No fact is of the person to be called. ``str()`` is the code alone, so that a log has no name. ``field``
    is what to change, where that is one field of what was typed.
    """

    def __init__(self, code: StrEnum, *, field: str = "", **facts: Fact) -> None:
        super().__init__(code.value)
        self.code, self.field, self.facts = code, field, facts

"""Why a request is refused: a code of the package that refuses it, and the facts of this case."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

#: A name of staff, another plain word, a number, or an aware moment.
Fact = str | int | datetime | None


class Reason(Protocol):
    """What a message is looked up for: a code, and the facts that fill its slots."""

    @property
    def code(self) -> StrEnum: ...
    @property
    def facts(self) -> Mapping[str, Fact]: ...


class RefusedError(ValueError):
    """``code`` says why; ``facts`` fill the slots of its message, which hotline/refusals has for every code.

    No fact is about the person to be called. ``str()`` is the code alone, so a log never contains a name.
    ``field`` is the field to change, if the refusal is about one field of the form. ``more`` are further
    codes that hold for it as well.
    """

    def __init__(
        self, code: StrEnum, *, field: str = "", more: Sequence[StrEnum] = (), **facts: Fact
    ) -> None:
        super().__init__(code.value)
        self.code, self.field, self.more, self.facts = code, field, tuple(more), facts

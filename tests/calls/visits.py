"""Visits of callers to cases that all hear the neutral phrase: whole calls, kept document for document (R13).

``Visits`` takes any number of cases through the same verbs in lockstep, on one clock, and answers what each
phone was given. Tests and the bench use the same driver.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.calls.stories import document_of
from tests.factories import MadeCase
from tests.phone import Phone

#: The keys of five visits; NUMBER and PIN stand for the case's own. Each ends with the caller hanging up.
VISITS: Mapping[str, Sequence[str]] = {
    "status, repeat, again, the express callback": (
        "1", "1", "NUMBER", "PIN", "*", "1", "2", "1", "*",
    ),
    "the callback that stands: leave, change the time, wishes": (
        "1", "1", "NUMBER", "PIN", "2", "1", "1", "1", "NUMBER", "PIN", "2", "2", "2",
        "2", "2", "3", "2", "1",
    ),
    "cancel, ask again because of fear, a new PIN": (
        "1", "1", "NUMBER", "PIN", "2", "3", "1", "1", "NUMBER", "PIN", "2", "3",
        "1", "1", "NUMBER", "PIN", "4", "583961", "583961",
    ),
    "the new PIN, the status again, 0": ("1", "1", "NUMBER", "NEW", "1", "0", "1"),
    "a lost PIN and a callback without it, in Spanish": ("2", "2", "3", "NUMBER", "1", "2", "1", "1"),
}  # fmt: skip


@dataclass
class Visits:
    """One case and one phone of each kind, which all do the same."""

    phones: Mapping[str, Phone]
    cases: Mapping[str, MadeCase]
    numbers: Mapping[str, str]
    #: What each kind was given, turn by turn.
    documents: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.documents = {kind: [] for kind in self.phones}

    def visit(self, keys: Sequence[str], after_turn: Callable[[str], None] = lambda _kind: None) -> None:
        """Let every kind make one visit; the turns of all kinds take place at one moment."""
        for kind, phone in self.phones.items():
            phone.dials_in(from_=self.numbers[kind])
            self._keep(kind)
        for key in keys:
            for kind, phone in self.phones.items():
                if phone.is_over:
                    continue
                case = self.cases[kind]
                phone.presses({"NUMBER": case.number, "PIN": case.pin, "NEW": "583961"}.get(key, key))
                self._keep(kind)
                after_turn(kind)
        for phone in self.phones.values():
            phone.hangs_up()

    def _keep(self, kind: str) -> None:
        self.documents[kind].append(without_ids(document_of(self.phones[kind])))


def without_ids(document: str) -> str:
    """A document without what differs from call to call: ids of legs and conferences."""
    return re.sub(r"\b[0-9a-f]{32}\b", "ID", document)

"""Visits of callers to cases that all hear the neutral phrase: whole calls, kept document for document (R13).

``Visits`` takes any number of cases through the same verbs in lockstep, on one clock, and records what each
phone was given. Tests and the bench use the same driver.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.calls.stories import document_of, wrong
from tests.factories import NEW_PIN, MadeCase
from tests.phone import Phone

#: The keys of five visits; NUMBER and PIN are the case's own. Each ends with the caller hanging up.
VISITS: Mapping[str, Sequence[str]] = {
    "status, repeat, again, the express callback": (
        "1", "1", "NUMBER", "PIN", "*", "1", "2", "1", "*",
    ),
    "the callback that stands: be afraid, leave, nearly cancel, change the time, wishes": (
        "1", "1", "NUMBER", "PIN", "2", "3", "1", "2", "1", "1", "2", "4", "1", "1", "2", "2", "2",
        "2", "2", "3", "2", "1",
    ),
    "cancel, ask again because of fear, a new PIN": (
        "1", "1", "NUMBER", "PIN", "2", "4", "1", "2", "3", "1", "4", "PIN", "583961", "583961",
    ),
    "the new PIN, the status again, 0": ("1", "1", "NUMBER", "NEW", "1", "0", "1"),
    "a lost PIN and a callback without it, in Spanish": ("2", "2", "3", "NUMBER", "1", "2", "1", "1"),
}  # fmt: skip


#: Visits with slips: WRONG is a wrong PIN, NUMBER AGAIN the first digits of the number, "" silence.
SLIPS: Mapping[str, Sequence[str]] = {
    "wrong PINs, then the right one": ("1", "1", "NUMBER", "WRONG", "WRONG", "PIN", "*", "2", "1"),
    "few digits, silence, odd keys, the slow pace": (
        "1",
        "1",
        "NUMBER",
        "12",
        "PIN",
        "7",
        "1",
        "NUMBER",
        "PIN",
        "",
        "9",
        "2",
        "9",
        "",
        "",
        "1",
    ),
    "the number keyed again in the place of the PIN": (
        "1",
        "1",
        "NUMBER",
        "NUMBER AGAIN",
        "WRONG",
        "NUMBER AGAIN",
        "*",
        "PIN",
        "4",
        "NUMBER AGAIN",
        "PIN",
        "NUMBER AGAIN",
        "583961",
    ),
    "three wrong PINs before a new one": (
        "1",
        "1",
        "NUMBER",
        "PIN",
        "4",
        "WRONG",
        "12",
        "WRONG",
        "WRONG",
        "2",
        "1",
    ),
    "a wrong PIN before a new one, and a slip after it": (
        "1",
        "1",
        "NUMBER",
        "PIN",
        "4",
        "WRONG",
        "*",
        "PIN",
        "*",
        "583961",
        "583962",
        "583961",
        "1",
        "1",
    ),
    "three wrong PINs and a callback": ("1", "1", "NUMBER", "WRONG", "WRONG", "WRONG", "1", "1"),
    "three wrong PINs and a lost PIN": ("1", "1", "NUMBER", "WRONG", "WRONG", "WRONG", "4", "1", "2"),
    "new PINs that will not do": (
        "1",
        "1",
        "NUMBER",
        "PIN",
        "4",
        "PIN",
        "123456",
        "PIN",
        "583961",
        "583962",
        "583961",
        "583961",
        "3",
        "1",
    ),
    "the other language, the way back, 5": (
        "1",
        "1",
        "NUMBER",
        "NEW",
        "8",
        "#",
        "#",
        "1",
        "1",
        "NUMBER",
        "NEW",
        "5",
    ),
    "silence before the PIN, and the callback that is offered": ("1", "1", "NUMBER", "", "", "", "1"),
    "silence before the PIN, to the end": ("1", "1", "NUMBER", "", "", "", ""),
    "silence after the PIN": ("1", "1", "NUMBER", "NEW", "", "", "", "", ""),
    "slips among the wishes": (
        "1",
        "1",
        "NUMBER",
        "NEW",
        "2",
        "2",
        "",
        "9",
        "1",
        "2",
        "4",
        "",
        "2",
        "4",
        "",
        "4",
        "1",
        "",
    ),
}


@dataclass
class Visits:
    """One case and one phone of each kind, which all do the same."""

    phones: Mapping[str, Phone]
    cases: Mapping[str, MadeCase]
    numbers: Mapping[str, str]
    #: What each kind was given, turn by turn.
    documents: dict[str, list[str]] = field(default_factory=dict)
    #: The line that they call, None for the main one.
    to: str | None = None

    def __post_init__(self) -> None:
        self.documents = {kind: [] for kind in self.phones}

    def visit(self, keys: Sequence[str], after_turn: Callable[[str], None] = lambda _kind: None) -> None:
        """Let every kind make one visit; the turns of all kinds take place at one moment."""
        for kind, phone in self.phones.items():
            phone.dials_in(from_=self.numbers[kind], to=self.to)
            self._keep(kind)
            after_turn(kind)
        for key in keys:
            for kind, phone in self.phones.items():
                if phone.is_over:
                    continue
                case = self.cases[kind]
                keyed = {"NUMBER": case.number, "PIN": case.pin, "NEW": NEW_PIN, "WRONG": wrong(case.pin),
                         "NUMBER AGAIN": case.number[:6]}  # fmt: skip
                if key:
                    phone.presses(keyed.get(key, key))
                else:
                    phone.says_nothing()
                self._keep(kind)
                after_turn(kind)
        for phone in self.phones.values():
            phone.hangs_up()

    def _keep(self, kind: str) -> None:
        self.documents[kind].append(without_ids(document_of(self.phones[kind])))


def without_ids(document: str) -> str:
    """A document without what differs from call to call: ids of legs and conferences."""
    return re.sub(r"\b[0-9a-f]{32}\b", "ID", document)


def of_the_turn(statements: list[str]) -> list[str]:
    """The statements so far, and forget them.

    A thread says every two seconds which PINs are not hashed yet: that tells of a busy machine.
    """
    sent = [one for one in statements if not one.startswith("UPDATE calls SET pending_since=")]
    statements.clear()
    return sent

"""What the page shows of the app behind the line: phones, steps to try, and cards with keys to click."""

import json
import types
import typing
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from hotline.exchange.page.typed_number import e164

_KINDS = {str: "text", bool: "true or false", tuple: "a list", dict: "an object"}


class StageError(ValueError):
    """The stage cannot be shown; the message names the wrong field."""


@dataclass(frozen=True, slots=True)
class Link:
    """A page to go to. ``url`` is absolute."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to try. ``dials`` gives it a button that dials on the first phone; ``command`` is copied."""

    title: str
    text: str
    dials: bool = False
    command: str = ""
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """What a card can key. A phone that hears one of the words of ``asked`` asks for it."""

    name: str
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One case to try. ``keys`` are in the order of the stage's ``card_keys``; ``language`` is that of
    ``says``.
    """

    says: str
    keys: tuple[str, ...]
    language: str = "en"


@dataclass(frozen=True, slots=True)
class NamedPhone:
    """A telephone number (E.164) and whose it is."""

    name: str
    number: str


#: For any app: what to do first.
_STEPS = (
    Step("Call your app", "Dial, listen, and press keys on the phone or the keyboard.", dials=True),
    Step("Let your app call", "A call that your app places over REST rings here. Answer it at the top."),
    Step("Read what was said", "Calls shows each request to your app, its TwiML, and what is wrong with it."),
)
_PHONES = (
    NamedPhone("Caller", "+12025550144"),
    NamedPhone("Second phone", "+12025550170"),
    NamedPhone("Third phone", "+12025550171"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything about the app that the exchange itself does not know.

    ``phones`` are the handsets at the start, the caller's first. ``lines`` names numbers of the app.
    """

    title: str = "your app"
    links: tuple[Link, ...] = ()
    steps: tuple[Step, ...] = _STEPS
    cards_title: str = "Cases to try"
    card_keys: tuple[Key, ...] = ()
    cards: tuple[Card, ...] = ()
    phones: tuple[NamedPhone, ...] = _PHONES
    lines: tuple[NamedPhone, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return asdict(self)


def read_stage(path: Path) -> Stage:
    """Read a stage from a JSON file with the fields of ``Stage``. Raises StageError."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise StageError(f"{path} cannot be read: {problem.strerror}") from None
    except ValueError:
        raise StageError(f"{path} is not JSON") from None
    stage: Stage = _read(Stage, given, "the stage")
    if not stage.phones:
        raise StageError("phones is empty")
    for at, phone in enumerate(stage.phones):
        try:
            e164(phone.number)
        except ValueError as problem:
            raise StageError(f"phones[{at}].number: {problem}") from None
    for at, card in enumerate(stage.cards):
        if len(card.keys) != len(stage.card_keys):
            raise StageError(f"cards[{at}].keys has not one entry for each of card_keys")
    return stage


def _read(kind: Any, given: Any, where: str) -> Any:
    """Return ``given`` as a ``kind``: text, a truth, a tuple, one of the dataclasses here, or None."""
    if isinstance(kind, types.UnionType):
        return None if given is None else _read(typing.get_args(kind)[0], given, where)
    if typing.get_origin(kind) is tuple:
        items = _of(list, given, where, "a list")
        return tuple(_read(typing.get_args(kind)[0], one, f"{where}[{at}]") for at, one in enumerate(items))
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return _of(kind, given, where, _KINDS[kind])
    known = {field.name: field for field in fields(kind)}
    kinds = typing.get_type_hints(kind)
    inside = "" if where == "the stage" else f"{where}."
    for name in _of(dict, given, where, "an object"):
        if name not in known:
            raise StageError(f"{inside}{name} is not a field; the fields are {', '.join(known)}")
    for name, field in known.items():
        if name not in given and field.default is MISSING:
            raise StageError(f"{inside}{name} is missing")
    return kind(**{name: _read(kinds[name], value, f"{inside}{name}") for name, value in given.items()})


def _of(kind: Any, given: Any, where: str, words: str) -> Any:
    if not isinstance(given, kind):
        raise StageError(f"{where} is not {words}")
    return given
